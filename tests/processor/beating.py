"""Series of beat intervals for tests, made so that another program makes the same ones: of uniform draws alone."""

from functools import cache
from random import Random


def unrounded(seed: int, count: int, *, spread_ms: float = 4.0, mean_ms: float = 360.0) -> list[float]:
    """Intervals, ms, that wander slowly and waver from beat to beat."""
    random = Random(seed)
    slow = quick = 0.0
    found = []
    for _ in range(count):
        slow = 0.98 * slow + 0.5 * spread_ms * (random.random() - 0.5)
        quick = 0.4 * quick + spread_ms * (random.random() - 0.5)
        found.append(mean_ms + slow + quick)
    return found


def wander(seed: int, count: int, *, spread_ms: float = 4.0, mean_ms: float = 360.0) -> list[int]:
    """The same in whole ms."""
    return [round(rr) for rr in unrounded(seed, count, spread_ms=spread_ms, mean_ms=mean_ms)]


def missed(intervals: list[int], at: int) -> list[int]:
    """A beat that the sensor did not see."""
    return [*intervals[:at], intervals[at] + intervals[at + 1], *intervals[at + 2 :]]


def extra(intervals: list[int], at: int, after_ms: int = 140) -> list[int]:
    """A beat that was none."""
    return [*intervals[:at], after_ms, intervals[at] - after_ms, *intervals[at + 1 :]]


def ectopic(intervals: list[int], at: int, early_ms: int = 90) -> list[int]:
    """A beat that came early, and the pause after it."""
    found = list(intervals)
    found[at] -= early_ms
    found[at + 1] += early_ms
    return found


def flawed(seed: int, count: int = 420) -> list[int]:
    """Intervals with two dozen artefacts of all kinds at places of chance."""
    random = Random(1_000 + seed)
    found = wander(seed, count)
    for at in range(60, count - 90, 13):
        place = at + int(random.random() * 6)
        kind = int(random.random() * 4)
        if kind < 3:
            found = (missed, extra, ectopic)[kind](found, place)
        else:
            found[place] += 45
    return found


@cache
def _predictor(hurst: float, count: int) -> tuple[list[list[float]], list[float]]:
    """Durbin-Levinson: how each value of fractional Gaussian noise follows from those before it, latest first."""

    def covariance(lag: int) -> float:
        return (abs(lag + 1) ** (2 * hurst) - 2 * abs(lag) ** (2 * hurst) + abs(lag - 1) ** (2 * hurst)) / 2

    weights: list[list[float]] = [[]]
    spreads = [1.0]
    for order in range(1, count):
        old = weights[-1]
        left = covariance(order) - sum(weight * covariance(order - 1 - lag) for lag, weight in enumerate(old))
        reflection = left / spreads[-1]
        weights.append([a - reflection * b for a, b in zip(old, reversed(old), strict=True)] + [reflection])
        spreads.append(spreads[-1] * (1 - reflection * reflection))
    return weights, spreads


def fractional_noise(random: Random, hurst: float, count: int) -> list[float]:
    """Fractional Gaussian noise of unit variance; 0.5 is white."""
    weights, spreads = _predictor(hurst, count)
    latest: list[float] = []
    for weight, spread in zip(weights, spreads, strict=True):
        mean = sum(a * b for a, b in zip(weight, latest, strict=True))
        latest.insert(0, mean + spread**0.5 * random.gauss(0, 1))
    return latest[::-1]
