"""The store in one SQLite file: nothing to install, and every run for ever.

Facts of the last minutes are rows (``hot``); once a run has gathered enough of them, those of completed five
minutes become compressed columns (``chunks``). Readers merge both. A fact is one row wherever it lies: a copy that
comes after its five minutes were compacted is recognised by its name in the chunk.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from crampwatch.errors import CrampwatchError
from crampwatch.events import Alert, AlertState, Finding, Sample
from crampwatch.metrics import Gauge
from crampwatch.storage import Batch, RunKey, RunSummary, Series, chunks, compaction, hot, reading, summaries
from crampwatch.storage.database import Database
from crampwatch.storage.rows import AT_MS, Row, assessment_row, sample_row

log = logging.getLogger(__name__)

#: A run with this many hot facts is compacted: five minutes and more of all its channels at 1 Hz.
ENOUGH_FACTS = 1_800
#: Compaction takes turns with recording, which pays for it: a run is compacted for a third of these facts recorded.
#: It gets rid of more, so it keeps up; and the runs of a race, which are full all at once, do not hold up recording.
#: What was paid in vain is kept for so many runs.
RUNS_A_TURN = 2
#: How many runs that were left hot are compacted when a store is opened or closed: about half a second's work.
LEFTOVERS = 64

_FINDING = "INSERT OR IGNORE INTO finding (run, id, at_ms, body) VALUES (?, ?, ?, ?)"
_ALERT = """
INSERT INTO alert (run, id, raised_at_ms, updated_at_ms, state_rank, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (run, id) DO UPDATE
SET raised_at_ms = excluded.raised_at_ms, updated_at_ms = excluded.updated_at_ms,
  state_rank = excluded.state_rank, body = excluded.body
WHERE (excluded.updated_at_ms, excluded.state_rank) > (alert.updated_at_ms, alert.state_rank)
"""
_NAME = "INSERT INTO name VALUES (?, ?) ON CONFLICT DO UPDATE SET display_name = excluded.display_name"
_BODIES = """
SELECT body FROM {table} WHERE run = (SELECT id FROM run WHERE team = ? AND athlete = ? AND session = ?)
ORDER BY {moment}, id
"""
_FINDINGS = _BODIES.format(table="finding", moment="at_ms")
_ALERTS = _BODIES.format(table="alert", moment="raised_at_ms")
#: The plus keeps the planner from going through all of a team's runs.
_RECENT = """
SELECT run.athlete, run.session, finding.body FROM finding JOIN run ON run.id = finding.run
WHERE finding.at_ms >= ? AND +run.team = ? ORDER BY finding.at_ms, finding.id, run.athlete
"""
_STATES = tuple(AlertState)


class SqliteStore:
    """A :class:`crampwatch.storage.Store` in one file. Make it with :meth:`open`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._compacting = True
        self._paid_facts = 0

    @classmethod
    async def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open a store, made and brought up to date when need be.

        Args:
            path: the file.
            read_only: read beside the process that records; ``record`` and ``name`` then raise Misconfigured.

        Raises:
            Misconfigured: the path cannot be used, the file is no store of ours, or a newer release wrote it.
            Unavailable: another process holds the file too long, or there is nothing to read yet.
        """
        store = cls(await Database(path, "store", "storage.path", read_only=read_only).open())
        if not read_only:
            await store._compact_leftovers()
        return store

    async def record(self, batches: Sequence[Batch]) -> None:
        """Keep all batches or none; on disk when this returns."""
        full, facts = await self._database.write(lambda connection: _record(connection, batches))
        if runs := self._turn(sorted(full), facts):
            await self._compact(lambda connection: compaction.compact(connection, runs))

    async def runs(
        self, *, team: str | None = None, athlete: str | None = None, limit: int = 100
    ) -> Sequence[RunSummary]:
        """The newest runs first."""
        return await self._database.read(lambda connection: summaries.newest(connection, team, athlete, limit))

    async def run(self, key: RunKey) -> RunSummary | None:
        """One run, or None."""
        return await self._database.read(lambda connection: summaries.one(connection, key))

    async def samples(self, key: RunKey, *, after_ms: int = -1, before_ms: int | None = None) -> Sequence[Sample]:
        """Every sample with ``after_ms < at_ms < before_ms``, in the order (at_ms, device, seq)."""
        return await self._database.read(lambda connection: reading.samples(connection, key, after_ms, before_ms))

    async def series(self, key: RunKey, *, points: int = 1_000) -> Series:
        """Columns for a page."""
        return await self._database.read(lambda connection: reading.series(connection, key, points))

    async def findings(self, key: RunKey) -> Sequence[Finding]:
        """In the order (at_ms, id)."""
        return [Finding.model_validate_json(body) for body in await self._bodies(_FINDINGS, key)]

    async def alerts(self, key: RunKey) -> Sequence[Alert]:
        """The latest state of each, in the order (raised_at_ms, id)."""
        return [Alert.model_validate_json(body) for body in await self._bodies(_ALERTS, key)]

    async def recent_findings(self, team: str, since_ms: int) -> Sequence[tuple[RunKey, Finding]]:
        """What was found in a team's runs from a moment on, with the run, in the order (at_ms, id)."""
        rows = await self._database.read(lambda connection: connection.execute(_RECENT, (since_ms, team)).fetchall())
        return [(RunKey(team, *run), Finding.model_validate_json(body)) for *run, body in rows]

    async def names(self) -> dict[str, str]:
        """Display names that were given on the page, by athlete id."""
        return dict(await self._database.read(lambda connection: connection.execute("SELECT * FROM name").fetchall()))

    async def name(self, athlete: str, display_name: str) -> None:
        """Give an athlete a display name."""
        await self._database.write(lambda connection: connection.execute(_NAME, (athlete, display_name)))

    def gauges(self) -> Sequence[Gauge]:
        """None: what is recorded is in the file at once."""
        return ()

    def problems(self) -> Sequence[str]:
        """None that lasts: what fails is told to whoever asked."""
        return ()

    async def close(self) -> None:
        """Finish what was accepted, compact what is left hot, and release the file; a second call does nothing."""
        if self._database.writable:
            await self._compact_leftovers()
        await self._database.close()

    async def _bodies(self, query: str, key: RunKey) -> list[str]:
        place = (key.team, key.athlete, key.session)
        return await self._database.read(lambda connection: [body for (body,) in connection.execute(query, place)])

    def _turn(self, full: Sequence[int], facts: int) -> Sequence[int]:
        """Which of the full runs are compacted after so many facts more."""
        price = ENOUGH_FACTS // 3
        self._paid_facts += facts
        runs = full if price == 0 else full[: self._paid_facts // price]
        self._paid_facts = min(self._paid_facts - len(runs) * price, RUNS_A_TURN * price)
        return runs

    async def _compact_leftovers(self) -> None:
        def work(connection: sqlite3.Connection) -> None:
            compaction.compact(connection, compaction.waiting(connection, LEFTOVERS), everything=True)

        await self._compact(work)

    async def _compact(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Compact. That it fails harms nobody: what was recorded is safe where it is, and the next turn tries again."""
        try:
            await self._database.write(work)
        except CrampwatchError as error:
            log.log(
                logging.WARNING if self._compacting else logging.DEBUG, "the store could not be compacted: %s", error
            )
            self._compacting = False
        else:
            if not self._compacting:
                log.info("the store is compacted again")
            self._compacting = True


def _record(connection: sqlite3.Connection, batches: Sequence[Batch]) -> tuple[set[int], int]:
    """Write all batches; return the runs that have enough hot facts to be compacted, and how many facts were new."""
    rows: list[Row] = []
    full: set[int] = set()
    for batch in batches:
        if not (batch.samples or batch.assessments or batch.findings or batch.alerts):
            continue
        place = summaries.find_or_begin(connection, batch)
        run = place.run
        gained = [sample_row(run, one) for one in batch.samples]
        gained += [assessment_row(run, one) for one in batch.assessments]
        if any(row[AT_MS] < place.sealed_ms for row in gained):
            gained = chunks.without_known(connection, run, place.sealed_ms, gained)
        rows += gained
        for finding in batch.findings:
            connection.execute(_FINDING, (run, finding.id, finding.at_ms, finding.model_dump_json()))
        for alert in batch.alerts:
            moments = (alert.raised_at_ms, alert.updated_at_ms)
            connection.execute(_ALERT, (run, alert.id, *moments, _STATES.index(alert.state), alert.model_dump_json()))
        summaries.add_notes(connection, run, batch)
        if place.hot_facts >= ENOUGH_FACTS:
            full.add(run)
    new = hot.insert(connection, rows)
    summaries.add_rows(connection, new)
    return full, len(new)
