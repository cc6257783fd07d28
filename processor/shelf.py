"""What a processor needs after a restart: each machine's last snapshot and each spool's watermark, on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

from crampwatch.storage import RunKey
from crampwatch.storage.database import Database
from crampwatch.units import HOUR_MS

from . import normals
from .labels import CRAMP, UNEVENTFUL, Label
from .marks import KeptMark
from .personal import Personal
from .profile import Profile
from .reading import Origin
from .summary import Summary

FILE_NAME = "processor.db"
#: A run that ended so long ago goes on no more; should late rows come all the same, the store is read from its start.
OLD_MS = 30 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Kept:
    """A machine's snapshot. It holds nothing that is not also in the store, but for the profile that it began with.

    ``began`` is that profile, for the first snapshot of a session; ``summary`` is what it taught, for the last one.
    """

    athlete: str
    session: str
    at_ms: int
    body: bytes
    began: Profile | None = None
    summary: Summary | None = None


class KeptGap(NamedTuple):
    """Backlog, from when to when, that a session's machine has not observed."""

    athlete: str
    session: str
    from_ms: int
    to_ms: int


class Shelf:
    """A small SQLite file in the state_dir, written in one transaction a time.

    Args:
        state_dir: where it is.
        read_only: look at what another process keeps.
    """

    def __init__(self, state_dir: Path, *, read_only: bool = False) -> None:
        self._database = Database(state_dir / FILE_NAME, "shelf", "state_dir", read_only=read_only)

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

        A session whose snapshot holds a summary is learned from, unless it was before.

        Raises:
            Unavailable: the disk is full or the file is held.
        """

        def write(connection: Connection) -> None:
            connection.executemany(
                "INSERT INTO snapshot (athlete, session, at_ms, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (athlete, session) DO UPDATE SET at_ms=excluded.at_ms, body=excluded.body",
                [(one.athlete, one.session, one.at_ms, one.body) for one in snapshots],
            )
            for one in snapshots:
                if one.began is not None:
                    normals.keep_profile(connection, one.athlete, one.session, one.at_ms, one.began)
                if one.summary is not None:
                    normals.learn(connection, one.athlete, one.session, one.summary)
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
        """Drop the snapshots of machines that observed nothing after this, and what was kept beside them.

        Raises:
            Unavailable: the disk is full or the file is held.
        """

        def write(connection: Connection) -> None:
            connection.execute("DELETE FROM snapshot WHERE at_ms < ?", (before_ms,))
            connection.execute("DELETE FROM profile WHERE at_ms < ?", (before_ms,))
            connection.execute("DELETE FROM label WHERE at_ms < ?", (before_ms,))

        await self._database.write(write)

    async def beginning(self, athlete: str, session: str, began_ms: int) -> tuple[Profile | None, Personal | None]:
        """With which profile a session began, if it did; and what was usual for its athlete at that moment. None: it
        cannot be read.
        """
        return await self._database.read(
            lambda connection: (
                normals.profile(connection, athlete, session),
                normals.before(connection, athlete, began_ms),
            )
        )

    async def unlearned(self, athlete: str, before_ms: int) -> Sequence[str]:
        """The sessions of an athlete that reach to before this and were not learned from, the oldest first."""
        return await self._database.read(
            lambda connection: [
                str(row[0])
                for row in connection.execute(
                    "SELECT session FROM snapshot WHERE athlete=? AND at_ms < ? AND NOT EXISTS (SELECT 1 FROM lesson"
                    " WHERE lesson.athlete=snapshot.athlete AND lesson.session=snapshot.session) ORDER BY at_ms",
                    (athlete, before_ms),
                )
            ]
        )

    async def learn(self, athlete: str, session: str, summary: Summary | None) -> None:
        """Learn from a session, unless that was done before; None: it can teach nothing, and is not asked again.

        Raises:
            Unavailable: the disk is full or the file is held.
        """
        await self._database.write(lambda connection: normals.learn(connection, athlete, session, summary))

    async def newest_session(self, athlete: str, after_ms: int) -> tuple[str, int] | None:
        """The session of an athlete that was kept last, and what it reaches to, if that is beyond this."""

        def read(connection: Connection) -> tuple[str, int] | None:
            row = connection.execute(
                "SELECT session, at_ms FROM snapshot WHERE athlete=? AND at_ms > ? ORDER BY at_ms DESC LIMIT 1",
                (athlete, after_ms),
            ).fetchone()
            return None if row is None else (str(row[0]), int(row[1]))

        return await self._database.read(read)

    async def say(
        self, athlete: str, session: str, said_at_ms: int, label: Label, summary: Summary | None = None
    ) -> bool:
        """Keep what a person said of a session, and when; False: that was kept before.

        Of a session that was learned from a cramp takes back what that taught about scores; that nothing happened makes
        them count as confirmed ones. ``summary`` is what it has taught before that was said; None: that is not known.

        Raises:
            Unavailable: the disk is full or the file is held.
        """
        columns = (athlete, session, said_at_ms, label.what, label.at_ms, label.restarts)

        def write(connection: Connection) -> bool:
            done = connection.execute(
                "INSERT OR IGNORE INTO label (athlete, session, said_at_ms, what, at_ms, restarts)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                columns,
            )
            if done.rowcount > 0 and label.what == CRAMP:
                normals.hear_of_cramp(connection, athlete, session, label.at_ms)
            elif done.rowcount > 0 and label.what == UNEVENTFUL and summary is not None:
                normals.hear_of_nothing(connection, athlete, session, label.at_ms, summary)
            return done.rowcount > 0

        return await self._database.write(write)

    async def labels(self, athlete: str, session: str) -> Sequence[Label]:
        """Everything that was said of a session, in the order of its moments."""
        return await self._database.read(
            lambda connection: [
                Label(*columns)
                for columns in connection.execute(
                    "SELECT at_ms, what, restarts FROM label WHERE athlete=? AND session=?"
                    " ORDER BY restarts, at_ms, what",
                    (athlete, session),
                )
            ]
        )

    async def versions(self, athlete: str) -> Sequence[normals.Version]:
        """Every version of what is usual for an athlete that is still kept, the oldest first."""
        return await self._database.read(lambda connection: normals.versions(connection, athlete))

    async def athletes(self) -> Sequence[str]:
        """Everybody of whom a session was kept."""
        return await self._database.read(
            lambda connection: [
                str(row[0])
                for row in connection.execute("SELECT athlete FROM snapshot UNION SELECT athlete FROM personal")
            ]
        )

    async def knows(self, athlete: str) -> bool:
        """Whether a session of an athlete was kept."""
        both = "SELECT 1 FROM snapshot WHERE athlete=? UNION ALL SELECT 1 FROM personal WHERE athlete=? LIMIT 1"
        return await self._database.read(
            lambda connection: connection.execute(both, (athlete, athlete)).fetchone() is not None
        )

    async def newest_versions(self) -> Mapping[str, int]:
        """The number of the newest version of what is usual, of everybody who has one."""
        return await self._database.read(normals.newest_versions)

    async def personal(self, athlete: str) -> Personal:
        """What is usual for an athlete now."""
        return await self._database.read(lambda connection: normals.newest(connection, athlete))

    async def begin_anew(self, athlete: str, asked_at_ms: int) -> bool:
        """Begin anew as somebody asked at this moment; False: that was done before.

        Raises:
            Unavailable: the disk is full or the file is held.
        """
        return await self._database.write(lambda connection: normals.begin_anew(connection, athlete, asked_at_ms))

    async def reset(self, athlete: str, now_ms: int) -> Personal:
        """Begin anew with a version that knows nothing; the others stay. Returns it.

        Raises:
            Unavailable: the disk is full or the file is held.
        """
        return await self._database.write(lambda connection: normals.reset(connection, athlete, now_ms))

    async def close(self) -> None:
        """Finish and close."""
        await self._database.close()
