"""Treadmills: the legs run, the speed says nothing about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion, Quality
from processor.detect.detector import Proof
from processor.features.view import View
from processor.state import copied


@dataclass(frozen=True, slots=True)
class TreadmillSettings:
    """All [E].

    Attributes:
        every_s: the speed is read so often; 5 s.
        still_mps: a speed below this while the legs run is none; 0.5 m/s.
        still_s: for so long, above the lag of a speed that starts with the legs; 20 s.
        same_s: or the speed is the same to the last digit for so long; 120 s.
        moved_spm: while the cadence moved by at least this; 2 steps/min.
        change: a reading that differs from the last takes back so many that did not; 4, so that one turn of the
            belt's knob is no way out.
        step_s: the most time one reading stands for; 8 s, the longest step of smart recording.
    """

    every_s: float = 5.0
    still_mps: float = 0.5
    still_s: float = 20.0
    same_s: float = 120.0
    moved_spm: float = 2.0
    change: float = 4.0
    step_s: float = 8.0


@dataclass(slots=True)
class TreadmillState:
    """The speed and for how long it was the same, within which cadence; for how long it was none; the gate."""

    next_ms: int = 0
    read_at_ms: int = 0
    mps: float | None = None
    same_s: float = 0.0
    low_spm: float = 0.0
    high_spm: float = 0.0
    still_s: float = 0.0
    closed: bool = False


class Treadmill:
    """Closes :attr:`Gate.TREADMILL`: cadence is judged as where there is no speed."""

    name: ClassVar[str] = "treadmill"
    state_type: ClassVar[type] = TreadmillState

    def __init__(self, settings: TreadmillSettings | None = None, state: TreadmillState | None = None) -> None:
        self._settings = settings or TreadmillSettings()
        self._state = state or TreadmillState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a treadmill when the speed has said nothing for long enough."""
        state = self._state
        proofs: Sequence[Proof] = ()
        if view.at_ms >= state.next_ms:
            state.next_ms = view.at_ms + round(self._settings.every_s * SECOND_MS)
            proofs = self._read(view)
        if state.closed:
            view.gates.append(Gate.TREADMILL)
        return proofs

    def snapshot(self) -> TreadmillState:
        """The state, a copy."""
        return copied(self._state)

    def _read(self, view: View) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        good = view.quality.get("speed") is Quality.GOOD
        if view.motion != Motion.RUN or view.spm is None or view.mps is None or not good:
            state.read_at_ms = view.at_ms
            return ()
        self._compare(view.mps, view.spm, min((view.at_ms - state.read_at_ms) / SECOND_MS, settings.step_s))
        state.read_at_ms = view.at_ms
        if state.closed or not self._is_one():
            return ()
        state.closed = True
        because = "A treadmill, as it looks: you run, and the speed does not move with your legs."
        evidence = {"mps": round(state.mps or 0.0, 2)}
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (because,), evidence, str(Gate.TREADMILL)),)

    def _compare(self, mps: float, spm: float, dt_s: float) -> None:
        """One reading: whether the speed is the same as before, and whether it is none."""
        state, settings = self._state, self._settings
        state.still_s = state.still_s + dt_s if mps < settings.still_mps else 0.0
        if mps == state.mps:
            state.same_s = min(settings.same_s, state.same_s + dt_s)
            state.low_spm, state.high_spm = min(state.low_spm, spm), max(state.high_spm, spm)
        else:
            state.mps = mps
            state.same_s = max(0.0, state.same_s - settings.change * dt_s)
            if state.same_s == 0.0:
                state.low_spm = state.high_spm = spm
                state.closed = state.closed and state.still_s > 0.0

    def _is_one(self) -> bool:
        state, settings = self._state, self._settings
        if state.still_s >= settings.still_s:
            return True
        return state.same_s >= settings.same_s and state.high_spm - state.low_spm >= settings.moved_spm
