"""What is recorded for a database that may be away: on disk first, in order, until it was delivered or refused."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

from crampwatch.clock import Clock
from crampwatch.errors import Misconfigured
from crampwatch.storage.database import Database
from crampwatch.storage.outbox_parts import DAMAGED, Block, DeadLetter, Depth, Held, Lane, Refusal, cut, packed

#: Any: what SQLite gives.
Row = tuple[Any, ...]

SCHEMA = "outbox"
#: A request takes blocks until it holds so much, in points or in compressed bytes.
TAKE_POINTS = 10_000
TAKE_BYTES = 1_000_000
#: How much of a refused line is shown.
SHOWN_CHARS = 200

_PUT = "INSERT INTO block (bucket, points, at_ms, crc, body) VALUES (?, ?, ?, ?, ?)"
_TAKE = "SELECT row, points, crc, body FROM block WHERE bucket = ? ORDER BY row"
_BURY = """
INSERT INTO dead (bucket, reason, message, points, first_line, at_ms, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_RETRY = """
INSERT INTO block (bucket, points, at_ms, crc, body) SELECT bucket, points, ?, crc, body FROM dead WHERE id = ?
"""
_DEAD = "SELECT id, bucket, reason, message, points, first_line, at_ms FROM dead ORDER BY id LIMIT ?"
#: What is moved to another outbox at once.
_MOVED = "SELECT row, bucket, points, at_ms, crc, body FROM block ORDER BY row LIMIT 100"
_MOVED_DEAD = "SELECT * FROM dead ORDER BY id LIMIT 100"
_FIRST = "SELECT row, at_ms FROM block WHERE bucket = ? ORDER BY row LIMIT 1"


class Outbox:
    """Lines in one SQLite file, in the order they were put in. Only the disk bounds it. Use :meth:`open`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._depth = Depth()
        self._looks = itertools.count(1)
        self._seen = 0
        self._changes: set[asyncio.Task[int]] = set()
        #: Set by every put; who drains clears it.
        self.came = asyncio.Event()

    @classmethod
    async def open(cls, path: Path, clock: Clock, *, read_only: bool = False) -> "Outbox":
        """Open or make the file; ``read_only`` to look at one that a service may have open.

        Raises:
            Misconfigured: ``state_dir`` cannot hold it.
            Unavailable: another process holds it too long; or, to read only, there is none.
        """
        database = Database(path, SCHEMA, "state_dir", read_only=read_only)
        await database.open()
        outbox = cls(database, clock)
        outbox._see(await database.read(outbox._look))
        return outbox

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @property
    def depth(self) -> Depth:
        """How much there is, as of the last change made here or seen by :meth:`refresh`."""
        return self._depth

    async def put(self, bucket: str, lines: Sequence[str]) -> int:
        """Keep lines, all or none; they are on disk when this returns.

        Returns:
            The row of the last block of them: everything up to it was put in no later; 0 when there are no lines.

        Raises:
            Unavailable: the disk is full or fails; nothing was kept, the same call may work later.
        """
        if not lines:
            return 0
        at_ms = self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> int:
            row = 0
            for block in cut(lines):
                row = connection.execute(_PUT, (bucket, len(block), at_ms, *packed(block))).lastrowid or 0
            return row

        return await self._changed(work)

    async def take(self, bucket: str, *, blocks: int = 1_000) -> Sequence[Block]:
        """The oldest blocks of a bucket, in order: as many as make a good request, one at least, ``blocks`` at most."""

        def work(connection: sqlite3.Connection) -> list[Block]:
            taken: list[Block] = []
            points = size = 0
            for row, count, crc, body in connection.execute(_TAKE, (bucket,)):
                points, size = points + count, size + len(body)
                if taken and (points > TAKE_POINTS or size > TAKE_BYTES or len(taken) >= blocks):
                    break
                taken.append(Block(row, bucket, count, crc, body))
            return taken

        return await self._database.read(work)

    async def settle(
        self, blocks: Sequence[Block], refused: Sequence[Refusal] = (), *, left: Sequence[str] = ()
    ) -> None:
        """Blocks were dealt with: forget them, and keep what was refused of them as dead letters, in one step.

        ``left`` are the lines of the only block that were not: it keeps its place and its date with these.
        """
        at_ms = self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> int:
            if left:
                (dated_ms,) = connection.execute("SELECT at_ms FROM block WHERE row = ?", (blocks[0].row,)).fetchone()
            connection.executemany("DELETE FROM block WHERE row = ?", [(block.row,) for block in blocks])
            if left:
                # Deleted and made anew, because that is what the lanes are kept up to date by.
                block = (blocks[0].row, blocks[0].bucket, len(left), dated_ms, *packed(left))
                connection.execute("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", block)
            for one in refused:
                first_line = one.lines[0][:SHOWN_CHARS] if one.lines else ""
                told = (blocks[0].bucket, one.reason, one.message, one.points, first_line)
                connection.execute(_BURY, (*told, at_ms, *one.packed()))
            return len(blocks)

        await self._changed(work, came=False)

    async def trouble(self, bucket: str, message: str | None) -> None:
        """Write down what holds a bucket (or :data:`ALL`) up, or that nothing does any more, for who looks in."""
        at_ms = self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> None:
            if message is None:
                connection.execute("DELETE FROM trouble WHERE bucket = ?", (bucket,))
            else:
                connection.execute(
                    "INSERT INTO trouble VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET message = excluded.message",
                    (bucket, at_ms, message),
                )

        await self._database.write(work)

    async def troubles(self) -> Sequence[Held]:
        """What holds the delivery up, as last written down."""
        return await self._database.read(
            lambda connection: [Held(*one) for one in connection.execute("SELECT * FROM trouble ORDER BY bucket")]
        )

    async def dead_letters(self, limit: int = 1_000) -> Sequence[DeadLetter]:
        """The oldest refusals, oldest first."""
        return await self._database.read(
            lambda connection: [DeadLetter(*one) for one in connection.execute(_DEAD, (limit,))]
        )

    async def retry(self, dead: int | None) -> int:
        """Put a dead letter back at the queue's end, or all of them; how many there were. Damaged ones stay."""
        at_ms = self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> int:
            found = _ids(connection, dead, but=DAMAGED)
            connection.executemany(_RETRY, [(at_ms, one) for one in found])
            connection.executemany("DELETE FROM dead WHERE id = ?", [(one,) for one in found])
            return len(found)

        return await self._changed(work)

    async def drop(self, dead: int | None) -> int:
        """Delete a dead letter for good, or all of them; how many there were."""

        def work(connection: sqlite3.Connection) -> int:
            found = _ids(connection, dead)
            connection.executemany("DELETE FROM dead WHERE id = ?", [(one,) for one in found])
            return len(found)

        return await self._changed(work, came=False)

    async def hand_over(self, heir: "Outbox") -> int:
        """Move everything, oldest first, to the end of another; how many points that were waiting.

        It may be interrupted and repeated: what is in both for a moment is delivered twice, which counts as once.
        """
        moved = 0
        while True:
            blocks, dead = await self._database.read(
                lambda connection: (connection.execute(_MOVED).fetchall(), connection.execute(_MOVED_DEAD).fetchall())
            )
            if not (blocks or dead):
                return moved
            await heir.inherit(blocks, dead)
            await self._changed(partial(_forget, blocks=blocks, dead=dead), came=False)
            moved += sum(block[2] for block in blocks)

    async def inherit(self, blocks: Sequence[Row], dead: Sequence[Row]) -> None:
        """Take rows of another outbox, as :meth:`hand_over` gives them."""
        await self._changed(partial(_inherit, blocks=blocks, dead=dead))

    async def refresh(self) -> None:
        """See what another process changed: dead letters that were dropped or put back."""
        # In the writer's thread, so that it never comes between a put and what that put saw.
        self._see(await self._database.write(self._look))

    async def close(self) -> None:
        """Finish what was asked and let go; what waits, waits."""
        if self._changes:
            await asyncio.wait(self._changes)
        await self._database.close()

    async def _changed(self, work: Callable[[sqlite3.Connection], int], *, came: bool = True) -> int:
        """Change the file and see what it holds then, also when the caller is cancelled: the commit is not."""

        async def change() -> int:
            result, looked = await self._database.write(lambda connection: (work(connection), self._look(connection)))
            self._see(looked)
            if came:
                self.came.set()
            return result

        task = asyncio.create_task(change(), name="outbox-change")
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return await asyncio.shield(task)

    def _look(self, connection: sqlite3.Connection) -> tuple[int, Depth]:
        """How much there is, numbered: of two looks the later counts, in whatever order they are handed out."""
        lanes = {}
        for bucket, blocks, points, size, dead in connection.execute("SELECT * FROM lane").fetchall():
            first_row, oldest_ms = connection.execute(_FIRST, (bucket,)).fetchone() or (None, None)
            lanes[bucket] = Lane(blocks, points, size, dead, first_row, oldest_ms)
        return next(self._looks), Depth(lanes)

    def _see(self, looked: tuple[int, Depth]) -> None:
        number, depth = looked
        if number > self._seen:
            self._seen, self._depth = number, depth


def file_name(service: str) -> str:
    """A service's file within the state_dir: ``processor``, ``alerter`` or ``dashboard``."""
    return f"outbox-{service}.db"


def service_of(path: Path) -> str:
    """Whose file that is.

    >>> service_of(Path("outbox-alerter.db"))
    'alerter'
    """
    return path.stem.removeprefix("outbox-")


def found_in(state_dir: Path) -> Sequence[Path]:
    """Every outbox of a state_dir; none when there is no such folder.

    Raises:
        Misconfigured: the folder cannot be read.
    """
    try:
        return sorted(one for one in state_dir.iterdir() if fnmatch(one.name, file_name("*")))
    except FileNotFoundError:
        return []
    except OSError as error:
        hint = "run this as the user whose folder it is (sudo -u crampwatch)"
        raise Misconfigured("state_dir", f"cannot read {state_dir}: {error}; {hint}") from error


def _inherit(connection: sqlite3.Connection, blocks: Sequence[Row], dead: Sequence[Row]) -> int:
    connection.executemany(_PUT, [block[1:] for block in blocks])
    connection.executemany(_BURY, [letter[1:] for letter in dead])
    return len(blocks)


def _forget(connection: sqlite3.Connection, blocks: Sequence[Row], dead: Sequence[Row]) -> int:
    connection.executemany("DELETE FROM block WHERE row = ?", [block[:1] for block in blocks])
    connection.executemany("DELETE FROM dead WHERE id = ?", [letter[:1] for letter in dead])
    return len(blocks)


def _ids(connection: sqlite3.Connection, dead: int | None, but: str = "") -> list[int]:
    query = "SELECT id FROM dead WHERE (?1 IS NULL OR id = ?1) AND reason != ?2 ORDER BY id"
    return [one for (one,) in connection.execute(query, (dead, but)).fetchall()]
