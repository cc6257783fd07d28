"""Intervals: fast and slow by turns, and the heart follows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion
from processor.detect.detector import Proof
from processor.features.view import View
from processor.state import copied

from .even import are_even


@dataclass(frozen=True, slots=True)
class IntervalsSettings:
    """Science 2.6: three swings or more of over 15 % within 20 min, a period of 1 to 8 min.

    Attributes:
        every_s: speed (heart rate, where there is no speed) is read so often while running; 15 s [E].
        after_s: and only so long after running began, when the smoothed speed has caught up; 15 s [E].
        swing_share: from slow to fast and back by this share; 15 % (science 2.6).
        swings: so many swings are intervals; 3 (science 2.6), the last three count.
        window_s: within this time; 1200 s (science 2.6).
        shortest_s: a shorter period is none of intervals; 60 s (science 2.6).
        longest_s: nor is a longer one; 480 s (science 2.6).
        heart_bpm: heart rate at the end of each fast part is above that of the slow one by this; 3 bpm [E]. On hills
            it is below.
        even_spread: without a heart rate that follows, periods must be even: their coefficient of variation; 0.3 [E].
        lapse: intervals are over when the last fast part began this many mean periods ago; 1.5 [E].
    """

    every_s: float = 15.0
    after_s: float = 15.0
    swing_share: float = 0.15
    swings: int = 3
    window_s: float = 1_200.0
    shortest_s: float = 60.0
    longest_s: float = 480.0
    heart_bpm: float = 3.0
    even_spread: float = 0.3
    lapse: float = 1.5


@dataclass(slots=True)
class IntervalsState:
    """The part under way (fast or slow) with its extreme, the one before, when the fast ones began, and the gate.

    A value is in m/s, or in bpm where there is no speed; ``by_heart`` says which.
    """

    next_ms: int = 0
    by_heart: bool = False
    fast: bool = False
    extreme: float | None = None
    end_bpm: int | None = None
    before: float | None = None
    before_bpm: int | None = None
    rises_ms: list[int] = field(default_factory=list)
    followed: list[bool] = field(default_factory=list)
    until_ms: int | None = None
    mean_mps: float | None = None


class Intervals:
    """Closes :attr:`Gate.INTERVALS`; writes ``recovering``, true in the slow parts."""

    name: ClassVar[str] = "intervals"
    state_type: ClassVar[type] = IntervalsState

    def __init__(self, settings: IntervalsSettings | None = None, state: IntervalsState | None = None) -> None:
        self._settings = settings or IntervalsSettings()
        self._state = state or IntervalsState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove intervals when the third fast part shows."""
        state, settings = self._state, self._settings
        proofs: Sequence[Proof] = ()
        if view.at_ms >= state.next_ms:
            state.next_ms = view.at_ms + round(settings.every_s * SECOND_MS)
            if view.motion == Motion.RUN and view.at_ms - view.motion_since_ms >= settings.after_s * SECOND_MS:
                proofs = self._read(view)
            if state.until_ms is not None and view.at_ms > state.until_ms:
                state.until_ms = state.mean_mps = None
        if state.until_ms is not None:
            view.gates.append(Gate.INTERVALS)
            view.recovering = state.mean_mps is not None and view.mps is not None and view.mps < state.mean_mps
        return proofs

    def snapshot(self) -> IntervalsState:
        """The state, a copy."""
        return copied(self._state)

    def _read(self, view: View) -> Sequence[Proof]:
        """Follow the swings; a part ends where the value leaves its extreme by a swing."""
        state = self._state
        by_heart = view.smooth_mps is None
        value = float(view.bpm) if by_heart and view.bpm is not None else view.smooth_mps
        if value is None:
            return ()
        value = round(value, 3)
        if state.extreme is None or by_heart != state.by_heart:
            state.by_heart, state.fast, state.extreme, state.before = by_heart, False, value, None
            state.end_bpm, state.before_bpm = view.bpm, None
            state.rises_ms, state.followed = [], []
            return ()
        swing = 1 + self._settings.swing_share
        turned = value * swing < state.extreme if state.fast else value > state.extreme * swing
        if not turned:
            state.extreme = max(state.extreme, value) if state.fast else min(state.extreme, value)
            state.end_bpm = view.bpm
            return ()
        followed = self._followed()
        state.before, state.before_bpm = state.extreme, state.end_bpm
        state.fast, state.extreme, state.end_bpm = not state.fast, value, view.bpm
        return self._rise(view, followed) if state.fast else ()

    def _followed(self) -> bool:
        """Whether the heart did what the legs did between the ends of the last two parts."""
        state = self._state
        if state.by_heart or state.end_bpm is None or state.before_bpm is None:
            return False
        rise = state.end_bpm - state.before_bpm
        return (rise if state.fast else -rise) >= self._settings.heart_bpm

    def _rise(self, view: View, followed: bool) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        oldest = view.at_ms - settings.window_s * SECOND_MS
        kept = [at_ms for at_ms in state.rises_ms[1 - settings.swings :] if at_ms >= oldest]
        state.followed = [*state.followed[len(state.followed) - len(kept) :], followed]
        state.rises_ms = [*kept, view.at_ms]
        spaces = [(later - earlier) / SECOND_MS for earlier, later in pairwise(state.rises_ms)]
        if len(spaces) < settings.swings - 1 or not self._are_intervals(spaces):
            return ()
        held = state.until_ms is not None
        mean_s = sum(spaces) / len(spaces)
        state.until_ms = view.at_ms + round(settings.lapse * mean_s * SECOND_MS)
        if not state.by_heart and state.before is not None and state.extreme is not None:
            state.mean_mps = round((state.before + state.extreme) / 2, 3)
        if held:
            return ()
        because = "Intervals, as it looks: fast and slow by turns."
        evidence = {"period_s": round(mean_s, 1)}
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (because,), evidence, str(Gate.INTERVALS)),)

    def _are_intervals(self, spaces: Sequence[float]) -> bool:
        settings = self._settings
        if not all(settings.shortest_s <= space <= settings.longest_s for space in spaces):
            return False
        if all(self._state.followed[-len(spaces) :]):
            return True
        if not self._state.by_heart and self._state.end_bpm is not None:
            return False
        return are_even(spaces, settings.even_spread)
