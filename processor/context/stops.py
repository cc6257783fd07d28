"""Stops and walks that have a plain reason, known by how running goes on; and the burden of those that have none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import HOUR_MS, SECOND_MS, Gate, Level, Motion
from processor.detect.detector import Proof
from processor.features.online import leaked
from processor.features.view import View
from processor.state import copied


@dataclass(frozen=True, slots=True)
class StopsSettings:
    """Science 2.6, "traffic stop" and "gel walk".

    Attributes:
        run_s: only an interruption of a run counts: so much running before it; 30 s [E].
        stood_s: no steps for so long is a stop; 3 s (science 3.4).
        normal_share: running as usual before it is at this share of the usual cadence or above; 85 %, as for the
            cramp-type stop [E].
        normal_s: and goes on to within so long of the stop; 5 s (science 2.6), or one step of a smart recording.
        step_s: the longest step of smart recording; 8 s [E].
        back_share: running goes on at this share of the usual cadence; 97 % (science 2.6).
        again_s: from so long after the first step of running; 3 s [E].
        back_s: and by so long after it; 15 s, when cadence counts again (science 3.2).
        walk_s: a drink's walk takes at least so long; 10 s (science 2.6).
        walked_s: and no longer; 60 s (science 2.6).
        walks_per_h: more of them in an hour are something else; 3 (science 2.6).
        walk_weight: what such a walk adds to the burden; 0.2 (science 2.6).
        break_s: a walk shorter than this is no break; 8 s (science 3.4).
        load_s: memory of the burden; 400 s (science 3.5, channel B).
        told_s: the gate is shown for so long; 30 s [E].
    """

    run_s: float = 30.0
    stood_s: float = 3.0
    normal_share: float = 0.85
    normal_s: float = 5.0
    step_s: float = 8.0
    back_share: float = 0.97
    again_s: float = 3.0
    back_s: float = 15.0
    walk_s: float = 10.0
    walked_s: float = 60.0
    walks_per_h: int = 3
    walk_weight: float = 0.2
    break_s: float = 8.0
    load_s: float = 400.0
    told_s: float = 30.0


@dataclass(slots=True)
class StopsState:
    """The interruption under way and how it began, the last short walks, the burden, and the gate that is shown."""

    normal_at_ms: int | None = None
    ran_from_s: float = 0.0
    left_ms: int | None = None
    still_ms: int | None = None
    clean: bool = False
    again_ms: int | None = None
    walks_ms: list[int] = field(default_factory=list)
    load: float = 0.0
    gate: str | None = None
    until_ms: int = 0


class Stops:
    """Closes :attr:`Gate.TRAFFIC_STOP` and :attr:`Gate.GEL_WALK` once running goes on as before; writes ``break_load``.

    The burden counts each interruption that no plan and no gate explains as 1; it has no weight in the score.
    """

    name: ClassVar[str] = "stops"
    state_type: ClassVar[type] = StopsState

    def __init__(self, settings: StopsSettings | None = None, state: StopsState | None = None) -> None:
        self._settings = settings or StopsSettings()
        self._state = state or StopsState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a plain stop or walk some seconds after the return to running."""
        state = self._state
        if state.load:
            left = leaked(state.load, view.dt_s, self._settings.load_s)
            state.load = left if left >= 0.01 else 0.0
        proofs: Sequence[Proof] = ()
        if view.base is None or view.broken or view.motion == Motion.UNKNOWN:
            state.left_ms = state.again_ms = state.normal_at_ms = None
        elif view.motion != Motion.RUN:
            self._go_away(view)
        elif state.left_ms is not None:
            proofs = self._come_back(view, view.base.spm)
        elif view.spm is not None and view.spm >= self._settings.normal_share * view.base.spm:
            state.normal_at_ms = view.at_ms
        if state.gate is not None:
            if view.at_ms <= state.until_ms:
                view.gates.append(Gate(state.gate))
            else:
                state.gate = None
        view.break_load = state.load
        return proofs

    def snapshot(self) -> StopsState:
        """The state, a copy."""
        return copied(self._state)

    def _go_away(self, view: View) -> None:
        state, settings = self._state, self._settings
        state.again_ms = None
        if state.left_ms is None:
            if view.motion_before != Motion.RUN or not view.changed:
                return
            if view.run_s - state.ran_from_s < settings.run_s:
                return
            state.left_ms, state.still_ms, state.clean = view.motion_since_ms, None, False
        if view.motion == Motion.STOP and state.still_ms is None:
            state.still_ms = view.motion_since_ms
            near_ms = max(settings.normal_s, min(view.dt_s, settings.step_s)) * SECOND_MS
            state.clean = state.normal_at_ms is not None and state.still_ms - state.normal_at_ms <= near_ms

    def _come_back(self, view: View, usual_spm: float) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        assert state.left_ms is not None
        if view.changed or state.again_ms is None:
            state.again_ms = view.motion_since_ms
        again_s = (view.at_ms - state.again_ms) / SECOND_MS
        if again_s < settings.again_s:
            return ()
        back = view.spm is not None and view.spm >= settings.back_share * usual_spm
        if not back and again_s < settings.back_s:
            return ()
        proofs = self._judge(view, back=back)
        state.left_ms = state.again_ms = None
        state.ran_from_s = view.run_s
        return proofs

    def _judge(self, view: View, *, back: bool) -> Sequence[Proof]:
        """The interruption is over: whether it was plain, and what it adds to the burden."""
        state, settings = self._state, self._settings
        assert state.left_ms is not None
        assert state.again_ms is not None
        away_s = (state.again_ms - state.left_ms) / SECOND_MS
        stood_s = 0.0 if state.still_ms is None else (state.again_ms - state.still_ms) / SECOND_MS
        if Gate.RUN_WALK in view.gates or (stood_s < settings.stood_s and away_s < settings.break_s):
            return ()
        if stood_s >= settings.stood_s:
            if back and state.clean:
                words = f"A plain stop of {stood_s:.0f} s, as it looks: you run again as usual."
                return self._close(view, Gate.TRAFFIC_STOP, words, stood_s)
        elif back and settings.walk_s <= away_s <= settings.walked_s and self._seldom(view.at_ms):
            state.load += settings.walk_weight
            state.walks_ms.append(view.at_ms)
            words = f"A walk of {away_s:.0f} s, as for a drink: you run again as usual."
            return self._close(view, Gate.GEL_WALK, words, away_s)
        state.load += 1.0
        return ()

    def _seldom(self, at_ms: int) -> bool:
        state = self._state
        state.walks_ms = [one for one in state.walks_ms if at_ms - one <= HOUR_MS]
        return len(state.walks_ms) < self._settings.walks_per_h

    def _close(self, view: View, gate: Gate, words: str, seconds: float) -> Sequence[Proof]:
        self._state.gate = str(gate)
        self._state.until_ms = view.at_ms + round(self._settings.told_s * SECOND_MS)
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (words,), {"seconds": seconds}, str(gate)),)
