"""The store: every event, for ever. A Protocol with its promise; each backend passes one behaviour suite."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crampwatch.events import Alert, Assessed, Finding, Sample
from crampwatch.metrics import Gauge


@dataclass(frozen=True, slots=True)
class RunKey:
    """Names one session of one athlete."""

    team: str
    athlete: str
    session: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one athlete's run gained since the last record; all of it is kept or none."""

    run: RunKey
    samples: Sequence[Sample] = ()
    findings: Sequence[Finding] = ()
    assessments: Sequence[Assessed] = ()
    alerts: Sequence[Alert] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One row of the run list.

    ``mean_spm`` is that of the moving runner: a cadence of 0 does not count. ``distance_m`` is what the odometer
    moved that moved most, None without one. ``worst`` is the highest level of assessments, findings and alerts; a
    fault or a poor signal says nothing of the runner and does not count, neither there nor in ``alerts``.
    """

    run: RunKey
    started_ms: int
    ended_ms: int
    samples: int
    mean_bpm: float | None
    mean_spm: float | None
    distance_m: float | None
    worst: str
    findings: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Series:
    """Columns over time for a page, at most about ``points`` long: bucket means, None where nothing was measured.

    ``columns`` holds ``bpm``, ``spm``, ``mps``, ``score`` (bucket maximum), ``fatigue`` and ``level`` (the rank of
    the highest level in the bucket, 0 for ok to 4 for now); each as long as ``at_ms``, where a bucket begins.
    """

    at_ms: Sequence[int]
    columns: dict[str, Sequence[float | None]] = field(default_factory=dict)


class Store(Protocol):
    """Keeps what happened.

    Promises: ``record`` returns after everything in its batches is durable (one transaction, or queued in a
    durable outbox), and recording the same fact twice leaves one row (facts are named by athlete, session, device
    and sequence; findings and alerts by id; a later state of an alert replaces an earlier one, by
    ``updated_at_ms``). Readers return facts equal to those recorded, and see what this process recorded before. All
    methods raise Unavailable for a fault that may pass (a full disk, a locked file, a database that is away) and
    Misconfigured for one that will not.

    Of that InfluxDB does not hold all, see docs/influxdb.md: it tells two facts of one millisecond apart by the last
    three digits of what counts or names them, and changes line ends in a few texts. Of two records of one fact that
    differ it keeps the last, SQLite the first. Readers of a database that is away raise Unavailable.
    """

    async def record(self, batches: Sequence[Batch]) -> None:
        """Keep all batches or none."""
        ...

    async def runs(
        self, *, team: str | None = None, athlete: str | None = None, limit: int = 100
    ) -> Sequence[RunSummary]:
        """The newest runs first."""
        ...

    async def run(self, key: RunKey) -> RunSummary | None:
        """One run, or None."""
        ...

    async def samples(self, key: RunKey, *, after_ms: int = -1, before_ms: int | None = None) -> Sequence[Sample]:
        """Every sample with ``after_ms < at_ms < before_ms``, in the order (at_ms, device, seq)."""
        ...

    async def series(self, key: RunKey, *, points: int = 1_000) -> Series:
        """Columns for a page."""
        ...

    async def findings(self, key: RunKey) -> Sequence[Finding]:
        """In the order (at_ms, id)."""
        ...

    async def alerts(self, key: RunKey) -> Sequence[Alert]:
        """The latest state of each, in the order (raised_at_ms, id)."""
        ...

    async def recent_findings(self, team: str, since_ms: int) -> Sequence[tuple[RunKey, Finding]]:
        """What was found in a team's runs from a moment on, with the run, in the order (at_ms, id)."""
        ...

    async def names(self) -> dict[str, str]:
        """Display names that were given on the page, by athlete id. They never leave the store for the bus."""
        ...

    async def name(self, athlete: str, display_name: str) -> None:
        """Give an athlete a display name."""
        ...

    def gauges(self) -> Sequence[Gauge]:
        """What waits on the way into it, for a service's vitals."""
        ...

    def problems(self) -> Sequence[str]:
        """What is wrong with it now and what to do, one line each, for a service's vitals."""
        ...

    async def close(self) -> None:
        """Finish what was accepted and release the file."""
        ...
