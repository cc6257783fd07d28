"""Gradual decline: cadence that slopes away over a quarter of an hour, more than ordinary fatigue does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import MINUTE_MS, SECOND_MS, Level
from processor.features.online import median, theil_sen
from processor.features.view import View
from processor.score import level_quiet
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class DeclineSettings:
    """Science 3.4; all [E].

    Attributes:
        block_s: medians are taken over so long; 15 s.
        window_s: the slope is taken over the last 15 min; 900 s.
        filled_share: and only when blocks fill this share of them; 80 %.
        slope_percent: proved from this slope; -2 % per 10 min (1-2 % an hour is ordinary, Hunter and Smith 2007).
        deficit_percent: and this deficit now; 3 %.
        now_s: "now" is the median of the last three minutes; 180 s.
        over_percent: a decline has ended below this deficit; 1.5 %.
    """

    block_s: float = 15.0
    window_s: float = 900.0
    filled_share: float = 0.8
    slope_percent: float = -2.0
    deficit_percent: float = 3.0
    now_s: float = 180.0
    over_percent: float = 1.5


@dataclass(slots=True)
class DeclineState:
    """Values of the block being filled, and (minute, percent) of the blocks in the window."""

    block: list[float] = field(default_factory=list)
    block_s: float = 0.0
    blocks: list[list[float]] = field(default_factory=list)
    deficit_percent: float | None = None
    told: bool = False


class GradualDecline:
    """Finds a gradual decline; writes ``decline_percent``, the deficit of the last minutes.

    Seconds in which a gate keeps the level of cadence quiet are left out.
    """

    name: ClassVar[str] = "decline"
    state_type: ClassVar[type] = DeclineState

    def __init__(self, settings: DeclineSettings | None = None, state: DeclineState | None = None) -> None:
        self._settings = settings or DeclineSettings()
        self._state = state or DeclineState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a decline when a block completes it."""
        state, settings, base = self._state, self._settings, view.base
        proofs: Sequence[Proof] = ()
        if base is None:
            state.block, state.block_s, state.blocks = [], 0.0, []
            state.deficit_percent, state.told = None, False
        elif view.residual_spm is not None and not level_quiet(view):
            state.block.append(round(100 * view.residual_spm / base.spm, 3))
            state.block_s += min(view.dt_s, settings.block_s)
            if state.block_s >= settings.block_s:
                proofs = self._complete(view)
        view.decline_percent = state.deficit_percent
        return proofs

    def snapshot(self) -> DeclineState:
        """The state, a copy."""
        return copied(self._state)

    def _complete(self, view: View) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        state.blocks.append([view.at_ms, median(state.block)])
        state.block, state.block_s = [], 0.0
        oldest = view.at_ms - settings.window_s * SECOND_MS
        while state.blocks[0][0] < oldest:
            state.blocks.pop(0)
        recent = [y for at_ms, y in state.blocks if at_ms >= view.at_ms - settings.now_s * SECOND_MS]
        state.deficit_percent = deficit = -median(recent)
        if deficit < settings.over_percent:
            state.told = False
        # The slope costs n^2: it is asked for only when the deficit is there.
        enough = len(state.blocks) * settings.block_s >= settings.filled_share * settings.window_s
        if state.told or deficit < settings.deficit_percent or not enough:
            return ()
        slope = theil_sen([((at_ms - oldest) / (10 * MINUTE_MS), y) for at_ms, y in state.blocks])
        if slope is None or slope > settings.slope_percent:
            return ()
        state.told = True
        because = f"Your cadence has been falling for some minutes and is {deficit:.0f} % below your usual."
        evidence = {"deficit_percent": round(deficit, 2), "percent_per_10min": round(slope, 2)}
        return (Proof(FindingKind.GRADUAL_DECLINE, view.at_ms, Level.OK, (because,), evidence),)
