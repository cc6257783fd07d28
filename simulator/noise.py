"""Noise with a memory: no second of a run is independent of the one before, nor of the minute before."""

import math
from random import Random

#: Time constants (s) of first-order processes that together stand in for fractional Gaussian noise over the seconds
#: and minutes that matter here.
_TAUS_S = (3.0, 10.0, 30.0, 120.0)


class LongMemory:
    """Zero mean, unit variance, one value a second: about fractional Gaussian noise of exponent ``hurst``.

    The shares of its parts follow the power law of the autocorrelation, tau ** (2 * hurst - 2).

    Args:
        random: where chance comes from.
        hurst: 0.5 to 1; stride times have 0.75-0.9 (PubMed 21036046).
    """

    def __init__(self, random: Random, hurst: float) -> None:
        shares = [tau_s ** (2 * hurst - 2) for tau_s in _TAUS_S]
        spreads = [math.sqrt(share / sum(shares)) for share in shares]
        self._gauss = random.gauss
        self._keep = [math.exp(-1.0 / tau_s) for tau_s in _TAUS_S]
        self._kick = [spread * math.sqrt(1.0 - keep * keep) for keep, spread in zip(self._keep, spreads, strict=True)]
        self._parts = [spread * random.gauss(0.0, 1.0) for spread in spreads]

    def step(self) -> float:
        """The next value."""
        gauss, parts, keep, kick = self._gauss, self._parts, self._keep, self._kick
        total = 0.0
        for index in range(4):
            parts[index] = one = keep[index] * parts[index] + kick[index] * gauss(0.0, 1.0)
            total += one
        return total


class Fading:
    """A first-order process: zero mean, the spread given, forgetting with a time constant.

    Args:
        random: where chance comes from.
        spread: standard deviation.
        tau_s: time constant.
    """

    def __init__(self, random: Random, spread: float, tau_s: float) -> None:
        self._gauss = random.gauss
        self._keep = math.exp(-1.0 / tau_s)
        self._kick = spread * math.sqrt(1.0 - self._keep * self._keep)
        self._value = random.gauss(0.0, spread)

    def step(self) -> float:
        """The next value."""
        self._value = self._keep * self._value + self._kick * self._gauss(0.0, 1.0)
        return self._value


def log_uniform(random: Random, low: float, high: float) -> float:
    """Between two bounds, short ones as often as long ones in proportion."""
    return math.exp(random.uniform(math.log(low), math.log(high)))


def clipped_gauss(random: Random, mean: float, spread: float, low: float, high: float) -> float:
    """A normal value, cut at its bounds."""
    return min(max(random.gauss(mean, spread), low), high)
