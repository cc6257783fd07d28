"""DFA-alpha1: how beats hang together over 4 to 16 of them, by detrended fluctuation analysis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from operator import mul


@dataclass(frozen=True, slots=True)
class AlphaSettings:
    """Science 2.2.

    Attributes:
        scales: box sizes, beats; 4 to 16.
        smoothness: slow trends are taken away by smoothness priors with this lambda before; 500, on the beats as they
            come, so about 140 beats and longer (half the amplitude there).
        flat_ms: beats that differ by less than this from their trend on average were computed from a heart rate, not
            measured; 0.05 ms [E].
    """

    scales: tuple[int, ...] = tuple(range(4, 17))
    smoothness: float = 500.0
    flat_ms: float = 0.05


def dfa_alpha1(intervals_ms: Sequence[float], settings: AlphaSettings | None = None) -> float | None:
    """DFA-alpha1 of beat intervals, ms; None when there are too few or they do not vary.

    Integrated, cut in boxes of n beats from the start, a line taken away in each; F(n) is the root mean square of what
    is left; alpha1 is the slope of ln F over ln n. The expected value for uncorrelated beats is 0.58, not 0.5: boxes as
    small as these flatter them. It is not corrected for that.
    """
    settings = settings or AlphaSettings()
    if len(intervals_ms) < 2 * settings.scales[-1]:
        return None
    beats = detrended(intervals_ms, settings.smoothness) if settings.smoothness else list(intervals_ms)
    mean = math.fsum(beats) / len(beats)
    beats = [beat - mean for beat in beats]
    if math.sqrt(sum(map(mul, beats, beats)) / len(beats)) < settings.flat_ms:
        return None
    logs = [math.log(fluctuation) for fluctuation in fluctuations(beats, settings.scales)]
    return sum(weight * log for weight, log in zip(_slope_weights(settings.scales), logs, strict=True))


@lru_cache(maxsize=8)
def _slope_weights(scales: tuple[int, ...]) -> tuple[float, ...]:
    """What each ln F counts in the least-squares slope over ln n."""
    logs = [math.log(scale) for scale in scales]
    mean = sum(logs) / len(logs)
    spread = sum((one - mean) ** 2 for one in logs)
    return tuple((one - mean) / spread for one in logs)


def fluctuations(deviations: Sequence[float], scales: Sequence[int]) -> list[float]:
    """F(n) for each box size, in the unit of the deviations from their mean, never below a billionth of it.

    Sums up to each beat give a box its residual around its own line in a few operations.
    """
    profile = list(accumulate(deviations))
    sums = list(accumulate(profile, initial=0.0))
    moments = list(accumulate(map(mul, profile, range(len(profile))), initial=0.0))
    squares = list(accumulate(map(mul, profile, profile), initial=0.0))
    found = []
    for size in scales:
        boxes = len(profile) // size
        along = size * (size * size - 1) / 12
        mean_part = slope_part = 0.0
        centre = (size - 1) / 2
        at_sum, at_moment = sums[0], moments[0]
        for end in range(size, boxes * size + 1, size):
            to_sum, to_moment = sums[end], moments[end]
            total = to_sum - at_sum
            tilt = to_moment - at_moment - (end - size + centre) * total
            mean_part += total * total
            slope_part += tilt * tilt
            at_sum, at_moment = to_sum, to_moment
        left = squares[boxes * size] - mean_part / size - slope_part / along
        found.append(math.sqrt(max(left, 1e-18) / (boxes * size)))
    return found


def detrended(values: Sequence[float], smoothness: float) -> list[float]:
    """What smoothness priors (Tarvainen 2002) leave of a series: values - (I + lambda^2 D2'D2)^-1 values.

    D2 takes second differences, so that the matrix has five diagonals and one sweep down and one up solve it.

    Raises:
        ValueError: there are fewer than five values.
    """
    count = len(values)
    if count < 5:
        raise ValueError("a trend needs five values or more")
    factors = _factors(count, smoothness)
    first, second = factors.first, factors.second
    found: list[float] = []
    one = two = 0.0
    for value, a, b, pivot in zip(values, first, second, factors.pivots, strict=True):
        one, two = value - a * one - b * two, one
        found.append(one / pivot)
    first.append(0.0)
    second += [0.0, 0.0]
    one = two = 0.0
    for index in range(count - 1, -1, -1):
        one, two = found[index] - first[index + 1] * one - second[index + 2] * two, one
        found[index] = values[index] - one
    return found


class _Factors:
    """Rows of the LDL' factors of a matrix with five diagonals: pivots and the two lower diagonals."""

    def __init__(self, pivots: list[float], first: list[float], second: list[float]) -> None:
        self.pivots, self.first, self.second = pivots, first, second

    def add(self, own: float, beside: float = 0.0, beyond: float = 0.0) -> None:
        """One row more: what stands on the diagonal, one beside it and two beside it."""
        b = a = 0.0
        if len(self.pivots) > 1:
            b = beyond / self.pivots[-2]
            own -= b * b * self.pivots[-2]
            beside -= b * self.pivots[-2] * self.first[-1]
        if self.pivots:
            a = beside / self.pivots[-1]
            own -= a * a * self.pivots[-1]
        self.pivots.append(own)
        self.first.append(a)
        self.second.append(b)

    def begun(self, count: int) -> "_Factors":
        """A copy of the first rows."""
        return _Factors(self.pivots[:count], self.first[:count], self.second[:count])


@lru_cache(maxsize=4)
def _endless(count: int, smoothness: float) -> _Factors:
    """The factors of a matrix without a last row; only the last two rows of a smaller one differ."""
    square = smoothness * smoothness
    factors = _Factors([], [], [])
    factors.add(1 + square)
    factors.add(1 + 5 * square, -2 * square)
    for _ in range(count - 2):
        factors.add(1 + 6 * square, -4 * square, square)
    return factors


def _factors(count: int, smoothness: float) -> _Factors:
    """The factors for a series of ``count`` values, made from those of a longer one."""
    square = smoothness * smoothness
    factors = _endless(1 << max(9, count.bit_length()), smoothness).begun(count - 2)
    factors.add(1 + 5 * square, -4 * square, square)
    factors.add(1 + square, -2 * square, square)
    return factors
