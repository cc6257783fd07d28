"""Level shifts: cadence that has settled below what this speed should give."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import Level, Motion
from processor.features.online import ewma, leaked
from processor.features.view import View
from processor.score import level_quiet
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class ShiftSettings:
    """A one-sided CUSUM on 10-s block means: on single seconds of held cadence it would fire all the time.

    Attributes:
        block_s: length of a block; 10 s (science 3.1: one false alarm per 18 h at lag-1 correlation 0.5).
        slack: spreads of block means that are no shift; 1.0 (science 3.1).
        limit: a shift is proved above this sum; 8 (science 3.1).
        ceiling: the sum goes no further, so that it can end; 20, where the channel is full (science 3.5).
        tau_s: averaging time of the present deficit; 45 s (science 3.5).
        clip_sigma: one second counts for no more than this; 4 [E].
        rest_s: while not running both fade with this time constant; 120 s [E].
    """

    block_s: float = 10.0
    slack: float = 1.0
    limit: float = 8.0
    ceiling: float = 20.0
    tau_s: float = 45.0
    clip_sigma: float = 4.0
    rest_s: float = 120.0


@dataclass(slots=True)
class ShiftState:
    """The block being filled, the sum, and the averaged deficit in spreads per second."""

    block_sum: float = 0.0
    block_s: float = 0.0
    cusum: float = 0.0
    deficit_sigma: float | None = None
    told: bool = False


class LevelShift:
    """Finds level shifts; writes ``cusum`` and ``deficit_sigma`` (positive: below expectation).

    Both stand still while a gate keeps the level of cadence quiet.
    """

    name: ClassVar[str] = "shift"
    state_type: ClassVar[type] = ShiftState

    def __init__(self, settings: ShiftSettings | None = None, state: ShiftState | None = None) -> None:
        self._settings = settings or ShiftSettings()
        self._state = state or ShiftState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a shift when a block takes the sum over its limit."""
        state, settings, base = self._state, self._settings, view.base
        proofs: Sequence[Proof] = ()
        if view.broken or base is None:
            state.block_sum = state.block_s = 0.0
        if base is None:
            state.cusum, state.deficit_sigma, state.told = 0.0, None, False
        elif view.residual_spm is not None and not level_quiet(view):
            lacking = min(settings.clip_sigma, max(-settings.clip_sigma, -view.residual_spm / base.sigma_spm))
            state.deficit_sigma = ewma(state.deficit_sigma, lacking, min(view.dt_s, 10.0), settings.tau_s)
            clipped_spm = lacking * base.sigma_spm
            proofs = self._add(view, clipped_spm, base.block_sigma_spm)
        elif view.motion != Motion.RUN:
            state.cusum = leaked(state.cusum, view.dt_s, settings.rest_s)
            if state.deficit_sigma is not None:
                state.deficit_sigma = leaked(state.deficit_sigma, view.dt_s, settings.rest_s)
        view.cusum, view.deficit_sigma = state.cusum, state.deficit_sigma
        return proofs

    def snapshot(self) -> ShiftState:
        """The state, a copy."""
        return copied(self._state)

    def _add(self, view: View, lacking_spm: float, block_sigma_spm: float) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        weight = min(view.dt_s, settings.block_s)
        state.block_sum += lacking_spm * weight
        state.block_s += weight
        if state.block_s < settings.block_s:
            return ()
        mean_spm = state.block_sum / state.block_s
        blocks = state.block_s / settings.block_s
        state.block_sum = state.block_s = 0.0
        state.cusum = max(0.0, state.cusum + (mean_spm / block_sigma_spm - settings.slack) * blocks)
        state.cusum = min(settings.ceiling, state.cusum)
        if state.cusum <= settings.limit:
            state.told = state.told and state.cusum > 0.0
            return ()
        if state.told:
            return ()
        state.told = True
        because = "Your cadence has settled below what is usual for you at this pace."
        evidence = {"cusum": round(state.cusum, 2), "deficit_spm": round(mean_spm, 2)}
        return (Proof(FindingKind.LEVEL_SHIFT, view.at_ms, Level.OK, (because,), evidence),)
