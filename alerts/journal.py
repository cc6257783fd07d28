"""What the alerter was told, what it decided and why, on disk before anything is done about it."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from crampwatch.events import Alert
from crampwatch.storage.database import Database
from crampwatch.units import HOUR_MS

from .case import Case, Run, Verdict
from .rows import NO_SESSION, OWED, correct, forget, load_case, save_filed, save_pushes

SCHEMA = "journal"
#: Rows of one kind that are forgotten in one transaction: some milliseconds, for which a push may have to wait.
FORGET_AT_ONCE = 500
#: How a change leaves: to the bus, to the store.
Way = Literal["published", "recorded"]


@dataclass(frozen=True, slots=True)
class Told:
    """One fact about an athlete. ``id`` follows from its content, so that what is told twice counts once; None where
    nobody told it (the time, a lost signal).
    """

    id: str | None
    athlete: str
    kind: str
    body: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One state of an alert on its way out."""

    seq: int
    athlete: str
    alert: Alert
    last_of_slot: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """How much is where: pushes owed by channel, alerts open, facts kept, states waiting by way."""

    owed: Mapping[str, int] = field(default_factory=dict)
    open: int = 0
    facts: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)


class Journal:
    """Decisions and alerts on disk.

    Promises: a fact is decided once, whatever crashes between; its verdict, the alerts it changed, the pushes it owes
    and the states to publish are kept together or not at all. Every method raises Unavailable when the disk fails for
    a while; nothing was changed then.

    Args:
        database: an open database with the schema :data:`SCHEMA`.
        channels: the channels that alerts are owed to, and whether a person hears them.
        memory_ms: how far back pushes count, milliseconds of run time; at least an hour.
    """

    def __init__(self, database: Database, channels: Mapping[str, bool], memory_ms: int = HOUR_MS) -> None:
        self._database = database
        self._channels = dict(channels)
        self._memory_ms = max(memory_ms, HOUR_MS)

    async def decide(self, told: Told, now_ms: int, work: Callable[[Case], Verdict | None]) -> Verdict | None:
        """Decide on a fact and keep what came of it; None when it was decided before, or ``work`` finds it no news."""

        def transaction(connection: sqlite3.Connection) -> Verdict | None:
            if connection.execute("SELECT 1 FROM fact WHERE id = ?", (told.id,)).fetchone():
                return None
            verdict = work(load_case(connection, told.athlete, now_ms, self._memory_ms))
            if verdict is not None:
                self._keep(connection, told, verdict, now_ms)
            return verdict

        return await self._database.write(transaction)

    async def revise(
        self, athlete: str, kind: str, now_ms: int, work: Callable[[Case], Verdict | None]
    ) -> Verdict | None:
        """Bring a case up to date for a cause that nobody told us (the time, a lost signal); None: it was."""

        def transaction(connection: sqlite3.Connection) -> Verdict | None:
            verdict = work(load_case(connection, athlete, now_ms, self._memory_ms))
            if verdict is not None:
                self._keep(connection, Told(None, athlete, kind), verdict, now_ms)
            return verdict

        return await self._database.write(transaction)

    async def run_seen(self, athlete: str, run: Run) -> None:
        """Keep the run an athlete is in."""
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO athlete (id, session, since_ms, seen_ms) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
                "SET session = excluded.session, since_ms = excluded.since_ms, seen_ms = excluded.seen_ms",
                (athlete, run.session, run.since_ms, run.seen_ms),
            )
        )

    async def runs(self) -> Mapping[str, Run]:
        """The last run of every athlete."""
        rows = await self._database.read(
            lambda connection: connection.execute("SELECT id, session, since_ms, seen_ms FROM athlete").fetchall()
        )
        return {athlete: Run(session, since_ms, seen_ms) for athlete, session, since_ms, seen_ms in rows}

    async def due(self) -> Mapping[str, int]:
        """When the time next changes something, by athlete."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT athlete, min(due_at_ms) FROM alert WHERE due_at_ms IS NOT NULL GROUP BY athlete"
            ).fetchall()
        )
        return dict(rows)

    async def open_faults(self) -> Sequence[str]:
        """Athletes with an open fault."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT DISTINCT athlete FROM alert WHERE open AND slot = 'fault'"
            ).fetchall()
        )
        return [athlete for (athlete,) in rows]

    async def gone_services(self) -> Mapping[str, int]:
        """Services that are down, since when."""
        return dict(
            await self._database.read(
                lambda connection: connection.execute("SELECT service, since_ms FROM gone").fetchall()
            )
        )

    async def keep_gone(self, service: str, since_ms: int | None) -> None:
        """Keep since when a service is down; None: it is not."""

        def transaction(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM gone WHERE service = ?", (service,))
            if since_ms is not None:
                connection.execute("INSERT INTO gone (service, since_ms) VALUES (?, ?)", (service, since_ms))

        await self._database.write(transaction)

    async def changes(self, way: Way, limit: int = 64) -> Sequence[Change]:
        """States that have not gone this way yet, in order."""
        newest = "NOT EXISTS (SELECT 1 FROM alert a WHERE a.athlete = c.athlete AND a.open AND a.slot = c.slot)"

        def query(connection: sqlite3.Connection) -> list[Change]:
            rows = connection.execute(
                f"SELECT seq, athlete, body, {newest} FROM change c WHERE NOT {way} ORDER BY seq LIMIT ?",  # noqa: S608 - way is one of two words of ours
                (limit,),
            )
            return [
                Change(seq, athlete, Alert.model_validate_json(body), bool(last)) for seq, athlete, body, last in rows
            ]

        return await self._database.read(query)

    async def gone(self, way: Way, changes: Sequence[Change]) -> None:
        """These states have gone this way; what has gone both is forgotten."""
        numbers = [(change.seq,) for change in changes]

        def transaction(connection: sqlite3.Connection) -> None:
            connection.executemany(f"UPDATE change SET {way} = 1 WHERE seq = ?", numbers)  # noqa: S608 - as above
            connection.executemany("DELETE FROM change WHERE seq = ? AND published AND recorded", numbers)

        await self._database.write(transaction)

    async def figures(self) -> Figures:
        """How much is where, at one moment; every channel and way is named, also with nothing."""

        def query(connection: sqlite3.Connection) -> Figures:
            owed = dict(connection.execute(f"SELECT channel, count(*) FROM push WHERE {OWED} GROUP BY channel"))  # noqa: S608 - a condition of ours
            alerts = connection.execute("SELECT count(*) FROM alert WHERE open").fetchone()[0]
            facts = connection.execute("SELECT count(*) FROM fact").fetchone()[0]
            ways = connection.execute("SELECT sum(NOT published), sum(NOT recorded) FROM change").fetchone()
            waiting = dict(zip(("published", "recorded"), (one or 0 for one in ways), strict=True))
            return Figures(dict.fromkeys(self._channels, 0) | owed, alerts, facts, waiting)

        return await self._database.read(query)

    async def forget(self, before_ms: int, limit: int = FORGET_AT_ONCE) -> int:
        """Forget some of what was settled before ``before_ms``; how many rows, 0: there is no more.

        An alert goes when it is over and nobody owes a push of it, with its pushes; a fact goes when it is old: what
        came of it stands in the alert. Runs and hushes go when they are over.
        """
        return await self._database.write(lambda connection: forget(connection, before_ms, limit))

    async def correct(self, athlete: str, found: Alert, now_ms: int) -> bool:
        """A broker holds ``found`` as open. Where that is not how it stands, put on its way what does; whether it did.

        An alert that this journal never had (its file was lost) is closed everywhere, since nobody will end it.
        """
        return await self._database.write(lambda connection: correct(connection, athlete, found, now_ms))

    async def publish_again(self) -> None:
        """Put every open alert on its way to the bus again: a broker may have forgotten what it kept."""
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT INTO change (athlete, slot, body, recorded) SELECT athlete, slot, body, 1 FROM alert WHERE open"
            )
        )

    def _keep(self, connection: sqlite3.Connection, told: Told, verdict: Verdict, now_ms: int) -> None:
        athlete, body = told.athlete, "" if told.body is None else told.body.model_dump_json()
        connection.execute(
            "INSERT INTO fact (id, athlete, kind, seen_at_ms, body, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (told.id, athlete, told.kind, now_ms, body, verdict.reason),
        )
        for filed in verdict.filed:
            save_filed(connection, athlete, filed)
            if filed.alert.state.open:
                save_pushes(connection, filed, self._channels, now_ms)
        if verdict.hush is not None:
            connection.execute(
                "INSERT OR REPLACE INTO hush (athlete, level, until_ms) VALUES (?, ?, ?)",
                (athlete, verdict.hush.level, verdict.hush.until_ms),
            )
        if verdict.paused_until_ms is not None:
            connection.execute(
                "INSERT INTO athlete (id, session, since_ms, seen_ms, paused_until_ms) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET paused_until_ms = excluded.paused_until_ms",
                (athlete, NO_SESSION, now_ms, 0, verdict.paused_until_ms),
            )
