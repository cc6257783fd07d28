"""The store in InfluxDB: recorded into an outbox on this machine, delivered from there, read by Flux."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from crampwatch.clock import Clock
from crampwatch.errors import CrampwatchError, Unavailable
from crampwatch.events import Alert, Finding, Sample
from crampwatch.metrics import Counters, Gauge
from crampwatch.settings import Influxdb
from crampwatch.storage import Batch, RunKey, RunSummary, Series
from crampwatch.storage.drainer import Drainer
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.lines import batch_lines, mark_lines, minutes, name_line
from crampwatch.storage.influx.reader import InfluxReader
from crampwatch.storage.outbox import Outbox

log = logging.getLogger(__name__)

#: How long a reader waits for what was recorded before it; looked at in between, because the queue moves on.
WAIT_S = 10.0
LOOK_S = 0.5
#: How long an orderly end waits for what was just recorded; the rest is delivered after the next start.
GOODBYE_S = 2.0
#: A minute of a run is marked once; so many marks are remembered, those of a thousand runners' last minutes.
MARKS = 8_192
#: What waits is addressed to a setting: a bucket that was misnamed gets all of it once the setting is mended.
BUCKET, BUCKET_LONG = "influxdb.bucket", "influxdb.bucket_long"
#: Behind every row: all that waits, of which nothing more is known.
_EVERY_ROW = 2**62


class Addressed:
    """Hands lines that are addressed to a setting on to the bucket that it names."""

    def __init__(self, edge: InfluxEdge, settings: Influxdb) -> None:
        self._edge = edge
        self._names = {BUCKET: settings.bucket, BUCKET_LONG: settings.bucket_long}

    async def write(self, lines: bytes, *, bucket: str) -> None:
        """As :meth:`InfluxEdge.write`."""
        await self._edge.write(lines, bucket=self._names.get(bucket, bucket))

    async def write_packed(self, body: bytes, *, bucket: str) -> None:
        """As :meth:`InfluxEdge.write_packed`."""
        await self._edge.write_packed(body, bucket=self._names.get(bucket, bucket))


class InfluxStore:
    """A :class:`crampwatch.storage.Store` in InfluxDB 2. Make it with :meth:`open`.

    ``record`` and ``name`` return when the outbox has it on disk, whether InfluxDB is there or not. Readers wait for
    what this process put into its outbox, also before its last start; what other processes still queue they do not
    see. They raise Unavailable when InfluxDB is known to be away, or more than ten seconds behind.
    """

    def __init__(
        self, edge: InfluxEdge, outbox: Outbox, clock: Clock, settings: Influxdb, counters: Counters | None = None
    ) -> None:
        self._edge = edge
        self._outbox = outbox
        self._clock = clock
        self._settings = settings
        self._drainer = Drainer(outbox, Addressed(edge, settings), clock, counters=counters)
        self._reader = InfluxReader(edge, settings)
        self._draining: asyncio.Task[None] | None = None
        self._row = _EVERY_ROW if outbox.depth.points else 0
        self._named_ms = 0
        self._marked: OrderedDict[tuple[RunKey, int], None] = OrderedDict()

    @classmethod
    async def open(
        cls,
        settings: Influxdb,
        path: Path,
        clock: Clock,
        *,
        others: Sequence[Path] = (),
        counters: Counters | None = None,
    ) -> Self:
        """Open the outbox at ``path`` and deliver what it holds. InfluxDB may be away.

        Args:
            settings: where InfluxDB is.
            path: the outbox; made when missing.
            clock: times what waits, and the pauses of its delivery.
            others: outboxes that nobody else delivers; what they hold is taken over.
            counters: see :class:`crampwatch.storage.drainer.Drainer`.

        Raises:
            Misconfigured: there is no token, the url is none, the influx extra is not installed, or the outbox's
                folder cannot be used.
            Unavailable: another process holds the outbox too long.
        """
        edge = InfluxEdge.connect(settings)
        outbox = await Outbox.open(path, clock)
        for other in others:
            await _take_over(outbox, other, clock)
        store = cls(edge, outbox, clock, settings, counters)
        store._draining = asyncio.create_task(store._drainer.run(), name=f"drain-{path.stem}")
        return store

    async def record(self, batches: Sequence[Batch]) -> None:
        """Keep all batches or none; on disk when this returns."""
        self._check()
        marks = {(batch.run, minute): None for batch in batches for minute in minutes(batch)}
        new = [mark for mark in marks if mark not in self._marked]
        lines = [line for batch in batches for line in batch_lines(batch)]
        lines += [line for run, minute in new for line in mark_lines(run, [minute])]
        await self._put(BUCKET, lines)
        self._marked.update(dict.fromkeys(new))
        while len(self._marked) > MARKS:
            self._marked.popitem(last=False)

    async def runs(
        self, *, team: str | None = None, athlete: str | None = None, limit: int = 100
    ) -> Sequence[RunSummary]:
        """The newest runs first."""
        await self._caught_up()
        return await self._reader.runs(team=team, athlete=athlete, limit=limit)

    async def run(self, key: RunKey) -> RunSummary | None:
        """One run, or None."""
        await self._caught_up()
        return await self._reader.run(key)

    async def samples(self, key: RunKey, *, after_ms: int = -1, before_ms: int | None = None) -> Sequence[Sample]:
        """Every sample with ``after_ms < at_ms < before_ms``, in the order (at_ms, device, seq)."""
        await self._caught_up()
        return await self._reader.samples(key, after_ms=after_ms, before_ms=before_ms)

    async def series(self, key: RunKey, *, points: int = 1_000) -> Series:
        """Columns for a page."""
        await self._caught_up()
        return await self._reader.series(key, points=points)

    async def findings(self, key: RunKey) -> Sequence[Finding]:
        """In the order (at_ms, id)."""
        await self._caught_up()
        return await self._reader.findings(key)

    async def alerts(self, key: RunKey) -> Sequence[Alert]:
        """The latest state of each, in the order (raised_at_ms, id)."""
        await self._caught_up()
        return await self._reader.alerts(key)

    async def recent_findings(self, team: str, since_ms: int) -> Sequence[tuple[RunKey, Finding]]:
        """What was found in a team's runs from a moment on, with the run, in the order (at_ms, id)."""
        await self._caught_up()
        return await self._reader.recent_findings(team, since_ms)

    async def names(self) -> dict[str, str]:
        """Display names that were given on the page, by athlete id."""
        await self._caught_up(BUCKET_LONG)
        return await self._reader.names()

    async def name(self, athlete: str, display_name: str) -> None:
        """Give an athlete a display name."""
        self._check()
        # The newest name counts, so that no two may be given at one moment.
        self._named_ms = max(self._clock.now_ms(), self._named_ms + 1)
        await self._put(BUCKET_LONG, [name_line(athlete, display_name, self._named_ms)])

    def gauges(self) -> Sequence[Gauge]:
        """How much waits in the outbox, and how much was refused."""
        return self._drainer.gauges()

    def problems(self) -> Sequence[str]:
        """What keeps the outbox from being delivered, and what to do."""
        return self._drainer.problems()

    async def close(self) -> None:
        """Deliver what can be at once, and release the outbox; a second call does nothing."""
        draining, self._draining = self._draining, None
        if draining is None:
            return
        try:
            if not draining.done() and not self._drainer.stuck():
                await self._drainer.delivered(self._row, GOODBYE_S)
            draining.cancel()
            await asyncio.wait({draining})
        finally:
            draining.cancel()
            await self._edge.close()
            await self._outbox.close()
        if not draining.cancelled():
            draining.result()

    async def _put(self, bucket: str, lines: Sequence[str]) -> None:
        if row := await self._outbox.put(bucket, lines):
            self._row = row

    async def _caught_up(self, bucket: str = BUCKET) -> None:
        """Wait until what was put into the outbox before can be read."""
        self._check()
        row = self._row
        for _ in range(round(WAIT_S / LOOK_S)):
            if await self._drainer.delivered(row, LOOK_S, bucket=bucket):
                return
            self._check()
            if self._drainer.stuck(bucket):
                break
            # Of what was there at the start all is before what was put in since.
            row = min(row, self._row)
        raise Unavailable(
            f"{self._outbox.depth.points} points wait for InfluxDB at {self._settings.url}; "
            f"{'; '.join(self._drainer.problems()) or 'it is behind'}"
        )

    def _check(self) -> None:
        if self._draining is None:
            raise Unavailable(f"{self._outbox.path} is closed; open it again")
        if self._draining.done():
            self._draining.result()


async def _take_over(outbox: Outbox, path: Path, clock: Clock) -> None:
    """What another outbox holds goes into ours; where that fails it stays, for the next start."""
    try:
        other = await Outbox.open(path, clock)
        try:
            moved = await other.hand_over(outbox)
        finally:
            await other.close()
    except CrampwatchError as error:
        log.warning("what waits in %s is not delivered before the next start: %s", path, error)
    else:
        if moved:
            log.info("%d points that waited in %s are delivered from here", moved, path)
