"""Samples to seconds: one moment for each second of an athlete's own time that holds data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crampwatch.events import CadenceMeasured, HeartRateMeasured, Sample, SpeedMeasured
from crampwatch.units import SECOND_MS

from .sources import Channel, Sources, SourceState


class Moment(NamedTuple):
    """What was measured in one second. None: that channel said nothing in it.

    ``dt_s`` is the time since the moment before (1 for the first), so that statistics can go by time: a watch
    with smart recording leaves 2-8 s between moments. ``restarted`` marks the first moment after the athlete's
    clock was found to have gone back; nothing before it may be compared with it. ``other_sensor`` marks the first one
    whose cadence another device measures than before. ``ran_at_ms``: where its cadence is that of a device that stands
    in for another, when that one last told of running.
    """

    at_ms: int
    dt_s: float
    spm: float | None = None
    bpm: int | None = None
    mps: float | None = None
    rr_ms: tuple[float, ...] = ()
    restarted: bool = False
    other_sensor: bool = False
    ran_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TimelineSettings:
    """How seconds are closed.

    Attributes:
        live_s: a channel heard within this time is waited for before a second is closed; 10 s, above the 2-8 s
            steps of smart recording [E].
        step_back: so many backward samples in a row mean that the clock itself went back; 30, about ten seconds
            of three channels [E].
    """

    live_s: int = 10
    step_back: int = 30


@dataclass(slots=True)
class TimelineState:
    """What the timeline hands over. ``open_s`` is the second being filled, ``final_s`` the last one that is closed."""

    open_s: int | None = None
    final_s: int | None = None
    moment_s: int | None = None
    backward: int = 0
    restarted: bool = False
    spm: float | None = None
    bpm: int | None = None
    mps: float | None = None
    rr_ms: list[float] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)
    heard_s: list[int | None] = field(default_factory=lambda: [None] * len(Channel))
    seen: dict[str, int] = field(default_factory=dict)
    sources: SourceState = field(default_factory=SourceState)
    other_sensor: bool = False
    ran_s: int | None = None


_CHANNEL: dict[type, Channel] = {
    HeartRateMeasured: Channel.HEART_RATE,
    CadenceMeasured: Channel.CADENCE,
    SpeedMeasured: Channel.SPEED,
}


class Timeline:
    """Turns samples into moments, deterministically in their order.

    A second is closed as soon as every channel heard lately has reported in it, so that an alert does not wait
    for the next second, or when a sample of a later second arrives. A sample whose second is closed is lent to the next
    second, and no further: it fills the channel but the second still waits for the channel's own report.
    Each channel is taken from one device (:class:`processor.sources.Sources`); in one second its latest value wins, and
    beat intervals are all kept. The clock is the athlete's own event time, never the host's.

    ``ignored`` counts what was not taken, by name: ``duplicate`` (this device's sequence is already known),
    ``other_device`` (another one measures this channel) and ``backward`` (older than the second that is being filled).
    Its owner reads and clears it.
    """

    def __init__(self, settings: TimelineSettings | None = None, state: TimelineState | None = None) -> None:
        self._settings = settings or TimelineSettings()
        self.state = state or TimelineState()
        self._sources = Sources(self.state.sources)
        self.ignored: Counter[str] = Counter()

    @property
    def last_ms(self) -> int | None:
        """When the last moment was, or None before the first."""
        second = self.state.moment_s
        return None if second is None else second * SECOND_MS

    def add(self, sample: Sample) -> Sequence[Moment]:
        """Take one sample; return the moments that it completes, oldest first."""
        state = self.state
        if sample.seq <= state.seen.get(sample.device, -1):
            self.ignored["duplicate"] += 1
            return ()
        state.seen[sample.device] = sample.seq
        channel = _CHANNEL.get(type(sample))
        if channel is None:
            return ()
        second = sample.at_ms // SECOND_MS
        if second == state.open_s:
            return self._take_now(sample, channel, second)
        closed = (self._close(),) if state.open_s is not None and second > state.open_s else ()
        # Old samples say nothing of who measures now, unless the clock itself went back.
        old = self._is_old(second)
        if not old and not self._admits(sample, channel, second):
            return closed
        lent = self._place(second)
        if lent is None or (old and not self._admits(sample, channel, second)):
            return closed
        return (*closed, *self._take(sample, channel, lent=lent))

    def advance(self, now_ms: int) -> Sequence[Moment]:
        """Athlete time has reached ``now_ms`` without a sample: close a second that lies before it."""
        open_s = self.state.open_s
        return (self._close(),) if open_s is not None and now_ms // SECOND_MS > open_s else ()

    def flush(self) -> Sequence[Moment]:
        """No more samples will come: close what is open."""
        return (self._close(),) if self.state.open_s is not None else ()

    def _take_now(self, sample: Any, channel: Channel, second: int) -> Sequence[Moment]:
        """A sample of the second that is being filled."""
        if not self._admits(sample, channel, second):
            return ()
        self.state.backward = 0
        return self._take(sample, channel, lent=False)

    def _is_old(self, second: int) -> bool:
        """Whether this second is older than the last one that was closed."""
        final = self._final_s()
        return final is not None and second < final

    def _final_s(self) -> int | None:
        """The last second that was closed, or that nothing can be added to."""
        state = self.state
        return state.open_s - 1 if state.open_s is not None else state.final_s

    def _admits(self, sample: Any, channel: Channel, second: int) -> bool:
        """Whether this sample counts; notes what does not, and that another device measures the cadence from now on."""
        device, beats = sample.device, False
        if channel is Channel.HEART_RATE:
            value, beats = sample.bpm, bool(sample.rr_ms)
        else:
            value = sample.spm if channel is Channel.CADENCE else sample.mps
        known = self.state.sources
        before = known.device[channel]
        if not self._sources.admits(channel, device, value, second, beats=beats):
            self.ignored["other_device"] += 1
            return False
        if channel is Channel.CADENCE and device != before and before is not None:
            if known.device[channel] == device:
                self.state.other_sensor = True
            else:
                self.state.ran_s = known.rival_s[channel]
        return True

    def _place(self, second: int) -> bool | None:
        """Choose the second a sample goes to: False its own, True lent to the next, None nowhere."""
        state, final = self.state, self._final_s()
        if final is None or second > final:
            state.backward = 0
            if state.open_s is None:
                state.open_s = second
            return False
        if second == final:
            state.backward = 0
            if state.open_s is None:
                state.open_s = second + 1
            return True
        state.backward += 1
        self.ignored["backward"] += 1
        if state.backward < self._settings.step_back:
            return None
        self._restart(second)
        return False

    def _restart(self, second: int) -> None:
        """The athlete's clock went back for good: begin again there."""
        before = self.state
        self.state = TimelineState(open_s=second, restarted=True, seen=before.seen, sources=before.sources)

    def _take(self, sample: Any, channel: Channel, *, lent: bool) -> Sequence[Moment]:
        """Fill the channel in the open second; close that if everybody has spoken now."""
        state = self.state
        if channel is Channel.HEART_RATE:
            state.bpm = sample.bpm
            if sample.rr_ms:
                state.rr_ms.extend(sample.rr_ms)
        elif channel is Channel.CADENCE:
            state.spm = sample.spm
        else:
            state.mps = sample.mps
        state.heard_s[channel] = state.open_s
        if lent:
            return ()
        if channel not in state.reported:
            state.reported.append(channel)
        return (self._close(),) if self._complete() else ()

    def _complete(self) -> bool:
        state = self.state
        # Until a first second is closed nobody knows which channels there are.
        if state.final_s is None or state.open_s is None:
            return False
        if len(state.reported) == len(state.heard_s):
            return True
        oldest = state.open_s - self._settings.live_s
        for channel, heard in enumerate(state.heard_s):
            if heard is not None and heard >= oldest and channel not in state.reported:
                return False
        return True

    def _close(self) -> Moment:
        state = self.state
        assert state.open_s is not None
        second = state.open_s
        dt_s = 1.0 if state.moment_s is None else float(second - state.moment_s)
        moment = Moment(
            second * SECOND_MS,
            dt_s,
            state.spm,
            state.bpm,
            state.mps,
            tuple(state.rr_ms),
            state.restarted,
            state.other_sensor,
            None if state.ran_s is None else state.ran_s * SECOND_MS,
        )
        state.moment_s = state.final_s = second
        state.open_s = state.spm = state.bpm = state.mps = state.ran_s = None
        state.restarted = state.other_sensor = False
        state.rr_ms = []
        state.reported = []
        return moment
