"""Thresholds by budget: the lowest score at each level that keeps false alarms an hour within what is allowed."""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from processor.detect.cramp import CrampStopSettings
from processor.detect.pattern import PatternSettings

from .alarms import Rules, Scan, Spell
from .curve import BUDGETS
from .fit_data import REAL, learned_whole
from .fitting import Fit, rescored
from .jobs import Job
from .scoring import ASKED_S, CRAMP, NEGATIVE, Case
from .trace import KNOWN, OPEN, SIGN, Trace

#: What fatigue does to everybody who hits the wall is no false alarm of fatigue; it is told, not bounded (science 4.6).
SPARED = "wall"
#: By sensitivity, what the budgets are multiplied by.
SCALES: Mapping[str, float] = {"1": 1.0, "0.5": 0.5, "2": 2.0}
#: Questions after a sudden stop an hour, of simulated runs without a cramp: 0.3 are allowed, and this is a tenth less,
#: because what is set on some sessions does worse on others [E].
PROMPTS_PER_H = 0.27
#: The same of all recordings, and as much less: what is learned of a runner asks more readily here and there.
REAL_PROMPTS_PER_H = 0.27
#: A one-sided 95 % bound lies so many standard errors above the rate that was counted.
_ONE_IN_TWENTY = 1.645

_SETTINGS = PatternSettings()
_STOP = CrampStopSettings()
#: Thresholds are tried in thousandths; first every tenth of them, and those of questions every fifth.
_STEPS, _COARSE, _NOW_STEP = 1_000, 10, 5
_HIGHEST, _LOWEST = 990, 10
#: What the machine remembers of the score before a stop, s.
_REMEMBERED_S = _SETTINGS.peak_s + 15.0


@dataclass(frozen=True, slots=True)
class Level:
    """How false alarms of a level are counted.

    Attributes:
        flags: bits without which it is not asked for.
        rules: hold and refractory times.
        again: one that stands on counts again, as when alarms are scored.
        per_h: false alarms an hour of exposure that are allowed (science 3.6).
        family_per_h: in each family of runs without a cramp but :data:`SPARED`; None: no bound of their own.
        real_per_h: in recordings; None: no bound of their own.
    """

    flags: int
    rules: Rules
    again: bool
    per_h: float
    family_per_h: float | None = None
    real_per_h: float | None = None


def _rules(index: int) -> Rules:
    return Rules(_SETTINGS.hold_s[index], refractory_s=_SETTINGS.refractory_s[index], strong=math.inf)


LEVELS: Sequence[Level] = (
    Level(KNOWN, _rules(0), again=False, per_h=1.0, real_per_h=1.0),
    # 0.2 are allowed in each family and 0.3 on recordings: families differ from one set of seeds to the next, and
    # strong signs that follow on a warning count once more.
    Level(OPEN, _rules(1), again=True, per_h=0.2, family_per_h=0.17, real_per_h=0.27),
    Level(OPEN | SIGN, _rules(2), again=True, per_h=0.05, real_per_h=0.05),
)


def tuned(job: Job, _method: str, fit: Fit) -> Trace:
    """A simulated session through a machine with these weights; see :func:`with_stops`."""
    whole = learned_whole(job)
    return with_stops(rescored(whole, fit), whole)


def with_stops(trace: Trace, whole: Trace) -> Trace:
    """A trace whose channels tell for each prompt from which score on it would have been asked (``stops``), and
    whether the runner went on walking (``walks``, 1 or 0).

    Args:
        trace: with the score that counts, and a prompt at every sudden stop.
        whole: the same with its channels.
    """
    strengths, walks = array("d"), array("d")
    told = whole.channels
    for at_s in trace.prompts:
        end = bisect_right(trace.at_s, at_s)
        since_s = (_STOP.confirm_s, _STOP.confirm_s + _REMEMBERED_S)
        near, first = (bisect_left(trace.at_s, at_s - one) for one in since_s)
        stood = any(
            not spm >= _STOP.stop_share * usual
            for spm, usual in zip(told["spm"][near:end], told["usual_spm"][near:end], strict=True)
        )
        by_hitches = stood and max(told["hitches_lately"][near:end], default=0.0) >= _STOP.hitches
        strengths.append(math.inf if by_hitches else max(trace.score[first:end], default=0.0))
        walks.append(0.0 if stood else 1.0)
    return replace(trace, channels={"stops": strengths, "walks": walks})


