"""Whether a whole file counts steps or strides: formats do not say, so the numbers must."""

import bisect
import math
from collections.abc import Iterable
from statistics import quantiles

from crampwatch.units import CadenceUnit

from .recording import UnitDecision

#: Usual steps/min by speed: walking 1.3 m/s about 113 (110-115 in the recorded walks), running 3 m/s about 166
#: (165 +- 8, pubmed 31284825), 5.6 spm more per m/s above. Only halves are told from wholes, so it may be coarse.
_SPEEDS_MPS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)
_STEPS_PER_MIN = (80.0, 100.0, 118.0, 138.0, 158.0, 166.0, 174.0, 182.0, 192.0)

_SLOWEST_MPS = 0.7
_LEAST_PER_MIN = 20.0
_ENOUGH_VOTES = 30
#: Legs' turnover rarely reaches 110 strides/min (220 steps/min); whoever moves at all reaches 110 steps/min.
_STRIDES_BELOW_PER_MIN = 110.0


def usual_steps_per_min(speed_mps: float) -> float:
    """Steps/min that most people take at a speed, by straight lines between known points."""
    if speed_mps <= _SPEEDS_MPS[0]:
        return _STEPS_PER_MIN[0]
    if speed_mps >= _SPEEDS_MPS[-1]:
        return _STEPS_PER_MIN[-1]
    right = bisect.bisect_right(_SPEEDS_MPS, speed_mps)
    low, high = _SPEEDS_MPS[right - 1], _SPEEDS_MPS[right]
    share = (speed_mps - low) / (high - low)
    return _STEPS_PER_MIN[right - 1] * (1 - share) + _STEPS_PER_MIN[right] * share


def decide_unit(pairs: Iterable[tuple[float | None, float | None]]) -> UnitDecision:
    """Decide from (cadence as written, speed in m/s) of a whole file.

    Every moving moment votes for the reading that lies nearer, as a ratio, to what people do at that speed.
    Without enough speed the fast end of the cadence decides.
    """
    known = [(cadence, speed) for cadence, speed in pairs if cadence is not None and cadence >= _LEAST_PER_MIN]
    votes = [
        cadence * math.sqrt(2) < usual_steps_per_min(speed)
        for cadence, speed in known
        if speed is not None and speed >= _SLOWEST_MPS
    ]
    if len(votes) >= _ENOUGH_VOTES:
        strides = sum(votes)
        unit = CadenceUnit.STRIDES if strides * 2 > len(votes) else CadenceUnit.STEPS
        share = max(strides, len(votes) - strides) * 100 // len(votes)
        return UnitDecision(unit, f"{share} % of {len(votes)} moving readings fit {unit.name.lower()} at their speed")
    if len(known) >= _ENOUGH_VOTES:
        fast = quantiles((cadence for cadence, _ in known), n=10)[-1]
        unit = CadenceUnit.STRIDES if fast < _STRIDES_BELOW_PER_MIN else CadenceUnit.STEPS
        return UnitDecision(unit, f"a tenth of its readings are {fast:.0f} or more per minute; it has no speed")
    return UnitDecision(CadenceUnit.UNDECIDED, f"only {len(known)} readings with cadence")
