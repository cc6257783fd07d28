"""Hills, without an altitude: pace changes and the heart goes the other way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion, Quality
from processor.detect.detector import Proof
from processor.features.view import View
from processor.state import copied


@dataclass(frozen=True, slots=True)
class HillSettings:
    """Science 2.6: a speed change of over 8 % with heart rate moving the other way over 60 s.

    Attributes:
        every_s: speed and heart rate are compared so often; 15 s [E].
        speed_share: the speed has changed by more than this share of what it was 60 s before; 8 % (science 2.6).
        heart_bpm: heart rate has gone the other way by at least this, in both halves of that time; 2 bpm [E]. In
            both, because after a change of effort it goes on for some seconds as before.
        over_share: the hill is over once the speed is back within this share of what it was before; 4 % [E].
        longest_s: or so long after the last sign of it; 180 s [E]; on the recorded runs longer takes
            in more of the flat than of hills.
    """

    every_s: float = 15.0
    speed_share: float = 0.08
    heart_bpm: float = 2.0
    over_share: float = 0.04
    longest_s: float = 180.0


@dataclass(slots=True)
class HillState:
    """Speed and heart rate of the last minute, the speed before the hill, and until when it counts."""

    next_ms: int = 0
    mps: list[float] = field(default_factory=list)
    bpm: list[int] = field(default_factory=list)
    flat_mps: float = 0.0
    flat_times: int = 0
    until_ms: int | None = None


class Hill:
    """Closes :attr:`Gate.HILL`: the level of cadence and the decoupling say nothing about the runner there."""

    name: ClassVar[str] = "hill"
    state_type: ClassVar[type] = HillState

    def __init__(self, settings: HillSettings | None = None, state: HillState | None = None) -> None:
        self._settings = settings or HillSettings()
        self._state = state or HillState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a hill once the minute shows it."""
        state = self._state
        proofs: Sequence[Proof] = ()
        if view.at_ms >= state.next_ms:
            state.next_ms = view.at_ms + round(self._settings.every_s * SECOND_MS)
            proofs = self._compare(view)
        if state.until_ms is not None:
            view.gates.append(Gate.HILL)
        return proofs

    def snapshot(self) -> HillState:
        """The state, a copy."""
        return copied(self._state)

    def _compare(self, view: View) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        held = state.until_ms is not None
        if state.until_ms is not None and view.at_ms > state.until_ms:
            state.until_ms = None
        mps, bpm = view.smooth_mps, view.bpm
        good = view.quality.get("heart_rate") is Quality.GOOD
        if view.broken or view.motion != Motion.RUN or mps is None or bpm is None or not good:
            state.mps, state.bpm = [], []
            return ()
        state.mps = [*state.mps[-4:], round(mps, 3)]
        state.bpm = [*state.bpm[-4:], bpm]
        self._notice_the_end(mps)
        if len(state.mps) < 5:
            return ()
        before = (state.mps[0] + state.mps[1]) / 2
        change = (state.mps[3] + state.mps[4]) / 2 - before
        if abs(change) <= settings.speed_share * before or not self._heart_against(change):
            return ()
        if state.until_ms is None:
            state.flat_mps, state.flat_times = round(before, 3), 0
        state.until_ms = view.at_ms + round(settings.longest_s * SECOND_MS)
        if held:
            # One hill may end and the next begin between two readings: the gate was never open.
            return ()
        because = "A hill, as it looks: your pace changed and your heart rate went the other way."
        evidence = {"pace_percent": round(100 * change / before, 1), "bpm": float(state.bpm[4] - state.bpm[0])}
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (because,), evidence, str(Gate.HILL)),)

    def _heart_against(self, change: float) -> bool:
        """Whether heart rate went the other way than the speed, in both halves of the minute."""
        first, middle, last = self._state.bpm[0], self._state.bpm[2], self._state.bpm[4]
        least = self._settings.heart_bpm
        if change > 0:
            return first - middle >= least and middle - last >= least
        return middle - first >= least and last - middle >= least

    def _notice_the_end(self, mps: float) -> None:
        """One reading may be the way from up to down; two in a row are the flat."""
        state = self._state
        if state.until_ms is None:
            return
        flat = abs(mps - state.flat_mps) <= self._settings.over_share * state.flat_mps
        state.flat_times = state.flat_times + 1 if flat else 0
        if state.flat_times >= 2:
            state.until_ms = None
