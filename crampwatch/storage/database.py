"""One SQLite file, one writer thread, write-ahead log, every commit on disk: what our queues and stores stand on."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from crampwatch.errors import Misconfigured, Unavailable

T = TypeVar("T")


class Database:
    """A SQLite file that is written by one dedicated thread.

    Args:
        path: the file; made with its folder (private to this user) when missing.
        schema: name of the folder under ``crampwatch/storage/schema`` whose ``0001-*.sql`` ... bring an empty or
            older file up to date, each in one transaction.
        setting: the setting that chose ``path``, for the error when it cannot be used.
    """

    def __init__(self, path: Path, schema: str, setting: str) -> None:
        self._path = path
        self._schema = schema
        self._setting = setting
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"sqlite-{schema}")
        self._connection: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def open(self) -> "Database":
        """Open and migrate.

        Raises:
            Misconfigured: the path cannot be used, the file is no database, or a newer release wrote it.
        """
        await self._in_thread(self._open)
        return self

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction; it is on disk when this returns.

        Raises:
            Unavailable: the disk is full, or another process holds the file too long. Nothing was written.
        """
        return await self._in_thread(lambda: self._transaction(work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the same connection, outside a transaction."""
        return await self._in_thread(lambda: self._guarded(work))

    async def close(self) -> None:
        """Finish queued work and close; a second call does nothing."""
        if self._connection is not None:
            await self._in_thread(self._close)
        self._thread.shutdown(wait=True)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # Shielded: a cancelled caller must not leave the thread's work half accounted for.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, call))

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        except (OSError, sqlite3.Error) as error:
            raise Misconfigured(self._setting, f"cannot use {self._path}: {error}") from error
        self._connection = connection
        self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        folder = files("crampwatch.storage").joinpath("schema", self._schema)
        steps: Sequence[str] = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
        have = connection.execute("PRAGMA user_version").fetchone()[0]
        if have > len(steps):
            raise Misconfigured(
                self._setting,
                f"{self._path} was written by a newer release (schema {have}, this one knows {len(steps)})",
            )
        for number, name in enumerate(steps[have:], start=have + 1):
            script = folder.joinpath(name).read_text(encoding="utf-8")
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def transact(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._guarded(transact)

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            raise Unavailable(f"{self._path} is closed")
        try:
            return work(self._connection)
        except sqlite3.OperationalError as error:
            raise Unavailable(f"{self._path}: {error}; free space or close the other user, then it goes on") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
