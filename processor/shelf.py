"""What a processor needs after a restart: each machine's last snapshot and each spool's watermark, on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

from crampwatch.storage import RunKey
from crampwatch.storage.database import Database
from crampwatch.units import HOUR_MS

from .marks import KeptMark
from .reading import Origin

FILE_NAME = "processor.db"
#: A run that ended so long ago goes on no more; should late rows come all the same, the store is read from its start.
OLD_MS = 30 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Kept:
    """A machine's snapshot. It holds nothing that is not also in the store."""

    athlete: str
    session: str
    at_ms: int
    body: bytes


class KeptGap(NamedTuple):
    """Backlog, from when to when, that a session's machine has not observed."""

    athlete: str
    session: str
    from_ms: int
    to_ms: int


class Shelf:
    """A small SQLite file in the state_dir, written in one transaction a time."""

    def __init__(self, state_dir: Path) -> None:
        self._database = Database(state_dir / FILE_NAME, "shelf", "state_dir")

    async def open(self) -> "Shelf":
        """Open or make the file.

        Raises:
            Misconfigured: the state_dir cannot be used.
        """
        await self._database.open()
        return self

    async def snapshot(self, athlete: str, session: str) -> Kept | None:
        """The newest snapshot of a session, or None."""

        def read(connection: Connection) -> Kept | None:
            row = connection.execute(
                "SELECT at_ms, body FROM snapshot WHERE athlete=? AND session=?", (athlete, session)
            ).fetchone()
            return None if row is None else Kept(athlete, session, row[0], row[1])

        return await self._database.read(read)

    async def marks(self) -> Sequence[KeptMark]:
        """Every spool's watermark as it was kept."""
        return await self._database.read(
            lambda connection: [
                KeptMark(Origin(collector, spool), heard_at_ms, body)
                for collector, spool, heard_at_ms, body in connection.execute(
                    "SELECT collector, spool, heard_at_ms, body FROM watermark"
                )
            ]
        )

    async def gaps(self) -> Sequence[KeptGap]:
        """Every session whose machine has not observed everything."""
        return await self._database.read(
            lambda connection: [
                KeptGap(*columns) for columns in connection.execute("SELECT athlete, session, from_ms, to_ms FROM gap")
            ]
        )

    async def gap(self, athlete: str, session: str) -> KeptGap | None:
        """What a session's machine has not observed, or None."""

        def read(connection: Connection) -> KeptGap | None:
            row = connection.execute(
                "SELECT from_ms, to_ms FROM gap WHERE athlete=? AND session=?", (athlete, session)
            ).fetchone()
            return None if row is None else KeptGap(athlete, session, *row)

        return await self._database.read(read)

    async def keep(
        self,
        snapshots: Sequence[Kept],
        marks: Sequence[KeptMark],
        gone: Sequence[Origin] = (),
        gaps: Sequence[KeptGap] = (),
        mended: Sequence[RunKey] = (),
    ) -> None:
        """Replace snapshots, watermarks and gaps; drop marks that are gone and gaps that are mended; all or none.

        Raises:
            Unavailable: the disk is full or the file is held.
        """

        def write(connection: Connection) -> None:
            connection.executemany(
                "INSERT INTO snapshot (athlete, session, at_ms, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (athlete, session) DO UPDATE SET at_ms=excluded.at_ms, body=excluded.body",
                [(one.athlete, one.session, one.at_ms, one.body) for one in snapshots],
            )
            connection.executemany(
                "INSERT INTO watermark (collector, spool, heard_at_ms, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (collector, spool) DO UPDATE SET heard_at_ms=excluded.heard_at_ms, body=excluded.body",
                [(*one.origin, one.heard_at_ms, one.body) for one in marks],
            )
            connection.executemany("DELETE FROM watermark WHERE collector=? AND spool=?", gone)
            connection.executemany(
                "INSERT INTO gap (athlete, session, from_ms, to_ms) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (athlete, session) DO UPDATE SET from_ms=min(from_ms, excluded.from_ms),"
                " to_ms=max(to_ms, excluded.to_ms)",
                gaps,
            )
            connection.executemany(
                "DELETE FROM gap WHERE athlete=? AND session=?", [(one.athlete, one.session) for one in mended]
            )

        await self._database.write(write)

    async def forget(self, before_ms: int) -> None:
        """Drop the snapshots of machines that observed nothing after this.

        Raises:
            Unavailable: the disk is full or the file is held.
        """

        def write(connection: Connection) -> None:
            connection.execute("DELETE FROM snapshot WHERE at_ms < ?", (before_ms,))

        await self._database.write(write)

    async def close(self) -> None:
        """Finish and close."""
        await self._database.close()
