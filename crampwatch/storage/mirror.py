"""Two stores as one: everything goes into both, and is read from the first."""

from collections.abc import Sequence

from crampwatch.errors import CrampwatchError
from crampwatch.events import Alert, Finding, Sample
from crampwatch.metrics import Gauge
from crampwatch.storage import Batch, RunKey, RunSummary, Series, Store

#: So many batches of a run that the first has not taken are remembered: one for each service that records.
AHEAD = 4


class MirroredStore:
    """A :class:`crampwatch.storage.Store` that reads from ``first`` and keeps ``mirror`` the same.

    What is recorded goes to the mirror's queue first: were it the other way round, a process that ends in between
    would find its facts in ``first``, take them for recorded, and the mirror would never get what follows from them.
    So the mirror may know of a record that failed; whoever is told so records it again, and of that repeat the mirror
    is given only what it does not have.
    """

    def __init__(self, first: Store, mirror: Store) -> None:
        self._first = first
        self._mirror = mirror
        #: What the mirror has and the first refused, as it was then.
        self._ahead: dict[RunKey, Sequence[Batch]] = {}

    async def record(self, batches: Sequence[Batch]) -> None:
        """Keep all batches in both."""
        if new := [batch for batch in batches if not self._has(batch)]:
            await self._mirror.record(new)
        try:
            await self._first.record(batches)
        except CrampwatchError:
            for batch in new:
                self._ahead[batch.run] = [*self._ahead.get(batch.run, ()), _frozen(batch)][-AHEAD:]
            raise
        for batch in batches if self._ahead else ():
            self._ahead.pop(batch.run, None)

    async def runs(
        self, *, team: str | None = None, athlete: str | None = None, limit: int = 100
    ) -> Sequence[RunSummary]:
        """The newest runs first."""
        return await self._first.runs(team=team, athlete=athlete, limit=limit)

    async def run(self, key: RunKey) -> RunSummary | None:
        """One run, or None."""
        return await self._first.run(key)

    async def samples(self, key: RunKey, *, after_ms: int = -1, before_ms: int | None = None) -> Sequence[Sample]:
        """Every sample with ``after_ms < at_ms < before_ms``, in the order (at_ms, device, seq)."""
        return await self._first.samples(key, after_ms=after_ms, before_ms=before_ms)

    async def series(self, key: RunKey, *, points: int = 1_000) -> Series:
        """Columns for a page."""
        return await self._first.series(key, points=points)

    async def findings(self, key: RunKey) -> Sequence[Finding]:
        """In the order (at_ms, id)."""
        return await self._first.findings(key)

    async def alerts(self, key: RunKey) -> Sequence[Alert]:
        """The latest state of each, in the order (raised_at_ms, id)."""
        return await self._first.alerts(key)

    async def recent_findings(self, team: str, since_ms: int) -> Sequence[tuple[RunKey, Finding]]:
        """What was found in a team's runs from a moment on, with the run, in the order (at_ms, id)."""
        return await self._first.recent_findings(team, since_ms)

    async def names(self) -> dict[str, str]:
        """Display names that were given on the page, by athlete id."""
        return await self._first.names()

    async def name(self, athlete: str, display_name: str) -> None:
        """Give an athlete a display name, in both."""
        await self._mirror.name(athlete, display_name)
        await self._first.name(athlete, display_name)

    def gauges(self) -> Sequence[Gauge]:
        """Those of both."""
        return [*self._first.gauges(), *self._mirror.gauges()]

    def problems(self) -> Sequence[str]:
        """Those of both."""
        return [*self._first.problems(), *self._mirror.problems()]

    async def close(self) -> None:
        """Close both, the mirror also when the first fails."""
        try:
            await self._first.close()
        finally:
            await self._mirror.close()

    def _has(self, batch: Batch) -> bool:
        """Whether the mirror has exactly this already, of a record that failed."""
        ahead = self._ahead.get(batch.run)
        return ahead is not None and _frozen(batch) in ahead


def _frozen(batch: Batch) -> Batch:
    """The same, whatever becomes of the lists that it was made of."""
    return Batch(batch.run, tuple(batch.samples), tuple(batch.findings), tuple(batch.assessments), tuple(batch.alerts))
