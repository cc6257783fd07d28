"""The cramp-type stop: an abrupt end of running after signs. It asks a question; it never says that it is a cramp."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion
from processor.features.view import View
from processor.state import copied
from processor.weights import shipped

from .detector import Proof

#: A stop is part of a plan, or somebody has just said what it was.
_QUIET = frozenset({Gate.RUN_WALK, Gate.ANSWERED})
_STOPPED = "You stopped suddenly after signs of fatigue."


@dataclass(frozen=True, slots=True)
class CrampStopSettings:
    """Science 3.4.

    Attributes:
        walk_share: cadence has fallen below this share of the usual one; 78 %, because three cramps in ten of the
            simulator make a runner walk, at up to 125 steps/min.
        stop_share: below this share it is no walk; 60 % [E].
        normal_share: running as usual is above this share; 85 % [E].
        abrupt_s: from the one to the other; 5 s [E]. Where somebody then stands, one step of a smart recording as well:
            within it a change to walking looks as sudden as a stop. Measured on 34 recordings at 1 s, thinned four
            times to 2-8 s: 6 questions at 1 s, 6 to 10 in smart recordings, 11 to 15 if walks were asked about too.
        step_s: the longest step of smart recording; 8 s [E].
        confirm_s: and it stays so; 5 s from the first second without steps, longer than a drop-out [E].
        lag_s: the speed may say for so long that one still runs, as GPS lags by 20-30 s (science 2.4); beyond it the
            sensor is taken to be at fault and nothing is asked; 30 s.
        score: the pattern score that is a sign before somebody stands; set by the budgets of questions on tuning seeds
            (0.3 an hour) and on recorded runs (processor/weights.json).
        score_walk: and before somebody walks, which people do for many reasons (processor/weights.json).
        hitches: so many hitches in the last two minutes are signs as well; 3. Two (science 3.4) came before every
            third stop on trails. Before somebody stands only.
        again_s: so soon after a question the next such stop is no other one: it stands again; 30 s [E].
        for_s: the level stands for so long, or until it is answered or running goes on; 300 s (science 3.6).
    """

    walk_share: float = 0.78
    stop_share: float = 0.60
    normal_share: float = 0.85
    abrupt_s: float = 5.0
    step_s: float = 8.0
    confirm_s: float = 5.0
    lag_s: float = 30.0
    score: float = field(default_factory=lambda: shipped().now)
    score_walk: float = field(default_factory=lambda: shipped().now_walk)
    hitches: int = 3
    again_s: float = 30.0
    for_s: float = 300.0


@dataclass(slots=True)
class CrampStopState:
    """When running was last as usual, when it fell away, whether that was sudden and is still to be judged, whether
    there were signs by then, when the question that stands was asked, whether one long step is all that looked sudden,
    and when the last question was asked.
    """

    normal_at_ms: int | None = None
    fell_at_ms: int | None = None
    sudden: bool = False
    signs: bool = False
    asked_at_ms: int | None = None
    unsure: bool = False
    last_at_ms: int | None = None


class CrampStop:
    """Finds cramp-type stops; while one stands the level is ``now``."""

    name: ClassVar[str] = "cramp_stop"
    state_type: ClassVar[type] = CrampStopState

    def __init__(self, settings: CrampStopSettings | None = None, state: CrampStopState | None = None) -> None:
        self._settings = settings or CrampStopSettings()
        self._state = state or CrampStopState()
        if self._state.last_at_ms is None:
            self._state.last_at_ms = self._state.asked_at_ms

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove one a few seconds after the stop."""
        state = self._state
        proofs = self._follow(view)
        if state.asked_at_ms is not None:
            over = view.at_ms - state.asked_at_ms > self._settings.for_s * SECOND_MS
            if over or Gate.ANSWERED in view.gates or (view.motion == Motion.RUN and view.settled):
                state.asked_at_ms = None
            else:
                view.level = Level.NOW
                view.because = (_STOPPED,)
        return proofs

    def snapshot(self) -> CrampStopState:
        """The state, a copy."""
        return copied(self._state)

    def _follow(self, view: View) -> Sequence[Proof]:
        state, settings, base = self._state, self._settings, view.base
        if base is None or view.broken:
            state.normal_at_ms = state.fell_at_ms = None
            return ()
        if view.ran_at_ms is not None and state.normal_at_ms is not None:
            # A foot pod that falls asleep takes the last second of running with it; the watch beside it has seen that.
            state.normal_at_ms = max(state.normal_at_ms, view.ran_at_ms)
        low = view.spm is not None and view.spm < settings.walk_share * base.spm
        if view.still_since_ms is not None:
            self._fall(view.still_since_ms, view.dt_s)
        elif view.spm is None:
            return ()
        elif low:
            self._fall(view.at_ms, view.dt_s)
        else:
            if view.motion == Motion.RUN and view.spm >= settings.normal_share * base.spm:
                state.normal_at_ms = view.read_at_ms
            state.fell_at_ms = None
            return ()
        return self._wait(view, believed=low)

    def _fall(self, at_ms: int, dt_s: float) -> None:
        """The cadence has fallen away at ``at_ms``, unless it had before."""
        state, settings = self._state, self._settings
        if state.fell_at_ms is None:
            near_s = max(settings.abrupt_s, min(dt_s, settings.step_s))
            within_s = math.inf if state.normal_at_ms is None else (at_ms - state.normal_at_ms) / SECOND_MS
            state.fell_at_ms, state.signs = at_ms, False
            state.sudden, state.unsure = within_s <= near_s, settings.abrupt_s < within_s <= near_s
            # A fall that was slow stays so: no cramp-type stop until running was as usual again.
            state.normal_at_ms = None

    def _wait(self, view: View, *, believed: bool) -> Sequence[Proof]:
        """Judge a sudden fall once, when it has lasted and the speed no longer speaks against it."""
        state, settings = self._state, self._settings
        if not state.sudden or state.fell_at_ms is None:
            return ()
        fallen_s = (view.at_ms - state.fell_at_ms) / SECOND_MS
        state.signs = state.signs or self._has_signs(view)
        if fallen_s < settings.confirm_s or (not believed and fallen_s <= settings.lag_s):
            return ()
        state.sudden = False
        if not believed or not state.signs or not _QUIET.isdisjoint(view.gates) or self._goes_on(view):
            return ()
        if state.last_at_ms is not None and view.at_ms - state.last_at_ms < settings.again_s * SECOND_MS:
            state.asked_at_ms = view.at_ms
            return ()
        return self._ask(view)

    def _goes_on(self, view: View) -> bool:
        """Whether steps go on in a way that is no cramp: slower running, a fall that may have been slow, a climb.

        Up a climb people change to walking in a stride or two, and walk on.
        """
        stepping = view.still_since_ms is None
        climbs = view.motion is Motion.WALK and Gate.HILL in view.gates
        return climbs or (stepping and (view.motion is Motion.RUN or self._state.unsure))

    def _has_signs(self, view: View) -> bool:
        settings, base = self._settings, view.base
        stands = base is None or view.spm is None or view.spm < settings.stop_share * base.spm
        if stands and view.hitches_lately >= settings.hitches:
            return True
        needed = settings.score if stands else settings.score_walk
        return view.peak_score >= needed or view.level.rank >= Level.WARNING.rank

    def _ask(self, view: View) -> Sequence[Proof]:
        self._state.asked_at_ms = self._state.last_at_ms = view.at_ms
        because = [_STOPPED]
        if view.hitches:
            times = "one" if view.hitches == 1 else str(view.hitches)
            because.append(f"Short breaks in your rhythm before: {times} in the last 4 minutes.")
        evidence = {"peak_score": round(view.peak_score, 4), "hitches": float(view.hitches)}
        return (Proof(FindingKind.CRAMP_STOP, view.at_ms, Level.NOW, tuple(because), evidence),)
