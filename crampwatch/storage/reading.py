"""A run's facts, hot rows and chunks merged: in one snapshot, so that a fact on its way is seen once."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crampwatch.events import Sample
from crampwatch.storage import RunKey, Series, chunks, hot
from crampwatch.storage.rows import AT_MS, FATIGUE_STEPS, FIRST, KIND, SCORE_STEPS, Kind, Row, order, sample_of
from crampwatch.storage.series import Lines, downsampled
from crampwatch.units import SECOND_MS, Level

#: What a page draws, by the kind of row that holds it.
DRAWN_NAMES = {
    Kind.HEART_RATE: ("bpm",),
    Kind.CADENCE: ("spm",),
    Kind.SPEED: ("mps",),
    Kind.ASSESSMENT: ("score", "fatigue", "level"),
}
#: Of these a page shows the highest of a span: a mean would hide what the runner was told.
HIGHEST = frozenset({"score", "level"})
#: How many steps of a kept value make one.
_STEPS = {"score": SCORE_STEPS, "fatigue": FATIGUE_STEPS}
_LEVEL_RANKS = {level.value: level.rank for level in Level}

_SPAN = "SELECT id, started_ms, ended_ms, hot_from_s FROM run WHERE team = ? AND athlete = ? AND session = ?"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a run's rows are. ``hot_from_s`` is None when none is hot."""

    run: int
    started_ms: int
    ended_ms: int
    hot_from_s: int | None

    def hot_rows(self, connection: sqlite3.Connection, first_ms: int, last_ms: int) -> list[Row]:
        """The hot rows of these moments' seconds."""
        if self.hot_from_s is None:
            return []
        first_s = max(self.hot_from_s, first_ms // SECOND_MS)
        return hot.rows_between(connection, self.run, first_s, last_ms // SECOND_MS)


def samples(connection: sqlite3.Connection, key: RunKey, after_ms: int, before_ms: int | None) -> list[Sample]:
    """Every sample with ``after_ms < at_ms < before_ms``, in the order (at_ms, device, seq)."""
    span = _span(connection, key)
    if span is None:
        return []
    first_ms = max(span.started_ms, after_ms + 1)
    last_ms = span.ended_ms if before_ms is None else min(span.ended_ms, before_ms - 1)
    rows = list(chunks.rows_between(connection, span.run, first_ms, last_ms))
    rows += span.hot_rows(connection, first_ms, last_ms)
    wanted = [row for row in rows if first_ms <= row[AT_MS] <= last_ms and row[KIND] != Kind.ASSESSMENT]
    return [sample_of(row) for row in sorted(wanted, key=order)]


def series(connection: sqlite3.Connection, key: RunKey, points: int) -> Series:
    """Columns for a page; all empty for a run that nobody knows."""
    span = _span(connection, key)
    if span is None:
        return Series([], {name: [] for names in DRAWN_NAMES.values() for name in names})
    rows = sorted(span.hot_rows(connection, span.started_ms, span.ended_ms), key=order)
    measured: list[Lines] = []
    for kind, names in DRAWN_NAMES.items():
        times, columns = _columns(connection, span.run, kind, [row for row in rows if row[KIND] == kind])
        values = dict(zip(names, columns, strict=True))
        if kind is Kind.ASSESSMENT:
            values["level"] = list(map(_LEVEL_RANKS.__getitem__, values["level"]))
        measured.append((times, values))
    drawn = downsampled(measured, span.started_ms, span.ended_ms, points=points, highest=HIGHEST)
    for name, steps in _STEPS.items():
        drawn.columns[name] = [None if value is None else value / steps for value in drawn.columns[name]]
    return drawn


def _span(connection: sqlite3.Connection, key: RunKey) -> Span | None:
    row = connection.execute(_SPAN, (key.team, key.athlete, key.session)).fetchone()
    return None if row is None else Span(*row)


def _columns(
    connection: sqlite3.Connection, run: int, kind: Kind, hot_rows: Sequence[Row]
) -> tuple[list[int], list[list[Any]]]:
    times, columns = chunks.drawn(connection, run, kind)
    late = bool(times and hot_rows) and hot_rows[0][AT_MS] < times[-1]
    times += [row[AT_MS] for row in hot_rows]
    for place, column in enumerate(columns):
        column += [row[FIRST + place] for row in hot_rows]
    if late:
        places = sorted(range(len(times)), key=times.__getitem__)
        times = [times[place] for place in places]
        columns = [[column[place] for place in places] for column in columns]
    return times, columns