class Tuning:
    """Sessions on which thresholds are set, asked for one level after the other.

    Args:
        traces: with the scores that count; those of the family ``recorded`` are bounded by themselves and are no part
            of the simulated hours.
    """

    def __init__(self, traces: Sequence[Trace]) -> None:
        self.cases = [Case(one) for one in traces]
        self._scans = {level: [Scan(_asking(one, level)) for one in traces] for level in LEVELS}
        self.hours: dict[str, float] = {}
        for case in self.cases:
            for group in _groups(case):
                self.hours[group] = self.hours.get(group, 0.0) + case.hours

    def false_at(self, level: Level, theta: float) -> Mapping[str, int]:
        """False alarms by group: ``all``, each family, ``recorded``."""
        found: Counter[str] = Counter()
        for case, scan in zip(self.cases, self._scans[level], strict=True):
            spells = scan.spells(theta, level.rules)
            if not spells:
                continue
            if not level.again:
                spells = [Spell(one.from_s, one.from_s) for one in spells]
            false = case.of(spells).false
            for group in _groups(case):
                found[group] += false
        return found

    def rates_at(self, level: Level, theta: float) -> dict[str, float]:
        """False alarms an hour by group."""
        false = self.false_at(level, theta)
        return {group: false[group] / hours for group, hours in sorted(self.hours.items()) if hours > 0}

    def thresholds(self) -> dict[str, tuple[float, float, float]]:
        """By sensitivity, where watch, warning and imminent begin; each above the one before."""
        found: dict[str, list[float]] = {name: [] for name in SCALES}
        for level in LEVELS:
            rates = cache(partial(self._rates_at_step, level))
            for name, scale in SCALES.items():
                found[name].append(_lowest(partial(_keeps, level, scale, rates)) / _STEPS)
        return {name: _rising(found[name]) for name in SCALES}

    def budgets(self, strong: float) -> dict[str, float]:
        """By false alarms an hour over everything simulated, where a warning begins that keeps to so many: not on
        these sessions alone, but by the upper bound of the true rate (:func:`upper_per_h`).

        False alarms are counted as :class:`evaluation.curve.Curve` counts them: no bound of a family or of recordings.

        Args:
            strong: where strong signs begin, which come again sooner than a warning does.
        """
        simulated = [one for one in self.cases if one.trace.truth.family != REAL]
        hours = [one.hours for one in simulated]
        rules = Rules(strong=strong)

        @cache
        def per_h(step: int) -> float:
            return upper_per_h([one.of(one.scan.spells(step / _STEPS, rules)).false for one in simulated], hours)

        def keeps(budget: float, step: int) -> bool:
            return per_h(step) <= budget

        return {str(one): _lowest(partial(keeps, one)) / _STEPS for one in BUDGETS}

    def _rates_at_step(self, level: Level, step: int) -> dict[str, float]:
        return self.rates_at(level, step / _STEPS)

    def now(self, most: float) -> "Asking":
        """The scores that ask about most cramps within the budgets of questions; the higher ones of equals.

        Args:
            most: where a warning begins: one that stands is a sign by itself.
        """
        cramps = [one for one in self.cases if one.role == CRAMP]
        quiet = [one for one in self.cases if one.role == NEGATIVE]
        real = [one for one in quiet if one.trace.truth.family == REAL]
        groups = ((_unlike(quiet, real), PROMPTS_PER_H), (real, REAL_PROMPTS_PER_H))
        top = math.floor(most * _STEPS / _NOW_STEP) * _NOW_STEP
        best: tuple[float, Asking] | None = None
        for stand in range(top, 0, -_NOW_STEP):
            asking = None
            for walk in range(top, stand - 1, -_NOW_STEP):
                tried = Asking(stand / _STEPS, walk / _STEPS)
                if any((tried.per_h(cases) or 0.0) > budget for cases, budget in groups):
                    break
                asking = tried
            if asking is None:
                break
            share = asking.share(cramps) or 0.0
            if best is None or share > best[0]:
                best = share, asking
        return best[1] if best else Asking(most, most)


