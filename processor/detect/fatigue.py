"""The fatigue index: heart rate up for the same pace, cadence declining, pace falling away at like heart rate, beats
that hang together less than they did, more time than usual.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Mode, Quality
from processor.fatigue_index import FatigueSettings, fatigue_evidence, fatigue_parts, fatigue_reasons
from processor.features.online import Histogram
from processor.features.usual_alpha import UsualAlpha, UsualAlphaSettings, UsualAlphaState
from processor.features.view import View
from processor.labels import BANDS, HOT
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class FatigueDetectorSettings:
    """Science 2.1 and 3.5.

    Attributes:
        until_s: the usual heart rate per speed is taken from the baseline on to this running time; 1080 s (minutes
            8-18, science 2.1).
        tau_s: averaging time of the present ratio; 120 s (science 2.1).
        after_step_s: it is not measured for so long after a speed step; 150 s, 2.5 time constants of the heart
            (57.6 s, Hunt et al. 2015).
        like_share: "like heart rate": not lower than the usual one by more than this; 5 % [E].
        low_mps: slower is not running, the ratio would explode; 1.2 m/s [E].
        stale_s: what was not measured for so long (hills, a walk, heart rate lost) is not said any more; 600 s [E].
        low_spm: neither are fewer steps, where there is no speed; 120 spm, where running ends at the latest
            (science 3.2).
        index_s: the index is computed so often; 5 s [E].
        rising: the index says "fatigue rising" from here; 40 (science 3.5).
        high: from here it is a watch by itself; 70 (science 3.5).
        hold_s: either must hold for so long; 60 s (science 3.6).
        leave_share: either holds until below this share of its mark; 0.7 (science 3.6).
        warmer_percent_per_h: by so much more than commonly heart rate usually rises per speed where it is cool, mild,
            hot; 0, 0 and 3 %/h, within science 4.1 [E], or what the athlete's own runs say. It is taken off the
            decoupling.
        heat_from_s: from this running time on; 780 s, the middle of minutes 8-18.
        heat_share: and never more than this; 0.10, half of the range of the decoupling [E].
        index: terms of the index.
        alpha1: how the usual alpha1 is learned.
    """

    until_s: float = 1_080.0
    tau_s: float = 120.0
    after_step_s: float = 150.0
    like_share: float = 0.05
    stale_s: float = 600.0
    low_mps: float = 1.2
    low_spm: float = 120.0
    index_s: float = 5.0
    rising: float = 40.0
    high: float = 70.0
    hold_s: float = 60.0
    leave_share: float = 0.7
    warmer_percent_per_h: tuple[float, float, float] = (0.0, 0.0, 3.0)
    heat_from_s: float = 780.0
    heat_share: float = 0.10
    index: FatigueSettings = field(default_factory=FatigueSettings)
    alpha1: UsualAlphaSettings = field(default_factory=UsualAlphaSettings)


#: While one of these holds heart rate does not answer pace as on the level: nothing is learned from it.
_MOVING = frozenset({Gate.HILL, Gate.INTERVALS, Gate.FAST_FINISH})
#: To what the ratio is rounded while it is learned: beats per minute by m/s, by steps per minute, by nothing.
_STEPS = {"speed": 0.5, "rhythm": 0.01, "nothing": 1.0}


@dataclass(slots=True)
class FatigueState:
    """What is usual, what is now, the index as it stands, and whether rising fatigue was said.

    ``by`` is what heart rate is compared with: ``speed``, ``rhythm`` or, where there is heart rate only, ``nothing``.
    ``band`` is how warm it is, as somebody said.
    """

    usual: dict[str, float] = field(default_factory=dict)
    by: str | None = None
    usual_ratio: float | None = None
    ratio: float | None = None
    mps: float | None = None
    bpm: float | None = None
    measured_at_ms: int | None = None
    alpha1: UsualAlphaState = field(default_factory=UsualAlphaState)
    index_at_ms: int | None = None
    parts: dict[str, float] = field(default_factory=dict)
    told: bool = False
    since_ms: int | None = None
    high_since_ms: int | None = None
    band: str | None = None


class Fatigue:
    """Follows the fatigue index; writes ``decoupling``, ``slowing``, ``alpha1_gap``, ``fatigue`` and its parts.

    Decoupling and slowing stand still on hills, in a fast finish and while heart rate is not good, and are not said
    after ten minutes of it; in intervals, and of a treadmill's speed, they are not said at all. With heart rate only
    the decoupling is its drift: a change of pace looks like it, and it weighs half.

    Where heart rate turns out to be locked to the cadence its last minute was none: the means of ratio, speed and
    heart rate are dropped and begin anew after the lock. What is usual stays: of ten minutes' median one minute is
    little. So does what was said.

    Where somebody said how warm it is, what heart rate usually rises by in that weather above what it commonly does is
    allowed for: the index is then lower, never higher.
    """

    name: ClassVar[str] = "fatigue"
    state_type: ClassVar[type] = FatigueState

    def __init__(self, settings: FatigueDetectorSettings | None = None, state: FatigueState | None = None) -> None:
        self._settings = settings or FatigueDetectorSettings()
        self._state = state or FatigueState()
        self._usual_alpha = UsualAlpha(self._settings.alpha1, self._state.alpha1)
        self._warmer: dict[str | None, float] = dict(zip(BANDS, self._settings.warmer_percent_per_h, strict=True))
        self._gain_1s = -math.expm1(-1 / self._settings.tau_s)

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove that fatigue is rising; what the high mark means for the level is the pattern's to say."""
        state = self._state
        if view.mode is Mode.HEART_ONLY:
            steady, run_s = view.at_work, view.work_s
        else:
            steady, run_s = view.heart_settled, view.run_s
            if state.by == "nothing":
                # There is more to compare with now.
                state.by = state.ratio = state.usual_ratio = None
                state.usual = {}
            if view.base is None:
                state.ratio = state.mps = state.bpm = state.measured_at_ms = None
        steady = steady and view.quality.get("heart_rate") == Quality.GOOD
        if view.gates and steady:
            steady = _MOVING.isdisjoint(view.gates)
        if view.locked:
            self._take_back()
        if steady:
            self._measure(view, run_s)
        self._compare(view)
        if view.labels:
            state.band = next((one.what for one in view.labels if one.what in BANDS), state.band)
        if state.band is not None:
            self._allow_for_heat(view, run_s)
        view.alpha1_gap = self._usual_alpha.step(view, run_s, steady=steady)
        self._weigh(view)
        proofs = self._say(view, view.fatigue)
        view.fatigue_since_ms = state.high_since_ms
        return proofs

    def snapshot(self) -> FatigueState:
        """The state, a copy."""
        return copied(self._state)

    def _allow_for_heat(self, view: View, run_s: float) -> None:
        """How far heart rate is usually up by now because of the weather alone."""
        state, settings = self._state, self._settings
        hours = max(0.0, run_s - settings.heat_from_s) / 3_600
        view.hot = state.band == HOT
        view.heat_drift = min(settings.heat_share, hours * self._warmer.get(state.band, 0.0) / 100)

    def after_restart(self) -> FatigueState:
        """What is left of the state when the athlete's clock goes back: how warm it is."""
        return FatigueState(band=self._state.band)

    def _take_back(self) -> None:
        """Forget what a locked heart rate went into."""
        state = self._state
        state.ratio = state.mps = state.bpm = None
        self._usual_alpha.state.bpm = None

    def _pace(self, view: View) -> float | None:
        """What heart rate is compared with, or None when there is none of it."""
        state, settings = self._state, self._settings
        if view.mode is Mode.HEART_ONLY:
            state.by = "nothing"
            return 1.0
        if view.base is None or not view.settled or view.spm is None:
            return None
        if state.by is None:
            state.by = "speed" if view.base.mps is not None else "rhythm"
        if state.by == "speed":
            return view.smooth_mps if view.smooth_mps is not None and view.smooth_mps >= settings.low_mps else None
        return view.spm if view.spm >= settings.low_spm else None

    def _measure(self, view: View, run_s: float) -> None:
        state, settings = self._state, self._settings
        pace = self._pace(view)
        if view.bpm is None or pace is None:
            return
        dt_s = min(view.dt_s, 10.0)
        gain = self._gain_1s if dt_s == 1.0 else -math.expm1(-dt_s / settings.tau_s)
        if view.smooth_mps is not None:
            state.mps = view.smooth_mps if state.mps is None else state.mps + (view.smooth_mps - state.mps) * gain
        state.bpm = view.bpm if state.bpm is None else state.bpm + (view.bpm - state.bpm) * gain
        state.measured_at_ms = view.at_ms
        if state.by == "speed" and view.at_ms - view.stepped_at_ms < settings.after_step_s * SECOND_MS:
            return
        ratio = view.bpm / pace
        state.ratio = ratio if state.ratio is None else state.ratio + (ratio - state.ratio) * gain
        if state.usual_ratio is None:
            self._learn(run_s, ratio, dt_s)

    def _learn(self, run_s: float, ratio: float, dt_s: float) -> None:
        state, settings = self._state, self._settings
        usual = Histogram(_STEPS[state.by or "nothing"], state.usual)
        usual.add(ratio, dt_s)
        if run_s >= settings.until_s and sum(state.usual.values()) >= settings.tau_s:
            state.usual_ratio = usual.median()
            state.usual = {}

    def _compare(self, view: View) -> None:
        """What was measured against what is usual, unless it is too old or means nothing here."""
        state = self._state
        if state.usual_ratio is None or state.ratio is None or state.measured_at_ms is None:
            return
        if view.at_ms - state.measured_at_ms > self._settings.stale_s * SECOND_MS:
            return
        if view.gates and (Gate.INTERVALS in view.gates or (state.by == "speed" and Gate.TREADMILL in view.gates)):
            return
        view.decoupling, view.by_speed = state.ratio / state.usual_ratio - 1, state.by == "speed"
        base = view.base
        if base is None or base.mps is None or base.bpm is None or state.mps is None or state.bpm is None:
            return
        like = state.bpm >= (1 - self._settings.like_share) * base.bpm
        view.slowing = max(0.0, 1 - state.mps / base.mps) if like else 0.0

    def _weigh(self, view: View) -> None:
        state, settings = self._state, self._settings
        if state.index_at_ms is None or view.at_ms - state.index_at_ms >= settings.index_s * SECOND_MS:
            state.index_at_ms = view.at_ms
            state.parts = fatigue_parts(view, settings.index, by_speed=state.by == "speed")
        view.fatigue_parts = state.parts
        view.fatigue = sum(state.parts.values()) if state.parts else None

    def _say(self, view: View, index: float | None) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        if index is None:
            state.since_ms = state.high_since_ms = None
            return ()
        if index >= settings.high:
            state.high_since_ms = state.high_since_ms if state.high_since_ms is not None else view.at_ms
        elif index < settings.leave_share * settings.high:
            state.high_since_ms = None
        if index >= settings.rising:
            state.since_ms = state.since_ms if state.since_ms is not None else view.at_ms
        elif index < settings.leave_share * settings.rising:
            state.told, state.since_ms = False, None
        if state.told or state.since_ms is None or index < settings.rising:
            return ()
        if view.at_ms - state.since_ms < settings.hold_s * SECOND_MS:
            return ()
        state.told = True
        # While a pattern level stands it speaks for itself; a second word would only blur it.
        if view.level != Level.OK:
            return ()
        return (Proof(FindingKind.FATIGUE, view.at_ms, Level.OK, fatigue_reasons(view), fatigue_evidence(view)),)
