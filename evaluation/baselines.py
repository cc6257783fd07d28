"""Simple methods on the same sessions: what a detector has to be better than."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import foreign
from .gated import Cadence, Gated, judged
from .trace import Trace

#: Averaging times of ``ewma_z``, s, and the least spread of cadence that is believed, steps/min (science 4.5).
FAST_S, SLOW_S = 30.0, 600.0
_LEAST_SPREAD_SPM = 1.0
#: Averaging time of ``fixed_drop``, s (science 4.5).
MEAN_S = 10.0


def fixed_drop(cadence: Cadence) -> Trace:
    """By which share the mean cadence of 10 s lies below the median of the first eight minutes of running."""
    return judged(cadence, _FixedDrop())


def ewma_z(cadence: Cadence) -> Trace:
    """How far the mean of 30 s lies below that of 600 s, in units of the spread of cadence.

    Means and spread are averages of everything until their time has passed, then exponential ones.
    """
    return judged(cadence, _EwmaZ())


#: The methods by name. Each looks at cadence alone, while somebody has settled into running after the warm-up.
METHODS: Mapping[str, Callable[[Cadence], Trace]] = MappingProxyType(
    {
        "fixed_drop": fixed_drop,
        "ewma_z": ewma_z,
        "page_hinkley": foreign.page_hinkley,
        "adwin": foreign.adwin,
        "ruptures_cut": foreign.ruptures_cut,
    }
)


class _FixedDrop:
    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()

    def __call__(self, second: Gated) -> float:
        recent = self._recent
        if second.spm is None:
            recent.clear()
            return 0.0
        recent.append((second.at_s, second.spm))
        while recent[0][0] <= second.at_s - MEAN_S:
            recent.popleft()
        if second.usual_spm is None:
            return 0.0
        mean = math.fsum(spm for _, spm in recent) / len(recent)
        return max(0.0, 1 - mean / second.usual_spm)


class _EwmaZ:
    def __init__(self) -> None:
        self._for_s = 0.0
        self._fast = self._slow = self._square = 0.0

    def __call__(self, second: Gated) -> float:
        spm = second.spm
        if spm is None:
            return 0.0
        self._for_s += second.dt_s
        self._fast += self._share(second.dt_s, FAST_S) * (spm - self._fast)
        slow = self._share(second.dt_s, SLOW_S)
        self._slow += slow * (spm - self._slow)
        self._square += slow * ((spm - self._slow) ** 2 - self._square)
        return max(0.0, (self._slow - self._fast) / max(_LEAST_SPREAD_SPM, math.sqrt(self._square)))

    def _share(self, dt_s: float, tau_s: float) -> float:
        return max(1 - math.exp(-dt_s / tau_s), dt_s / self._for_s)
