"""Pure: a stored run as the review page shows it, and the lines of the run list."""

from collections.abc import Sequence

from crampwatch.events import Alert, Finding, FindingKind
from crampwatch.storage import RunSummary, Series
from crampwatch.units import SECOND_MS, Level
from crampwatch.wording import PATTERN_WORDS, RUN_WORDS

from .context import LevelSpan, Mark, ReviewView, RunRow
from .levels import TONES, in_band

FINDING_WORDS: dict[FindingKind, str] = {
    FindingKind.HITCH: "Hitch in the rhythm",
    FindingKind.PAUSE: "Short pause",
    FindingKind.STOP: "Stop",
    FindingKind.WALK_BREAK: "Walk break",
    FindingKind.LEVEL_SHIFT: "Cadence shifted",
    FindingKind.GRADUAL_DECLINE: "Cadence declining",
    FindingKind.UNSTEADY: "Cadence unsteady",
    FindingKind.CRAMP_STOP: "Sudden stop after signs of fatigue",
    FindingKind.PATTERN: "Fatigue pattern",
    FindingKind.FATIGUE: "Fatigue index",
    FindingKind.RESUMED: "Running again",
    FindingKind.SIGNAL: "Signal",
    FindingKind.CONTEXT: "Kept quiet",
    FindingKind.LABEL: "Answer",
    FindingKind.OTHER: "Added detector",
}


def run_row(summary: RunSummary, name: str) -> RunRow:
    """One line of the run list. A worst level that this release does not know reads as not assessed."""
    known = summary.worst in set(Level)
    level = Level(summary.worst) if known else None
    return RunRow(
        team=summary.run.team,
        athlete=summary.run.athlete,
        name=name,
        session=summary.run.session,
        started_ms=summary.started_ms,
        duration_s=max(0, summary.ended_ms - summary.started_ms) // SECOND_MS,
        mean_bpm=_rounded(summary.mean_bpm),
        mean_spm=_rounded(summary.mean_spm),
        distance_m=_rounded(summary.distance_m),
        worst=summary.worst,
        tone=TONES[level] if level is not None else "stale",
        word=RUN_WORDS[level] if level is not None else "Not assessed",
        findings=summary.findings,
        alerts=summary.alerts,
    )


def review(row: RunRow, series: Series, findings: Sequence[Finding], alerts: Sequence[Alert]) -> ReviewView:
    """Everything the review page draws, in seconds from the start of the run."""
    start_ms = row.started_ms
    spans = level_spans(findings, start_ms, row.duration_s)
    at_s = tuple(round((at_ms - start_ms) / SECOND_MS, 1) for at_ms in series.at_ms)
    score = series.columns.get("score") or [None] * len(at_s)
    columns = {name: _column(series, name, len(at_s)) for name in ("bpm", "spm", "fatigue")}
    columns["pattern"] = tuple(
        None if value is None else in_band(_level_at(spans, min(second, row.duration_s - 1)), value)
        for second, value in zip(at_s, score, strict=True)
    )
    marks = [_finding_mark(finding, start_ms) for finding in findings]
    reasons = {finding.id: finding.because for finding in findings}
    marks += [_alert_mark(alert, start_ms, reasons.get(alert.finding_id, ())) for alert in alerts]
    return ReviewView(
        run=row,
        at_s=at_s,
        columns=columns,
        spans=spans,
        marks=tuple(sorted(marks, key=lambda mark: (mark.at_s, mark.what == "alert", mark.id))),
    )


def level_spans(findings: Sequence[Finding], start_ms: int, duration_s: int) -> tuple[LevelSpan, ...]:
    """The spans in which the pattern stood above low: a pattern finding begins a level, the next one ends it."""
    spans: list[LevelSpan] = []
    since_s, level = 0, Level.OK
    steps = [(max(0, (one.at_ms - start_ms) // SECOND_MS), one.level) for one in findings if _is_pattern(one)]
    for at_s, following in [*sorted(steps, key=lambda step: step[0]), (duration_s, Level.OK)]:
        if level is not Level.OK and at_s > since_s:
            spans.append(LevelSpan(since_s, at_s, level.value, TONES[level]))
        since_s, level = at_s, following
    return tuple(spans)


def _is_pattern(finding: Finding) -> bool:
    return finding.kind is FindingKind.PATTERN


def _level_at(spans: Sequence[LevelSpan], second: float) -> Level:
    return next((Level(span.level) for span in spans if span.from_s <= second < span.to_s), Level.OK)


def _column(series: Series, name: str, length: int) -> tuple[float | None, ...]:
    values = series.columns.get(name) or [None] * length
    return tuple(None if value is None else round(value, 1) for value in values)


def _finding_mark(finding: Finding, start_ms: int) -> Mark:
    word = FINDING_WORDS[finding.kind]
    if _is_pattern(finding):
        word = f"{word} {PATTERN_WORDS[finding.level]}"
    return Mark(
        id=finding.id,
        at_s=(finding.at_ms - start_ms) // SECOND_MS,
        what="finding",
        kind=finding.kind.value,
        word=word,
        tone=TONES[finding.level],
        because=finding.because,
        note=None,
        late=finding.late,
    )


def _alert_mark(alert: Alert, start_ms: int, said: tuple[str, ...]) -> Mark:
    """An alert; its reasons only where they are not those ``said`` by its finding, which stands just above it."""
    return Mark(
        id=alert.id,
        at_s=(alert.raised_at_ms - start_ms) // SECOND_MS,
        what="alert",
        kind=alert.kind.value,
        word=alert.title,
        tone="stale" if alert.kind.value == "fault" else TONES[alert.level],
        because=() if alert.because == said else alert.because,
        note=alert.state.value,
        late=False,
    )


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
