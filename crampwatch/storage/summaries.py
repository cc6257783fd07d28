"""The run list: a row a run, kept up to date by every record, so that nobody has to count facts."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crampwatch.events import AlertKind, FindingKind
from crampwatch.storage import Batch, RunKey, RunSummary
from crampwatch.storage.rows import AT_MS, DEVICE, FIRST, KIND, RUN, SECOND, Kind, Row
from crampwatch.units import Level

_FIND = "SELECT id, started_ms, sealed_ms, hot_facts FROM run WHERE team = ? AND athlete = ? AND session = ?"
_BEGIN = "INSERT INTO run (team, athlete, session, started_ms, ended_ms) VALUES (?, ?, ?, ?, ?)"
_STARTED = "UPDATE run SET started_ms = ? WHERE id = ?"
_ADD = """
UPDATE run SET
  ended_ms = max(ended_ms, ?), samples = samples + ?, bpm_sum = bpm_sum + ?, bpm_count = bpm_count + ?,
  spm_sum = spm_sum + ?, spm_count = spm_count + ?,
  hot_facts = hot_facts + ?, hot_from_s = min(ifnull(hot_from_s, ?8), ?8)
WHERE id = ?
"""
_ODOMETER = """
INSERT INTO odometer (run, device, lowest_m, highest_m) VALUES (?, ?, ?, ?) ON CONFLICT (run, device) DO UPDATE
SET lowest_m = min(lowest_m, excluded.lowest_m), highest_m = max(highest_m, excluded.highest_m)
"""
_WORST = "UPDATE run SET worst_rank = ?1 WHERE id = ?2 AND worst_rank < ?1"
_COUNT_NOTES = """
UPDATE run SET findings = (SELECT count(*) FROM finding WHERE run = run.id),
  alerts = (SELECT count(*) FROM alert WHERE run = run.id AND json_extract(body, '$.kind') <> 'fault'),
  ended_ms = max(ended_ms, ?)
WHERE id = ?
"""
_SELECT = """
SELECT team, athlete, session, started_ms, ended_ms, samples, bpm_sum, bpm_count, spm_sum, spm_count,
  (SELECT max(highest_m - lowest_m) FROM odometer WHERE odometer.run = run.id), worst_rank, findings, alerts
FROM run
"""
_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the facts of a run are: below ``sealed_ms`` maybe in chunks, ``hot_facts`` of them hot."""

    run: int
    sealed_ms: int
    hot_facts: int


@dataclass(slots=True)
class Gain:
    """What a run gained by one record."""

    first_s: int
    ended_ms: int
    facts: int = 0
    samples: int = 0
    bpm_sum: int = 0
    bpm_count: int = 0
    spm_sum: float = 0.0
    spm_count: int = 0

    def count(self, row: Row) -> None:
        """Take one new row in. Standing still is no cadence: the mean is that of the moving runner."""
        self.facts += 1
        self.first_s = min(self.first_s, row[SECOND])
        self.ended_ms = max(self.ended_ms, row[AT_MS])
        kind, value = row[KIND], row[FIRST]
        self.samples += kind != Kind.ASSESSMENT
        if kind == Kind.HEART_RATE and value is not None:
            self.bpm_sum += value
            self.bpm_count += 1
        elif kind == Kind.CADENCE and value:
            self.spm_sum += value
            self.spm_count += 1


def find_or_begin(connection: sqlite3.Connection, batch: Batch) -> Place:
    """The run of a batch that holds at least one fact, begun at the first of its facts or earlier.

    Its end moves on as its facts are counted: :func:`add_rows`, :func:`add_notes`.
    """
    moments = [fact.at_ms for facts in (batch.samples, batch.assessments, batch.findings) for fact in facts]
    key = (batch.run.team, batch.run.athlete, batch.run.session)
    found = connection.execute(_FIND, key).fetchone()
    if found is None:
        # An alert may be about the silence after a run, so it dates only a run of which nothing else is known.
        moments = moments or [alert.raised_at_ms for alert in batch.alerts]
        run = connection.execute(_BEGIN, (*key, min(moments), max(moments))).lastrowid
        assert run is not None
        return Place(run, sealed_ms=0, hot_facts=0)
    run, started_ms, sealed_ms, hot_facts = found
    if moments and (first_ms := min(moments)) < started_ms:
        connection.execute(_STARTED, (first_ms, run))
    return Place(run, sealed_ms, hot_facts)


def add_rows(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Count rows that are new in the store."""
    gains: dict[int, Gain] = {}
    odometers = []
    for row in rows:
        gain = gains.get(row[RUN])
        if gain is None:
            gain = gains[row[RUN]] = Gain(row[SECOND], row[AT_MS])
        gain.count(row)
        if row[KIND] == Kind.SPEED and row[FIRST + 1] is not None:
            odometers.append((row[RUN], row[DEVICE], row[FIRST + 1], row[FIRST + 1]))
    connection.executemany(
        _ADD,
        [
            (g.ended_ms, g.samples, g.bpm_sum, g.bpm_count, g.spm_sum, g.spm_count, g.facts, g.first_s, run)
            for run, g in gains.items()
        ],
    )
    connection.executemany(_ODOMETER, odometers)


def add_notes(connection: sqlite3.Connection, run: int, batch: Batch) -> None:
    """Count findings and alerts after they were written, and keep the worst level a runner was at.

    A fault says that we are blind, not how the runner is: its level does not count.
    """
    levels = [one.level for one in batch.assessments]
    levels += [one.level for one in batch.findings if one.kind is not FindingKind.SIGNAL]
    levels += [one.level for one in batch.alerts if one.kind is not AlertKind.FAULT]
    worst = max((_LEVELS.index(level) for level in set(levels)), default=0)
    if worst:
        connection.execute(_WORST, (worst, run))
    if batch.findings or batch.alerts:
        ended_ms = max((one.at_ms for one in batch.findings), default=0)
        connection.execute(_COUNT_NOTES, (ended_ms, run))


def newest(connection: sqlite3.Connection, team: str | None, athlete: str | None, limit: int) -> Sequence[RunSummary]:
    """The newest runs first; runs that began together in the order they were first heard of, latest first."""
    wanted = {"team": team, "athlete": athlete}
    where = " AND ".join(f"{name} = :{name}" for name, value in wanted.items() if value is not None) or "true"
    query = f"{_SELECT} WHERE {where} ORDER BY started_ms DESC, id DESC LIMIT :limit"
    return [_summary(row) for row in connection.execute(query, {**wanted, "limit": max(0, limit)})]


def one(connection: sqlite3.Connection, key: RunKey) -> RunSummary | None:
    """One run, or None."""
    query = f"{_SELECT} WHERE team = ? AND athlete = ? AND session = ?"
    row = connection.execute(query, (key.team, key.athlete, key.session)).fetchone()
    return None if row is None else _summary(row)


def _summary(row: tuple[Any, ...]) -> RunSummary:
    team, athlete, session, started_ms, ended_ms, samples, *sums, distance_m, worst_rank, findings, alerts = row
    bpm_sum, bpm_count, spm_sum, spm_count = sums
    return RunSummary(
        run=RunKey(team, athlete, session),
        started_ms=started_ms,
        ended_ms=ended_ms,
        samples=samples,
        mean_bpm=bpm_sum / bpm_count if bpm_count else None,
        mean_spm=spm_sum / spm_count if spm_count else None,
        distance_m=distance_m,
        worst=_LEVELS[worst_rank].value,
        findings=findings,
        alerts=alerts,
    )
