"""The collector's outbox: on disk before it is sent, kept until the processor says that it is stored."""

import asyncio
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from crampwatch.codec import encode
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.events import Sample, Telemetry
from crampwatch.storage.database import Database

SCHEMA = "spool"
#: So much of the file system is left free. Forgetting what is stored takes room, too: the write-ahead log and what it
#: is folded into may each grow by 4 MiB. A spool that had filled the disk to the last byte could never make any.
RESERVE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unsent:
    """Samples of one athlete's session that make one message; it gets its row when it is spooled."""

    athlete: str
    session: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Spooled:
    """One message as it will be sent, each time it is sent. ``at_ms`` is its oldest sample's."""

    row: int
    athlete: str
    at_ms: int
    payload: bytes


class Spool(Protocol):
    """A queue of encoded messages with rows that are contiguous for ever, under an identity made by chance.

    Promises: ``append`` returns after all its messages and states are durable, or raises Unavailable and has
    written nothing; a row is never given twice; ``read`` gives the same bytes for a row each time; what is not
    forgotten survives kill -9.
    """

    @property
    def identity(self) -> str:
        """What the rows are counted under, besides the collector's id; two spools never share one."""
        ...

    @property
    def next_row(self) -> int:
        """The row that the next message will get."""
        ...

    @property
    def forgotten(self) -> int:
        """The highest row that was forgotten, -1 before the first."""
        ...

    @property
    def depth(self) -> int:
        """How many messages are kept."""
        ...

    @property
    def oldest_ms(self) -> int | None:
        """When the kept message of the lowest row was measured; None when nothing is kept."""
        ...

    async def append(self, messages: Sequence[Unsent], state: Mapping[str, bytes]) -> None:
        """Keep messages, and the states under their keys, in one transaction.

        Raises:
            Unavailable: the disk is full or the file is locked; nothing was written, the same call may work later.
            Misconfigured: somebody else writes to the same spool.
        """
        ...

    async def read(self, from_row: int, limit: int) -> Sequence[Spooled]:
        """At most ``limit`` messages from a row on, in order."""
        ...

    async def first_since(self, from_row: int, at_ms: int) -> int:
        """The lowest row, from ``from_row`` on, that was measured after ``at_ms``; the next row when there is none.

        Rows are taken as if they were in the order of time, which they nearly are: it costs a few reads, however many
        are kept.
        """
        ...

    async def forget(self, up_to_row: int) -> None:
        """Drop every message up to a row and with it."""
        ...

    async def renew(self) -> None:
        """Take a new identity, also for every kept message; rows stay. For a file that an older copy has replaced."""
        ...

    async def state(self) -> Mapping[str, bytes]:
        """Every state by key, as last appended."""
        ...

    async def close(self) -> None:
        """Finish what was accepted and let go."""
        ...


def file_name(collector: str) -> str:
    """A collector's file within the state_dir. Rows belong to one collector, so no two share a file."""
    return f"spool-{collector}.db"


def encoded(collector: str, spool: str, row: int, message: Unsent) -> Spooled:
    """A message with its row, as it will be sent."""
    telemetry = Telemetry(collector=collector, spool=spool, row=row, session=message.session, samples=message.samples)
    return Spooled(row, message.athlete, message.samples[0].at_ms, encode(telemetry))


