"""From hot rows to chunks: one run at a time, in the caller's transaction."""

import sqlite3
from collections.abc import Iterable

from crampwatch.storage import chunks, hot
from crampwatch.storage.rows import AT_MS, SECOND
from crampwatch.units import SECOND_MS

_WAITING = "SELECT id FROM run WHERE hot_facts > 0 ORDER BY id LIMIT ?"
_PLACE = "SELECT hot_from_s, ended_ms FROM run WHERE id = ? AND hot_facts > 0"
_SEAL = """
UPDATE run SET hot_facts = hot_facts - ?1, hot_from_s = iif(hot_facts > ?1, ?2, NULL), sealed_ms = max(sealed_ms, ?3)
WHERE id = ?4
"""


def waiting(connection: sqlite3.Connection, most: int) -> list[int]:
    """Runs that have hot facts, at most so many."""
    return [run for (run,) in connection.execute(_WAITING, (most,))]


def compact(connection: sqlite3.Connection, runs: Iterable[int], *, everything: bool = False) -> None:
    """Move hot rows of these runs into chunks.

    Args:
        connection: inside a transaction.
        runs: the runs. Neighbours share pages of the hot table, so ask for neighbours together.
        everything: also those of the five minutes that a run is still in, which are merged when the rest comes.
    """
    for run in runs:
        place = connection.execute(_PLACE, (run,)).fetchone()
        if place is None:
            continue
        first_s, ended_ms = place
        open_from_s = chunks.bucket_of(ended_ms) * chunks.BUCKET_MS // SECOND_MS
        # A run so dense that it has nothing completed is moved whole, or it would grow hot without end.
        end_s = ended_ms // SECOND_MS + 1 if everything or first_s >= open_from_s else open_from_s
        rows = hot.rows_between(connection, run, first_s, end_s - 1)
        chunks.merge(connection, run, rows)
        hot.delete(connection, run, {row[SECOND] for row in rows})
        sealed_ms = max((row[AT_MS] + 1 for row in rows), default=0)
        connection.execute(_SEAL, (len(rows), end_s, sealed_ms, run))
