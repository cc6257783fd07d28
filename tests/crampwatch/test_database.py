"""The file under our queues and stores: private, migrated once, read beside its writer, never a stranger's."""

import asyncio
import contextlib
import doctest
import sqlite3
import stat
import threading

import pytest

from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.storage import database as database_module
from crampwatch.storage.database import Database, statements

SETTING = "storage.path"
INSERT = "INSERT INTO name (athlete, display_name) VALUES (?, ?)"


def insert(*athletes):
    def work(connection):
        for athlete in athletes:
            connection.execute(INSERT, (athlete, athlete.upper()))

    return work


def athletes(connection):
    return [row[0] for row in connection.execute("SELECT athlete FROM name ORDER BY athlete")]


@contextlib.asynccontextmanager
async def opened(path, *, schema="store", read_only=False):
    database = await Database(path, schema, SETTING, read_only=read_only).open()
    try:
        yield database
    finally:
        await database.close()


async def test_what_was_written_is_there_after_reopening(tmp_path):
    path = tmp_path / "deep" / "folder" / "store.db"
    async with opened(path) as database:
        await database.write(insert("ada"))
    async with opened(path) as database:
        assert await database.read(athletes) == ["ada"]


async def test_the_file_and_its_folder_are_private_to_this_user(tmp_path):
    path = tmp_path / "state" / "store.db"
    async with opened(path) as database:
        await database.write(insert("ada"))
        modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.with_name("store.db-wal"))]
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_commit_is_on_the_drive_also_where_a_sync_alone_is_not(tmp_path):
    async with opened(tmp_path / "store.db") as database:
        modes = [
            await database.write(lambda connection, name=name: connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("journal_mode", "synchronous", "fullfsync")
        ]
    assert modes == ["wal", 2, 1]


async def test_the_log_is_folded_into_the_file_when_it_is_closed(tmp_path):
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(insert("ada"))
    assert [one.name for one in tmp_path.iterdir()] == ["store.db"]


async def test_work_that_fails_leaves_nothing_behind(tmp_path):
    def half(connection):
        insert("ada")(connection)
        raise Refused("bad", "no")

    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(Refused):
            await database.write(half)
        assert await database.read(athletes) == []
        await database.write(insert("bea"))
        assert await database.read(athletes) == ["bea"]


async def test_a_mistake_in_our_sql_is_not_dressed_up_as_an_outage(tmp_path):
    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await database.write(lambda connection: connection.execute("SELECT * FROM nowhere"))


async def test_a_full_disk_is_unavailable_and_leaves_what_was_there(tmp_path):
    async with opened(tmp_path / "store.db") as database:
        await database.write(insert("ada"))
        await database.write(lambda connection: connection.execute("PRAGMA max_page_count=1").fetchone())
        with pytest.raises(Unavailable, match="free space"):
            await database.write(insert(*(f"{n:04}" * 20 for n in range(2_000))))
        assert await database.read(athletes) == ["ada"]
        await database.write(lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchone())
        await database.write(insert("bea"))
        assert await database.read(athletes) == ["ada", "bea"]


async def test_a_read_does_not_wait_for_a_write_and_sees_what_was_there_before(tmp_path):
    written, go_on = threading.Event(), threading.Event()

    def slow(connection):
        insert("bea")(connection)
        written.set()
        assert go_on.wait(30)

    async with opened(tmp_path / "store.db") as database:
        await database.write(insert("ada"))
        writing = asyncio.create_task(database.write(slow))
        try:
            await asyncio.to_thread(written.wait, 30)
            assert await database.read(athletes) == ["ada"]
        finally:
            go_on.set()
        await writing
        assert await database.read(athletes) == ["ada", "bea"]


async def test_one_read_is_one_snapshot(tmp_path):
    between, go_on = threading.Event(), threading.Event()

    def twice(connection):
        first = athletes(connection)
        between.set()
        assert go_on.wait(30)
        return first, athletes(connection)

    async with opened(tmp_path / "store.db") as database:
        reading = asyncio.create_task(database.read(twice))
        await asyncio.to_thread(between.wait, 30)
        await database.write(insert("ada"))
        go_on.set()
        assert await reading == ([], [])


async def test_reading_work_cannot_write(tmp_path):
    async with opened(tmp_path / "store.db") as database:
        with pytest.raises(Misconfigured):
            await database.read(insert("ada"))
        assert await database.read(athletes) == []


async def test_a_cancelled_caller_does_not_undo_or_tear_the_write(tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        assert go_on.wait(30)
        insert("ada")(connection)

    async with opened(tmp_path / "store.db") as database:
        writing = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, 30)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        go_on.set()
        await database.write(insert("bea"))
        assert await database.read(athletes) == ["ada", "bea"]


async def test_closing_finishes_what_was_asked_and_then_is_unavailable(tmp_path):
    path = tmp_path / "store.db"
    database = await Database(path, "store", SETTING).open()
    writes = [asyncio.create_task(database.write(insert(f"r{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)
    await database.close()
    for call in (database.read(athletes), database.write(insert("late"))):
        with pytest.raises(Unavailable, match="closed"):
            await call
    async with opened(path) as again:
        assert len(await again.read(athletes)) == 20


async def test_a_second_process_waits_for_its_turn_to_write(tmp_path):
    path = tmp_path / "store.db"
    async with opened(path) as one, opened(path) as other:
        await asyncio.gather(*(db.write(insert(f"{n}-{k}")) for n, db in enumerate((one, other)) for k in range(10)))
        assert len(await other.read(athletes)) == 20


async def test_a_reader_in_another_process_sees_each_write_at_once(tmp_path):
    path = tmp_path / "store.db"
    async with opened(path) as writer, opened(path, read_only=True) as reader:
        for expected in (["ada"], ["ada", "bea"]):
            await writer.write(insert(expected[-1]))
            assert await reader.read(athletes) == expected
        with pytest.raises(Misconfigured, match="read only"):
            await reader.write(insert("cid"))


async def test_a_closed_file_can_be_read_alone(tmp_path):
    path = tmp_path / "store.db"
    async with opened(path) as writer:
        await writer.write(insert("ada"))
    async with opened(path, read_only=True) as reader:
        assert await reader.read(athletes) == ["ada"]


async def test_a_reader_before_the_first_writer_is_told_to_come_later(tmp_path):
    with pytest.raises(Unavailable, match="start the part that records"):
        await Database(tmp_path / "store.db", "store", SETTING, read_only=True).open()
    assert list(tmp_path.iterdir()) == []


async def test_a_reader_does_not_take_an_empty_file_for_a_store(tmp_path):
    path = tmp_path / "store.db"
    path.touch()
    with pytest.raises(Unavailable, match="older release"):
        await Database(path, "store", SETTING, read_only=True).open()


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_newer_release_is_refused_with_the_way_out(tmp_path, read_only):
    path = tmp_path / "store.db"
    async with opened(path) as database:
        await database.write(lambda connection: connection.execute("PRAGMA user_version=99"))
    with pytest.raises(Misconfigured, match=r"storage\.path: .*newer release .*99.*update crampwatch"):
        await Database(path, "store", SETTING, read_only=read_only).open()


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, read_only):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff" * 5_000)
    with pytest.raises(Misconfigured, match=r"storage\.path: .*holiday\.jpg"):
        await Database(path, "store", SETTING, read_only=read_only).open()
    assert path.read_bytes() == b"\xff\xd8\xff" * 5_000


async def test_a_strangers_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "photos.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photo (id)")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(Misconfigured, match="something else"):
        await Database(path, "store", SETTING).open()
    assert path.read_bytes() == before


async def test_a_folder_in_the_way_is_refused_with_the_setting(tmp_path):
    with pytest.raises(Misconfigured) as refusal:
        await Database(tmp_path, "store", SETTING).open()
    assert refusal.value.setting == SETTING


async def test_a_parent_that_is_a_file_is_refused_with_the_setting(tmp_path):
    (tmp_path / "state").touch()
    with pytest.raises(Misconfigured, match=r"storage\.path"):
        await Database(tmp_path / "state" / "store.db", "store", SETTING).open()


async def test_a_path_with_url_characters_is_taken_as_it_stands(tmp_path):
    path = tmp_path / "50% off?mode=memory#1" / "store.db"
    async with opened(path) as database:
        await database.write(insert("ada"))
    assert path.stat().st_size > 0


@pytest.mark.parametrize("attempt", range(20))
async def test_several_processes_may_start_at_once_on_an_empty_file(tmp_path, attempt):
    databases = [Database(tmp_path / "store.db", "store", SETTING) for _ in range(4)]
    await asyncio.gather(*(database.open() for database in databases))
    for n, database in enumerate(databases):
        await database.write(insert(f"r{n}"))
    assert len(await databases[0].read(athletes)) == 4
    for database in databases:
        await database.close()


async def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "store.db"
    monkeypatch.setattr(Database, "_steps", lambda _: ["CREATE TABLE name (athlete); CREATE TABLE name (again);"])
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        await Database(path, "store", SETTING).open()
    monkeypatch.undo()
    async with opened(path) as database:
        assert await database.read(athletes) == []


async def test_a_later_release_updates_an_older_file_step_by_step(tmp_path, monkeypatch):
    path = tmp_path / "store.db"
    steps = ["CREATE TABLE name (athlete, display_name);"]
    monkeypatch.setattr(Database, "_steps", lambda _: steps)
    async with opened(path) as database:
        await database.write(insert("ada"))
    steps.append("ALTER TABLE name ADD COLUMN since; UPDATE name SET since = 1;")
    async with opened(path) as database:
        assert await database.read(lambda c: c.execute("SELECT athlete, since FROM name").fetchall()) == [("ada", 1)]
        assert await database.read(lambda c: c.execute("PRAGMA user_version").fetchone()) == (2,)


def test_a_script_is_taken_apart_statement_by_statement():
    script = "-- a; b\nCREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; END;\n-- end\n"
    parts = list(statements(script))
    assert parts[0] == "-- a; b\nCREATE TABLE a (x);"
    assert parts[1].startswith("CREATE TRIGGER")
    assert parts[1].endswith("END;")


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(database_module).failed == 0
