"""Run-walk plans: walk breaks at even spaces."""

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
class PlanSettings:
    """The run-walk rule of science 2.6.

    Attributes:
        walk_s: walking for so long is a walk break; 8 s (science 3.4).
        run_s: only an interruption of a run counts: so much running before it; 30 s [E].
        breaks: so many breaks can show a plan; 3 (science 2.6), the last four count.
        spread: when the spacing varies by less than this (coefficient of variation); 0.25 (science 2.6).
        lapse: a plan is followed no longer when the last break began this many mean spacings ago; 1.5 [E].
    """

    walk_s: float = 8.0
    run_s: float = 30.0
    breaks: int = 3
    spread: float = 0.25
    lapse: float = 1.5


@dataclass(slots=True)
class PlanState:
    """Running time since the last break, whether this walk was counted, when breaks began, until when a plan holds."""

    ran_s: float = 0.0
    counted: bool = False
    began_ms: list[int] = field(default_factory=list)
    until_ms: int | None = None
    told: bool = False


class Plan:
    """Closes :attr:`Gate.RUN_WALK`: walks that keep to a plan are no sign, and no stop is asked about."""

    name: ClassVar[str] = "plan"
    state_type: ClassVar[type] = PlanState

    def __init__(self, settings: PlanSettings | None = None, state: PlanState | None = None) -> None:
        self._settings = settings or PlanSettings()
        self._state = state or PlanState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a plan in the second after the break that shows it: that break itself was still a surprise."""
        state, settings = self._state, self._settings
        proofs: Sequence[Proof] = ()
        if state.until_ms is not None:
            proofs = self._hold(view)
        if view.motion == Motion.RUN:
            state.ran_s += min(view.dt_s, settings.walk_s)
            state.counted = False
        elif view.motion == Motion.WALK and not state.counted and state.ran_s >= settings.run_s:
            walked_ms = view.at_ms - view.motion_since_ms
            if walked_ms >= settings.walk_s * SECOND_MS:
                state.counted, state.ran_s = True, 0.0
                state.began_ms = [*state.began_ms[-settings.breaks :], view.motion_since_ms]
                state.until_ms = self._until()
                state.told = state.told and state.until_ms is not None
        return proofs

    def snapshot(self) -> PlanState:
        """The state, a copy."""
        return copied(self._state)

    def _hold(self, view: View) -> Sequence[Proof]:
        state = self._state
        if state.until_ms is None or view.at_ms > state.until_ms:
            state.until_ms, state.told = None, False
            return ()
        view.gates.append(Gate.RUN_WALK)
        if state.told:
            return ()
        state.told = True
        because = "A run-walk plan, as it looks: you walk at even spaces."
        evidence = {"breaks": float(len(state.began_ms))}
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (because,), evidence, str(Gate.RUN_WALK)),)

    def _until(self) -> int | None:
        """Until when a plan that the breaks show is followed; None when they show none."""
        began, settings = self._state.began_ms, self._settings
        if len(began) < settings.breaks:
            return None
        spaces = [later - earlier for earlier, later in pairwise(began)]
        if not are_even(spaces, settings.spread):
            return None
        return began[-1] + round(settings.lapse * sum(spaces) / len(spaces))
