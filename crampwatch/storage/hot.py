"""The last minutes of every run, a row a fact: quick to add to, found by one seek a second."""

import sqlite3
from collections.abc import Sequence

from crampwatch.storage.rows import Row

#: A span of more seconds than this is found by looking at every hot row instead of a seek a second.
MOST_SEEKS = 50_000

_INSERT = "INSERT OR IGNORE INTO hot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SEEK = """
WITH RECURSIVE tick (second) AS (VALUES (:first) UNION ALL SELECT second + 1 FROM tick WHERE second < :last)
SELECT hot.* FROM tick CROSS JOIN hot ON hot.second = tick.second AND hot.run = :run
"""
_SCAN = "SELECT * FROM hot WHERE second BETWEEN :first AND :last AND run = :run"


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """Add rows; return those that were not there before."""
    if not rows:
        return rows
    connection.execute("SAVEPOINT add_rows")
    cursor = connection.executemany(_INSERT, rows)
    if cursor.rowcount == len(rows):
        connection.execute("RELEASE add_rows")
        return rows
    # Some were there: rare enough (a redelivery) to find out which, one by one.
    connection.execute("ROLLBACK TO add_rows")
    connection.execute("RELEASE add_rows")
    return [row for row in rows if connection.execute(_INSERT, row).rowcount == 1]


def rows_between(connection: sqlite3.Connection, run: int, first_s: int, last_s: int) -> list[Row]:
    """The rows of a run in these seconds, both included, in no promised order."""
    if last_s < first_s:
        return []
    query = _SEEK if last_s - first_s < MOST_SEEKS else _SCAN
    return connection.execute(query, {"run": run, "first": first_s, "last": last_s}).fetchall()


def delete(connection: sqlite3.Connection, run: int, seconds: set[int]) -> None:
    """Forget all rows of a run in these seconds."""
    connection.executemany(
        "DELETE FROM hot WHERE second = ? AND run = ?", [(second, run) for second in sorted(seconds)]
    )
