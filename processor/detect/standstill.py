"""Pauses and stops: no steps for a moment, or for longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class StandstillSettings:
    """Science 3.4; all [E].

    Attributes:
        pause_s: no steps for so long is a pause; 3 s.
        stop_s: and for so long a stop; 20 s.
        run_s: only an interruption of a run counts: so much running before it; 30 s.
    """

    pause_s: float = 3.0
    stop_s: float = 20.0
    run_s: float = 30.0


@dataclass(slots=True)
class StandstillState:
    """Since when there are no steps, whether the stop was already named, and when the last pause ended."""

    since_ms: int | None = None
    named: bool = False
    break_at_ms: int | None = None


class Standstill:
    """Names a stop when it has lasted long enough, and a pause when it is over.

    Writes ``break_at_ms``, the last pause, until a plain stop is seen to have been the reason.
    """

    name: ClassVar[str] = "standstill"
    state_type: ClassVar[type] = StandstillState

    def __init__(self, settings: StandstillSettings | None = None, state: StandstillState | None = None) -> None:
        self._settings = settings or StandstillSettings()
        self._state = state or StandstillState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a stop 20 s after the last step, a pause at the first step after it."""
        state, settings = self._state, self._settings
        proofs: Sequence[Proof] = ()
        if view.broken or view.motion == Motion.UNKNOWN:
            state.since_ms = None
        elif view.motion == Motion.STOP:
            if view.changed and view.run_s >= settings.run_s:
                state.since_ms, state.named = view.motion_since_ms, False
            proofs = self._stopped(view)
        elif state.since_ms is not None:
            still_s = (view.motion_since_ms - state.since_ms) / SECOND_MS
            if settings.pause_s <= still_s < settings.stop_s and not state.named:
                state.break_at_ms = view.at_ms
                because = f"You paused for {still_s:.0f} s."
                proofs = (Proof(FindingKind.PAUSE, view.at_ms, Level.OK, (because,), {"seconds": still_s}),)
            state.since_ms = None
        if Gate.TRAFFIC_STOP in view.gates:
            state.break_at_ms = None
        view.break_at_ms = state.break_at_ms
        return proofs

    def snapshot(self) -> StandstillState:
        """The state, a copy."""
        return copied(self._state)

    def _stopped(self, view: View) -> Sequence[Proof]:
        state = self._state
        if state.since_ms is None or state.named:
            return ()
        still_s = (view.at_ms - state.since_ms) / SECOND_MS
        if still_s < self._settings.stop_s:
            return ()
        state.named = True
        return (Proof(FindingKind.STOP, view.at_ms, Level.OK, ("You stopped.",), {"seconds": still_s}),)
