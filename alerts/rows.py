"""Cases and alerts as rows of the journal: what is read and written inside a transaction that somebody else began."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crampwatch.events import Alert, AlertKind
from crampwatch.units import HOUR_MS, Level

from .case import Case, Filed
from .guidance import Flow
from .lifecycle import Event, after
from .policy import Hush, Pushed

#: The session of an athlete of whom no run is known; what happens in it is shown, but belongs to no run.
NO_SESSION = "none"

#: Of a push: still owed. One that is being tried is, until it is known how that ended.
OWED = "state IN ('pending', 'trying')"

_SAVE_ALERT = """
INSERT INTO alert (id, athlete, slot, flow, level, audible, asked, raised_at_ms, deadline_at_ms, ends_at_ms,
                   since_ms, due_at_ms, temperature_c, overdue, open, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET flow = excluded.flow, ends_at_ms = excluded.ends_at_ms, since_ms = excluded.since_ms,
                               due_at_ms = excluded.due_at_ms, open = excluded.open, body = excluded.body
"""
_FILED = "SELECT flow, audible, asked, deadline_at_ms, ends_at_ms, since_ms, temperature_c, overdue, body FROM alert"
_PUSHED = """
SELECT raised_at_ms, level, id, asked, slot FROM alert
WHERE athlete = ? AND audible AND raised_at_ms > ? AND (felt OR open) ORDER BY raised_at_ms
"""


#: How some of what is settled and older than ``:old`` is forgotten, in this order: a push goes before its alert.
_FORGET = (
    "DELETE FROM fact WHERE seq IN (SELECT seq FROM fact WHERE seen_at_ms < :old LIMIT :limit)",
    """
    DELETE FROM push WHERE (alert, channel) IN (
      SELECT p.alert, p.channel FROM alert a JOIN push p ON p.alert = a.id
      WHERE NOT a.open AND a.raised_at_ms < :old AND p.state NOT IN ('pending', 'trying') LIMIT :limit)
    """,
    """
    DELETE FROM alert WHERE id IN (
      SELECT a.id FROM alert a WHERE NOT a.open AND a.raised_at_ms < :old
      AND NOT EXISTS (SELECT 1 FROM push p WHERE p.alert = a.id) LIMIT :limit)
    """,
    "DELETE FROM hush WHERE (athlete, level) IN (SELECT athlete, level FROM hush WHERE until_ms < :old LIMIT :limit)",
    """
    DELETE FROM athlete WHERE id IN (
      SELECT id FROM athlete WHERE max(since_ms, seen_ms, paused_until_ms) < :old
      AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.athlete = athlete.id AND a.open) LIMIT :limit)
    """,
)


def load_case(connection: sqlite3.Connection, athlete: str, now_ms: int, memory_ms: int = HOUR_MS) -> Case:
    """What is known of an athlete; pushes of the last ``memory_ms``. A push that nobody can have felt is no push."""
    row = connection.execute(
        "SELECT session, since_ms, paused_until_ms FROM athlete WHERE id = ?", (athlete,)
    ).fetchone()
    session, since_ms, paused_until_ms = row or (NO_SESSION, now_ms, 0)
    filed = [_filed(one) for one in connection.execute(f"{_FILED} WHERE athlete = ? AND open", (athlete,))]
    pushed = connection.execute(_PUSHED, (athlete, now_ms - memory_ms))
    hushes = connection.execute(
        "SELECT level, until_ms FROM hush WHERE athlete = ? AND until_ms > ?", (athlete, now_ms)
    )
    return Case(
        athlete,
        session,
        max(0, now_ms - since_ms),
        {one.alert.kind: one for one in filed},
        tuple(
            Pushed(at_ms, Level(level), alert, bool(asked), AlertKind(slot))
            for at_ms, level, alert, asked, slot in pushed
        ),
        tuple(Hush(Level(level), until_ms) for level, until_ms in hushes),
        paused_until_ms,
    )


def load_filed(connection: sqlite3.Connection, alert_id: str) -> Filed:
    """One alert that is known to be there."""
    return _filed(connection.execute(f"{_FILED} WHERE id = ?", (alert_id,)).fetchone())


def save_filed(connection: sqlite3.Connection, athlete: str, filed: Filed) -> None:
    """Keep an alert in its latest state, and put that state on its way out when it is news."""
    alert = filed.alert
    body = alert.model_dump_json()
    before = connection.execute("SELECT body FROM alert WHERE id = ?", (alert.id,)).fetchone()
    connection.execute(
        _SAVE_ALERT,
        (
            alert.id,
            athlete,
            alert.kind,
            filed.flow,
            alert.level,
            filed.audible,
            filed.asked,
            alert.raised_at_ms,
            filed.deadline_at_ms,
            filed.ends_at_ms,
            filed.since_ms,
            filed.due_at_ms(),
            filed.temperature_c,
            filed.overdue,
            alert.state.open,
            body,
        ),
    )
    if before is None or before[0] != body:
        connection.execute("INSERT INTO change (athlete, slot, body) VALUES (?, ?, ?)", (athlete, alert.kind, body))


def save_pushes(connection: sqlite3.Connection, filed: Filed, channels: Mapping[str, bool], now_ms: int) -> None:
    """Owe a new alert to every channel that should have it (name to audible); what is owed already stays as it is."""
    connection.executemany(
        "INSERT OR IGNORE INTO push (alert, channel, audible, state, updated_at_ms) VALUES (?, ?, ?, 'pending', ?)",
        [(filed.alert.id, name, heard, now_ms) for name, heard in channels.items() if filed.audible or not heard],
    )


def felt(connection: sqlite3.Connection, alert_id: str) -> bool:
    """A person felt the alert, or may have: it counts for the cooldown and the budget. True: for the first time."""
    return connection.execute("UPDATE alert SET felt = 1 WHERE id = ? AND NOT felt", (alert_id,)).rowcount > 0


def heard(connection: sqlite3.Connection, alert_id: str, now_ms: int) -> None:
    """A channel that a person hears took the alert."""
    athlete = connection.execute("SELECT athlete FROM alert WHERE id = ?", (alert_id,)).fetchone()[0]
    filed = load_filed(connection, alert_id)
    delivered = after(filed.alert, Event.TAKEN, now_ms)
    if delivered is not filed.alert:
        save_filed(connection, athlete, replace(filed, alert=delivered))


def forget(connection: sqlite3.Connection, before_ms: int, limit: int) -> int:
    """Forget at most ``limit`` rows of each kind that are settled and old; how many."""
    bounds = {"old": before_ms, "limit": limit}
    return sum(connection.execute(one, bounds).rowcount for one in _FORGET)


def correct(connection: sqlite3.Connection, athlete: str, found: Alert, now_ms: int) -> bool:
    """Put on its way how the slot of ``found`` stands, where that is another way; whether it is."""
    standing = connection.execute(
        "SELECT body FROM alert WHERE athlete = ? AND slot = ? AND open", (athlete, found.kind)
    ).fetchone()
    if standing is not None:
        if standing[0] == found.model_dump_json():
            return False
        body, recorded = standing[0], True
    elif known := connection.execute("SELECT body FROM alert WHERE id = ?", (found.id,)).fetchone():
        body, recorded = known[0], True
    else:
        body, recorded = after(found, Event.ENDED, now_ms).model_dump_json(), False
    connection.execute(
        "INSERT INTO change (athlete, slot, body, recorded) VALUES (?, ?, ?, ?)", (athlete, found.kind, body, recorded)
    )
    return True


def _filed(row: tuple[Any, ...]) -> Filed:
    flow, audible, asked, deadline_at_ms, ends_at_ms, since_ms, temperature_c, overdue, body = row
    return Filed(
        Alert.model_validate_json(body),
        Flow(flow),
        bool(audible),
        bool(asked),
        deadline_at_ms,
        ends_at_ms,
        since_ms,
        temperature_c,
        bool(overdue),
    )
