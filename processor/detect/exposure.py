"""Exposure: how long this run is against the longest of the last thirty days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.units import Motion
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class ExposureSettings:
    """Science 2.3 (session spike) and 3.5.

    Attributes:
        longest_s: the longest run of the last 30 days, seconds of running; None while fewer than 4 runs are known
            [E], and then there is no exposure.
        spike: beyond this share of it a run is a jump; 1.10 (5 205 runners, PubMed 40623829; the outcome was injury by
            overuse, not cramp).
        prior: and raises the pattern's logit by so much; 0.2 [E] (science 3.5).
        step_s: the most time that one speed stands for; 8 s, the longest step of smart recording [E].
    """

    longest_s: float | None = None
    spike: float = 1.10
    prior: float = 0.2
    step_s: float = 8.0


@dataclass(slots=True)
class ExposureState:
    """When it began, how far it went, and for how long of it speed was known."""

    began_ms: int | None = None
    distance_m: float = 0.0
    measured_s: float = 0.0


class Exposure:
    """Measures the run against the longest one; writes ``exposure`` and adds to ``prior``. It proves nothing itself.

    Time with heart rate only and a heart at work counts as running.
    """

    name: ClassVar[str] = "exposure"
    state_type: ClassVar[type] = ExposureState

    def __init__(self, settings: ExposureSettings | None = None, state: ExposureState | None = None) -> None:
        self._settings = settings or ExposureSettings()
        self._state = state or ExposureState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Take one second."""
        state, settings = self._state, self._settings
        if state.began_ms is None:
            state.began_ms = view.at_ms
        if view.mps is not None and view.motion is Motion.RUN:
            dt_s = min(view.dt_s, settings.step_s)
            state.measured_s += dt_s
            state.distance_m += view.mps * dt_s
        if settings.longest_s is not None:
            view.exposure = (view.run_s + view.work_s) / settings.longest_s
            if view.exposure > settings.spike:
                view.prior += settings.prior
        return ()

    def snapshot(self) -> ExposureState:
        """The state, a copy."""
        return copied(self._state)
