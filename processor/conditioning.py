"""Moments to views: each channel conditioned, motion followed, and what is usual set beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crampwatch.units import SECOND_MS, Level, Mode, Motion, Quality
from processor.features.baseline import BaselineSettings, BaselineState, SessionBaseline
from processor.features.beats import Beats, BeatsState
from processor.features.cadence import Cadence, CadenceState
from processor.features.heart import Heart, HeartState
from processor.features.motion import MotionState, MotionTracker
from processor.features.speed import Speed, SpeedState
from processor.features.speed_trust import SpeedTrust, SpeedTrustState
from processor.features.view import View
from processor.labels import Label
from processor.modes import Modes, ModeState
from processor.timeline import Moment


class Part(Protocol):
    """A part of the machine that keeps state between seconds."""

    state: Any


#: What gives the stored state of a part of a type, or None.
Stored = Callable[[str, type], Any]


@dataclass(frozen=True, slots=True)
class SettleSettings:
    """What must pass before values count.

    Attributes:
        level_s: cadence after a return to running; 15 s (science 3.2).
        heart_s: heart rate after it; 150 s, 2.5 time constants (science 3.2).
        silence_s: after so long without any data recent statistics start anew; 20 s (science 2.5).
        step_s: the most running time one second of data stands for; 8 s, the longest step of smart recording [E].
        work_bpm: where there is heart rate only, time counts as running from this heart rate on; 115 bpm [E]. On the
            recorded runs 95 % of running and 6 % of walking lie above it; who sits lies far below.
    """

    level_s: float = 15.0
    heart_s: float = 150.0
    silence_s: float = 20.0
    step_s: float = 8.0
    work_bpm: int = 115


@dataclass(slots=True)
class StretchState:
    """Since when this stretch of running goes; with heart rate only, how long the heart was at work and since when."""

    since_ms: int | None = None
    work_s: float = 0.0
    work_since_ms: int | None = None


class Conditioner:
    """Makes the view of each moment.

    Args:
        stored: the state of a part, for a machine that is restored.
        settings: what must pass before values count.
        baseline: how the session's baseline is learned, and where it begins.
    """

    def __init__(
        self, stored: Stored, settings: SettleSettings | None = None, baseline: BaselineSettings | None = None
    ) -> None:
        self._settle = settings or SettleSettings()
        self._level_ms = self._settle.level_s * SECOND_MS
        self._heart_ms = self._settle.heart_s * SECOND_MS
        self._cadence = Cadence(None, stored("cadence", CadenceState))
        self._heart = Heart(None, stored("heart", HeartState))
        self._beats = Beats(None, stored("beats", BeatsState))
        self._speed = Speed(None, stored("speed", SpeedState))
        self._trust = SpeedTrust(None, stored("speed_trust", SpeedTrustState))
        self._motion = MotionTracker(None, stored("motion", MotionState))
        self._baseline = SessionBaseline(baseline, stored("baseline", BaselineState))
        self._modes = Modes(None, stored("modes", ModeState))
        self.state: StretchState = stored("stretch", StretchState) or StretchState()

    @property
    def parts(self) -> Mapping[str, Part]:
        """Every part that has a state, by the name under which it is stored."""
        return {
            "cadence": self._cadence,
            "heart": self._heart,
            "beats": self._beats,
            "speed": self._speed,
            "speed_trust": self._trust,
            "motion": self._motion,
            "baseline": self._baseline,
            "modes": self._modes,
            "stretch": self,
        }

    def look(self, moment: Moment, level: Level, labels: tuple[Label, ...] = ()) -> View:
        """Condition one moment. ``level`` is the pattern level that stands: nothing is adapted to while it does."""
        view = self._condition(moment, level, labels)
        if self._beats.state.heard_at_ms is not None:
            view.quality["beats"] = self._beats.quality
        view.mode = self._modes.step(view)
        if view.mode is Mode.HEART_ONLY:
            self._follow_work(view)
        elif self.state.work_since_ms is not None:
            self.state.work_since_ms = None
        view.work_s = self.state.work_s
        self._baseline.observe(view, calm=level == Level.OK)
        return view

    def _condition(self, moment: Moment, level: Level, labels: tuple[Label, ...]) -> View:
        """Each channel of a moment, as far as it can be trusted."""
        at_ms, dt_s = moment.at_ms, moment.dt_s
        known = self._baseline.base is not None
        broken = self._break(moment)
        base = self._baseline.base
        usual_spm, usual_mps = (None, None) if base is None else (base.spm, base.mps)
        legs, cadence, speed = self._motion.state, self._cadence.state, self._speed.state
        mps, mps_quality = self._speed.step(moment, running=legs.motion == Motion.RUN)
        smooth_mps = speed.smooth_mps
        if self._trust.state.wild_at_ms is not None:
            mps = smooth_mps = None
            mps_quality = Quality.UNRELIABLE
        spm, spm_quality = self._cadence.step(moment, mps, usual_spm, usual_mps)
        changed = self._motion.step(at_ms, dt_s, spm, usual_spm)
        run_s = self._follow_run(at_ms, dt_s, legs.motion)
        bpm, bpm_quality = self._heart.step(moment, spm, legs.motion == Motion.RUN)
        self._trust.step(at_ms, speed.smooth_mps, spm, bpm, running=legs.motion == Motion.RUN)
        if self._heart.found_lock:
            self._baseline.take_back(self._heart.taken_back())
        since_ms = self.state.since_ms
        ran_ms = -1 if since_ms is None or spm is None else at_ms - since_ms
        return View(
            at_ms=at_ms,
            dt_s=dt_s,
            broken=broken,
            other_sensor=moment.other_sensor and known,
            motion=legs.motion,
            motion_before=legs.before,
            motion_since_ms=legs.since_ms,
            changed=changed,
            run_s=run_s,
            settled=ran_ms >= self._level_ms,
            heart_settled=ran_ms >= self._heart_ms,
            spm=spm,
            rr_ms=moment.rr_ms,
            read_at_ms=cadence.trusted_at_ms,
            ran_at_ms=moment.ran_at_ms,
            still_since_ms=cadence.still_since_ms,
            bpm=bpm,
            mps=mps,
            smooth_mps=smooth_mps,
            stepped_at_ms=speed.stepped_at_ms,
            speed_steps=smooth_mps is not None and self._speed.steps,
            quality={"heart_rate": bpm_quality, "cadence": spm_quality, "speed": mps_quality},
            locked=self._heart.state.locked,
            alpha1=self._beats.step(moment),
            labels=labels,
            level=level,
        )

    def _break(self, moment: Moment) -> bool:
        """Whether nothing recent may be compared with this moment; if so, begin anew what has to."""
        if moment.other_sensor:
            self._baseline.begin_anew()
            self._cadence.state = CadenceState()
        elif moment.dt_s <= self._settle.silence_s:
            return False
        self._baseline.interrupt(moment.dt_s)
        self.state.since_ms = None
        return True

    def _follow_work(self, view: View) -> None:
        """With heart rate only: running is a heart rate as of running, for want of anything better."""
        state = self.state
        good = view.quality["heart_rate"] is Quality.GOOD
        if view.broken or not good or view.bpm is None or view.bpm < self._settle.work_bpm:
            state.work_since_ms = None
            return
        state.work_s += min(view.dt_s, self._settle.step_s)
        if state.work_since_ms is None:
            state.work_since_ms = view.at_ms
        view.at_work = view.at_ms - state.work_since_ms >= self._heart_ms

    def _follow_run(self, at_ms: int, dt_s: float, motion: Motion) -> float:
        """Running time so far, and since when this stretch of running goes."""
        if motion != Motion.RUN:
            self.state.since_ms = None
            return self._baseline.run(0.0)
        if self.state.since_ms is None:
            self.state.since_ms = at_ms
        return self._baseline.run(min(dt_s, self._settle.step_s))
