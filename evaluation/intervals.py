"""How far a figure may be off: 95 % intervals by resampling runs, and exact ones beside them. Needs no library."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from statistics import median
from typing import TypeVar

#: Resamples of a bootstrap (science 4.4).
TIMES = 2_000
_TAIL = 0.025
_Z = 1.959964
#: Below so many events the resampled runs say less than a Poisson law does.
_FEW = 5

Interval = tuple[float, float]
T = TypeVar("T")


def wilson(hits: int, n: int) -> Interval | None:
    """Of a share, by Wilson's score; None of nothing.

    >>> [round(end, 3) for end in wilson(0, 10) or ()]
    [0.0, 0.278]
    """
    if not n:
        return None
    p, z2 = hits / n, _Z * _Z
    middle = p + z2 / (2 * n)
    reach = _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = ((middle + side * reach) / (1 + z2 / n) for side in (-1, 1))
    return max(0.0, low), min(1.0, high)


def garwood(events: int, hours: float) -> Interval | None:
    """Of a rate an hour, exact by Garwood; None of no time.

    >>> [round(end, 2) for end in garwood(10, 1.0) or ()]
    [4.8, 18.39]
    """
    if hours <= 0:
        return None
    low, high = _garwood(events)
    return low / hours, high / hours


def rule_of_three(hours: float) -> float:
    """The upper 95 % limit, one-sided, of an hourly rate when nothing happened in so many hours."""
    return -math.log(0.05) / hours


def of_rate(pairs: Sequence[tuple[int, float]], seed: int = 1) -> Interval | None:
    """Of events an hour over runs of (events, hours): runs are resampled, as events of a run hang together.

    Fewer than five events are taken for Poisson's; none has 0 and the rule of three.
    """
    events, hours = sum(n for n, _ in pairs), sum(h for _, h in pairs)
    if hours <= 0:
        return None
    if events == 0:
        return 0.0, rule_of_three(hours)
    if events < _FEW:
        return garwood(events, hours)

    def rate(drawn: Sequence[tuple[int, float]]) -> float:
        time = sum(h for _, h in drawn)
        return sum(n for n, _ in drawn) / time if time else 0.0

    return bootstrap(pairs, rate, seed)


def of_share(hits: int, n: int) -> Interval | None:
    """Of a share of runs, each of which counts once: what resampling them without end comes to, exactly.

    Resampling none or all of them says that nothing else can be; there it is Wilson's. None of nothing.
    """
    if not 0 < hits < n:
        return wilson(hits, n)
    reached = [_reached(n, hits / n, one) for one in (_TAIL, 1 - _TAIL)]
    return reached[0] / n, reached[1] / n


def of_median(values: Sequence[float], seed: int = 1) -> Interval | None:
    """Of a median over runs; None of nothing."""
    return bootstrap(values, median, seed) if values else None


def bootstrap(values: Sequence[T], statistic: Callable[[Sequence[T]], float], seed: int = 1) -> Interval:
    """Of a statistic over runs: the runs are resampled with a chance that ``seed`` fixes."""
    return ends(sorted(statistic(drawn) for drawn in resampled(values, TIMES, seed)))


def resampled(values: Sequence[T], times: int, seed: int = 1) -> Iterator[list[T]]:
    """As many values drawn from these with replacement, so many times, with a chance that ``seed`` fixes."""
    random = Random(seed)
    for _ in range(times):
        yield random.choices(values, k=len(values))


def most_by_luck(n: int, p: float) -> float:
    """The share that is overstepped in at most 2.5 % of cases when each of ``n`` comes true with ``p`` (one-sided)."""
    return _reached(n, p, 1 - _TAIL) / n


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one method is better than another on the same runs; ``not_better`` is the share of resamples in
    which it is not.
    """

    difference: float
    low: float
    high: float
    not_better: float


def paired(ours: Sequence[bool], theirs: Sequence[bool], seed: int = 1) -> Difference | None:
    """The difference of two sensitivities on the same runs, in the same order, runs resampled; None of nothing.

    What each made of a run stands as it is: the thresholds are not chosen anew for each resample.
    """
    if not ours:
        return None
    steps = [int(one) - int(other) for one, other in zip(ours, theirs, strict=True)]
    n = len(steps)
    means = sorted(sum(drawn) / n for drawn in resampled(steps, TIMES, seed))
    worse = sum(one <= 0 for one in means) / TIMES
    return Difference(sum(steps) / n, *ends(means), worse)


def ends(drawn: Sequence[float]) -> Interval:
    """Between which lie the central 95 % of sorted numbers."""
    return drawn[round(_TAIL * (len(drawn) - 1))], drawn[round((1 - _TAIL) * (len(drawn) - 1))]


def _reached(n: int, p: float, part: float) -> int:
    """How many of ``n`` come true at most in this part of cases."""
    total = 0.0
    for k in range(n):
        total += _binomial(k, n, p)
        if total >= part:
            return k
    return n


def _binomial(k: int, n: int, p: float) -> float:
    if p in {0.0, 1.0}:
        return float(k == n * p)
    chosen = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(chosen + k * math.log(p) + (n - k) * math.log1p(-p))


@cache
def _garwood(events: int) -> Interval:
    low = 0.0 if events == 0 else _solved(lambda mean: 1 - _poisson_up_to(events - 1, mean) - _TAIL, events)
    return low, _solved(lambda mean: _TAIL - _poisson_up_to(events, mean), events)


def _poisson_up_to(k: int, mean: float) -> float:
    if mean <= 0:
        return 1.0
    log_mean = math.log(mean)
    return math.fsum(math.exp(i * log_mean - mean - math.lgamma(i + 1)) for i in range(k + 1))


def _solved(rising: Callable[[float], float], near: int) -> float:
    """Where a rising function crosses zero, by halving."""
    low, high = 0.0, 2.0 * near + 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2
