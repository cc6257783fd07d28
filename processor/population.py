"""What is usual for runners on the whole: where an athlete begins, and what few sessions are shrunk to."""

from collections.abc import Sequence
from typing import NamedTuple


class Population(NamedTuple):
    """One runner in the middle of all.

    Attributes:
        spm: cadence at :data:`REFERENCE_MPS`; 165 spm (recreational runners, 165 +- 8 at 3.04 m/s, PubMed 31284825).
        slope: cadence per speed; 6 spm per m/s (5.6, PubMed 30543498; 6.6, PubMed 31284825).
        sigma_spm: spread of cadence per second; 2.9 spm, the median of the recorded runs.
        block_sigma_spm: spread of the means of ten seconds; 2.1 spm, the median of the recorded runs.
        drift_percent_per_h: rise of heart rate per speed; 5 %/h (easy and cool 0-5, hot or hard 5-10, science 4.1).
        cool_drift: the same below 12 C; 3 %/h, within science 4.1 [E].
        mild_drift: at 12 to 22 C; 5 %/h [E].
        hot_drift: above 22 C; 8 %/h, within science 4.1 [E].
    """

    spm: float = 165.0
    slope: float = 6.0
    sigma_spm: float = 2.9
    block_sigma_spm: float = 2.1
    drift_percent_per_h: float = 5.0
    cool_drift: float = 3.0
    mild_drift: float = 5.0
    hot_drift: float = 8.0


POPULATION = Population()

#: The speed at which usual cadences are compared, m/s (science 2.4).
REFERENCE_MPS = 3.0

#: Scores at which the bins of a score histogram end; the last bin has no end. Every second one stands near a
#: threshold of :mod:`processor.detect.pattern` [E].
SCORE_EDGES: tuple[float, ...] = (0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.11, 0.16, 0.22, 0.32, 0.48)
#: Score histograms are compared at this quantile: high enough to lie in the tail that reaches a threshold, low
#: enough to be known from a few hours [E].
SCORE_QUANTILE = 0.98
#: Its value over all recorded runs that were uneventful by the same rule as an athlete's own, taken together. Single
#: runs reach from 0.015 to 0.15.
SCORE_AT_QUANTILE = 0.072


def score_quantile(seconds: Sequence[float], quantile: float = SCORE_QUANTILE) -> float | None:
    """The score below which this share of a histogram's seconds lies, straight within a bin; None for an empty one.

    >>> score_quantile([98.0, *[0.0] * 10, 2.0])
    0.015
    >>> score_quantile([0.0] * 12)
    """
    total = sum(seconds)
    if total <= 0:
        return None
    reached, low = 0.0, 0.0
    for share, high in zip(seconds, (*SCORE_EDGES, 1.0), strict=True):
        if share > 0 and reached + share >= quantile * total:
            return low + (high - low) * min(1.0, max(0.0, (quantile * total - reached) / share))
        reached += share
        low = high
    return 1.0
