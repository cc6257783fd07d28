"""Pushes in the journal: owed, being tried, taken, or given up, each channel for itself."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from crampwatch.events import AlertState
from crampwatch.storage.database import Database

from .case import Filed
from .channels import Push
from .rows import OWED, felt, heard, load_filed
from .triage import body


class PushState(StrEnum):
    """Where a push by one channel is."""

    PENDING = "pending"
    TRYING = "trying"  # an attempt is under way, or went unanswered and is asked about again
    TAKEN = "taken"
    REFUSED = "refused"  # the channel will never take it
    TOO_LATE = "too_late"  # the deadline came first
    MOOT = "moot"  # answered or over before it was out, or the channel is gone from the settings
    UNKNOWN = "unknown"  # cut off by a crash or by the deadline; repeating it might be felt twice


#: How a push ended of which nobody can say whether it was felt.
_CUT_OFF = "cut off by a crash"
_NO_CHANNEL = "the channel is gone from the settings"
_UNANSWERED = "it went unanswered until it was no longer wanted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A push to be made now: what, about which moment, and until when; ``unanswered``: it was made before, and may have
    been felt.
    """

    push: Push
    since_ms: int
    deadline_at_ms: int
    unanswered: bool = False


class PushLog:
    """What each channel owes, on disk, so that an attempt that a crash cut off is told from one that failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owed(self, channel: str) -> Sequence[str]:
        """Alerts that this channel still owes, most urgent first."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                f"SELECT p.alert, a.level FROM push p JOIN alert a ON a.id = p.alert WHERE p.channel = ? AND p.{OWED} "  # noqa: S608 - a condition of ours
                "ORDER BY CASE a.level WHEN 'now' THEN 0 WHEN 'imminent' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, "
                "a.deadline_at_ms, a.id",
                (channel,),
            ).fetchall()
        )
        return [alert_id for alert_id, _ in rows]

    async def begin(self, alert_id: str, channel: str, now_ms: int, *, repeatable: bool) -> Attempt | None:
        """Begin an attempt; None when it is no longer wanted.

        Where a push may not be repeated, the attempt is on disk before it is made, in the transaction that finds it
        wanted. Where it may, a crash in the middle is followed by another attempt anyway, and the push need not wait
        for the disk.
        """

        def look(connection: sqlite3.Connection) -> tuple[PushState, Attempt]:
            filed = load_filed(connection, alert_id)
            athlete = connection.execute("SELECT athlete FROM alert WHERE id = ?", (alert_id,)).fetchone()[0]
            push = Push(athlete, filed.alert, filed.alert.title, body(filed.alert))
            return _wanted(filed, now_ms), Attempt(push, filed.since_ms, filed.deadline_at_ms)

        def transaction(connection: sqlite3.Connection) -> Attempt | None:
            state, attempt = look(connection)
            before = connection.execute(
                "SELECT state FROM push WHERE alert = ? AND channel = ?", (alert_id, channel)
            ).fetchone()[0]
            unanswered = before == PushState.TRYING
            if state is not PushState.TRYING and unanswered:
                _note(connection, alert_id, channel, (PushState.UNKNOWN, _UNANSWERED), now_ms)
            else:
                connection.execute(
                    "UPDATE push SET state = ?, updated_at_ms = ? WHERE alert = ? AND channel = ?",
                    (state, now_ms, alert_id, channel),
                )
            return replace(attempt, unanswered=unanswered) if state is PushState.TRYING else None

        if repeatable:
            state, attempt = await self._database.read(look)
            if state is PushState.TRYING:
                return attempt
        return await self._database.write(transaction)

    async def end(self, alert_id: str, channel: str, state: PushState, now_ms: int, detail: str = "") -> bool:
        """Note how an attempt ended; True when this was the first that a person felt of the alert.

        A push that a person hears makes its alert delivered.
        """
        return await self._database.write(
            lambda connection: _note(connection, alert_id, channel, (state, detail), now_ms)
        )

    async def recover(self, channels: Mapping[str, bool], now_ms: int) -> int:
        """After a start: sort out attempts that a crash cut off, and return how many are not repeated.

        Args:
            channels: name to whether a push may be repeated there; what others owe is dropped.
            now_ms: the present moment.
        """

        def transaction(connection: sqlite3.Connection) -> int:
            cut_off = connection.execute("SELECT alert, channel FROM push WHERE state = 'trying'").fetchall()
            lost = [(alert_id, channel) for alert_id, channel in cut_off if not channels.get(channel, False)]
            for alert_id, channel in lost:
                _note(connection, alert_id, channel, (PushState.UNKNOWN, _CUT_OFF), now_ms)
            connection.execute("UPDATE push SET state = 'pending' WHERE state = 'trying'")
            for (channel,) in connection.execute(f"SELECT DISTINCT channel FROM push WHERE {OWED}").fetchall():  # noqa: S608 - as above
                if channel not in channels:
                    connection.execute(
                        f"UPDATE push SET state = ?, detail = ?, updated_at_ms = ? WHERE channel = ? AND {OWED}",  # noqa: S608 - as above
                        (PushState.MOOT, _NO_CHANNEL, now_ms, channel),
                    )
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


def _note(connection: sqlite3.Connection, alert_id: str, channel: str, end: tuple[PushState, str], now_ms: int) -> bool:
    state, detail = end
    connection.execute(
        "UPDATE push SET state = ?, attempts = attempts + 1, updated_at_ms = ?, detail = ? "
        "WHERE alert = ? AND channel = ?",
        (state, now_ms, detail[:200], alert_id, channel),
    )
    audible = connection.execute(
        "SELECT audible FROM push WHERE alert = ? AND channel = ?", (alert_id, channel)
    ).fetchone()[0]
    if not audible or state not in {PushState.TAKEN, PushState.UNKNOWN}:
        return False
    first = felt(connection, alert_id)
    if state is PushState.TAKEN:
        heard(connection, alert_id, now_ms)
    return first
