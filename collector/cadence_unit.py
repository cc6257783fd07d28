"""Decides whether a device's cadence counts steps or strides, from what a body can do."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from crampwatch.units import CadenceUnit

#: Nobody takes more than 240 steps a minute for seconds on end: a higher figure than this can only be steps.
MOST_STRIDES_PER_MIN = 120.0
#: Steps of running start near 130/min, so a runner's figure in this range can only be strides.
RUNNING_STRIDES_PER_MIN = (60.0, 110.0)
#: The walk ratio, step length over step rate, in m per step/min: walkers hold it constant down to about 1 m/s
#: (doi.org/10.1589/jpts.29.632), near 0.0065 in the walks that were recorded; runners lie at 0.003-0.0095. Strides
#: mistaken for steps show four times their true ratio, so the two ways to read a figure lie far apart.
STEPS_RATIO_MAX = 0.0085
STRIDES_RATIO_MIN = 0.0100
#: Below this speed, m/s, a position fix says more about itself than about the legs.
MOVING_MPS = 0.7
#: Below this rate, 1/min, legs shuffle or stand.
MOVING_PER_MIN = 30.0
#: What a second of evidence weighs: a figure that only steps can reach; flag and step length agreeing; one alone.
CERTAIN, AGREED, ALONE = 3, 2, 1
#: The lead that decides, and the score where further evidence stops being counted.
ENOUGH = 9
SATURATED = 60
SECOND_MS = 1_000

NOT_YET = "too little evidence"
OVERRIDE = "override"


class Evidence(NamedTuple):
    """What one reading proves, and why in words."""

    unit: CadenceUnit
    because: str
    weight: int = ALONE


@dataclass(frozen=True, slots=True)
class UnitState:
    """What is known of one device: small, immutable, kept across sessions.

    ``score`` is the evidence for steps minus the evidence for strides, within +-``SATURATED``.
    ``unit`` and ``decided_by`` are fixed for the session once they are decided.
    """

    score: int = 0
    unit: CadenceUnit = CadenceUnit.UNDECIDED
    decided_by: str = NOT_YET
    counted_at_ms: int = -SECOND_MS


def overridden(unit: CadenceUnit) -> UnitState:
    """The state of a device whose unit somebody has set; no evidence changes it."""
    return UnitState(unit=unit, decided_by=OVERRIDE)


def evidence(raw_per_min: float, running: bool | None, speed_mps: float | None) -> Evidence | None:
    """What one reading proves about its unit; None when both readings of it are possible.

    Args:
        raw_per_min: cadence as sent, 1/min.
        running: the device's own word that its wearer runs; None when it has none.
        speed_mps: the device's speed, m/s; None or 0 when it has none.

    >>> evidence(172, None, None)
    Evidence(unit=<CadenceUnit.STEPS: 'steps_per_min'>, because='172/min is more than strides can be', weight=3)
    >>> evidence(86, True, None).because
    'running and 86/min'
    >>> evidence(86, None, 2.9)
    Evidence(unit=<CadenceUnit.STRIDES: 'strides_per_min'>, because='86/min at 2.9 m/s', weight=1)
    >>> evidence(114, None, 1.4).unit
    <CadenceUnit.STEPS: 'steps_per_min'>
    """
    if raw_per_min < MOVING_PER_MIN:
        return None
    if raw_per_min > MOST_STRIDES_PER_MIN:
        return Evidence(CadenceUnit.STEPS, f"{raw_per_min:.0f}/min is more than strides can be", CERTAIN)
    by_speed = _by_speed(raw_per_min, speed_mps)
    low, high = RUNNING_STRIDES_PER_MIN
    if running and low <= raw_per_min <= high:
        # A flag that lags behind its wearer must not outvote the step length, nor the other way round.
        if by_speed is not None and by_speed.unit is CadenceUnit.STEPS:
            return None
        weight = ALONE if by_speed is None else AGREED
        return Evidence(CadenceUnit.STRIDES, f"running and {raw_per_min:.0f}/min", weight)
    return by_speed


def _by_speed(raw_per_min: float, speed_mps: float | None) -> Evidence | None:
    if speed_mps is None or speed_mps < MOVING_MPS:
        return None
    because = f"{raw_per_min:.0f}/min at {speed_mps:.1f} m/s"
    step_length_m = 60 * speed_mps / raw_per_min
    ratio = step_length_m / raw_per_min
    if ratio <= STEPS_RATIO_MAX:
        return Evidence(CadenceUnit.STEPS, because)
    if ratio >= STRIDES_RATIO_MIN:
        return Evidence(CadenceUnit.STRIDES, because)
    return None


def observe(
    state: UnitState, at_ms: int, raw_per_min: float, running: bool | None, speed_mps: float | None
) -> UnitState:
    """Count one reading. Returns the same object when nothing changed.

    A second counts once however often a device notifies. The first side that leads by ``ENOUGH`` is the
    unit until :func:`next_session`; what comes later is still counted, for the session after.
    """
    if state.decided_by == OVERRIDE or 0 <= at_ms - state.counted_at_ms < SECOND_MS:
        return state
    found = evidence(raw_per_min, running, speed_mps)
    if found is None:
        return state
    sign = 1 if found.unit is CadenceUnit.STEPS else -1
    score = max(-SATURATED, min(SATURATED, state.score + sign * found.weight))
    if score == state.score:
        return state
    counted = replace(state, score=score, counted_at_ms=at_ms)
    if state.unit is CadenceUnit.UNDECIDED and score * sign >= ENOUGH:
        return replace(counted, unit=found.unit, decided_by=found.because)
    return counted


def next_session(state: UnitState) -> UnitState:
    """What a new session starts from: undecided, but one step short of what the device showed before.

    One agreeing second confirms a remembered unit; a device that has changed its ways must outweigh it.
    """
    if state.decided_by == OVERRIDE:
        return state
    lead = max(1 - ENOUGH, min(ENOUGH - 1, state.score))
    return UnitState(score=lead, counted_at_ms=state.counted_at_ms)


def steps_per_min(unit: CadenceUnit, raw_per_min: float) -> float | None:
    """Cadence in steps/min; None while the unit is undecided. Nothing a minute is nothing in any unit.

    >>> steps_per_min(CadenceUnit.STRIDES, 86.0)
    172.0
    """
    if raw_per_min == 0:
        return 0.0
    if unit is CadenceUnit.UNDECIDED:
        return None
    return float(raw_per_min) * (2 if unit is CadenceUnit.STRIDES else 1)
