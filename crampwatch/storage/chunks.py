"""Older than the last minutes: five minutes of one kind of fact of one run, kept as compressed columns."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from crampwatch.errors import Misconfigured
from crampwatch.storage.columns import Column, DamagedError, pack, unpack
from crampwatch.storage.rows import AT_MS, DEVICE, DRAWN, FIRST, KIND, SEQ, USED, Kind, Row, order
from crampwatch.units import MINUTE_MS, SECOND_MS

BUCKET_MS = 5 * MINUTE_MS
_ROW_WIDTH = FIRST + 5

_WRITE = """
INSERT INTO chunk (run, bucket, kind, facts, drawn, rest) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (run, bucket, kind) DO UPDATE
SET facts = excluded.facts, drawn = excluded.drawn, rest = excluded.rest
"""


def bucket_of(at_ms: int) -> int:
    """The number of the five minutes that a moment lies in, since 1970."""
    return at_ms // BUCKET_MS


def merge(connection: sqlite3.Connection, run: int, rows: Iterable[Row]) -> None:
    """Put rows, none of which is in a chunk yet, into the chunks of their five minutes."""
    groups: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        groups[bucket_of(row[AT_MS]), row[KIND]].append(row)
    for (bucket, number), group in groups.items():
        kind = Kind(number)
        merged = sorted([*_rows(connection, run, bucket, bucket, (kind,)), *group], key=order)
        columns = list(zip(*merged, strict=True))
        drawn_end, end = FIRST + DRAWN[kind], FIRST + USED[kind]
        connection.execute(
            _WRITE,
            (
                run,
                bucket,
                kind,
                len(merged),
                pack([columns[AT_MS], *columns[FIRST:drawn_end]]),
                pack([columns[DEVICE], columns[SEQ], *columns[drawn_end:end]]),
            ),
        )


def without_known(connection: sqlite3.Connection, run: int, sealed_ms: int, rows: Sequence[Row]) -> list[Row]:
    """The rows that no chunk of this run holds already. Only below ``sealed_ms`` can one be."""
    late = {bucket_of(row[AT_MS]) for row in rows if row[AT_MS] < sealed_ms}
    known = {order(row) for bucket in late for row in _rows(connection, run, bucket, bucket, tuple(Kind))}
    return [row for row in rows if order(row) not in known]


def rows_between(connection: sqlite3.Connection, run: int, first_ms: int, last_ms: int) -> Iterator[Row]:
    """The rows of samples in chunks that touch this span; the ends may hold more than was asked for."""
    kinds = tuple(kind for kind in Kind if kind is not Kind.ASSESSMENT)
    return _rows(connection, run, bucket_of(first_ms), bucket_of(last_ms), kinds)


def drawn(connection: sqlite3.Connection, run: int, kind: Kind) -> tuple[list[int], list[list[Any]]]:
    """What pages draw of a run's chunks of one kind: moments in order, and a column for each value drawn."""
    columns: list[list[Any]] = [[] for _ in range(1 + DRAWN[kind])]
    query = "SELECT bucket, drawn FROM chunk WHERE run = ? AND kind = ? ORDER BY bucket"
    for bucket, packed in connection.execute(query, (run, kind)):
        for column, more in zip(columns, _unpacked(packed, run, bucket), strict=True):
            column.extend(more)
    return columns[0], columns[1:]


def _rows(connection: sqlite3.Connection, run: int, first: int, last: int, kinds: tuple[Kind, ...]) -> Iterator[Row]:
    query = (
        "SELECT bucket, kind, drawn, rest FROM chunk "  # noqa: S608 - only question marks are put in
        f"WHERE run = ? AND bucket BETWEEN ? AND ? AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY bucket"
    )
    for bucket, number, *packed in connection.execute(query, (run, first, last, *kinds)).fetchall():
        (times, *shown), (devices, sequences, *others) = (_unpacked(one, run, bucket) for one in packed)
        values: Sequence[Column] = [*shown, *others]
        empty = [[None] * len(times)] * (_ROW_WIDTH - FIRST - len(values))
        for at_ms, device, seq, *rest in zip(times, devices, sequences, *values, *empty, strict=True):
            yield (at_ms // SECOND_MS, run, device, seq, at_ms, number, *rest)


def _unpacked(packed: bytes, run: int, bucket: int) -> list[list[Any]]:
    try:
        return unpack(packed)
    except DamagedError as error:
        raise Misconfigured(
            "storage.path",
            f"the store is damaged at run {run}, chunk {bucket} ({error}); restore a copy or name another file",
        ) from error
