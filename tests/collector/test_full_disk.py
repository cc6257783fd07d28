"""A spool whose disk is really full: nothing is half written, nothing is lost, and it goes on when there is room."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from collector.spool import SqliteSpool, Unsent
from crampwatch.codec import decode
from crampwatch.errors import Unavailable
from crampwatch.events import HeartRateMeasured
from crampwatch.topics import Kind
from tests.support.needs import ROOT

#: A process that may write no file beyond half a megabyte, until it may.
LIMITED = textwrap.dedent(
    """
    import asyncio, json, resource, sys
    from pathlib import Path
    from collector.spool import SqliteSpool
    from crampwatch.errors import Unavailable
    from tests.collector.test_full_disk import message

    async def main():
        spool = await SqliteSpool.open(Path(sys.argv[1]), "collector-1")
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, most))
        words = []
        while not words:
            try:
                await spool.append([message(spool.next_row)], {"rows": str(spool.next_row + 1).encode()})
            except Unavailable as error:
                words.append(str(error))
        full_at = spool.next_row
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        for _ in range(50):
            await spool.append([message(spool.next_row)], {"rows": str(spool.next_row + 1).encode()})
        await spool.close()
        print(json.dumps([full_at, words[0]]))

    asyncio.run(main())
    """
)


def message(row):
    samples = [HeartRateMeasured(at_ms=1_000 + row, device="strap", seq=row * 20 + n, bpm=150) for n in range(20)]
    return Unsent("ann", "s1", tuple(samples))


async def is_whole(path, rows):
    """Every row once, in order, readable; the state is of the last row; the file is sound."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    spool = await SqliteSpool.open(path, "collector-1")
    kept = await spool.read(0, 100_000)
    assert [one.row for one in kept] == list(range(rows))
    assert all(decode(Kind.TELEMETRY, one.payload).row == one.row for one in kept)
    assert (await spool.state())["rows"] == str(rows).encode()
    await spool.close()


async def test_a_file_that_may_not_grow_takes_nothing_and_goes_on_when_it_may(tmp_path):
    path = tmp_path / "spool.db"
    command = [sys.executable, "-c", LIMITED, str(path)]
    run = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    full_at, words = json.loads(run.stdout)
    assert full_at > 10
    assert "free space" in words
    await is_whole(path, full_at + 50)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 32 megabytes, half of them the reserve."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def append_some(spool):
    first = spool.next_row
    await spool.append([message(first + n) for n in range(100)], {"rows": str(first + 100).encode()})


async def fill(spool):
    """Append until nothing more is taken; return why."""
    while True:
        try:
            await append_some(spool)
        except Unavailable as error:
            return str(error)


async def test_a_full_file_system_takes_nothing_and_goes_on_when_there_is_room(small_disk):
    path = small_disk / "spool.db"
    spool = await SqliteSpool.open(path, "collector-1")
    (small_disk / "somebody-elses").write_bytes(bytes(6_000_000))
    assert "free space, then it goes on" in await fill(spool)
    full_at = spool.next_row
    assert full_at > 100
    assert (spool.depth, len(await spool.read(0, 100_000))) == (full_at, full_at)
    (small_disk / "somebody-elses").unlink()
    for _ in range(5):
        await append_some(spool)
    await spool.close()
    await is_whole(path, full_at + 500)


async def test_a_spool_that_has_filled_its_disk_can_still_forget_and_then_goes_on(small_disk):
    spool = await SqliteSpool.open(small_disk / "spool.db", "collector-1")
    for _ in range(3):
        await fill(spool)
        for row in range(spool.forgotten + 100, spool.next_row, 100):
            await spool.forget(row)
        await spool.forget(spool.next_row)
        assert spool.depth == 0
        await append_some(spool)
    await spool.close()
