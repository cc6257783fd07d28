"""How a session changes what is usual for its athlete."""

from collections.abc import Sequence
from dataclasses import replace

from processor.personal import DRIFT_OF, LEARNING, LearningSettings, Personal, Run, percentile
from processor.population import POPULATION, REFERENCE_MPS
from processor.summary import Summary


def learned(personal: Personal, summary: Summary, settings: LearningSettings = LEARNING) -> Personal:
    """The next version, with one session more. A session with hardly any running teaches nothing: the same version."""
    if summary.run_s < settings.least_s:
        return personal
    ended_ms = max(personal.ended_ms or 0, summary.ended_ms)
    hard = summary.hard or _long(personal, summary, settings)
    memory = settings.memory
    fast = summary.mps is not None
    early = (*personal.early_mps, *([summary.early_mps] if summary.early_mps else []))
    drift = clipped(summary.drift_percent_per_h, *settings.drifts)
    calm = replace(
        personal,
        version=personal.version + 1,
        sessions=personal.sessions + 1,
        ended_ms=ended_ms,
        reference_spm=personal.reference_spm.with_one(_at_reference(personal, summary), memory),
        plain_spm=personal.plain_spm.with_one(None if fast else summary.spm, memory),
        slope=personal.slope.with_one(clipped(summary.slope, *settings.slopes), memory),
        sigma_spm=personal.sigma_spm.with_one(clipped(summary.sigma_spm, 0.0, settings.spreads[0]), memory),
        block_sigma_spm=personal.block_sigma_spm.with_one(
            clipped(summary.block_sigma_spm, 0.0, settings.spreads[1]), memory
        ),
        drift=personal.drift.with_one(drift, memory),
        runs=_run_list((*personal.runs, _run(summary)), ended_ms, settings),
        early_mps=early[-settings.early :],
        hard_at_ms=max(personal.hard_at_ms or 0, summary.ended_ms) if hard else personal.hard_at_ms,
    )
    if (name := DRIFT_OF.get(summary.band)) is not None:
        calm = replace(calm, **{name: getattr(personal, name).with_one(drift, memory)})
    if not summary.uneventful or sum(summary.scores) <= 0:
        return calm
    quiet = _with_scores(calm, summary, settings)
    return _with_confirmed(quiet, summary, settings) if summary.confirmed else quiet


def confirmed(
    personal: Personal, summary: Summary, *, counted: bool, settings: LearningSettings = LEARNING
) -> Personal:
    """The next version, now that somebody has said of a session that was learned from that nothing happened in it.

    One that says nothing of scores leaves the same version. ``counted``: its scores are among the uneventful ones.
    """
    if summary.run_s < settings.least_s or sum(summary.scores) <= 0:
        return personal
    new = replace(personal, version=personal.version + 1)
    return _with_confirmed(new if counted else _with_scores(new, summary, settings), summary, settings)


def without_scores(personal: Personal, earlier: Personal) -> Personal:
    """The next version, with the scores of an earlier one: those learned since are forgotten, all else stays."""
    return replace(
        personal,
        version=personal.version + 1,
        uneventful=earlier.uneventful,
        scores=earlier.scores,
        confirmed=earlier.confirmed,
        confirmed_scores=earlier.confirmed_scores,
    )


def clipped(value: float | None, low: float, high: float) -> float | None:
    """The value within bounds; None stays None."""
    return None if value is None else min(high, max(low, value))


def _run(summary: Summary) -> Run:
    far = summary.distance_m
    return Run(summary.ended_ms, round(summary.run_s), None if far is None else round(far))


def _run_list(runs: Sequence[Run], now_ms: int, settings: LearningSettings) -> tuple[Run, ...]:
    """Those of the last 30 days in the order of their ends; of too many the shortest go."""
    young = [run for run in runs if now_ms - run.ended_ms <= settings.window_ms]
    longest = sorted(young, key=lambda run: (run.run_s, run.ended_ms), reverse=True)[: settings.runs]
    return tuple(sorted(longest, key=lambda run: (run.ended_ms, run.run_s)))


def _long(personal: Personal, summary: Summary, settings: LearningSettings) -> bool:
    runs = [run.run_s for run in personal.runs]
    return len(runs) >= settings.known and summary.run_s > percentile(runs, settings.long_share)


def _at_reference(personal: Personal, summary: Summary) -> float | None:
    if summary.spm is None or summary.mps is None:
        return None
    slope = clipped(summary.slope, *LEARNING.slopes)
    if slope is None:
        slope = personal.slope.shrunk(POPULATION.slope)
    return summary.spm + slope * (REFERENCE_MPS - summary.mps)


def _with_scores(personal: Personal, summary: Summary, settings: LearningSettings) -> Personal:
    scores = _scores(personal.scores, summary.scores, settings)
    return replace(personal, uneventful=personal.uneventful + 1, scores=scores)


def _with_confirmed(personal: Personal, summary: Summary, settings: LearningSettings) -> Personal:
    scores = _scores(personal.confirmed_scores, summary.scores, settings)
    return replace(personal, confirmed=personal.confirmed + 1, confirmed_scores=scores)


def _scores(old: Sequence[float], new: Sequence[float], settings: LearningSettings) -> tuple[float, ...]:
    both = [a + b for a, b in zip(old or [0.0] * len(new), new, strict=True)]
    keep = min(1.0, settings.scores_s / sum(both))
    return tuple(round(keep * seconds, 1) for seconds in both)
