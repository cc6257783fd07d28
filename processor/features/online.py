"""Small statistics that go by time, not by count, and whose state is a number or a short list."""

import math
from collections.abc import Iterable, Mapping, Sequence


def sat(x: float, low: float, high: float) -> float:
    """Where ``x`` stands between ``low`` (0) and ``high`` (1), clipped."""
    return min(1.0, max(0.0, (x - low) / (high - low)))


def ewma(old: float | None, new: float, dt_s: float, tau_s: float) -> float:
    """The exponentially weighted mean after ``dt_s`` more seconds of ``new``; the first value starts it."""
    return new if old is None else old + (new - old) * -math.expm1(-dt_s / tau_s)


def leaked(count: float, dt_s: float, tau_s: float) -> float:
    """What is left of a leaky count after ``dt_s``."""
    return count * math.exp(-dt_s / tau_s)


def median(values: Iterable[float]) -> float:
    """The middle value; the mean of the middle two of an even number.

    Raises:
        ValueError: there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("the median of nothing is unknown")
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def mad_sigma(values: Sequence[float]) -> float:
    """Standard deviation by the median absolute deviation (factor 1.4826 for a normal distribution)."""
    middle = median(values)
    return 1.4826 * median([abs(value - middle) for value in values])


def weighted_median(weights: Mapping[float, float]) -> float:
    """The value at which half the weight is reached.

    Raises:
        ValueError: there is no weight.
    """
    half = sum(weights.values()) / 2
    reached = 0.0
    for value in sorted(weights):
        reached += weights[value]
        if reached >= half > 0:
            return value
    raise ValueError("the median of nothing is unknown")


def theil_sen(points: Sequence[Sequence[float]]) -> float | None:
    """The median slope over all pairs of ``(x, y)``; None below three points or on one x."""
    slopes = [(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1 :] if x2 > x1]
    return median(slopes) if len(points) >= 3 and slopes else None


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's correlation of two series of one length; None when either does not vary."""
    if not xs:
        return None
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    xx = sum((x - mean_x) ** 2 for x in xs)
    yy = sum((y - mean_y) ** 2 for y in ys)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return xy / (math.sqrt(xx) * math.sqrt(yy)) if xx > 0 and yy > 0 else None


class Histogram:
    """Weights of values rounded to ``step``: an exact enough median and spread of minutes of data in few bytes."""

    def __init__(self, step: float, counts: dict[str, float]) -> None:
        self._step = step
        self._counts = counts

    def add(self, value: float, weight: float) -> None:
        """Count a value; the dict that was given is the state."""
        key = str(round(value / self._step))
        self._counts[key] = self._counts.get(key, 0.0) + weight

    def take_back(self, value: float, weight: float) -> None:
        """Uncount what was counted wrongly, as far as it is there."""
        key = str(round(value / self._step))
        left = self._counts.get(key, 0.0) - weight
        if left > 0:
            self._counts[key] = left
        else:
            self._counts.pop(key, None)

    def median(self) -> float:
        """The weighted median; raises ValueError when empty."""
        return weighted_median({int(key) * self._step: weight for key, weight in self._counts.items()})

    def sigma(self) -> float:
        """Standard deviation by the weighted median absolute deviation."""
        middle = self.median()
        spread: dict[float, float] = {}
        for key, weight in self._counts.items():
            distance = abs(int(key) * self._step - middle)
            spread[distance] = spread.get(distance, 0.0) + weight
        return 1.4826 * weighted_median(spread)
