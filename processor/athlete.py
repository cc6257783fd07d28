"""One athlete's machine: facts in, findings out. Pure: it knows no other athlete, no host and no clock."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

from crampwatch.events import Assessed, Finding, Sample
from crampwatch.units import Level, Motion, Quality
from processor.detect import (
    CrampStop,
    Fatigue,
    GradualDecline,
    Hitch,
    LevelShift,
    Pattern,
    Resumed,
    Signal,
    Standstill,
    Unsteady,
    WalkBreak,
)
from processor.detect.cramp import CrampStopState
from processor.detect.decline import DeclineState
from processor.detect.detector import Detector, Proof
from processor.detect.fatigue import FatigueState
from processor.detect.hitch import HitchState
from processor.detect.pattern import PatternSettings, PatternState
from processor.detect.resumed import ResumedState
from processor.detect.shift import ShiftState
from processor.detect.signal import SignalState
from processor.detect.standstill import StandstillState
from processor.detect.unsteady import UnsteadyState
from processor.detect.walk import WalkState
from processor.features.baseline import BaselineState, SessionBaseline
from processor.features.cadence import Cadence, CadenceState
from processor.features.heart import Heart, HeartState
from processor.features.motion import MotionState, MotionTracker
from processor.features.speed import Speed, SpeedState
from processor.features.view import View
from processor.state import packed, unpacked
from processor.timeline import Moment, Timeline, TimelineState

SNAPSHOT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of an athlete beforehand.

    Attributes:
        prior: logits by which history raises the pattern score, 0 to 1.2 (science 3.5); 0 when unknown.
    """

    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What facts led to. ``ignored`` counts samples that were not taken, by name: duplicate, backward."""

    findings: Sequence[Finding] = ()
    assessments: Sequence[Assessed] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettleSettings:
    """What must pass before values count.

    Attributes:
        level_s: cadence after a return to running; 15 s (science 3.2).
        heart_s: heart rate after it; 150 s, 2.5 time constants (science 3.2).
        silence_s: after so long without any data recent statistics start anew; 20 s (science 2.5).
        step_s: the most running time one second of data stands for; 8 s, the longest step of smart recording [E].
    """

    level_s: float = 15.0
    heart_s: float = 150.0
    silence_s: float = 20.0
    step_s: float = 8.0


class _Part(Protocol):
    """A part of the machine that keeps state between seconds."""

    state: Any


_DETECTOR_STATES: Mapping[str, type] = {
    Signal.name: SignalState,
    Hitch.name: HitchState,
    Standstill.name: StandstillState,
    WalkBreak.name: WalkState,
    Resumed.name: ResumedState,
    Unsteady.name: UnsteadyState,
    LevelShift.name: ShiftState,
    GradualDecline.name: DeclineState,
    Fatigue.name: FatigueState,
    Pattern.name: PatternState,
    CrampStop.name: CrampStopState,
}
_PART_STATES: Mapping[str, type] = {
    "timeline": TimelineState,
    "cadence": CadenceState,
    "heart": HeartState,
    "speed": SpeedState,
    "motion": MotionState,
    "baseline": BaselineState,
}


class Athlete:
    """One session of one athlete.

    Promises: the same facts in the same order give the same findings and the same :meth:`snapshot`, byte for
    byte, wherever they are observed; a machine restored from a snapshot goes on as this one would. A fact seen
    twice changes nothing. Being woken late, twice or never gives the same findings: what was due is found by the
    next fact, stamped with the time at which it was due. So a host with timers of its own may wake, and one without
    (the worker, the backtest) need not.

    Args:
        athlete_id: pseudonymous id; findings are named after it.
        session: this session; a new one has a machine of its own.
        profile: what is known beforehand.
        state: what :meth:`snapshot` holds of the parts, for :meth:`restore`.
    """

    def __init__(
        self, athlete_id: str, session: str, profile: Profile | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        self.athlete_id = athlete_id
        self.session = session
        self.profile = profile or Profile()
        self._settle = SettleSettings()
        self._assemble(state or {})

    def observe(self, samples: Iterable[Sample]) -> Outcome:
        """Take facts in the order in which they came."""
        return self._outcome(moment for sample in samples for moment in self._timeline.add(sample))

    def wake_at_ms(self) -> int | None:
        """The athlete time at which something will be proved unless a fact comes before; None: nothing is due."""
        return self._signal.due_ms()

    def wake(self, now_ms: int) -> Outcome:
        """Athlete time has reached ``now_ms``: no fact from before it will follow."""
        outcome = self._outcome(self._timeline.advance(now_ms))
        silence = [self._named(proof) for proof in self._signal.wake(now_ms)]
        return Outcome([*outcome.findings, *silence], outcome.assessments, outcome.ignored)

    def flush(self) -> Outcome:
        """Close the last second: no more facts will come."""
        return self._outcome(self._timeline.flush())

    @property
    def last_ms(self) -> int | None:
        """The last second that was closed."""
        return self._timeline.last_ms

    def snapshot(self) -> bytes:
        """The machine as canonical JSON: versioned, a few kilobytes, the same bytes for the same facts."""
        body = {
            "v": SNAPSHOT_VERSION,
            "athlete": self.athlete_id,
            "session": self.session,
            "profile": packed(self.profile),
            "run": [self._run_since_ms, self._restarts],
            "parts": {name: packed(part.state) for name, part in self._parts.items()},
            "detectors": {one.name: packed(one.snapshot()) for one in self._detectors},
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def restore(cls, snapshot: bytes) -> Self:
        """The machine that gave this snapshot.

        Raises:
            ValueError: it is no snapshot of a version that this release reads; start afresh from the store.
        """
        body = json.loads(snapshot)
        version = body.get("v") if isinstance(body, dict) else None
        if version != SNAPSHOT_VERSION:
            raise ValueError(f"snapshot version {version!r}; this release reads {SNAPSHOT_VERSION}")
        return cls(body["athlete"], body["session"], unpacked(Profile, body["profile"]), body)

    def _assemble(self, body: Mapping[str, Any]) -> None:
        parts, detectors = body.get("parts", {}), body.get("detectors", {})

        def part(name: str) -> Any:
            return unpacked(_PART_STATES[name], parts[name]) if name in parts else None

        def state(name: str) -> Any:
            return unpacked(_DETECTOR_STATES[name], detectors[name]) if name in detectors else None

        self._timeline = Timeline(None, part("timeline"))
        self._build_features(part)
        self._build_detectors(state)
        self._run_since_ms: int | None = None
        self._restarts = 0
        if "run" in body:
            self._run_since_ms, self._restarts = body["run"]

    def _build_features(self, part: Any) -> None:
        self._cadence = Cadence(None, part("cadence"))
        self._heart = Heart(None, part("heart"))
        self._speed = Speed(None, part("speed"))
        self._motion = MotionTracker(None, part("motion"))
        self._baseline = SessionBaseline(None, part("baseline"))

    def _build_detectors(self, state: Any) -> None:
        self._signal = Signal(None, state(Signal.name))
        self._pattern = Pattern(PatternSettings(prior=self.profile.prior), state(Pattern.name))
        # In the order in which each one's channel is needed by the next.
        self._detectors: tuple[Detector, ...] = (
            self._signal,
            Hitch(None, state(Hitch.name)),
            Standstill(None, state(Standstill.name)),
            WalkBreak(None, state(WalkBreak.name)),
            Resumed(None, state(Resumed.name)),
            Unsteady(None, state(Unsteady.name)),
            LevelShift(None, state(LevelShift.name)),
            GradualDecline(None, state(GradualDecline.name)),
            Fatigue(None, state(Fatigue.name)),
            self._pattern,
            CrampStop(None, state(CrampStop.name)),
        )

    @property
    def _parts(self) -> dict[str, _Part]:
        parts = (self._timeline, self._cadence, self._heart, self._speed, self._motion, self._baseline)
        return dict(zip(_PART_STATES, cast("tuple[_Part, ...]", parts), strict=True))

    def _outcome(self, moments: Iterable[Moment] | Iterator[Moment]) -> Outcome:
        findings: list[Finding] = []
        assessments: list[Assessed] = []
        for moment in moments:
            findings.extend(self._named(proof) for proof in self._prove(moment, assessments))
        ignored = dict(self._timeline.ignored)
        self._timeline.ignored.clear()
        return Outcome(findings, assessments, ignored)

    def _prove(self, moment: Moment, assessments: list[Assessed]) -> Iterable[Proof]:
        if moment.restarted:
            self._begin_again()
        proofs = list(self._signal.wake(moment.at_ms))
        view = self._look(moment)
        for detector in self._detectors:
            proofs.extend(detector.observe(view))
        assessments.append(self._assess(view))
        return proofs

    def _begin_again(self) -> None:
        """The athlete's clock went back: nothing before can be compared with what comes."""
        self._restarts += 1
        self._run_since_ms = None
        self._build_features(lambda _name: None)
        self._build_detectors(lambda _name: None)

    def _look(self, moment: Moment) -> View:
        """Condition one moment and set beside it what is usual."""
        at_ms, dt_s = moment.at_ms, moment.dt_s
        broken = dt_s > self._settle.silence_s
        if broken:
            self._baseline.interrupt(dt_s)
            self._run_since_ms = None
        base = self._baseline.base
        usual_spm = base.spm if base is not None else None
        mps, mps_quality = self._speed.step(moment, running=self._motion.state.motion == Motion.RUN)
        spm, spm_quality = self._cadence.step(moment, mps, usual_spm, base.mps if base is not None else None)
        changed = self._motion.step(at_ms, dt_s, spm, usual_spm)
        motion = self._motion.state.motion
        run_s = self._follow_run(at_ms, dt_s, motion)
        bpm, bpm_quality = self._heart.step(moment, spm, motion == Motion.RUN)
        ran_ms = -1 if self._run_since_ms is None or spm is None else at_ms - self._run_since_ms
        view = View(
            at_ms=at_ms,
            dt_s=dt_s,
            broken=broken,
            motion=motion,
            motion_before=self._motion.state.before,
            motion_since_ms=self._motion.state.since_ms,
            changed=changed,
            run_s=run_s,
            settled=ran_ms >= self._settle.level_s * 1_000,
            heart_settled=ran_ms >= self._settle.heart_s * 1_000,
            spm=spm,
            read_at_ms=self._cadence.state.trusted_at_ms,
            still_since_ms=self._cadence.state.still_since_ms,
            bpm=bpm,
            mps=mps,
            smooth_mps=self._speed.state.smooth_mps,
            stepped_at_ms=self._speed.state.stepped_at_ms,
            quality={"heart_rate": bpm_quality, "cadence": spm_quality, "speed": mps_quality},
            locked=self._heart.state.locked,
            level=self._pattern.level,
        )
        self._baseline.observe(view, calm=view.level == Level.OK)
        return view

    def _follow_run(self, at_ms: int, dt_s: float, motion: Motion) -> float:
        """Running time so far, and since when this stretch of running goes."""
        if motion != Motion.RUN:
            self._run_since_ms = None
            return self._baseline.run(0.0)
        if self._run_since_ms is None:
            self._run_since_ms = at_ms
        return self._baseline.run(min(dt_s, self._settle.step_s))

    def _assess(self, view: View) -> Assessed:
        return Assessed(
            session=self.session,
            at_ms=view.at_ms,
            level=view.level,
            settled=view.base is not None and view.quality["cadence"] is not Quality.UNDEFINED,
            score=round(view.score, 4),
            fatigue=None if view.fatigue is None else round(view.fatigue, 1),
            motion=view.motion,
            quality=view.quality,
            contributions={name: round(part, 3) for name, part in view.parts.items()},
        )

    def _named(self, proof: Proof) -> Finding:
        """A proof as a finding. Its name follows from content, so that a replay writes the same row."""
        kind = f"{proof.kind}-{proof.tag}" if proof.tag else str(proof.kind)
        again = f"/{self._restarts}" if self._restarts else ""
        return Finding(
            kind=proof.kind,
            id=f"{self.athlete_id}/{self.session}/{kind}/{proof.at_ms}{again}",
            session=self.session,
            at_ms=proof.at_ms,
            level=proof.level,
            because=proof.because,
            evidence=dict(proof.evidence),
        )
