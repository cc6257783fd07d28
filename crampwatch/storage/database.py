"""One SQLite file, one writer thread, write-ahead log, every commit on disk: what our queues and stores stand on."""

import asyncio
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from crampwatch.errors import Misconfigured, Unavailable

T = TypeVar("T")

#: In one statement, so that all is of one moment: asked in turn, a file that another process is just making looks
#: like a stranger's.
_HEADER = """
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
FROM pragma_application_id, pragma_user_version
"""

#: How long a statement waits for another process that holds the file, in seconds.
BUSY_S = 10.0
#: How long another process may take to switch a new file over, before we look again, in seconds.
SWITCHING_S = 0.01
#: The write-ahead log is cut back to this many bytes after a checkpoint.
LOG_BYTES = 16 * 1024 * 1024
#: How many KiB of pages a writer may keep: for the store the hot minutes of a hundred runners; for queues and
#: journals, which are read from their ends, little. Only what is used is taken.
CACHE_KIB = {"store": 8 * 1024}
SMALL_CACHE_KIB = 2 * 1024
#: SQLite's primary result codes that time or free space may mend, and those that only a person can.
PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PROTOCOL,
}
LASTING = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOTADB,
}


class Database:
    """A SQLite file that is written by one dedicated thread and read by another.

    Args:
        path: the file; made with its folder (both private to this user) when missing.
        schema: name of the folder under ``crampwatch/storage/schema`` whose ``0001-*.sql`` ... bring an empty or
            older file up to date, each in one transaction.
        setting: the setting that chose ``path``, for the error when it cannot be used.
        read_only: read what another process writes; nothing is made or migrated.
    """

    def __init__(self, path: Path, schema: str, setting: str, *, read_only: bool = False) -> None:
        self._path = path
        self._schema = schema
        self._setting = setting
        self._read_only = read_only
        self._writing: ThreadPoolExecutor | None = None
        self._reading: ThreadPoolExecutor | None = None
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def writable(self) -> bool:
        """Whether it is open, and not to read only."""
        return self._writing is not None and not self._read_only

    async def open(self) -> "Database":
        """Open and migrate.

        Raises:
            Misconfigured: the path cannot be used, the file is no database or somebody else's, or a newer release
                wrote it.
            Unavailable: another process holds the file too long; or, to read only, nobody has written it yet.
        """
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"sqlite-{self._schema}-write")
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"sqlite-{self._schema}-read")
        try:
            if not self._read_only:
                await self._in_thread(self._writing, self._open_writer)
            await self._in_thread(self._reading, self._open_reader)
        except BaseException:
            await self.close()
            raise
        return self

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction; it is on disk when this returns. Writes happen in the order asked.

        Raises:
            Unavailable: the disk is full, another process holds the file too long, or this database is closed.
                Nothing was written.
            Misconfigured: the file was opened to read only, or is damaged.
        """
        if self._read_only:
            raise Misconfigured(self._setting, f"{self._path} was opened to read only; write where it is recorded")
        return await self._in_thread(self._writing, lambda: self._transaction(self._writer, "BEGIN IMMEDIATE", work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on one snapshot of everything written so far, beside the writer; it cannot write.

        Raises:
            Unavailable: the disk fails, or this database is closed.
            Misconfigured: the file is damaged.
        """
        return await self._in_thread(self._reading, lambda: self._transaction(self._reader, "BEGIN", work))

    async def close(self) -> None:
        """Finish what was asked and close; a second call does nothing."""
        writing, self._writing = self._writing, None
        reading, self._reading = self._reading, None
        # The writer goes last: the last connection to close folds the write-ahead log into the file.
        for thread, end in ((reading, self._close_reader), (writing, self._close_writer)):
            if thread is not None:
                await self._in_thread(thread, end)
                thread.shutdown(wait=False)

    async def _in_thread(self, thread: ThreadPoolExecutor | None, call: Callable[[], T]) -> T:
        if thread is None:
            raise Unavailable(f"{self._path} is closed; open it again")
        # Shielded: a cancelled caller must not leave the thread's work half accounted for.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, call))

    def _look(self) -> None:
        """SQLite would only say that it cannot open the file.

        Raises:
            Misconfigured: there is a file where the folder belongs, or a folder where the file does.
        """
        if self._path.is_dir():
            raise Misconfigured(self._setting, f"{self._path} is a folder where a file belongs; move it away")
        if (folder := self._path.parent).exists() and not folder.is_dir():
            raise Misconfigured(self._setting, f"{folder} is a file where a folder belongs; name another folder")

    def _open_writer(self) -> None:
        try:
            self._look()
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._writer = connection = self._connect("rw")
            # Asked before anything is changed: a stranger's database stays as it was.
            self._version(connection)
            _keep_a_log(connection)
            connection.execute("PRAGMA synchronous=FULL")
            # On macOS a sync leaves the data in the drive's own memory; elsewhere this changes nothing.
            connection.execute("PRAGMA fullfsync=ON")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA cache_size=-{CACHE_KIB.get(self._schema, SMALL_CACHE_KIB)}")
            connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
            self._migrate(connection)
        except (OSError, sqlite3.Error) as error:
            raise self._translated(error) from error

    def _open_reader(self) -> None:
        try:
            self._look()
        except OSError as error:
            raise self._translated(error) from error
        if self._read_only and not self._path.exists():
            raise Unavailable(f"{self._path} does not exist yet; start the part that records")
        try:
            self._reader = connection = self._connect("ro")
            connection.execute("PRAGMA query_only=ON")
            if self._version(connection) < len(self._steps()):
                raise Unavailable(f"{self._path} is of an older release; start the part that records to update it")
        except (OSError, sqlite3.Error) as error:
            raise self._translated(error) from error

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_S,
        )

    def _steps(self) -> Sequence[str]:
        folder = files("crampwatch.storage").joinpath("schema", self._schema)
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
        return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]

    def _version(self, connection: sqlite3.Connection) -> int:
        """How many of our steps the file has had.

        Raises:
            Misconfigured: the file is not ours, of another purpose, or of a newer release.
        """
        mark, have, tables = connection.execute(_HEADER).fetchone()
        blank = mark == 0 and tables == 0
        if not blank and mark != self._mark():
            raise Misconfigured(
                self._setting, f"{self._path} is a database of something else, not a crampwatch {self._schema}"
            )
        if have > (known := len(self._steps())):
            raise Misconfigured(
                self._setting,
                f"{self._path} was written by a newer release (schema {have}, here is {known}); update crampwatch",
            )
        return 0 if blank else have

    def _mark(self) -> int:
        """What stands in the file's header so that a store is never taken for a queue: 31 bits of its name."""
        return zlib.crc32(f"crampwatch/{self._schema}".encode()) & 0x7FFF_FFFF

    def _migrate(self, connection: sqlite3.Connection) -> None:
        for number, script in enumerate(self._steps(), start=1):

            def step(connection: sqlite3.Connection, number: int = number, script: str = script) -> None:
                # Asked inside the transaction: two processes may start at once, and only one makes the step.
                if self._version(connection) >= number:
                    return
                for statement in statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id={self._mark()}")
                connection.execute(f"PRAGMA user_version={number}")

            if self._version(connection) < number:
                self._transaction(connection, "BEGIN IMMEDIATE", step)

    def _transaction(
        self, connection: sqlite3.Connection | None, begin: str, work: Callable[[sqlite3.Connection], T]
    ) -> T:
        if connection is None:
            raise Unavailable(f"{self._path} is closed; open it again")
        try:
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._translated(error) from error
        return result

    def _translated(self, error: Exception) -> Exception:
        """Our error for one of SQLite's or of the file system, by remedy; a mistake in our SQL stays what it is."""
        code = getattr(error, "sqlite_errorcode", None)
        if isinstance(error, OSError) or (code is not None and code & 0xFF in LASTING):
            return Misconfigured(self._setting, f"cannot use {self._path}: {error}; name another file or mend this one")
        if code is not None and code & 0xFF in PASSING:
            return Unavailable(f"{self._path}: {error}; free space or close the other user, then it goes on")
        return error

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite does not itself wait for another process that is just switching."""
    give_up_s = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up_s:
                raise
            time.sleep(SWITCHING_S)
        else:
            return


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one, so that they run inside the caller's transaction.

    >>> list(statements("CREATE TABLE a (x); CREATE TABLE b (y DEFAULT ';');"))
    ['CREATE TABLE a (x);', "CREATE TABLE b (y DEFAULT ';');"]
    """
    pending = ""
    for part in script.replace(";", ";\0").split("\0"):
        pending += part
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if pending.strip():
        yield pending.strip()
