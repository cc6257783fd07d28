"""Pushes in the journal: owed, being tried, taken, or given up, each channel for itself."""

import sqlite3
from collections.abc import Mapping, Sequence
from enum import StrEnum

from crampwatch.events import AlertState
from crampwatch.storage.database import Database

from .case import Filed
from .channels import Push
from .rows import heard, load_filed
from .triage import body


class PushState(StrEnum):
    """Where a push by one channel is."""

    PENDING = "pending"
    TRYING = "trying"
    TAKEN = "taken"
    REFUSED = "refused"  # the channel will never take it
    TOO_LATE = "too_late"  # the deadline came first
    MOOT = "moot"  # answered or over before it was out
    UNKNOWN = "unknown"  # we crashed in the middle; repeating it might be felt twice


class PushLog:
    """What each channel owes, on disk, so that an attempt that a crash cut off is told from one that failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owed(self, channel: str) -> Sequence[str]:
        """Alerts that this channel still owes, most urgent first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT p.alert, a.level FROM push p JOIN alert a ON a.id = p.alert "
                "WHERE p.channel = ? AND p.state = 'pending' "
                "ORDER BY CASE a.level WHEN 'now' THEN 0 WHEN 'imminent' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, "
                "a.deadline_at_ms, a.id",
                (channel,),
            ).fetchall()
        )
        return [alert_id for alert_id, _ in rows]

    async def begin(self, alert_id: str, channel: str, now_ms: int, *, repeatable: bool) -> tuple[Push, int] | None:
        """Begin an attempt: the push and its deadline, None when it is no longer wanted.

        Where a push may not be repeated, the attempt is on disk before it is made. Where it may, a crash in the middle
        is followed by another attempt anyway, and the push need not wait for the disk.
        """

        def look(connection: sqlite3.Connection) -> tuple[Filed, str]:
            athlete = connection.execute("SELECT athlete FROM alert WHERE id = ?", (alert_id,)).fetchone()[0]
            return load_filed(connection, alert_id), athlete

        filed, athlete = await self._database.read(look)
        state = _wanted(filed, now_ms)
        if state is not PushState.TRYING or not repeatable:
            await self._database.write(
                lambda connection: connection.execute(
                    "UPDATE push SET state = ?, updated_at_ms = ? WHERE alert = ? AND channel = ?",
                    (state, now_ms, alert_id, channel),
                )
            )
        if state is not PushState.TRYING:
            return None
        return Push(athlete, filed.alert, filed.alert.title, body(filed.alert)), filed.deadline_at_ms

    async def end(self, alert_id: str, channel: str, state: PushState, now_ms: int, detail: str = "") -> None:
        """Note how an attempt ended. A push that a person hears makes its alert delivered."""
        await self._database.write(lambda connection: _note(connection, alert_id, channel, (state, detail), now_ms))

    async def recover(self, channels: Mapping[str, bool], now_ms: int) -> int:
        """After a start: sort out attempts that a crash cut off, and return how many are not repeated.

        Args:
            channels: name to whether a push may be repeated there.
            now_ms: the present moment.
        """

        def transaction(connection: sqlite3.Connection) -> int:
            cut_off = connection.execute("SELECT alert, channel FROM push WHERE state = 'trying'").fetchall()
            lost = [(alert_id, channel) for alert_id, channel in cut_off if not channels.get(channel, False)]
            for alert_id, channel in lost:
                _note(connection, alert_id, channel, (PushState.UNKNOWN, "cut off by a crash"), now_ms)
            connection.execute("UPDATE push SET state = 'pending' WHERE state = 'trying'")
            return len(lost)

        return await self._database.write(transaction)


def _wanted(filed: Filed, now_ms: int) -> PushState:
    """Whether an attempt now still makes sense."""
    if filed.alert.state is AlertState.EXPIRED:
        return PushState.TOO_LATE
    answered = filed.alert.state is AlertState.ACKNOWLEDGED and not filed.asked
    if answered or not filed.alert.state.open:
        return PushState.MOOT
    return PushState.TRYING if now_ms < filed.deadline_at_ms else PushState.TOO_LATE


def _note(connection: sqlite3.Connection, alert_id: str, channel: str, end: tuple[PushState, str], now_ms: int) -> None:
    state, detail = end
    connection.execute(
        "UPDATE push SET state = ?, attempts = attempts + 1, updated_at_ms = ?, detail = ? "
        "WHERE alert = ? AND channel = ?",
        (state, now_ms, detail[:200], alert_id, channel),
    )
    audible = connection.execute(
        "SELECT audible FROM push WHERE alert = ? AND channel = ?", (alert_id, channel)
    ).fetchone()[0]
    if audible and state is PushState.TAKEN:
        heard(connection, alert_id, now_ms)
    elif audible and state is PushState.UNKNOWN:
        # It may have been felt: it counts for the cooldown and the budget.
        connection.execute("UPDATE alert SET felt = 1 WHERE id = ?", (alert_id,))