class SqliteSpool:
    """A :class:`Spool` in one SQLite file. Use :meth:`open`."""

    def __init__(self, database: Database, collector: str, head: "_Head") -> None:
        self._database = database
        self._collector = collector
        self._identity = head.identity
        self._forgotten = head.forgotten
        self._next_row = max(head.forgotten, head.last) + 1
        self._oldest_ms = head.oldest_ms
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, collector: str) -> "SqliteSpool":
        """Open or make the file.

        Args:
            path: the file.
            collector: the id that every message carries.

        Raises:
            Misconfigured: ``state_dir`` cannot hold it.
        """
        database = Database(path, SCHEMA, "state_dir")
        await database.open()
        return cls(database, collector, await database.read(_head))

    @property
    def database(self) -> Database:
        """The file beneath."""
        return self._database

    @property
    def identity(self) -> str:
        """See :class:`Spool`."""
        return self._identity

    @property
    def next_row(self) -> int:
        """See :class:`Spool`."""
        return self._next_row

    @property
    def forgotten(self) -> int:
        """See :class:`Spool`."""
        return self._forgotten

    @property
    def depth(self) -> int:
        """See :class:`Spool`."""
        return self._next_row - self._forgotten - 1

    @property
    def oldest_ms(self) -> int | None:
        """See :class:`Spool`."""
        return self._oldest_ms

    async def append(self, messages: Sequence[Unsent], state: Mapping[str, bytes]) -> None:
        """See :class:`Spool`."""
        async with self._changing:
            rows = [
                encoded(self._collector, self._identity, row, message)
                for row, message in enumerate(messages, start=self._next_row)
            ]

            def keep(connection: sqlite3.Connection) -> None:
                _check_room(self._database.path, connection)
                try:
                    connection.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?)", map(_columns, rows))
                except sqlite3.IntegrityError as error:
                    raise Misconfigured(
                        "state_dir", f"another collector writes to {self._database.path}; give each its own"
                    ) from error
                connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", state.items())

            await self._database.write(keep)
            self._next_row += len(rows)
            if self._oldest_ms is None and rows:
                self._oldest_ms = rows[0].at_ms

    async def read(self, from_row: int, limit: int) -> Sequence[Spooled]:
        """See :class:`Spool`."""
        return await self._database.read(
            lambda connection: [
                Spooled(*columns)
                for columns in connection.execute(
                    "SELECT row, athlete, at_ms, payload FROM outbox WHERE row >= ? ORDER BY row LIMIT ?",
                    (from_row, limit),
                )
            ]
        )

    async def first_since(self, from_row: int, at_ms: int) -> int:
        """See :class:`Spool`."""
        end = self._next_row

        def search(connection: sqlite3.Connection) -> int:
            low, high = from_row, end
            while low < high:
                middle = (low + high) // 2
                found = connection.execute("SELECT at_ms FROM outbox WHERE row = ?", (middle,)).fetchone()
                if found is not None and found[0] > at_ms:
                    high = middle
                else:
                    low = middle + 1
            return low

        return await self._database.read(search)

    async def forget(self, up_to_row: int) -> None:
        """See :class:`Spool`."""
        async with self._changing:
            last = min(up_to_row, self._next_row - 1)
            if last <= self._forgotten:
                return

            def drop(connection: sqlite3.Connection) -> int | None:
                connection.execute("DELETE FROM outbox WHERE row <= ?", (last,))
                connection.execute("UPDATE head SET forgotten = ?", (last,))
                return _oldest_ms(connection)

            self._oldest_ms = await self._database.write(drop)
            self._forgotten = last

    async def renew(self) -> None:
        """See :class:`Spool`."""
        async with self._changing:

            def rename(connection: sqlite3.Connection) -> str:
                connection.execute("UPDATE head SET identity = lower(hex(randomblob(5)))")
                connection.execute(
                    "UPDATE outbox SET payload ="
                    " CAST(json_set(CAST(payload AS TEXT), '$.spool', (SELECT identity FROM head)) AS BLOB)"
                )
                return _head(connection).identity

            self._identity = await self._database.write(rename)

    async def state(self) -> Mapping[str, bytes]:
        """See :class:`Spool`."""
        return await self._database.read(lambda connection: dict(connection.execute("SELECT key, value FROM state")))

    async def close(self) -> None:
        """See :class:`Spool`."""
        await self._database.close()


class _Head(NamedTuple):
    """What a spool knows without looking into its file."""

    identity: str
    forgotten: int
    last: int
    oldest_ms: int | None


def _head(connection: sqlite3.Connection) -> _Head:
    identity, forgotten = connection.execute("SELECT identity, forgotten FROM head").fetchone()
    (last,) = connection.execute("SELECT coalesce(max(row), -1) FROM outbox").fetchone()
    return _Head(identity, forgotten, last, _oldest_ms(connection))


def _oldest_ms(connection: sqlite3.Connection) -> int | None:
    first = connection.execute("SELECT at_ms FROM outbox ORDER BY row LIMIT 1").fetchone()
    return None if first is None else int(first[0])


def _check_room(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse to take more while the reserve is touched.

    Raises:
        Unavailable: until somebody frees space.
    """
    disk = os.statvfs(path)
    # The file does not shrink; the pages of what was forgotten are room as well.
    (pages,), (size,) = (connection.execute(f"PRAGMA {one}").fetchone() for one in ("freelist_count", "page_size"))
    if disk.f_bavail * disk.f_frsize + pages * size < RESERVE_BYTES:
        raise Unavailable(f"{path}: less than {RESERVE_BYTES >> 20} MiB are free; free space, then it goes on")


def _columns(message: Spooled) -> tuple[int, str, int, bytes]:
    return message.row, message.athlete, message.at_ms, message.payload
