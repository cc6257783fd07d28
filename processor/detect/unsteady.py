"""Unsteadiness: cadence that wavers more than it did at the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Motion
from processor.features.online import ewma, leaked
from processor.features.view import View
from processor.score import level_quiet
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class UnsteadySettings:
    """Science 3.4 and 3.5. Feature: mean of |c(t) - c(t-5 s)|, fit for watches that hold values.

    Attributes:
        tau_s: averaging time; 90 s [E].
        ratio: unsteady from this multiple of the usual value; 1.6 [E].
        for_s: that must hold for so long; 60 s [E].
        over_ratio: and has ended below this multiple; 1.3 [E].
        clip: one value counts for no more than this multiple of the usual one, so that one dodge is no pattern; 6 [E].
        rest_s: while not running the excess fades with this time constant; 120 s [E].
    """

    tau_s: float = 90.0
    ratio: float = 1.6
    for_s: float = 60.0
    over_ratio: float = 1.3
    clip: float = 6.0
    rest_s: float = 120.0


@dataclass(slots=True)
class UnsteadyState:
    """The averaged ratio, since when it is high, and whether that was said."""

    ratio: float | None = None
    since_ms: int | None = None
    told: bool = False


class Unsteady:
    """Finds spells of unsteady cadence; writes ``unsteadiness``, a multiple of what is usual.

    While the speed steps up or down the measure stands still. A spell is proved in steady running only: hills,
    intervals and plans change the rhythm by themselves.
    """

    name: ClassVar[str] = "unsteady"
    state_type: ClassVar[type] = UnsteadyState

    def __init__(self, settings: UnsteadySettings | None = None, state: UnsteadyState | None = None) -> None:
        self._settings = settings or UnsteadySettings()
        self._state = state or UnsteadyState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove unsteadiness once it has lasted."""
        self._update(view)
        state, settings = self._state, self._settings
        view.unsteadiness = ratio = state.ratio
        if ratio is None or ratio < settings.over_ratio or level_quiet(view):
            state.since_ms, state.told = None, False
            return ()
        if ratio < settings.ratio:
            state.since_ms = None
            return ()
        if state.since_ms is None:
            state.since_ms = view.at_ms
        if state.told or view.at_ms - state.since_ms < settings.for_s * SECOND_MS:
            return ()
        state.told = True
        because = "Your rhythm wavers more than it did at the start."
        return (Proof(FindingKind.UNSTEADY, view.at_ms, Level.OK, (because,), {"ratio": round(ratio, 3)}),)

    def snapshot(self) -> UnsteadyState:
        """The state, a copy."""
        return copied(self._state)

    def _update(self, view: View) -> None:
        state, settings, base = self._state, self._settings, view.base
        if base is None:
            state.ratio = None
        elif view.wobble_spm is not None:
            if view.speed_steps:
                return
            value = min(view.wobble_spm / base.wobble_spm, settings.clip)
            state.ratio = ewma(1.0 if state.ratio is None else state.ratio, value, min(view.dt_s, 10.0), settings.tau_s)
        elif state.ratio is not None and view.motion != Motion.RUN:
            state.ratio = 1.0 + leaked(state.ratio - 1.0, view.dt_s, settings.rest_s)
