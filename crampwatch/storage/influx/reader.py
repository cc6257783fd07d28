"""The reading half of the store in InfluxDB: Flux out, facts and figures in."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from crampwatch.events import Alert, Finding, Sample
from crampwatch.settings import Influxdb
from crampwatch.storage import RunKey, RunSummary, Series
from crampwatch.storage.influx import flux, reading, totals
from crampwatch.storage.influx.flux import Span
from crampwatch.storage.influx.lines import SLOTS
from crampwatch.storage.influx.reading import Row, at_ms, at_us
from crampwatch.storage.influx.totals import Totals
from crampwatch.storage.series import Lines, downsampled

#: How many runs one question is about: InfluxDB takes about 1 ms for each figure, and plans them all before the first.
RUNS_AT_ONCE = 10
#: How many more first marks than runs are asked for, so that those of one minute are seldom cut apart.
SPARE_RUNS = 16
#: What a page draws, by measurement: names of columns and the fields they are made of.
DRAWN = {
    "telemetry": {"bpm": "bpm", "spm": "spm", "mps": "mps"},
    "assessment": {"score": "score", "fatigue": "fatigue", "level": "level_rank"},
}
HIGHEST = frozenset({"score", "level"})


class Asked(Protocol):
    """Answers Flux with rows; raises our errors, sorted by remedy."""

    async def query(self, flux: str) -> Sequence[Mapping[str, Any]]:
        """The rows of all tables, one after another."""
        ...


class InfluxReader:
    """What :class:`crampwatch.storage.Store` promises of reading, over what InfluxDB holds now.

    Args:
        edge: where InfluxDB is asked.
        settings: which buckets to ask.
    """

    def __init__(self, edge: Asked, settings: Influxdb) -> None:
        self._edge = edge
        self._bucket = settings.bucket
        self._bucket_long = settings.bucket_long

    async def runs(self, *, team: str | None, athlete: str | None, limit: int) -> Sequence[RunSummary]:
        """The newest runs first; those that began in one millisecond in the order of their names, last first."""
        if limit <= 0:
            return []
        firsts = await self._newest(team, athlete, limit)
        if not firsts:
            return []
        since_us = min(firsts.values())
        lasts = _marks(await self._edge.query(flux.last_marks(self._bucket, team, athlete, since_us)))
        spans = [Span.of_marks(run, first_us, lasts.get(run, first_us)) for run, first_us in firsts.items()]
        added = await self._totals(spans, team, athlete)
        known = [summary for one in added if (summary := one.summary()) is not None]
        newest = sorted(known, key=lambda one: (one.started_ms, *_name(one.run)), reverse=True)
        return newest[:limit]

    async def run(self, key: RunKey) -> RunSummary | None:
        """One run, or None."""
        span = await self._span(key)
        return None if span is None else await self._summary(span)

    async def samples(self, key: RunKey, *, after_ms: int, before_ms: int | None) -> Sequence[Sample]:
        """Every sample with ``after_ms < at_ms < before_ms``, in the order (at_ms, device, seq)."""
        span = await self._span(key)
        if span is None:
            return []
        first_us = max(span.first_us, (after_ms + 1) * SLOTS)
        end_us = span.end_us if before_ms is None else min(span.end_us, before_ms * SLOTS)
        if first_us >= end_us:
            return []
        part = Span(key, first_us, end_us)
        return reading.samples(await self._edge.query(flux.facts(self._bucket, "telemetry", part)))

    async def series(self, key: RunKey, *, points: int) -> Series:
        """Columns for a page; all empty for a run that nobody knows."""
        span = await self._span(key)
        summary = None if span is None else await self._summary(span)
        if span is None or summary is None:
            return Series([], {name: [] for names in DRAWN.values() for name in names})
        measured: list[Lines] = []
        for measurement, columns in DRAWN.items():
            rows = await self._edge.query(flux.facts(self._bucket, measurement, span, [*columns.values()]))
            rows = sorted(rows, key=at_us)
            measured += [_line(name, field, rows) for name, field in columns.items()]
        return downsampled(measured, summary.started_ms, summary.ended_ms, points=points, highest=HIGHEST)

    async def findings(self, key: RunKey) -> Sequence[Finding]:
        """In the order (at_ms, id)."""
        return reading.findings(await self._noted(key, "finding", reading.FINDING_FIELDS))

    async def alerts(self, key: RunKey) -> Sequence[Alert]:
        """The latest state of each, in the order (raised_at_ms, id)."""
        return reading.alerts(await self._noted(key, "alert", reading.ALERT_FIELDS))

    async def recent_findings(self, team: str, since_ms: int) -> Sequence[tuple[RunKey, Finding]]:
        """What was found in a team's runs from a moment on, with the run, in the order (at_ms, id)."""
        since_us = max(0, since_ms) * SLOTS
        question = flux.notes(
            self._bucket, "finding", reading.FINDING_FIELDS, team=team, athlete=None, start_us=since_us
        )
        return reading.found(await self._edge.query(question))

    async def names(self) -> dict[str, str]:
        """Display names by athlete id."""
        return reading.display_names(await self._edge.query(flux.display_names(self._bucket_long)))

    async def _newest(self, team: str | None, athlete: str | None, limit: int) -> dict[RunKey, int]:
        """The first mark of at least the ``limit`` newest runs: all that began in the minute of the last of them."""
        most = limit + SPARE_RUNS
        while True:
            firsts = _marks(await self._edge.query(flux.newest_runs(self._bucket, team, athlete, most)))
            minutes = [flux.floor_minute(first_us) for first_us in firsts.values()]
            if len(minutes) <= limit:
                return firsts
            oldest = minutes[limit - 1]
            if len(minutes) < most or minutes[-1] < oldest:
                return {run: first for run, first in firsts.items() if first >= oldest}
            most *= 4

    async def _span(self, key: RunKey) -> Span | None:
        marks = [at_us(row) for row in await self._edge.query(flux.bounds(self._bucket, key))]
        return Span.of_marks(key, min(marks), max(marks)) if marks else None

    async def _summary(self, span: Span) -> RunSummary | None:
        (added,) = await self._totals([span], span.run.team, span.run.athlete)
        return added.summary()

    async def _totals(self, spans: Sequence[Span], team: str | None, athlete: str | None) -> Sequence[Totals]:
        """What these runs add up to. Team and athlete narrow the findings and alerts that are looked through."""
        added: list[Totals] = []
        for start in range(0, len(spans), RUNS_AT_ONCE):
            added += await self._measured(spans[start : start + RUNS_AT_ONCE])
        by_run = {one.run: one for one in added}
        since_us = min(span.first_us for span in spans)
        for measurement, fields, take in (
            ("finding", totals.FINDING_FIELDS, Totals.add_finding),
            ("alert", totals.ALERT_FIELDS, Totals.add_alert),
        ):
            question = flux.notes(self._bucket, measurement, fields, team=team, athlete=athlete, start_us=since_us)
            for row in await self._edge.query(question):
                run = by_run.get(RunKey(row["group"], row["runner"], row["session"]))
                if run is not None:
                    take(run, row)
        return added

    async def _measured(self, spans: Sequence[Span]) -> Sequence[Totals]:
        """What the telemetry and the assessments of a few runs add up to."""
        added = [Totals(span.run) for span in spans]
        totals.share_out(await self._edge.query(flux.own(self._bucket, spans)), [one.add_own for one in added])
        some = [one for one in added if one.moments]
        if some:
            # The marks may reach further, up to an alert that was cleared when the next run began.
            close = [Span(one.run, min(one.moments) * SLOTS, (max(one.moments) + 1) * SLOTS) for one in some]
            rows = await self._edge.query(flux.figures(self._bucket, close))
            totals.share_out(rows, [one.add_figure for one in some])
        by_run = {span.run: span for span in spans}
        return [one if one.alone else await self._counted(by_run[one.run]) for one in added]

    async def _counted(self, span: Span) -> Totals:
        """The same of a run that another of the same athlete overlaps, point by point."""
        counted, ask = Totals(span.run), self._edge.query
        counted.add_samples(await ask(flux.facts(self._bucket, "telemetry", span, totals.TELEMETRY_FIELDS)))
        counted.add_assessments(await ask(flux.facts(self._bucket, "assessment", span, totals.ASSESSMENT_FIELDS)))
        return counted

    async def _noted(self, key: RunKey, measurement: str, fields: Sequence[str]) -> Sequence[Row]:
        span = await self._span(key)
        if span is None:
            return []
        # An alert may change long after its run, so these are looked for up to the newest.
        lasting = Span(key, span.first_us, flux.NEVER_US)
        return await self._edge.query(flux.facts(self._bucket, measurement, lasting, fields))


def _marks(rows: Sequence[Row]) -> dict[RunKey, int]:
    return {RunKey(row["group"], row["runner"], row["_value"]): at_us(row) for row in rows}


def _name(run: RunKey) -> tuple[str, str, str]:
    return run.team, run.athlete, run.session


def _line(name: str, field: str, rows: Sequence[Row]) -> Lines:
    read = [(at_ms(row), row[field]) for row in rows if row.get(field) is not None]
    return [when for when, _ in read], {name: [value for _, value in read]}
