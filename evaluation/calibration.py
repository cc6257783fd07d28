"""The score as a chance of an onset within ten minutes: fitted on some sessions, judged on others, told to nobody."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .intervals import Interval, ends, resampled
from .scoring import ABORTED, Case
from .trace import RUNNING

#: How far ahead an onset counts, s, and how often the score is asked, s (science 4.4).
AHEAD_S = 600.0
EVERY_S = 60.0
_BINS = 10
#: No chance is told beyond these: one wrong certainty would outweigh everything.
_LEAST, _MOST = 1e-4, 1 - 1e-4
#: A trace of a ridge keeps the fit finite where cramps and others are told apart without an overlap.
_RIDGE = 1e-3

#: Resamples of the runs: with so many the ends of an interval are rough, and a full evaluation waits for seconds.
RESAMPLES = 300
#: Logits are told apart in steps of this where runs are resampled.
_STEP = 0.02

Pairs = list[tuple[float, bool]]
#: (logit, moments, cramps that came).
_Group = tuple[float, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A monotone map: the logit of the chance is a line over the logit of the score."""

    intercept: float
    slope: float

    def chance(self, score: float) -> float:
        """The chance of an onset within ten minutes, for the prevalence of the sessions that it was fitted on."""
        return min(_MOST, max(_LEAST, _logistic(self.intercept + self.slope * _logit(score))))


def asked(cases: Iterable[Case]) -> list[Pairs]:
    """By run, (score, whether a cramp began within ten minutes) once a minute of running, up to the first onset.

    Sessions with a build-up that was aborted say neither yes nor no and are left out, as is one without a moment.
    """
    return [pairs for case in cases if case.role != ABORTED and (pairs := list(_moments(case)))]


def _moments(case: Case) -> Iterator[tuple[float, bool]]:
    trace, due_s = case.trace, 0.0
    onset_s = trace.truth.onset_s
    for at_s, score, flag in zip(trace.at_s, trace.score, trace.flags, strict=True):
        if onset_s is not None and at_s >= onset_s:
            break
        if at_s >= due_s and flag & RUNNING:
            due_s = at_s + EVERY_S
            yield score, onset_s is not None and onset_s - at_s <= AHEAD_S


def fitted(runs: Sequence[Pairs]) -> Line | None:
    """The line that fits scores to outcomes; None where all outcomes are the same."""
    line = _fit([(_logit(score), 1, came) for pairs in runs for score, came in pairs])
    return None if line is None else Line(line[0], max(0.0, line[1]))


def judged(line: Line, runs: Sequence[Pairs], seed: int = 1) -> dict[str, Any] | None:
    """How good the chances are on other sessions, by the keys of docs/evaluation-format.md; None of nothing to judge.

    ``slope`` and ``intercept`` are those of outcomes over the logit of the chance: 1 and 0 where it can be believed.
    The intervals are of whole runs resampled :data:`RESAMPLES` times; the line stands as it was fitted.
    """
    by_run = [[(line.chance(score), came) for score, came in pairs] for pairs in runs]
    told = [pair for pairs in by_run for pair in pairs]
    again = _fit([(_logit(chance), 1, came) for chance, came in told])
    if again is None:
        return None
    whole = [_summed(pairs) for pairs in by_run]
    slopes, skills = _between(whole, again, seed)
    n, events, brier = len(told), sum(came for _, came in told), sum(one.squares for one in whole) / len(told)
    return {
        "n": n,
        "events": events,
        "brier": brier,
        "skill": _skill(n, events, brier * n),
        "skill_interval": skills,
        "slope": again[1],
        "slope_interval": slopes,
        "intercept": again[0],
        "reliability": _reliability(told),
        "map": {"intercept": line.intercept, "slope": line.slope},
    }


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run adds to a resample: its moments by the step of their logit (moments, cramps), and squared errors."""

    steps: dict[int, tuple[int, int]]
    squares: float


def _summed(pairs: Pairs) -> _Run:
    steps: dict[int, tuple[int, int]] = {}
    for chance, came in pairs:
        step = round(_logit(chance) / _STEP)
        n, events = steps.get(step, (0, 0))
        steps[step] = n + 1, events + came
    return _Run(steps, math.fsum((chance - came) ** 2 for chance, came in pairs))


def _between(runs: Sequence[_Run], near: tuple[float, float], seed: int) -> tuple[Interval | None, Interval | None]:
    """Intervals of the slope and of the skill; a resample in which all outcomes are alike says nothing."""
    slopes: list[float] = []
    skills: list[float] = []
    for drawn in resampled(runs, RESAMPLES, seed):
        n: Counter[int] = Counter()
        events: Counter[int] = Counter()
        for run in drawn:
            for step, (moments, came) in run.steps.items():
                n[step] += moments
                if came:
                    events[step] += came
        line = _fit([(step * _STEP, n[step], events[step]) for step in sorted(n)], near)
        if line is not None:
            slopes.append(line[1])
            skills.append(_skill(n.total(), events.total(), math.fsum(run.squares for run in drawn)))
    return (ends(sorted(slopes)), ends(sorted(skills))) if slopes else (None, None)


def _skill(n: int, events: int, squares: float) -> float:
    base = events / n
    return 1 - squares / (n * base * (1 - base))


def _reliability(told: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """What was told against what came, in tenths of the moments by rising chance."""
    ordered = sorted(told, key=lambda one: one[0])  # never by what came: many moments are told the same chance
    rows = []
    for number in range(_BINS):
        part = ordered[number * len(ordered) // _BINS : (number + 1) * len(ordered) // _BINS]
        if part:
            mean = math.fsum(chance for chance, _ in part) / len(part)
            rows.append({"n": len(part), "told": mean, "came": sum(came for _, came in part) / len(part)})
    return rows


def _fit(groups: Sequence[_Group], near: tuple[float, float] | None = None) -> tuple[float, float] | None:
    """Logistic regression on one number, by Newton's method, begun ``near``: intercept and slope."""
    n, events = sum(n for _, n, _ in groups), sum(came for _, _, came in groups)
    if not 0 < events < n:
        return None
    intercept, slope = near or (_logit(events / n), 0.0)
    for _ in range(50):
        step = _newton(groups, intercept, slope)
        intercept, slope = intercept + step[0], slope + step[1]
        if abs(step[0]) + abs(step[1]) < 1e-9:
            break
    return intercept, slope


def _newton(groups: Sequence[_Group], intercept: float, slope: float) -> tuple[float, float]:
    g0, g1 = 0.0, -_RIDGE * slope
    h00, h01, h11 = 1e-9, 0.0, _RIDGE
    for x, n, came in groups:
        p = _logistic(intercept + slope * x)
        error, weight = came - n * p, n * p * (1 - p)
        g0 += error
        g1 += error * x
        h00 += weight
        h01 += weight * x
        h11 += weight * x * x
    size = h00 * h11 - h01 * h01
    if size <= 0:
        return 0.0, 0.0
    step = (h11 * g0 - h01 * g1) / size, (h00 * g1 - h01 * g0) / size
    # A step that leaps beyond what a logit can mean is shortened, so that the next one is judged from sane ground.
    scale = min(1.0, 5.0 / max(abs(step[0]), abs(step[1]), 1e-12))
    return step[0] * scale, step[1] * scale


def _logit(p: float) -> float:
    p = min(1 - 1e-6, max(1e-6, p))
    return math.log(p / (1 - p))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
