"""Full disks, many at once, kill -9: what every store promises then, and what the one in a file promises alone."""

import asyncio
import contextlib
import itertools
import sqlite3
import subprocess
import sys

import pytest

from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.storage import Batch, RunKey, sqlite
from crampwatch.storage.sqlite import SqliteStore
from tests.suites.stores import OTHER, RUN, finding, in_order, second, stretch
from tests.support.needs import ROOT


async def test_a_full_disk_keeps_all_or_nothing_and_what_was_there(backend, store):
    await store.record([Batch(RUN, stretch(0, 10))])
    before = await store.run(RUN)
    await backend.fill_up(store)
    with pytest.raises(Unavailable):
        await store.record([Batch(OTHER, second(0)), Batch(RUN, stretch(10, 3_000), (finding(),))])
    assert await store.run(RUN) == before
    assert await store.run(OTHER) is None
    assert list(await store.samples(RUN)) == in_order(stretch(0, 10))
    await backend.make_room(store)
    await store.record([Batch(RUN, stretch(10, 20))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 20))


async def test_a_closed_store_is_unavailable_and_closing_twice_is_fine(backend):
    store = await backend.open()
    await store.close()
    await store.close()
    for call in (
        store.record([Batch(RUN, second(0))]),
        store.runs(),
        store.run(RUN),
        store.samples(RUN),
        store.series(RUN),
        store.findings(RUN),
        store.alerts(RUN),
        store.recent_findings("club", 0),
        store.names(),
        store.name("ada", "Ada"),
    ):
        with pytest.raises(Unavailable):
            await call


async def test_many_may_record_and_read_at_once(store):
    async def runner(number):
        key = RunKey("club", f"r{number}", "s1")
        for n in range(0, 60, 10):
            await store.record([Batch(key, stretch(n, n + 10))])
            assert (await store.run(key)).samples == 3 * (n + 10), "what was recorded can be read at once"
        assert list(await store.samples(key)) == in_order(stretch(0, 60))

    await asyncio.gather(*(runner(number) for number in range(12)))
    assert len(await store.runs()) == 12


# --- a store in a file --------------------------------------------------------------------------------------


async def test_another_process_may_read_while_one_records(tmp_path):
    path = tmp_path / "store.db"
    writer = await SqliteStore.open(path)
    reader = await SqliteStore.open(path, read_only=True)
    await writer.record([Batch(RUN, stretch(0, 10))])
    assert list(await reader.samples(RUN)) == in_order(stretch(0, 10))
    with pytest.raises(Misconfigured, match=r"storage\.path: .*read only"):
        await reader.record([Batch(RUN, second(11))])
    await writer.close()
    assert (await reader.run(RUN)).samples == 30
    await reader.close()


async def test_a_newer_release_and_a_strange_file_are_refused_by_the_name_of_the_setting(tmp_path):
    path = tmp_path / "store.db"
    await (await SqliteStore.open(path)).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=1000")
    with pytest.raises(Misconfigured, match=r"storage\.path: .*newer release"):
        await SqliteStore.open(path)
    path.write_text("dear diary, " * 1_000)
    with pytest.raises(Misconfigured, match=r"storage\.path: .*not a database"):
        await SqliteStore.open(path)


async def test_a_damaged_chunk_is_told_by_the_name_of_the_setting(tmp_path):
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    await store.record([Batch(RUN, stretch(0, 10))])
    await store.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE chunk SET drawn = substr(drawn, 5)")
    store = await SqliteStore.open(path)
    with pytest.raises(Misconfigured, match=r"storage\.path: .*damaged"):
        await store.samples(RUN)
    await store.close()


async def test_a_run_that_grows_is_compacted_in_passing_and_again_when_it_ends(tmp_path):
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    for n in range(0, 3_600, 10):
        await store.record([Batch(RUN, stretch(n, n + 10))])

    def hot_and_chunks():
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("hot", "chunk")]

    hot, chunks = hot_and_chunks()
    assert hot < sqlite.ENOUGH_FACTS + 1_000
    assert chunks > 0
    assert list(await store.samples(RUN)) == in_order(stretch(0, 3_600))
    await store.close()
    assert hot_and_chunks()[0] == 0


async def test_a_compaction_that_fails_is_told_once_and_loses_nothing(tmp_path, monkeypatch, caplog):
    store = await SqliteStore.open(tmp_path / "store.db")
    monkeypatch.setattr(sqlite, "ENOUGH_FACTS", 0)
    whole = sqlite.compaction.compact

    def broken(*_, **__):
        raise Unavailable("no room")

    monkeypatch.setattr(sqlite.compaction, "compact", broken)
    for n in range(5):
        await store.record([Batch(RUN, second(n))])
    monkeypatch.setattr(sqlite.compaction, "compact", whole)
    await store.record([Batch(RUN, second(5))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 6))
    await store.close()
    assert [record.levelname for record in caplog.records if record.name == sqlite.__name__] == ["WARNING"]


WRITER = """
import asyncio, sys
from pathlib import Path
from crampwatch.storage import Batch
from crampwatch.storage.sqlite import SqliteStore
from tests.suites.stores import RUN, second

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    for n in range(int(sys.argv[2]), 1_000_000):
        await store.record([Batch(RUN, second(n))])
        print(n, flush=True)

asyncio.run(main())
"""


def acknowledged_until_killed(path, begin, enough):
    """Let a process record seconds from ``begin`` on, kill -9 it after so many; the last that it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path), str(begin)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        lines = list(itertools.islice(process.stdout, enough))
        process.kill()
        # What it acknowledged between then and its end counts as well; a torn last line does not.
        lines += [line for line in process.stdout if line.endswith("\n")]
    return int(lines[-1])


async def test_a_writer_that_is_killed_loses_no_acknowledged_record(tmp_path):
    path, kept = tmp_path / "store.db", 0
    for enough in (5, 40, 700):
        last = acknowledged_until_killed(path, kept, enough)
        store = await SqliteStore.open(path)
        samples = list(await store.samples(RUN))
        summary = await store.run(RUN)
        await store.close()
        kept = len(samples) // 3
        assert kept >= last + 1
        assert samples == in_order(stretch(0, kept)), "a record is whole or not there"
        assert summary.samples == len(samples)


async def test_findings_of_the_last_minutes_are_found_without_going_through_the_runs(tmp_path):
    store = await SqliteStore.open(tmp_path / "store.db")
    plan = await store._database.read(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {sqlite._RECENT}", (0, "club")).fetchall()
    )
    await store.close()
    steps = [row[-1] for row in plan]
    assert any("finding_by_moment (at_ms>?)" in step for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps
