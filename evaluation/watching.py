"""A session through the athlete's machine, and what is kept of it: the score and whether it alone decided."""

from array import array
from collections.abc import Iterable, Iterator, Set
from itertools import islice

from collector import cadence_unit
from collector.cadence_unit import UnitState
from collector.offline import UNDATED_MS
from crampwatch.events import CadenceMeasured, Finding, FindingKind, HeartRateMeasured, Sample, SpeedMeasured
from crampwatch.units import SECOND_MS, Level, Motion
from processor.athlete import Athlete, Outcome
from processor.detect.pattern import PatternSettings, capped, has_sign, score_decides, stands_open
from processor.features.view import View
from processor.profile import Profile
from simulator.session import Second, Session, Truth

from .channels import KEPT
from .trace import CAPPED, FREE, KNOWN, OPEN, RUNNING, SIGN, Alarm, Trace

#: Running time that has to lie behind before a second counts; 480 s, in which what is usual is learned (science 3.3).
WARM_UP_S = 480.0
_WARNING = Level.WARNING.rank
_STRAP, _POD = "strap", "pod"
_BATCH = 2_000
#: A step back further than this is a clock that was set: such seconds are left out, as importers of files do.
_STEP_BACK_MS = 10 * SECOND_MS
#: What the sensors' own fields hold: beyond it nothing was ever sent.
_HIGHEST_PER_MIN, _HIGHEST_BPM, _FASTEST_MPS = 254, 300, 255.99
_MOST_RR, _LONGEST_RR_MS = 32, 63_999.0
#: What the sensor takes for running, m/s, or steps/min where it has no speed.
_RUNNING_MPS, _RUNNING_SPM = 2.2, 140


def watch(
    name: str,
    truth: Truth,
    samples: Iterable[Sample],
    *,
    machines: type[Athlete] = Athlete,
    profile: Profile | None = None,
    channels: bool = False,
    zero_ms: int | None = None,
) -> Trace:
    """What a machine makes of one session.

    Args:
        name: the session's.
        truth: what was made to happen in it; kept, never looked at.
        samples: in the order in which they came.
        machines: makes the machine.
        profile: what is known of the athlete beforehand.
        channels: keep :data:`evaluation.channels.KEPT` as well, for fitting; NaN where a channel says nothing.
        zero_ms: the moment from which ``truth`` counts; None: the second of the first sample.
    """
    machine = machines("evaluated", "s1", profile)
    keeping = _Keeping(zero_ms, channels=channels)
    coming = iter(samples)
    while batch := list(islice(coming, _BATCH)):
        if keeping.zero_ms is None:
            keeping.zero_ms = batch[0].at_ms // SECOND_MS * SECOND_MS
        keeping.take(machine.observe(batch))
    keeping.take(machine.flush())
    return keeping.trace(name, truth)


def watch_session(
    session: Session,
    *,
    without: Set[str] = frozenset(),
    machines: type[Athlete] = Athlete,
    profile: Profile | None = None,
    channels: bool = False,
) -> Trace:
    """What a machine makes of a simulated session; ``without`` leaves ``speed`` or ``heart`` out."""
    told = samples_of_session(session, without)
    return watch(
        session.name, session.truth, told, machines=machines, profile=profile, channels=channels, zero_ms=UNDATED_MS
    )


def samples_of_session(session: Session, without: Set[str] = frozenset()) -> Iterator[Sample]:
    """The seconds of a session as the collector would have told them: in order, in the unit that evidence decides.

    Without the detour over the bytes of a frame, so that thousands of sessions can be had.

    Args:
        session: second 0 of it lies at :data:`collector.offline.UNDATED_MS`.
        without: ``speed``, ``heart``: no sensor for it is worn.
    """
    telling = _Telling("speed" not in without, "heart" not in without)
    for second in session.seconds:
        yield from telling.second(second)


class _Telling:
    """One runner's strap and pod: moments that ascend, sequences without a hole, the cadence's unit."""

    def __init__(self, speed: bool, heart: bool) -> None:
        self._speed, self._heart = speed, heart
        self._unit = UnitState()
        self._last_ms = -1
        self._seq = {_STRAP: 0, _POD: 0}

    def second(self, second: Second) -> Iterator[Sample]:
        """What the sensors say in a second; nothing where there is nothing, never 0."""
        at_ms = UNDATED_MS + round(second.t_s * SECOND_MS)
        if at_ms < self._last_ms - _STEP_BACK_MS:
            return
        if self._heart:
            yield from self._strap(at_ms, second)
        yield from self._pod(at_ms, second)

    def _strap(self, at_ms: int, second: Second) -> Iterator[Sample]:
        bpm = second.bpm if second.bpm is not None and 1 <= second.bpm <= _HIGHEST_BPM else None
        rr_ms = tuple(rr for rr in second.rr_ms[:_MOST_RR] if 1.0 <= rr < _LONGEST_RR_MS) if second.rr_ms else ()
        if bpm is not None or rr_ms:
            yield HeartRateMeasured(
                at_ms=self._next_ms(at_ms), device=_STRAP, seq=self._next_seq(_STRAP), bpm=bpm, rr_ms=rr_ms
            )

    def _pod(self, at_ms: int, second: Second) -> Iterator[Sample]:
        raw, mps = second.spm, second.mps
        if mps is not None and not 0 <= mps <= _FASTEST_MPS:
            mps = None
        told_mps = mps if self._speed else None
        has_cadence = raw is not None and 0 <= raw <= _HIGHEST_PER_MIN
        if not has_cadence and told_mps is None:
            return
        at_ms = self._next_ms(at_ms)
        if has_cadence:
            yield self._cadence(at_ms, float(raw or 0), mps, told_mps)
        if told_mps is not None:
            yield SpeedMeasured(at_ms=at_ms, device=_POD, seq=self._next_seq(_POD), mps=told_mps)

    def _cadence(self, at_ms: int, raw: float, mps: float | None, told_mps: float | None) -> Sample:
        running = mps >= _RUNNING_MPS if mps is not None else raw >= _RUNNING_SPM
        self._unit = cadence_unit.observe(self._unit, at_ms, raw, running, told_mps)
        return CadenceMeasured(
            at_ms=at_ms,
            device=_POD,
            seq=self._next_seq(_POD),
            spm=cadence_unit.steps_per_min(self._unit.unit, raw),
            raw_per_min=raw,
            unit=self._unit.unit,
            decided_by=self._unit.decided_by,
            running=running,
        )

    def _next_ms(self, at_ms: int) -> int:
        self._last_ms = max(at_ms, self._last_ms + 1)
        return self._last_ms

    def _next_seq(self, device: str) -> int:
        seq = self._seq[device]
        self._seq[device] = seq + 1
        return seq


class _Keeping:
    """Gathers what a trace holds."""

    def __init__(self, zero_ms: int | None, *, channels: bool) -> None:
        self.zero_ms = zero_ms
        self._settings = PatternSettings()
        self._last_ms = -1
        self._level = Level.OK
        self._at_s, self._score, self._flags = array("d"), array("d"), bytearray()
        self._warnings: list[Alarm] = []
        self._prompts: list[float] = []
        self._channels = {name: array("f") for name in KEPT} if channels else {}

    def take(self, outcome: Outcome) -> None:
        for finding in outcome.findings:
            self._hear(finding)
        for view in outcome.views:
            if view.at_ms <= self._last_ms:  # the athlete's clock was set back
                continue
            self._last_ms = view.at_ms
            self._at_s.append(self._since(view.at_ms))
            self._score.append(view.score)
            self._flags.append(self._flag(view))
            if self._channels:
                self._keep(view)

    def trace(self, name: str, truth: Truth) -> Trace:
        return Trace(
            name,
            truth,
            self._at_s,
            self._score,
            self._flags,
            tuple(self._warnings),
            tuple(self._prompts),
            dict(self._channels),
        )

    def _since(self, at_ms: int) -> float:
        return (at_ms - (self.zero_ms or 0)) / SECOND_MS

    def _hear(self, finding: Finding) -> None:
        if finding.kind is FindingKind.CRAMP_STOP:
            self._prompts.append(self._since(finding.at_ms))
        elif finding.kind in {FindingKind.PATTERN, FindingKind.FATIGUE}:
            stood, self._level = self._level, finding.level
            if finding.level.rank > max(stood.rank, _WARNING - 1):
                escalation = stood.rank >= _WARNING
                alarm = Alarm(self._since(finding.at_ms), str(finding.level), finding.because, escalation)
                self._warnings.append(alarm)

    def _flag(self, view: View) -> int:
        flag = 0
        if view.motion is Motion.RUN and view.run_s >= WARM_UP_S and view.spm is not None:
            flag |= RUNNING
        if view.settled and view.base is not None:
            flag |= KNOWN
            if stands_open(view):
                flag |= FREE
                flag |= OPEN if score_decides(view, self._settings) else 0
        if has_sign(view, self._settings):
            flag |= SIGN
        return flag | CAPPED if capped(view) else flag

    def _keep(self, view: View) -> None:
        for name, read in KEPT.items():
            self._channels[name].append(read(view))
