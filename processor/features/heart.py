"""Heart rate made fit for detectors: spikes dropped, frozen values and cadence lock found."""

from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS, Quality
from processor.timeline import Moment


@dataclass(frozen=True, slots=True)
class HeartSettings:
    """Rules of science 2.5.

    Attributes:
        lowest_bpm: less is no running heart; 35 bpm [E].
        highest_bpm: more is an artefact; 225 bpm [E].
        spike_bpm: a jump of more than this per second is dropped; 12 bpm [E].
        hold_s: the last good value stands for so long, then the channel is missing, and a level that has stayed
            elsewhere is believed; 10 s [E].
        flat_s: identical for so long while running is a held value; 45 s, vendors hold the last value even off
            the wrist (UNA SDK issue 282).
        lock_s: window of the cadence-lock rule; 60 s [E].
        lock_bpm: heart rate within this of cadence is "equal"; 3 bpm [E].
        lock_share: this share of the window must be equal; 0.8 [E].
        entry_bpm: a jump this large within ``entry_s`` before it became equal betrays the lock; 12 bpm [E].
        entry_s: time of that jump; 15 s [E].
        follow_spm: so does following a cadence change this large; 8 spm [E].
        release_s: different for so long ends the lock; 20 s [E].
        release_bpm: "different" is more than this; 6 bpm [E].
    """

    lowest_bpm: int = 35
    highest_bpm: int = 225
    spike_bpm: int = 12
    hold_s: float = 10.0
    flat_s: float = 45.0
    lock_s: float = 60.0
    lock_bpm: float = 3.0
    lock_share: float = 0.8
    entry_bpm: float = 12.0
    entry_s: float = 15.0
    follow_spm: float = 8.0
    release_s: float = 20.0
    release_bpm: float = 6.0


@dataclass(slots=True)
class HeartState:
    """The last trusted value, how long it has not changed, and the recent (at_ms, bpm, spm) for the lock rule."""

    good_bpm: int | None = None
    good_at_ms: int = 0
    same_since_ms: int = 0
    recent: list[list[float]] = field(default_factory=list)
    equal: int = 0
    entered_by_jump: bool = False
    locked: bool = False
    apart_s: float = 0.0


class Heart:
    """Conditions one heart rate a moment."""

    def __init__(self, settings: HeartSettings | None = None, state: HeartState | None = None) -> None:
        self._settings = settings or HeartSettings()
        self.state = state or HeartState()

    def step(self, moment: Moment, spm: float | None, running: bool) -> tuple[int | None, Quality]:
        """The heart rate of this moment in bpm and how far to trust it; only GOOD is fit for features."""
        bpm = moment.bpm
        if bpm is None or not self._settings.lowest_bpm <= bpm <= self._settings.highest_bpm:
            return self._held(moment, said=bpm is not None)
        state = self.state
        age_s = (moment.at_ms - state.good_at_ms) / SECOND_MS
        if state.good_bpm is not None and age_s <= self._settings.hold_s and self._spike(bpm, age_s):
            return state.good_bpm, Quality.UNRELIABLE
        if bpm != state.good_bpm:
            state.same_since_ms = moment.at_ms
        state.good_bpm, state.good_at_ms = bpm, moment.at_ms
        self._watch_lock(moment, bpm, spm)
        flat = running and moment.at_ms - state.same_since_ms >= self._settings.flat_s * SECOND_MS
        return bpm, Quality.UNRELIABLE if flat or state.locked else Quality.GOOD

    def _spike(self, bpm: int, age_s: float) -> bool:
        assert self.state.good_bpm is not None
        # Beyond two seconds a heart may have moved that far by itself.
        allowed = self._settings.spike_bpm if age_s <= 2 else 2 * self._settings.spike_bpm + 1
        return abs(bpm - self.state.good_bpm) > allowed

    def _held(self, moment: Moment, *, said: bool) -> tuple[int | None, Quality]:
        state = self.state
        if state.good_bpm is not None and moment.at_ms - state.good_at_ms <= self._settings.hold_s * SECOND_MS:
            return state.good_bpm, Quality.UNRELIABLE
        return None, Quality.UNRELIABLE if said else Quality.UNDEFINED

    def _watch_lock(self, moment: Moment, bpm: int, spm: float | None) -> None:
        state, settings = self.state, self._settings
        if spm is None:
            return
        equal = abs(bpm - spm) <= settings.lock_bpm
        if equal and state.equal == 0:
            state.entered_by_jump = self._jumped(moment.at_ms, bpm)
        state.recent.append([moment.at_ms, bpm, spm])
        state.equal += equal
        oldest = moment.at_ms - settings.lock_s * SECOND_MS
        while state.recent[0][0] < oldest:
            _, old_bpm, old_spm = state.recent.pop(0)
            state.equal -= abs(old_bpm - old_spm) <= settings.lock_bpm
        if state.locked:
            state.apart_s = state.apart_s + moment.dt_s if abs(bpm - spm) > settings.release_bpm else 0.0
            state.locked = state.apart_s <= settings.release_s
        elif state.equal >= settings.lock_share * len(state.recent) and self._covers_window(moment.at_ms):
            state.locked = state.entered_by_jump or self._follows()
            state.apart_s = 0.0

    def _covers_window(self, at_ms: int) -> bool:
        return at_ms - self.state.recent[0][0] >= (self._settings.lock_s - 5) * SECOND_MS

    def _jumped(self, at_ms: int, bpm: int) -> bool:
        """Whether heart rate came to cadence in a leap; close values alone are common at race effort."""
        since = at_ms - self._settings.entry_s * SECOND_MS
        return any(abs(bpm - old) >= self._settings.entry_bpm for when, old, _ in self.state.recent if when >= since)

    def _follows(self) -> bool:
        close = [spm for _, bpm, spm in self.state.recent if abs(bpm - spm) <= self._settings.lock_bpm]
        return max(close) - min(close) >= self._settings.follow_spm
