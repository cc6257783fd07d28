"""Hitches: short dips of cadence that come back, the nearest proxy for a stumble or a twinge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level
from processor.features.online import leaked
from processor.features.view import View
from processor.state import copied

from .detector import Proof
from .dips import Dip, DipSettings, dip_over


@dataclass(frozen=True, slots=True)
class HitchSettings:
    """Science 3.4; all [E].

    Attributes:
        load_s: memory of the leaky count; 150 s.
        recent_s: "in the last minutes" of explanations; 240 s.
        lately_s: "just before" of the cramp-type stop; 120 s.
        kept: so many hitches are remembered by time; 16, more change no explanation.
        hill_weight: what a hitch counts on a hill; 0.5 (science 2.6).
        turn_weight: and at a bend; 0.5.
    """

    load_s: float = 150.0
    recent_s: float = 240.0
    lately_s: float = 120.0
    kept: int = 16
    hill_weight: float = 0.5
    turn_weight: float = 0.5
    dip: DipSettings = field(default_factory=DipSettings)


@dataclass(slots=True)
class HitchState:
    """A dip under way, the leaky count, when the recent hitches were and what each counted."""

    began_ms: int | None = None
    low_until_ms: int = 0
    depth_spm: float = 0.0
    load: float = 0.0
    at_ms: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class Hitch:
    """Finds hitches, and keeps the counts that the pattern score reads (``hitch_load``, ``hitches``)."""

    name: ClassVar[str] = "hitch"
    state_type: ClassVar[type] = HitchState

    def __init__(self, settings: HitchSettings | None = None, state: HitchState | None = None) -> None:
        self._settings = settings or HitchSettings()
        self._state = state or HitchState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a hitch at the second in which the cadence is back."""
        state, settings = self._state, self._settings
        if state.load:
            state.load = leaked(state.load, view.dt_s, settings.load_s)
        dip = dip_over(state, view, settings.dip)
        proofs: Sequence[Proof] = ()
        if dip is not None:
            proofs = self._count(view, dip)
        if state.at_ms:
            self._let_go(view)
        view.hitch_load = state.load
        return proofs

    def snapshot(self) -> HitchState:
        """The state, a copy."""
        return copied(self._state)

    def _count(self, view: View, dip: Dip) -> Sequence[Proof]:
        """A hitch counts for what the circumstances leave of it; where they leave nothing it is none."""
        state, base = self._state, view.base
        weight = self._weight(view)
        if weight == 0.0 or base is None:
            return ()
        state.load += weight
        state.at_ms.append(view.at_ms)
        state.weights.append(weight)
        because = f"Your rhythm broke for {dip.low_s:.0f} s and came back."
        evidence = {"seconds": dip.low_s, "depth_percent": round(100 * dip.depth_spm / base.spm, 2)}
        if weight < 1.0:
            evidence["weight"] = weight
        return (Proof(FindingKind.HITCH, view.at_ms, Level.OK, (because,), evidence),)

    def _weight(self, view: View) -> float:
        if not view.gates:
            return 1.0
        # Between fast and slow cadence leaves its expectation by itself.
        weight = 0.0 if view.recovering else 1.0
        if Gate.HILL in view.gates:
            weight *= self._settings.hill_weight
        if Gate.TURN in view.gates:
            weight *= self._settings.turn_weight
        return weight

    def _let_go(self, view: View) -> None:
        """Forget old hitches, and write how many there were lately."""
        state, settings = self._state, self._settings
        oldest_ms = view.at_ms - settings.recent_s * SECOND_MS
        while state.at_ms and (state.at_ms[0] < oldest_ms or len(state.at_ms) > settings.kept):
            del state.at_ms[0], state.weights[0]
        if not state.at_ms:
            return
        view.hitches, view.hitch_at_ms = len(state.at_ms), state.at_ms[-1]
        lately_ms = view.at_ms - settings.lately_s * SECOND_MS
        if view.hitch_at_ms >= lately_ms:
            lately = zip(state.at_ms, state.weights, strict=True)
            view.hitches_lately = int(sum(weight for at_ms, weight in lately if at_ms >= lately_ms))
