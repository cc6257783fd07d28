"""Heart rate made fit for detectors: spikes and static of a dry strap dropped, frozen values and cadence lock found."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS, Quality
from processor.timeline import Moment

from .online import correlation


@dataclass(frozen=True, slots=True)
class HeartSettings:
    """Rules of science 2.5.

    Attributes:
        lowest_bpm: less is no running heart; 35 bpm [E].
        highest_bpm: more is an artefact; 225 bpm [E].
        spike_bpm: a jump of more than this within 2 s is dropped; 12 bpm [E].
        rise_bpm: so is a change of more than this within ``rise_s``, or from a value that was held; 25 bpm [E].
        rise_s: time of that change; 5 s [E].
        hold_s: the last good value stands for so long, then the channel is missing, and a level that has stayed
            elsewhere is believed; 10 s [E].
        static_bpm: a leap to this or more is not believed at the start, however long it stays: the static of a dry
            strap; 184 bpm, 97 % of a highest heart rate of 190 [E].
        static_s: the start; 480 s [E].
        flat_s: identical for so long while running is a held value; 45 s, vendors hold the last value even off
            the wrist (UNA SDK issue 282).
        lock_s: window of the cadence-lock rule; 60 s [E].
        lock_every_s: it holds a value every so often; 3 s [E].
        lock_bpm: heart rate within this of cadence is "equal"; 3 bpm [E].
        lock_share: this share of the window must be equal; 0.8 [E].
        entry_bpm: a jump this large within ``entry_s`` before it became equal betrays the lock; 12 bpm [E].
        entry_s: time of that jump; 15 s [E].
        follow_spm: so does following a cadence change this large; 8 spm [E].
        together: and so does changing with the cadence: this correlation of changes; 0.6 [E].
        together_s: over so long; 5 s, a heart takes a minute [E].
        together_spm: where the cadence ranges over this much; 6 spm [E].
        strap_s: a sensor that sent beats within this time is a strap, which locks only when it changes with the
            cadence; 60 s [E].
        release_s: different for so long ends the lock; 20 s [E].
        release_bpm: "different" is more than this; 6 bpm [E].
    """

    lowest_bpm: int = 35
    highest_bpm: int = 225
    spike_bpm: int = 12
    rise_bpm: int = 25
    rise_s: float = 5.0
    hold_s: float = 10.0
    static_bpm: int = 184
    static_s: float = 480.0
    flat_s: float = 45.0
    lock_s: float = 60.0
    lock_every_s: float = 3.0
    lock_bpm: int = 3
    lock_share: float = 0.8
    entry_bpm: int = 12
    entry_s: float = 15.0
    follow_spm: int = 8
    together: float = 0.6
    together_s: float = 5.0
    together_spm: int = 6
    strap_s: float = 60.0
    release_s: float = 20.0
    release_bpm: float = 6.0


@dataclass(slots=True)
class HeartState:
    """The last trusted value and one of up to ``rise_s`` ago, how long it has not changed, when heart rate and beats
    came, and the window of the lock rule: seconds from entry to entry, bpm, and cadence in whole spm.
    """

    good_bpm: int | None = None
    good_at_ms: int = 0
    same_since_ms: int = 0
    past_bpm: int = 0
    past_at_ms: int = 0
    first_at_ms: int | None = None
    beats_at_ms: int | None = None
    recent_at_ms: int = 0
    recent_s: list[int] = field(default_factory=list)
    recent_bpm: list[int] = field(default_factory=list)
    recent_spm: list[int] = field(default_factory=list)
    span_s: int = 0
    equal: int = 0
    entered_by_jump: bool = False
    locked: bool = False
    apart_s: float = 0.0


class Heart:
    """Conditions one heart rate a moment.

    ``found_lock`` is true for the moment in which a lock was found: the minute before it was wrong as well, and
    :meth:`taken_back` says what was believed in it.
    """

    def __init__(self, settings: HeartSettings | None = None, state: HeartState | None = None) -> None:
        self._settings = settings or HeartSettings()
        self._hold_ms = self._settings.hold_s * SECOND_MS
        self._flat_ms = self._settings.flat_s * SECOND_MS
        self._every_ms = self._settings.lock_every_s * SECOND_MS
        self._rise_ms = self._settings.rise_s * SECOND_MS
        self.state = state or HeartState()
        self.found_lock = False

    def step(self, moment: Moment, spm: float | None, running: bool) -> tuple[int | None, Quality]:
        """The heart rate of this moment in bpm and how far to trust it; only GOOD is fit for features."""
        state, settings, bpm, at_ms = self.state, self._settings, moment.bpm, moment.at_ms
        self.found_lock = False
        if moment.rr_ms:
            state.beats_at_ms = at_ms
        if bpm is None or not settings.lowest_bpm <= bpm <= settings.highest_bpm:
            return self._held(at_ms, said=bpm is not None)
        if state.first_at_ms is None:
            state.first_at_ms = at_ms
        if state.good_bpm is not None and at_ms - state.good_at_ms <= self._hold_ms and self._spike(bpm, at_ms):
            return state.good_bpm, Quality.UNRELIABLE
        if bpm >= settings.static_bpm and self._static(bpm, at_ms):
            return self._held(at_ms, said=True)
        if bpm != state.good_bpm:
            state.same_since_ms = at_ms
        if at_ms - state.past_at_ms >= self._rise_ms:
            state.past_bpm, state.past_at_ms = bpm, at_ms
        state.good_bpm, state.good_at_ms = bpm, at_ms
        if spm is not None:
            self._watch_lock(moment, bpm, spm)
        flat = running and at_ms - state.same_since_ms >= self._flat_ms
        return bpm, Quality.UNRELIABLE if flat or state.locked else Quality.GOOD

    def taken_back(self) -> Iterator[tuple[int, int]]:
        """What the window of a lock held, as (bpm, seconds)."""
        state = self.state
        return zip(state.recent_bpm, state.recent_s, strict=True)

    def _spike(self, bpm: int, at_ms: int) -> bool:
        state, settings = self.state, self._settings
        assert state.good_bpm is not None
        # Beyond two seconds a heart may have moved that far by itself.
        allowed = settings.spike_bpm if at_ms - state.good_at_ms <= 2 * SECOND_MS else settings.rise_bpm
        if abs(bpm - state.good_bpm) > allowed:
            return True
        return abs(bpm - state.past_bpm) > settings.rise_bpm and at_ms - state.past_at_ms <= self._rise_ms

    def _static(self, bpm: int, at_ms: int) -> bool:
        """Whether a strap that is not wet yet leapt here. A heart that climbs here is believed."""
        state, settings = self.state, self._settings
        assert state.first_at_ms is not None
        leapt = state.good_bpm is None or bpm - state.good_bpm > settings.rise_bpm
        return leapt and at_ms - state.first_at_ms < settings.static_s * SECOND_MS

    def _held(self, at_ms: int, *, said: bool) -> tuple[int | None, Quality]:
        state = self.state
        if state.good_bpm is not None and at_ms - state.good_at_ms <= self._hold_ms:
            return state.good_bpm, Quality.UNRELIABLE
        return None, Quality.UNRELIABLE if said else Quality.UNDEFINED

    def _watch_lock(self, moment: Moment, bpm: int, spm: float) -> None:
        state, settings = self.state, self._settings
        if state.locked:
            state.apart_s = state.apart_s + moment.dt_s if abs(bpm - spm) > settings.release_bpm else 0.0
            state.locked = state.apart_s <= settings.release_s
        if moment.at_ms - state.recent_at_ms < self._every_ms:
            return
        self._remember(moment.at_ms, bpm, round(spm))
        if state.locked or state.equal < settings.lock_share * len(state.recent_bpm):
            return
        if state.span_s >= settings.lock_s - 5 and self._betrayed(moment.at_ms):
            state.locked = self.found_lock = True
            state.apart_s = 0.0

    def _remember(self, at_ms: int, bpm: int, spm: int) -> None:
        """Put a value into the window of the lock rule."""
        state, settings = self.state, self._settings
        passed_s = (at_ms - state.recent_at_ms) // SECOND_MS if state.recent_bpm else 0
        if passed_s > settings.lock_s:
            state.recent_s, state.recent_bpm, state.recent_spm = [], [], []
            state.span_s = state.equal = passed_s = 0
        equal = abs(bpm - spm) <= settings.lock_bpm
        state.recent_at_ms = at_ms
        state.recent_s.append(passed_s)
        state.recent_bpm.append(bpm)
        state.recent_spm.append(spm)
        state.span_s += passed_s
        if equal and state.equal == 0:
            state.entered_by_jump = self._jumped(bpm)
        state.equal += equal
        while state.span_s > settings.lock_s:
            state.equal -= abs(state.recent_bpm[0] - state.recent_spm[0]) <= settings.lock_bpm
            del state.recent_s[0], state.recent_bpm[0], state.recent_spm[0]
            state.span_s -= state.recent_s[0]
            state.recent_s[0] = 0

    def _betrayed(self, at_ms: int) -> bool:
        """Whether something shows a lock; close values alone are common at race effort."""
        state, settings = self.state, self._settings
        strap = state.beats_at_ms is not None and at_ms - state.beats_at_ms <= settings.strap_s * SECOND_MS
        if not strap and (state.entered_by_jump or self._follows()):
            return True
        return max(state.recent_spm) - min(state.recent_spm) >= settings.together_spm and self._together()

    def _jumped(self, bpm: int) -> bool:
        """Whether heart rate came to cadence in a leap."""
        state, settings, age_s = self.state, self._settings, 0
        for old_bpm, passed_s in zip(reversed(state.recent_bpm), reversed(state.recent_s), strict=True):
            if age_s > settings.entry_s:
                break
            if abs(bpm - old_bpm) >= settings.entry_bpm:
                return True
            age_s += passed_s
        return False

    def _follows(self) -> bool:
        state, near = self.state, self._settings.lock_bpm
        pairs = zip(state.recent_bpm, state.recent_spm, strict=True)
        close = [spm for bpm, spm in pairs if abs(bpm - spm) <= near]
        return max(close) - min(close) >= self._settings.follow_spm

    def _together(self) -> bool:
        """Whether both change at the same time: the correlation of their changes over ``together_s``."""
        state, settings = self.state, self._settings
        hearts: list[float] = []
        legs: list[float] = []
        first, apart_s = 0, 0
        for index, passed_s in enumerate(state.recent_s):
            apart_s += passed_s
            while first < index and apart_s - state.recent_s[first + 1] >= settings.together_s:
                first += 1
                apart_s -= state.recent_s[first]
            if apart_s >= settings.together_s:
                hearts.append(state.recent_bpm[index] - state.recent_bpm[first])
                legs.append(state.recent_spm[index] - state.recent_spm[first])
        found = correlation(hearts, legs)
        return found is not None and found >= settings.together
