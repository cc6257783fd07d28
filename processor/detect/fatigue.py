"""The fatigue index: heart rate up for the same pace, cadence declining, pace falling away at like heart rate."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Quality
from processor.fatigue_index import FatigueSettings, fatigue_index
from processor.features.online import Histogram, ewma
from processor.features.view import View
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
        low_spm: neither are fewer steps, where there is no speed; 120 spm, where running ends at the latest
            (science 3.2).
        rising: the index says "fatigue rising" from here; 40 (science 3.5).
        high: from here it is a watch by itself; 70 (science 3.5).
        hold_s: that must hold for so long; 60 s (science 3.6).
        leave_share: either ends below this share of its mark; 0.7 (science 3.6).
    """

    until_s: float = 1_080.0
    tau_s: float = 120.0
    after_step_s: float = 150.0
    like_share: float = 0.05
    low_mps: float = 1.2
    low_spm: float = 120.0
    rising: float = 40.0
    high: float = 70.0
    hold_s: float = 60.0
    leave_share: float = 0.7
    index: FatigueSettings = field(default_factory=FatigueSettings)


@dataclass(slots=True)
class FatigueState:
    """What is usual, what is now, and whether rising fatigue was said."""

    usual: dict[str, float] = field(default_factory=dict)
    by_speed: bool | None = None
    usual_ratio: float | None = None
    ratio: float | None = None
    mps: float | None = None
    bpm: float | None = None
    told: bool = False
    since_ms: int | None = None
    high_since_ms: int | None = None


class Fatigue:
    """Follows the fatigue index; writes ``decoupling``, ``slowing`` and ``fatigue``."""

    name: ClassVar[str] = "fatigue"
    state_type: ClassVar[type] = FatigueState

    def __init__(self, settings: FatigueDetectorSettings | None = None, state: FatigueState | None = None) -> None:
        self._settings = settings or FatigueDetectorSettings()
        self._state = state or FatigueState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove that fatigue is rising; what the high mark means for the level is the pattern's to say."""
        state, settings = self._state, self._settings
        if view.base is None:
            state.ratio = state.mps = state.bpm = None
        elif view.settled and view.heart_settled:
            self._measure(view)
        if state.usual_ratio is not None and state.ratio is not None:
            view.decoupling = state.ratio / state.usual_ratio - 1
        view.slowing = self._slowing(view)
        index = fatigue_index(view, settings.index)
        view.fatigue = index
        proofs = self._say(view, index)
        view.fatigue_since_ms = state.high_since_ms
        return proofs

    def snapshot(self) -> FatigueState:
        """The state, a copy."""
        return copied(self._state)

    def _measure(self, view: View) -> None:
        state, settings, base = self._state, self._settings, view.base
        assert base is not None
        if view.quality.get("heart_rate") != Quality.GOOD or view.bpm is None or view.spm is None:
            return
        if state.by_speed is None:
            state.by_speed = base.mps is not None
        dt_s = min(view.dt_s, 10.0)
        pace = view.smooth_mps if state.by_speed else view.spm
        if pace is None or pace < (settings.low_mps if state.by_speed else settings.low_spm):
            return
        if view.smooth_mps is not None:
            state.mps = ewma(state.mps, view.smooth_mps, dt_s, settings.tau_s)
        state.bpm = ewma(state.bpm, view.bpm, dt_s, settings.tau_s)
        if state.by_speed and view.at_ms - view.stepped_at_ms < settings.after_step_s * SECOND_MS:
            return
        ratio = view.bpm / pace
        state.ratio = ewma(state.ratio, ratio, dt_s, settings.tau_s)
        if state.usual_ratio is None:
            Histogram(0.5 if state.by_speed else 0.01, state.usual).add(ratio, dt_s)
            if view.run_s >= settings.until_s and sum(state.usual.values()) >= settings.tau_s:
                state.usual_ratio = Histogram(0.5 if state.by_speed else 0.01, state.usual).median()
                state.usual = {}

    def _slowing(self, view: View) -> float | None:
        """Speed lost while the heart works as before, as a share of the usual speed; None when it cannot be said."""
        state, base = self._state, view.base
        if base is None or base.mps is None or base.bpm is None or state.mps is None or state.bpm is None:
            return None
        if state.bpm < (1 - self._settings.like_share) * base.bpm or state.usual_ratio is None:
            return 0.0 if state.usual_ratio is not None else None
        return max(0.0, 1 - state.mps / base.mps)

    def _say(self, view: View, index: float | None) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        if index is None:
            state.since_ms = state.high_since_ms = None
            return ()
        if index >= settings.high:
            state.high_since_ms = state.high_since_ms if state.high_since_ms is not None else view.at_ms
        elif index < settings.leave_share * settings.high:
            state.high_since_ms = None
        if state.told and index < settings.leave_share * settings.rising:
            state.told = False
        if state.told or index < settings.rising:
            state.since_ms = None
            return ()
        if state.since_ms is None:
            state.since_ms = view.at_ms
        if view.at_ms - state.since_ms < settings.hold_s * SECOND_MS:
            return ()
        state.told = True
        # While a pattern level stands it speaks for itself; a second word would only blur it.
        if view.level != Level.OK:
            return ()
        return (Proof(FindingKind.FATIGUE, view.at_ms, Level.OK, fatigue_reasons(view), fatigue_evidence(view)),)


def fatigue_reasons(view: View) -> tuple[str, ...]:
    """The index in words for a runner: at most two sentences, and nothing about its cause."""
    words = ["Signs of fatigue are rising."]
    if view.decoupling is not None and view.decoupling > 0.025:
        words.append(f"Your heart rate is up for the same {'pace' if view.slowing is not None else 'rhythm'}.")
    elif view.slowing is not None and view.slowing > 0.05:
        words.append("You are slower at a like heart rate.")
    return tuple(words)


def fatigue_evidence(view: View) -> dict[str, float]:
    """The numbers behind the index."""
    found = {"index": view.fatigue, "decoupling": view.decoupling, "slowing": view.slowing}
    return {name: round(value, 4) for name, value in found.items() if value is not None}
