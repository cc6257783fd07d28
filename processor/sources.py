"""Which device measures a channel: one at a time, so that the values of two are not mixed."""

from dataclasses import dataclass, field
from enum import IntEnum


class Channel(IntEnum):
    """A channel, by its place in the lists of a state."""

    HEART_RATE = 0
    CADENCE = 1
    SPEED = 2


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """When another device measures a channel.

    Attributes:
        quiet_s: it takes over after so long in which it had a runner's values and the device that measures the channel
            less than half of one; of heart rate and speed also after so long a silence, and of heart rate where it has
            beats and the other had none for so long. 10 s, for which the timeline waits for a channel [E].
        lost_s: of cadence after so long a silence, because what is usual is learned anew then; 45 s: most links that
            break are back by then, and cadence does not count as lost yet [E].
        absent_s: that nobody runs is taken from any device once the other is silent for so long, because many foot pods
            fall asleep where their runner stops; 3 s, for which cadence is bridged [E].
        runs_bpm: a heart rate from here on is a runner's; 1 bpm, for every one is.
        runs_spm: a cadence from here on; 100 spm: nobody runs at fewer steps (science 2.5).
        runs_mps: a speed from here on; 1.2 m/s, below which no usual speed lies [E].
    """

    quiet_s: int = 10
    lost_s: int = 45
    absent_s: int = 3
    runs_bpm: float = 1.0
    runs_spm: float = 100.0
    runs_mps: float = 1.2


def _nobody() -> list[str | None]:
    return [None] * len(Channel)


def _never() -> list[int | None]:
    return [None] * len(Channel)


def _not() -> list[bool]:
    return [False] * len(Channel)


@dataclass(slots=True)
class SourceState:
    """By channel the device that measures it, in which second it last had a value, whether that was less than half of a
    runner's, and from which second to which another one has had a runner's values meanwhile; when it last gave beats.
    """

    device: list[str | None] = field(default_factory=_nobody)
    heard_s: list[int | None] = field(default_factory=_never)
    low: list[bool] = field(default_factory=_not)
    rival_s: list[int | None] = field(default_factory=_never)
    rival_to_s: list[int | None] = field(default_factory=_never)
    beats_s: int | None = None


class Sources:
    """Keeps each channel with the device that measured it first, as long as that one does.

    A watch and a foot pod differ by more than a tired runner from a fresh one: the watch smooths over many seconds, the
    pod counts each step. Taken in turns, their values would waver by themselves. A heart rate with beats goes before
    one without.

    Args:
        state: handed over; it is the owner's to keep.
        settings: when another device measures a channel.
    """

    def __init__(self, state: SourceState, settings: SourceSettings | None = None) -> None:
        self.state = state
        self._settings = settings = settings or SourceSettings()
        self._runs = (settings.runs_bpm, settings.runs_spm, settings.runs_mps)
        self._silence_s = (settings.quiet_s, settings.lost_s, settings.quiet_s)

    def hears(self, channel: Channel, device: str, value: float | None, second: int, *, beats: bool = False) -> bool:
        """Take note of a value; say whether it counts.

        Args:
            channel: which one it is of.
            device: who says so. :attr:`SourceState.device` tells afterwards whose channel it is.
            value: what was measured; None: nothing could be.
            second: when.
            beats: it came with beats.
        """
        state, owner = self.state, self.state.device[channel]
        if value is None:
            return owner is None or owner == device
        if device != owner:
            if owner is not None and not self._gives_way(channel, value, second, beats=beats):
                return self._stands_in(channel, value, second)
            state.device[channel] = device
            if channel == Channel.HEART_RATE:
                state.beats_s = None
        state.heard_s[channel] = second
        state.low[channel] = low = value < self._runs[channel] / 2
        if not low:
            state.rival_s[channel] = None
        if beats:
            state.beats_s = second
        return True

    def begin_anew(self, second: int) -> None:
        """The clock went back to here: whoever measures a channel has been heard just now."""
        known = self.state.device
        self.state.heard_s = [None if one is None else second for one in known]
        self.state.rival_s, self.state.rival_to_s, self.state.beats_s = _never(), _never(), None

    def _gives_way(self, channel: Channel, value: float, second: int, *, beats: bool) -> bool:
        """Whether the device that measures a channel lets another one with this value have it."""
        state, quiet_s = self.state, self._settings.quiet_s
        if value < self._runs[channel]:
            state.rival_s[channel] = None
            return False
        heard_s = state.heard_s[channel]
        if _is_past(heard_s, second, self._silence_s[channel]) or (beats and _is_past(state.beats_s, second, quiet_s)):
            return True
        if not state.low[channel] or _is_past(heard_s, second, quiet_s):
            return False
        since_s = state.rival_s[channel]
        if since_s is None or _is_past(state.rival_to_s[channel], second, quiet_s):
            state.rival_s[channel] = since_s = second
        state.rival_to_s[channel] = second
        return second - since_s >= quiet_s

    def _stands_in(self, channel: Channel, value: float, second: int) -> bool:
        """Whether a value of another device counts while the one that measures the channel keeps it."""
        return value < self._runs[channel] and _is_past(self.state.heard_s[channel], second, self._settings.absent_s)


def _is_past(then_s: int | None, second: int, wait_s: int) -> bool:
    return then_s is None or second - then_s > wait_s
