"""What the legs do, by cadence with hysteresis."""

from dataclasses import dataclass

from crampwatch.units import SECOND_MS, Motion


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Rules of science 3.2, step 3.

    Attributes:
        run_spm: running begins here while no baseline is known; 140 spm (91 % accurate, PubMed 37336086).
        leave_spm: and ends below this; 128 spm [E].
        run_share: with a baseline, running begins at this share of it; 0.83, floor 132 spm [E].
        leave_share: and ends below this share; 0.76, floor 120 spm [E].
        run_floor_spm: the floor of the one; 132 spm [E].
        leave_floor_spm: the floor of the other; 120 spm [E].
        walk_spm: walking begins here; 60 spm [E].
        stop_spm: below this there are no steps; 30 spm [E].
        lost_s: without cadence for so long the motion is unknown; 20 s [E].
    """

    run_spm: float = 140.0
    leave_spm: float = 128.0
    run_share: float = 0.83
    leave_share: float = 0.76
    run_floor_spm: float = 132.0
    leave_floor_spm: float = 120.0
    walk_spm: float = 60.0
    stop_spm: float = 30.0
    lost_s: float = 20.0


@dataclass(slots=True)
class MotionState:
    """The motion, since when, what it was before, and what it may be about to become."""

    motion: Motion = Motion.UNKNOWN
    since_ms: int = 0
    before: Motion = Motion.UNKNOWN
    next: Motion = Motion.UNKNOWN
    next_since_ms: int = 0
    seen_at_ms: int = 0

    def __post_init__(self) -> None:
        self.motion, self.before, self.next = Motion(self.motion), Motion(self.before), Motion(self.next)


class MotionTracker:
    """Follows the motion. A change must hold for two values (one, where steps are 2 s or longer)."""

    def __init__(self, settings: MotionSettings | None = None, state: MotionState | None = None) -> None:
        self._settings = settings or MotionSettings()
        self.state = state or MotionState()

    def step(self, at_ms: int, dt_s: float, spm: float | None, base_spm: float | None) -> bool:
        """Take the cadence of a moment; whether the motion changed. ``since_ms`` is where the change began."""
        state = self.state
        if spm is None:
            if state.motion != Motion.UNKNOWN and at_ms - state.seen_at_ms > self._settings.lost_s * SECOND_MS:
                return self._become(Motion.UNKNOWN, at_ms)
            return False
        lost = at_ms - state.seen_at_ms > self._settings.lost_s * SECOND_MS
        state.seen_at_ms = at_ms
        motion = self._read(spm, base_spm)
        if motion == state.motion and not lost:
            state.next = motion
            return False
        if motion != state.next or lost:
            state.next, state.next_since_ms = motion, at_ms
            if lost and state.motion != Motion.UNKNOWN:
                return self._become(Motion.UNKNOWN, at_ms)
            if dt_s < 2:
                return False
        return self._become(motion, state.next_since_ms)

    def _become(self, motion: Motion, since_ms: int) -> bool:
        state = self.state
        state.before, state.motion, state.since_ms = state.motion, motion, since_ms
        return True

    def _read(self, spm: float, base_spm: float | None) -> Motion:
        settings = self._settings
        enter, leave = settings.run_spm, settings.leave_spm
        if base_spm is not None:
            enter = max(settings.run_floor_spm, settings.run_share * base_spm)
            leave = max(settings.leave_floor_spm, settings.leave_share * base_spm)
        if spm >= enter or (spm >= leave and self.state.motion == Motion.RUN):
            return Motion.RUN
        if spm < settings.stop_spm:
            return Motion.STOP
        if settings.walk_spm <= spm < leave:
            return Motion.WALK
        return Motion.SHUFFLE
