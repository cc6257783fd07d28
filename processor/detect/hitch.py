"""Hitches: short dips of cadence that come back, the nearest proxy for a stumble or a twinge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Motion
from processor.features.online import leaked
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class HitchSettings:
    """Science 3.4; all [E].

    Attributes:
        depth_share: a dip begins below expectation by this share of the usual cadence; 4.5 %.
        depth_sigma: or by so many usual spreads, whichever is more; 2.5.
        back_share: it is over within this share of the expectation; 2.5 %.
        shortest_s: a shorter dip is noise; 2 s.
        longest_s: a longer dip is a change; 14 s.
        back_s: it must be back after so long; 15 s.
        walk_s: walking for so long is a walk break instead; 8 s.
        load_s: memory of the leaky count; 150 s.
        recent_s: "in the last minutes" of explanations; 240 s.
        lately_s: "just before" of the cramp-type stop; 120 s.
        kept: so many hitches are remembered by time; 16, more change no explanation.
    """

    depth_share: float = 0.045
    depth_sigma: float = 2.5
    back_share: float = 0.025
    shortest_s: float = 2.0
    longest_s: float = 14.0
    back_s: float = 15.0
    walk_s: float = 8.0
    load_s: float = 150.0
    recent_s: float = 240.0
    lately_s: float = 120.0
    kept: int = 16


@dataclass(slots=True)
class HitchState:
    """A dip under way, the leaky count, and when the recent hitches were."""

    began_ms: int | None = None
    low_until_ms: int = 0
    depth_spm: float = 0.0
    load: float = 0.0
    at_ms: list[int] = field(default_factory=list)


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
        proofs = self._follow(view)
        while state.at_ms and (
            view.at_ms - state.at_ms[0] > settings.recent_s * SECOND_MS or len(state.at_ms) > settings.kept
        ):
            del state.at_ms[0]
        view.hitch_load, view.hitches = state.load, len(state.at_ms)
        lately_ms = view.at_ms - settings.lately_s * SECOND_MS
        view.hitches_lately = sum(at_ms >= lately_ms for at_ms in state.at_ms)
        view.hitch_at_ms = state.at_ms[-1] if state.at_ms else None
        return proofs

    def snapshot(self) -> HitchState:
        """The state, a copy."""
        return copied(self._state)

    def _follow(self, view: View) -> Sequence[Proof]:
        state, settings, base = self._state, self._settings, view.base
        if base is None or view.spm is None or view.expected_spm is None or view.broken or self._is_more(view):
            state.began_ms = None
            return ()
        lacking = view.expected_spm - view.spm
        if state.began_ms is None:
            # A dip begins in settled running only; it may then well look like walking for a few seconds.
            if view.settled and lacking > max(settings.depth_share * base.spm, settings.depth_sigma * base.sigma_spm):
                state.began_ms, state.low_until_ms, state.depth_spm = view.at_ms, view.at_ms, lacking
            return ()
        if lacking > settings.back_share * base.spm:
            state.depth_spm = max(state.depth_spm, lacking)
            if lacking > settings.depth_share * base.spm:
                state.low_until_ms = view.at_ms
            return ()
        return self._back(view, base.spm)

    def _is_more(self, view: View) -> bool:
        """Whether the dip has become a pause or a walk, which have names of their own."""
        walked_ms = view.at_ms - view.motion_since_ms
        return view.motion == Motion.STOP or (
            view.motion == Motion.WALK and walked_ms >= self._settings.walk_s * SECOND_MS
        )

    def _back(self, view: View, usual_spm: float) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        assert state.began_ms is not None
        whole_s = (view.at_ms - state.began_ms) / SECOND_MS
        low_s = (state.low_until_ms - state.began_ms) / SECOND_MS + min(view.dt_s, 2.0)
        state.began_ms = None
        if not (low_s >= settings.shortest_s and low_s <= settings.longest_s and whole_s <= settings.back_s):
            return ()
        state.load += 1.0
        state.at_ms.append(view.at_ms)
        depth = 100 * state.depth_spm / usual_spm
        because = f"Your rhythm broke for {low_s:.0f} s and came back."
        evidence = {"seconds": low_s, "depth_percent": round(depth, 2)}
        return (Proof(FindingKind.HITCH, view.at_ms, Level.OK, (because,), evidence),)
