"""Walk breaks, and whether they follow a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Motion
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class WalkSettings:
    """Science 3.4 and the run-walk rule of 2.5; all [E].

    Attributes:
        walk_s: walking for so long is a walk break; 8 s.
        run_s: only an interruption of a run counts: so much running before it; 30 s.
        plan_breaks: so many breaks can show a plan; 3, kept up to twice that.
        plan_spread: when the spacing varies by less than this (coefficient of variation); 0.25.
        plan_lapse: a plan is followed no longer when the last break began this many mean spacings ago; 1.5.
    """

    walk_s: float = 8.0
    run_s: float = 30.0
    plan_breaks: int = 3
    plan_spread: float = 0.25
    plan_lapse: float = 1.5


@dataclass(slots=True)
class WalkState:
    """Running time since the last break, whether this walk was named, and when the last breaks began."""

    ran_s: float = 0.0
    named: bool = False
    began_ms: list[int] = field(default_factory=list)


class WalkBreak:
    """Names a walk within a run; ``planned_walks`` on the board quiets what a run-walk plan would set off."""

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
        planned = self._planned(view.at_ms)
        view.planned_walks = planned
        walked_s = (view.at_ms - view.motion_since_ms) / SECOND_MS
        if view.motion != Motion.WALK or state.named or state.ran_s < settings.run_s or walked_s < settings.walk_s:
            return ()
        state.named, state.ran_s = True, 0.0
        state.began_ms = [*state.began_ms[1 - 2 * settings.plan_breaks :], view.motion_since_ms]
        because = "You walk, as in the breaks before." if planned else "You changed from running to walking."
        evidence = {"seconds": walked_s, "spm": round(view.spm or 0.0, 1), "planned": float(planned)}
        return (Proof(FindingKind.WALK_BREAK, view.at_ms, Level.OK, (because,), evidence),)

    def snapshot(self) -> WalkState:
        """The state, a copy."""
        return copied(self._state)

    def _planned(self, at_ms: int) -> bool:
        began = self._state.began_ms[-(self._settings.plan_breaks + 1) :]
        if len(began) <= self._settings.plan_breaks - 1:
            return False
        spaces = [later - earlier for earlier, later in pairwise(began)]
        mean = sum(spaces) / len(spaces)
        spread = (sum((space - mean) ** 2 for space in spaces) / len(spaces)) ** 0.5
        lapsed = at_ms - began[-1] > self._settings.plan_lapse * mean
        return mean > 0 and spread / mean < self._settings.plan_spread and not lapsed