@dataclass(frozen=True, slots=True)
class Asking:
    """From which score on a sudden stop is asked about: where the runner stands, and where the runner walks."""

    stand: float
    walk: float

    def asked(self, case: Case) -> list[float]:
        """When it is asked in a session: not again too soon after a question."""
        found: list[float] = []
        for at_s, strength, walks in _stops(case):
            again = bool(found) and at_s - found[-1] < _STOP.again_s
            if not again and strength >= (self.walk if walks else self.stand):
                found.append(at_s)
        return found

    def per_h(self, cases: Sequence[Case]) -> float | None:
        """Questions an hour of exposure of runs without a cramp; None without exposure."""
        hours = sum(one.hours for one in cases)
        return sum(len(self.asked(one)) for one in cases) / hours if hours > 0 else None

    def share(self, cases: Sequence[Case]) -> float | None:
        """The share of cramps that were asked about in time; None without any."""
        return sum(map(self._in_time, cases)) / len(cases) if cases else None

    def _in_time(self, case: Case) -> bool:
        onset_s = case.trace.truth.onset_s
        return onset_s is not None and any(ASKED_S[0] <= at_s - onset_s <= ASKED_S[1] for at_s in self.asked(case))


def upper_per_h(alarms: Sequence[int], hours: Sequence[float]) -> float:
    """The one-sided 95 % upper bound of the true rate of alarms an hour, for some dozens of alarms and more.

    It is the counted rate and 1.645 standard errors of a ratio estimator. Sessions are what is drawn, as in the cluster
    bootstrap of the intervals (science 4.4): alarms come in clusters. With a few alarms it is too low. Other sessions,
    as many as these, count more than it in about one set of eight, because their own chance comes on top.

    Args:
        alarms: of each session.
        hours: its exposure, as many.

    Returns:
        0 where there is no exposure; the rate itself of a single session, which says nothing of others.

    Source: W. G. Cochran, Sampling Techniques, 3rd ed. (1977), chapter 6.
    """
    count, exposure = len(hours), math.fsum(hours)
    if exposure <= 0:
        return 0.0
    rate = sum(alarms) / exposure
    if count == 1:
        return rate
    apart = math.fsum((one - rate * of_h) ** 2 for one, of_h in zip(alarms, hours, strict=True))
    return rate + _ONE_IN_TWENTY * math.sqrt(apart * count / (count - 1)) / exposure


def _unlike(cases: Sequence[Case], others: Sequence[Case]) -> list[Case]:
    away = {id(one) for one in others}
    return [one for one in cases if id(one) not in away]


def _stops(case: Case) -> list[tuple[float, float, float]]:
    channels = case.trace.channels
    return list(zip(case.trace.prompts, channels["stops"], channels["walks"], strict=True))


def _groups(case: Case) -> list[str]:
    family = case.trace.truth.family
    if family == REAL:
        return [REAL]
    return ["all", family] if case.role == NEGATIVE else ["all"]


def _asking(trace: Trace, level: Level) -> Trace:
    """The same, open wherever this level may be asked for."""
    wanted = level.flags
    closed = ~(OPEN | SIGN)
    flags = bytearray((flag & closed) | (OPEN if flag & wanted == wanted else 0) for flag in trace.flags)
    return replace(trace, flags=flags)


def _keeps(level: Level, scale: float, rates: Callable[[int], Mapping[str, float]], step: int) -> bool:
    """Whether false alarms stay within the budgets at this threshold, in thousandths."""
    for group, rate in rates(step).items():
        bound = level.family_per_h
        if group == "all":
            bound = level.per_h
        elif group == REAL:
            bound = level.real_per_h
        elif group == SPARED:
            bound = None
        if bound is not None and rate > bound * scale:
            return False
    return True


def _lowest(is_kept: Callable[[int], bool]) -> int:
    """The last step before a budget is first overstepped on the way down; one that keeps it again below is luck."""
    inside = _HIGHEST
    for step in range(_HIGHEST, _LOWEST - 1, -_COARSE):
        if not is_kept(step):
            break
        inside = step
    for step in range(inside - 1, max(_LOWEST, inside - _COARSE) - 1, -1):
        if not is_kept(step):
            break
        inside = step
    return inside


def _rising(thresholds: Sequence[float]) -> tuple[float, float, float]:
    watch, warning, imminent = thresholds
    warning = max(warning, round(watch + 1 / _STEPS, 3))
    return watch, warning, max(imminent, round(warning + 1 / _STEPS, 3))
