"""Cadence as simple methods are given it: in steps, in order, and only while somebody has settled into running."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from collector import cadence_unit
from collector.cadence_unit import UnitState
from crampwatch.units import SECOND_MS, Motion
from processor.features.motion import MotionTracker
from simulator.session import Second, Session, Truth

from .trace import LONGEST_STEP_S, OPEN, RUNNING, Trace

#: Running time in which what is usual is learned, s; in it nothing counts (science 3.3).
WARM_UP_S = 480.0
#: So long somebody must have run again before a second is looked at, s (science 4.5).
SETTLED_S = 15.0
#: What a sensor can send at all.
_HIGHEST_PER_MIN = 254
#: What the sensor takes for running, m/s, or a minute where it has no speed.
_RUNNING_MPS, _RUNNING_SPM = 2.2, 140


class Gated(NamedTuple):
    """A second. ``spm`` is None unless it is one of settled running; ``usual_spm`` is None in the warm-up."""

    at_s: float
    dt_s: float
    spm: float | None
    usual_spm: float | None
    flags: int


@dataclass(frozen=True, slots=True)
class Cadence:
    """A session as simple methods are given it, gated once for all of them."""

    name: str
    truth: Truth
    seconds: tuple[Gated, ...]


#: Takes each second in turn and says how much it concerns; higher is worse, 0 is nothing.
Judge = Callable[[Gated], float]


def cadence_of(session: Session) -> Cadence:
    """The cadence of a session, through the gates."""
    return Cadence(session.name, session.truth, tuple(gated(session.seconds)))


def judged(cadence: Cadence, judge: Judge) -> Trace:
    """The trace that a method leaves: its score while the gates are open, 0 elsewhere."""
    at_s, score, flags = array("d"), array("d"), bytearray()
    for second in cadence.seconds:
        found = judge(second)
        at_s.append(second.at_s)
        score.append(found if second.flags & OPEN else 0.0)
        flags.append(second.flags)
    return Trace(cadence.name, cadence.truth, at_s, score, flags)


def gated(seconds: Iterable[Second]) -> Iterator[Gated]:
    """Seconds in order of time; those that came late or twice are left out."""
    following = _Following()
    for at_s, dt_s, spm in _in_steps(seconds):
        yield following.second(at_s, dt_s, spm)


class _Following:
    """Whether somebody runs, for how long, and what is usual: the median of the first eight minutes of running."""

    def __init__(self) -> None:
        self._motion = MotionTracker()
        self._learned: list[float] = []
        self._run_s = 0.0
        self._usual_spm: float | None = None

    def second(self, at_s: float, dt_s: float, spm: float | None) -> Gated:
        at_ms = round(at_s * SECOND_MS)
        self._motion.step(at_ms, dt_s, spm, self._usual_spm)
        runs = self._motion.state.motion is Motion.RUN
        if not runs or spm is None:
            return Gated(at_s, dt_s, None, self._usual_spm, 0)
        if self._usual_spm is None:
            self._learn(spm, dt_s)
        flags = 0 if self._usual_spm is None else RUNNING
        if at_ms - self._motion.state.since_ms < SETTLED_S * SECOND_MS:
            return Gated(at_s, dt_s, None, self._usual_spm, flags)
        return Gated(at_s, dt_s, spm, self._usual_spm, flags | OPEN if flags else 0)

    def _learn(self, spm: float, dt_s: float) -> None:
        self._learned.append(spm)
        self._run_s += dt_s
        if self._run_s >= WARM_UP_S:
            self._usual_spm = median(self._learned)
            self._learned = []


def _in_steps(seconds: Iterable[Second]) -> Iterator[tuple[float, float, float | None]]:
    """(moment, seconds since the last, cadence in steps a minute), in the unit that evidence decides, as live."""
    unit = UnitState()
    last_s: float | None = None
    for second in seconds:
        if last_s is not None and second.t_s <= last_s:
            continue
        dt_s = 1.0 if last_s is None else min(LONGEST_STEP_S, second.t_s - last_s)
        last_s = second.t_s
        spm: float | None = None
        if second.spm is not None and 0 <= second.spm <= _HIGHEST_PER_MIN:
            raw = float(second.spm)
            running = raw >= _RUNNING_SPM if second.mps is None else second.mps >= _RUNNING_MPS
            unit = cadence_unit.observe(unit, round(second.t_s * SECOND_MS), raw, running, second.mps)
            spm = cadence_unit.steps_per_min(unit.unit, raw)
        yield second.t_s, dt_s, spm
