"""Noise with a memory, as cadence has it: no second is independent of the one before, nor of the minute before."""

import math
from random import Random

#: (share of the variance, time constant in s) of first-order processes. Rounded to whole steps and over the length
#: of a run their sum has about the autocorrelation of real 1 Hz cadence: 0.95, 0.71, 0.54, 0.20 after 1, 5, 10,
#: 30 s; by itself it remembers a little longer. Three of them stand in for fractional Gaussian noise (stride times:
#: exponent 0.79-0.96, pubmed 21036046) over the minutes that matter here.
_PARTS = ((0.2, 8.0), (0.65, 22.0), (0.15, 120.0))


class CorrelatedNoise:
    """Zero mean, unit variance, one value per step.

    Args:
        random: where chance comes from.
        stretch: steps per second of memory; 1 where a step is a second.
    """

    def __init__(self, random: Random, stretch: float = 1.0) -> None:
        self._random = random
        self._keep = [math.exp(-1.0 / (tau_s * stretch)) for _, tau_s in _PARTS]
        self._sd = [math.sqrt(share) for share, _ in _PARTS]
        self._parts = [random.gauss(0.0, sd) for sd in self._sd]

    def step(self) -> float:
        """The next value."""
        self._parts = [
            keep * part + math.sqrt(1.0 - keep * keep) * sd * self._random.gauss(0.0, 1.0)
            for keep, sd, part in zip(self._keep, self._sd, self._parts, strict=True)
        ]
        return sum(self._parts)


def expected_autocorrelation(lag_s: float) -> float:
    """What the noise's autocorrelation tends to after ``lag_s``."""
    return sum(share * math.exp(-lag_s / tau_s) for share, tau_s in _PARTS)
