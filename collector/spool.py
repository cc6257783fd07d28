"""The collector's outbox: on disk before it is sent, kept until the processor says that it is stored."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crampwatch.codec import encode
from crampwatch.errors import Misconfigured
from crampwatch.events import Sample, Telemetry
from crampwatch.storage.database import Database

SCHEMA = "spool"


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

    def __init__(self, database: Database, collector: str, identity: str, forgotten: int, next_row: int) -> None:
        self._database = database
        self._collector = collector
        self._identity = identity
        self._forgotten = forgotten
        self._next_row = next_row
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
        identity, forgotten, last = await database.read(_head)
        return cls(database, collector, identity, forgotten, max(forgotten, last) + 1)

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

    async def append(self, messages: Sequence[Unsent], state: Mapping[str, bytes]) -> None:
        """See :class:`Spool`."""
        async with self._changing:
            rows = [
                encoded(self._collector, self._identity, row, message)
                for row, message in enumerate(messages, start=self._next_row)
            ]

            def keep(connection: sqlite3.Connection) -> None:
                try:
                    connection.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?)", map(_columns, rows))
                except sqlite3.IntegrityError as error:
                    raise Misconfigured(
                        "state_dir", f"another collector writes to {self._database.path}; give each its own"
                    ) from error
                connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", state.items())

            await self._database.write(keep)
            self._next_row += len(rows)

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

    async def forget(self, up_to_row: int) -> None:
        """See :class:`Spool`."""
        async with self._changing:
            last = min(up_to_row, self._next_row - 1)
            if last <= self._forgotten:
                return

            def drop(connection: sqlite3.Connection) -> None:
                connection.execute("DELETE FROM outbox WHERE row <= ?", (last,))
                connection.execute("UPDATE head SET forgotten = ?", (last,))

            await self._database.write(drop)
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
                return _head(connection)[0]

            self._identity = await self._database.write(rename)

    async def state(self) -> Mapping[str, bytes]:
        """See :class:`Spool`."""
        return await self._database.read(lambda connection: dict(connection.execute("SELECT key, value FROM state")))

    async def close(self) -> None:
        """See :class:`Spool`."""
        await self._database.close()


def _head(connection: sqlite3.Connection) -> tuple[str, int, int]:
    identity, forgotten = connection.execute("SELECT identity, forgotten FROM head").fetchone()
    (last,) = connection.execute("SELECT coalesce(max(row), -1) FROM outbox").fetchone()
    return identity, forgotten, last


def _columns(message: Spooled) -> tuple[int, str, int, bytes]:
    return message.row, message.athlete, message.at_ms, message.payload
