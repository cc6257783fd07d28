"""Gradual decline: cadence that slopes away over a quarter of an hour, more than ordinary fatigue does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level
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
    """Values of the block being filled, and of the blocks in the window how long each came after the one before, in
    seconds, and its percent.
    """

    block: list[float] = field(default_factory=list)
    block_s: float = 0.0
    block_at_ms: int = 0
    apart_s: list[int] = field(default_factory=list)
    percents: list[float] = field(default_factory=list)
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
            state.block, state.block_s, state.apart_s, state.percents = [], 0.0, [], []
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
        blocks = self._window(view.at_ms)
        state.deficit_percent = deficit = -median([y for age_s, y in blocks if age_s <= settings.now_s])
        if deficit < settings.over_percent:
            state.told = False
        # The slope costs n^2: it is asked for only when the deficit is there.
        enough = len(blocks) * settings.block_s >= settings.filled_share * settings.window_s
        if state.told or deficit < settings.deficit_percent or not enough:
            return ()
        slope = theil_sen([(-age_s / 600, y) for age_s, y in blocks])
        if slope is None or slope > settings.slope_percent:
            return ()
        state.told = True
        because = f"Your cadence has been falling for some minutes and is {deficit:.0f} % below your usual."
        evidence = {"deficit_percent": round(deficit, 2), "percent_per_10min": round(slope, 2)}
        return (Proof(FindingKind.GRADUAL_DECLINE, view.at_ms, Level.OK, (because,), evidence),)

    def _window(self, at_ms: int) -> list[tuple[int, float]]:
        """The blocks of the window with their age in seconds, oldest first, the one that is full now included."""
        state, age_s = self._state, 0
        state.apart_s.append((at_ms - state.block_at_ms) // SECOND_MS if state.percents else 0)
        state.percents.append(round(median(state.block), 3))
        state.block, state.block_s, state.block_at_ms = [], 0.0, at_ms
        blocks: list[tuple[int, float]] = []
        for apart_s, percent in zip(reversed(state.apart_s), reversed(state.percents), strict=True):
            if age_s > self._settings.window_s:
                break
            blocks.append((age_s, percent))
            age_s += apart_s
        state.apart_s, state.percents = state.apart_s[-len(blocks) :], state.percents[-len(blocks) :]
        return blocks[::-1]
