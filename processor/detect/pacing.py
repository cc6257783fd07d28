"""Pacing: how fast the first third of a run is against the athlete's own runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class PacingSettings:
    """Science 1.4 (crampers started faster than matched runners, PubMed 21402566) and 3.3.

    Attributes:
        usual_mps: the median of the athlete's last first thirds; None while fewer than 4 are known, and then nothing
            is compared.
        high_mps: their 80th percentile [E].
        third_s: where the first third ends, in running time: a third of what the athlete usually runs; 1200 s while
            that is not known [E].
        from_s: the run's first steps are left out; 180 s [E].
        share: the third counts when speed was known for this share of it; 0.5 [E].
        fast: a first third is fast from this ratio on, if it is above ``high_mps`` too; 1.05 [E].
        prior: and raises the pattern's logit by so much; 0.2 [E] (science 3.5).
        step_s: the most time that one speed stands for; 8 s, the longest step of smart recording [E].
    """

    usual_mps: float | None = None
    high_mps: float = 0.0
    third_s: float = 1_200.0
    from_s: float = 180.0
    share: float = 0.5
    fast: float = 1.05
    prior: float = 0.2
    step_s: float = 8.0


@dataclass(slots=True)
class PacingState:
    """Sums over the first third, and its mean speed once it is over (0: it was not known)."""

    metres: float = 0.0
    seconds: float = 0.0
    early_mps: float | None = None


class Pacing:
    """Measures the first third; writes ``early_pace`` and adds to ``prior``. It proves nothing itself."""

    name: ClassVar[str] = "pacing"
    state_type: ClassVar[type] = PacingState

    def __init__(self, settings: PacingSettings | None = None, state: PacingState | None = None) -> None:
        self._settings = settings or PacingSettings()
        self._state = state or PacingState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Take one second."""
        state, settings = self._state, self._settings
        if state.early_mps is None:
            self._measure(view)
        if state.early_mps and settings.usual_mps:
            view.early_pace = state.early_mps / settings.usual_mps
            if view.early_pace >= settings.fast and state.early_mps > settings.high_mps:
                view.prior += settings.prior
        return ()

    def snapshot(self) -> PacingState:
        """The state, a copy."""
        return copied(self._state)

    def _measure(self, view: View) -> None:
        state, settings = self._state, self._settings
        if view.run_s >= settings.third_s:
            enough = state.seconds >= settings.share * (settings.third_s - settings.from_s)
            state.early_mps = round(state.metres / state.seconds, 3) if enough else 0.0
            state.metres = state.seconds = 0.0
        elif view.run_s >= settings.from_s and view.settled and view.mps is not None:
            dt_s = min(view.dt_s, settings.step_s)
            state.seconds += dt_s
            state.metres += view.mps * dt_s
