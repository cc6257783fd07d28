"""Running again after a stop or a walk break."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Motion
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class ResumedSettings:
    """When running again is certain.

    Attributes:
        away_s: an interruption shorter than this needs no word; 8 s, as the shortest walk break [E].
        again_s: running again for so long; 5 s [E].
        clean_share: cadence of this share of the usual one is a clean return; 97 % (science 2.6).
    """

    away_s: float = 8.0
    again_s: float = 5.0
    clean_share: float = 0.97


@dataclass(slots=True)
class ResumedState:
    """When the run was interrupted, whether by walking or standing, and when it may have gone on."""

    left_ms: int | None = None
    halted: bool = False
    again_ms: int | None = None


class Resumed:
    """Says that the run goes on, and whether it does so at the usual cadence."""

    name: ClassVar[str] = "resumed"
    state_type: ClassVar[type] = ResumedState

    def __init__(self, settings: ResumedSettings | None = None, state: ResumedState | None = None) -> None:
        self._settings = settings or ResumedSettings()
        self._state = state or ResumedState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove the return a few seconds after it."""
        state, settings = self._state, self._settings
        if view.changed and view.motion_before == Motion.RUN and state.left_ms is None:
            state.left_ms, state.halted = view.motion_since_ms, False
        if view.motion != Motion.RUN:
            state.halted = state.halted or view.motion in {Motion.STOP, Motion.WALK}
            state.again_ms = None
            return ()
        if state.left_ms is None:
            return ()
        if view.changed or state.again_ms is None:
            state.again_ms = view.motion_since_ms
        if view.at_ms - state.again_ms < settings.again_s * SECOND_MS:
            return ()
        away_s = (state.again_ms - state.left_ms) / SECOND_MS
        state.left_ms = state.again_ms = None
        if away_s < settings.away_s or not state.halted:
            return ()
        usual = view.base.spm if view.base is not None else None
        clean = usual is not None and view.spm is not None and view.spm >= settings.clean_share * usual
        because = f"You are running again after {away_s:.0f} s" + (", at your usual rhythm." if clean else ".")
        evidence = {"seconds": away_s, "clean": float(clean)}
        return (Proof(FindingKind.RESUMED, view.at_ms, Level.OK, (because,), evidence),)

    def snapshot(self) -> ResumedState:
        """The state, a copy."""
        return copied(self._state)
