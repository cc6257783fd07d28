"""The trade-off: what share of cramps is seen beforehand at which rate of false alarms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .alarms import SHIPPED_WARNING, peaks_of
from .scoring import CRAMP, Case, Outcome, share

#: Rates of false alarms an hour at which a sensitivity is told.
BUDGETS = (0.1, 0.2, 0.5, 1.0)
#: Points of the curve before those near the budgets are added.
POINTS = 48
#: Where the partial area lies, false alarms an hour.
AREA = (0.05, 0.5)


@dataclass(frozen=True)
class Point:
    """One threshold: the outcome of every case, in the cases' order, and what they come to."""

    theta: float
    outcomes: tuple[Outcome, ...]
    false: int
    hours: float
    hits: int
    cramps: int

    @property
    def false_per_h(self) -> float | None:
        """False alarms an hour; None without exposure."""
        return self.false / self.hours if self.hours > 0 else None

    @property
    def sensitivity(self) -> float | None:
        """The share of cramps after a build-up that were seen beforehand; None without such cramps."""
        return share(self.hits, self.cramps)


class Curve:
    """A method's trade-off over sessions.

    Args:
        cases: the sessions.
        thetas: thresholds to try; None: spread by the scores themselves, evenly in the logarithm of how often they
            are reached, so that a method's score may have any scale.
    """

    def __init__(self, cases: Sequence[Case], thetas: Sequence[float] | None = None) -> None:
        self.cases = cases
        self._hours = sum(one.hours for one in cases)
        self._cramps = sum(one.role == CRAMP for one in cases)
        self._points: dict[float, Point] = {}
        found = peaks_of([one.scan for one in cases]) if thetas is None else list(thetas)
        # Above the highest there is no alarm at all: a budget that cannot be kept otherwise is kept there.
        self._candidates = sorted({*found, SHIPPED_WARNING, max([*found, SHIPPED_WARNING]) + 1e-6})
        first = _spread(self._candidates) if thetas is None else self._candidates
        for theta in first:
            self.at(theta)
        for budget in BUDGETS:
            self._refine(budget)

    def at(self, theta: float) -> Point:
        """The point of a threshold."""
        if theta not in self._points:
            self._points[theta] = self.aside(theta)
        return self._points[theta]

    def aside(self, theta: float) -> Point:
        """The same without making it a point of the curve: what is picked off the curve does not hang on it."""
        outcomes = tuple(case.at(theta) for case in self.cases)
        return Point(
            theta,
            outcomes,
            sum(one.false for one in outcomes),
            self._hours,
            sum(one.hit for case, one in zip(self.cases, outcomes, strict=True) if case.role == CRAMP),
            self._cramps,
        )

    @property
    def points(self) -> list[Point]:
        """Every point, by rising threshold."""
        return [self._points[theta] for theta in sorted(self._points)]

    def within(self, budget: float) -> Point | None:
        """The most sensitive point within a budget of false alarms an hour; None where no threshold keeps it.

        Thresholds are lowered until the budget is first overstepped: a lower one that happens to keep it again is luck.
        """
        best = None
        for point in reversed(self.points):
            rate = point.false_per_h
            if rate is None or rate > budget:
                break
            if best is None or point.hits >= best.hits:
                best = point
        return best

    @cached_property
    def partial_area(self) -> float | None:
        """Mean sensitivity over 0.05 to 0.5 false alarms an hour, even in the logarithm; None without cramps."""
        if not self._cramps or self._hours <= 0:
            return None
        low, high = (math.log(one) for one in AREA)
        steps = 60
        total = 0.0
        for step in range(steps):
            point = self.within(math.exp(low + (step + 0.5) * (high - low) / steps))
            total += (point.sensitivity or 0.0) if point else 0.0
        return total / steps

    def _refine(self, budget: float) -> None:
        """Try the scores between the last threshold within a budget and the first beyond it, by halving."""
        if self._hours <= 0:
            return
        inside = self.within(budget)
        assert inside is not None  # the highest candidate has no alarm
        keeping = self._candidates.index(inside.theta)
        beyond = [one.theta for one in self.points if one.theta < inside.theta]
        breaking = self._candidates.index(beyond[-1]) if beyond else -1
        while keeping - breaking > 1:
            middle = (keeping + breaking) // 2
            rate = self.at(self._candidates[middle]).false_per_h
            if rate is not None and rate <= budget:
                keeping = middle
            else:
                breaking = middle


def _spread(candidates: Sequence[float]) -> list[float]:
    """Some of many thresholds, ascending: the highest, and ever more apart below it."""
    n = len(candidates)
    if n <= POINTS:
        return list(candidates)
    ranks = {round(n ** (step / (POINTS - 1))) for step in range(POINTS)}
    return sorted({candidates[n - rank] for rank in ranks} | {SHIPPED_WARNING})
