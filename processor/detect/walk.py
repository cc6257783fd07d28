"""Walk breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class WalkSettings:
    """Science 3.4; all [E].

    Attributes:
        walk_s: walking for so long is a walk break; 8 s.
        run_s: only an interruption of a run counts: so much running before it; 30 s.
    """

    walk_s: float = 8.0
    run_s: float = 30.0


@dataclass(slots=True)
class WalkState:
    """Running time since the last break, and whether this walk was named."""

    ran_s: float = 0.0
    named: bool = False


class WalkBreak:
    """Names a walk within a run, and says when it keeps to a plan (:attr:`Gate.RUN_WALK`)."""

    name: ClassVar[str] = "walk"
    state_type: ClassVar[type] = WalkState

    def __init__(self, settings: WalkSettings | None = None, state: WalkState | None = None) -> None:
        self._settings = settings or WalkSettings()
        self._state = state or WalkState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a walk break once it has lasted."""
        state, settings = self._state, self._settings
        if view.motion == Motion.RUN:
            state.ran_s += min(view.dt_s, settings.walk_s)
            state.named = False
            return ()
        walked_s = (view.at_ms - view.motion_since_ms) / SECOND_MS
        if view.motion != Motion.WALK or state.named or state.ran_s < settings.run_s or walked_s < settings.walk_s:
            return ()
        state.named, state.ran_s = True, 0.0
        planned = Gate.RUN_WALK in view.gates
        because = "You walk, as in the breaks before." if planned else "You changed from running to walking."
        evidence = {"seconds": walked_s, "spm": round(view.spm or 0.0, 1), "planned": float(planned)}
        return (Proof(FindingKind.WALK_BREAK, view.at_ms, Level.OK, (because,), evidence),)

    def snapshot(self) -> WalkState:
        """The state, a copy."""
        return copied(self._state)
