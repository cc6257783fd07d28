"""The spool on disk, where a process may die at any moment."""

import asyncio
import signal
import subprocess
import sys
import textwrap

import pytest

from collector.spool import SqliteSpool, Unsent
from crampwatch.codec import decode
from crampwatch.errors import Misconfigured
from crampwatch.events import HeartRateMeasured
from crampwatch.topics import Kind
from tests.support.needs import ROOT

WRITER = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from collector.spool import SqliteSpool, Unsent
    from crampwatch.events import HeartRateMeasured

    async def main():
        spool = await SqliteSpool.open(Path(sys.argv[1]), "collector-1")
        while True:
            row = spool.next_row
            sample = HeartRateMeasured(at_ms=row, device="strap", seq=row, bpm=150)
            await spool.append([Unsent("ann", "s1", (sample,))], {"athlete/ann": str(row).encode()})
            print(row, flush=True)

    asyncio.run(main())
    """
)


def message(seq=0):
    return Unsent("ann", "s1", (HeartRateMeasured(at_ms=1_000 + seq, device="strap", seq=seq, bpm=150),))


async def opened(path):
    return await SqliteSpool.open(path / "collector.db", "collector-1")


async def test_a_restart_finds_everything_and_goes_on_counting(tmp_path):
    spool = await opened(tmp_path)
    await spool.append([message(0), message(1), message(2)], {"pairing": b"p"})
    await spool.forget(1)
    await spool.close()
    again = await opened(tmp_path)
    assert (again.next_row, again.forgotten, again.depth) == (3, 1, 1)
    assert [one.row for one in await again.read(0, 9)] == [2]
    assert dict(await again.state()) == {"pairing": b"p"}
    await again.forget(2)
    await again.close()
    emptied = await opened(tmp_path)
    assert (emptied.next_row, emptied.depth) == (3, 0)
    await emptied.close()


async def test_a_killed_process_loses_nothing_that_it_was_told_is_kept(tmp_path):
    path = tmp_path / "collector.db"
    acknowledged = -1
    for _ in range(3):
        writer = subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged % 20 == 19:
                break
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].split()
        acknowledged = max([acknowledged, *map(int, rest)])
        spool = await SqliteSpool.open(path, "collector-1")
        rows = await spool.read(0, 10_000)
        state = await spool.state()
        await spool.close()
        assert [one.row for one in rows] == list(range(len(rows)))
        assert len(rows) > acknowledged
        assert [decode(Kind.TELEMETRY, one.payload).samples[0].seq for one in rows] == list(range(len(rows)))
        assert int(state["athlete/ann"]) == len(rows) - 1


async def test_two_collectors_on_one_spool_are_told_apart(tmp_path):
    one, other = await opened(tmp_path), await opened(tmp_path)
    await one.append([message(0)], {})
    with pytest.raises(Misconfigured, match="another collector"):
        await other.append([message(1)], {})
    assert [kept.row for kept in await one.read(0, 9)] == [0]
    await one.close()
    await other.close()


async def test_appending_and_forgetting_at_once_keep_the_rows_straight(tmp_path):
    spool = await opened(tmp_path)

    async def append():
        for seq in range(30):
            await spool.append([message(seq)], {})

    async def forget():
        for row in range(20):
            await spool.forget(row)

    await asyncio.gather(append(), forget())
    await spool.forget(19)
    assert [one.row for one in await spool.read(0, 99)] == list(range(20, 30))
    await spool.close()
