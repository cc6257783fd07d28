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
    """When another device measures a channel, and when it only stands in.

    Attributes:
        takes_s: it takes over once it has had a runner's values for so long, and the device that measures the channel
            none, nor beats where it has them; 15 s, for most links that break are back by then, and silence is not told
            before 20 [E].
        apart_s: values of a runner further apart than this do not belong together; 10 s, above the 2-8 s steps of smart
            recording [E].
        absent_s: that nobody runs is taken from another that had a runner's values as well, once the first is silent
            for so long, because many foot pods fall asleep where their runner stops; 3 s, for which cadence is
            bridged [E].
        runs_bpm: a heart rate from here on is a runner's; 1 bpm, for every one is.
        runs_spm: a cadence from here on; 100 spm: nobody runs at fewer steps (science 2.5).
        runs_mps: a speed from here on; 1.2 m/s, below which no usual speed lies [E].
        keeps_share: who measures a channel keeps it with values from this share of a runner's on; 0.5, so that a slow
            walk is no reason to change [E].
    """

    takes_s: int = 15
    apart_s: int = 10
    absent_s: int = 3
    runs_bpm: float = 1.0
    runs_spm: float = 100.0
    runs_mps: float = 1.2
    keeps_share: float = 0.5


def _nobody() -> list[str | None]:
    return [None] * len(Channel)


def _never() -> list[int | None]:
    return [None] * len(Channel)


@dataclass(slots=True)
class SourceState:
    """What is known of each channel.

    Attributes:
        device: which one measures it.
        heard_s: the second in which that one last had a value.
        rival_s: the second since which another has had a runner's values, and that one none.
        rival_to_s: the second in which another last had a runner's value.
        beats_s: the second in which beats last came with the heart rate that counts.
    """

    device: list[str | None] = field(default_factory=_nobody)
    heard_s: list[int | None] = field(default_factory=_never)
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
        self._keeps = tuple(settings.keeps_share * one for one in self._runs)

    def admits(self, channel: Channel, device: str, value: float | None, second: int, *, beats: bool = False) -> bool:
        """Take note of a value; say whether it counts.

        Args:
            channel: which one it is of.
            device: who says so. :attr:`SourceState.device` tells afterwards whose channel it is.
            value: what was measured; None: nothing could be.
            second: when.
            beats: it came with beats.
        """
        state, first = self.state, self.state.device[channel]
        if value is None:
            return first is None or first == device
        if device != first:
            if first is not None and not self._takes_over(channel, value, second, beats=beats):
                return self._stands_in(channel, value, second)
            state.device[channel] = device
        state.heard_s[channel] = second
        if value >= self._keeps[channel]:
            state.rival_s[channel] = None
        if beats:
            state.beats_s = second
        return True

    def _takes_over(self, channel: Channel, value: float, second: int, *, beats: bool) -> bool:
        """Whether another device with this value has the channel from now on."""
        state, settings = self.state, self._settings
        if value < self._runs[channel]:
            return False
        since_s = state.rival_s[channel]
        if since_s is None or not _is_within(state.rival_to_s[channel], second, settings.apart_s):
            state.rival_s[channel] = since_s = second
        state.rival_to_s[channel] = second
        without_beats = beats and not _is_within(state.beats_s, second, settings.takes_s)
        return without_beats or second - since_s >= settings.takes_s

    def _stands_in(self, channel: Channel, value: float, second: int) -> bool:
        """Whether another device's word that nobody runs counts, while the one that measures the channel is silent.

        It counts from one that told of running when the other was last heard: not from one that never did.
        """
        heard_s, ran_s = self.state.heard_s[channel], self.state.rival_to_s[channel]
        if value >= self._runs[channel] or _is_within(heard_s, second, self._settings.absent_s):
            return False
        return heard_s is not None and ran_s is not None and ran_s >= heard_s - self._settings.apart_s


def _is_within(then_s: int | None, second: int, within_s: int) -> bool:
    """Whether it was so lately. What lies ahead, since the clock went back, was not."""
    return then_s is not None and 0 <= second - then_s <= within_s
