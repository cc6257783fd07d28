"""Bends and kerbs: a single short dip of rhythm and pace together, or dips at even distances as on a track."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level
from processor.detect.detector import Proof
from processor.detect.dips import DipSettings, dip_over
from processor.features.view import View
from processor.state import copied

from .even import are_even


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """Harmless dips (science 2.4: one of 9 % in six minutes at a corner). All [E] but ``shortest_s``, ``longest_s``.

    Attributes:
        shortest_s: a bend takes at least so long; 4 s (science 4.2).
        longest_s: and no longer; 13 s (science 4.2).
        slower_share: the speed dips with it by this share; 5 %.
        alone_s: a single dip has none in so long before it; 120 s. A second one so soon is a cluster, and counts.
        dips: so many dips at even spaces are a track; 4.
        spread: spaces are even below this coefficient of variation, by distance or by time; 0.10.
        space_s: closer than this is no track; 45 s, half a lap of 400 m at 4.4 m/s.
        spaced_s: nor is further; 600 s.
        told_s: the gate is shown for so long; 10 s.
        step_s: the most time one speed stands for; 8 s, the longest step of smart recording.
    """

    shortest_s: float = 4.0
    longest_s: float = 13.0
    slower_share: float = 0.05
    alone_s: float = 120.0
    dips: int = 4
    spread: float = 0.10
    space_s: float = 45.0
    spaced_s: float = 600.0
    told_s: float = 10.0
    step_s: float = 8.0
    dip: DipSettings = field(default_factory=DipSettings)


@dataclass(slots=True)
class TurnState:
    """The dip under way with the speed before and in it, the way so far, when and where the last dips were."""

    began_ms: int | None = None
    low_until_ms: int = 0
    depth_spm: float = 0.0
    before_mps: float | None = None
    low_mps: float | None = None
    way_m: float = 0.0
    at_ms: list[int] = field(default_factory=list)
    at_m: list[int] = field(default_factory=list)
    until_ms: int | None = None


class Turn:
    """Closes :attr:`Gate.TURN` in the second that ends a harmless dip: the hitch that ends with it counts less."""

    name: ClassVar[str] = "turn"
    state_type: ClassVar[type] = TurnState

    def __init__(self, settings: TurnSettings | None = None, state: TurnState | None = None) -> None:
        self._settings = settings or TurnSettings()
        self._state = state or TurnState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a bend in the second that ends its dip."""
        state = self._state
        if view.mps is not None:
            state.way_m += view.mps * min(view.dt_s, self._settings.step_s)
        began_ms = state.began_ms
        dip = dip_over(state, view, self._settings.dip)
        proofs: Sequence[Proof] = ()
        if dip is not None:
            proofs = self._judge(view, dip.low_s)
        elif state.began_ms is not None:
            if began_ms is None:
                state.before_mps, state.low_mps = view.smooth_mps, view.mps
            elif view.mps is not None and (state.low_mps is None or view.mps < state.low_mps):
                state.low_mps = view.mps
        if state.until_ms is not None:
            if view.at_ms <= state.until_ms:
                view.gates.append(Gate.TURN)
            else:
                state.until_ms = None
        return proofs

    def snapshot(self) -> TurnState:
        """The state, a copy."""
        return copied(self._state)

    def _judge(self, view: View, low_s: float) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        alone = not state.at_ms or view.at_ms - state.at_ms[-1] >= settings.alone_s * SECOND_MS
        state.at_ms = [*state.at_ms[1 - settings.dips :], view.at_ms]
        state.at_m = [*state.at_m[1 - settings.dips :], round(state.way_m)]
        if self._periodic():
            because = "Bends of a track, as it looks: short dips of your rhythm at even distances."
        elif alone and settings.shortest_s <= low_s <= settings.longest_s and self._slower():
            because = "A bend or a kerb, as it looks: your rhythm and your pace dipped together."
        else:
            return ()
        state.until_ms = view.at_ms + round(settings.told_s * SECOND_MS)
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (because,), {"seconds": low_s}, str(Gate.TURN)),)

    def _slower(self) -> bool:
        before, low = self._state.before_mps, self._state.low_mps
        return before is not None and low is not None and low <= (1 - self._settings.slower_share) * before

    def _periodic(self) -> bool:
        state, settings = self._state, self._settings
        if len(state.at_ms) < settings.dips:
            return False
        spaces = [(later - earlier) / SECOND_MS for earlier, later in pairwise(state.at_ms)]
        if not all(settings.space_s <= space <= settings.spaced_s for space in spaces):
            return False
        ways = [later - earlier for earlier, later in pairwise(state.at_m)]
        return are_even(spaces, settings.spread) or are_even(ways, settings.spread)
