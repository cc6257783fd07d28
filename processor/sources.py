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
        takes_s: it takes over once it has had a runner's values alone for so long, what the other had since
            taken off, and has beats where the other had none for so long; 15 s, between a link that breaks and
            comes back and the 20 s after which silence is told [E].
        apart_s: values further apart than this do not belong together; 10 s, above the 2-8 s steps of smart
            recording [E].
        absent_s: that nobody runs is taken from another that had a runner's values as well, once the first is silent
            for so long, because a foot pod may fall asleep where its runner stops; 3 s, for which cadence is
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


def _not() -> list[bool]:
    return [False] * len(Channel)


def _zero() -> list[int]:
    return [0] * len(Channel)


@dataclass(slots=True)
class SourceState:
    """What is known of each channel.

    Attributes:
        device: which one measures it.
        heard_s: the second in which that one last had a value.
        rival: another one that had a runner's values lately.
        rival_s: the second in which that one last had.
        alone: whether nothing came from the device that measures since then.
        alone_s: for how long the rival has been alone, less how long it was not since; at least 0.
        beats_s: the second in which beats last came with the heart rate that counts.
    """

    device: list[str | None] = field(default_factory=_nobody)
    heard_s: list[int | None] = field(default_factory=_never)
    rival: list[str | None] = field(default_factory=_nobody)
    rival_s: list[int | None] = field(default_factory=_never)
    alone: list[bool] = field(default_factory=_not)
    alone_s: list[int] = field(default_factory=_zero)
    beats_s: int | None = None


class Sources:
    """Keeps each channel with the device that measured it first, as long as that one does.

    A watch smooths over many seconds, a foot pod counts each step: taken in turns, their values would waver by
    themselves. A heart rate with beats goes before
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
            if first is not None and not self._takes_over(channel, device, value, second, beats=beats):
                return self._stands_in(channel, device, value, second)
            state.device[channel], state.rival[channel], state.rival_s[channel] = device, None, None
        elif (state.alone[channel] or state.alone_s[channel]) and value >= self._keeps[channel]:
            self._keep(channel, second)
        state.heard_s[channel] = second
        if beats:
            state.beats_s = second
        return True

    def _keep(self, channel: Channel, second: int) -> None:
        """The device that measures a channel has a value that keeps it."""
        state = self.state
        state.alone[channel] = False
        spoken_s = _apart_s(state.heard_s[channel], second, self._settings.apart_s)
        state.alone_s[channel] = max(0, state.alone_s[channel] - spoken_s)

    def _takes_over(self, channel: Channel, device: str, value: float, second: int, *, beats: bool) -> bool:
        """Whether another device with this value has the channel from now on."""
        state, settings = self.state, self._settings
        if value < self._runs[channel]:
            return False
        if beats and not _is_within(state.beats_s, second, settings.takes_s):
            return True
        before_s = state.rival_s[channel]
        if device != state.rival[channel]:
            if _is_within(before_s, second, settings.apart_s):
                return False
            state.rival[channel], before_s, state.alone_s[channel] = device, None, 0
        if state.alone[channel]:
            state.alone_s[channel] += _apart_s(before_s, second, settings.apart_s)
        state.rival_s[channel], state.alone[channel] = second, True
        return state.alone_s[channel] >= settings.takes_s

    def _stands_in(self, channel: Channel, device: str, value: float, second: int) -> bool:
        """Whether another device's word that nobody runs counts, while the one that measures the channel is silent.

        It counts from one that told of running when the other was last heard: not from one that never did.
        """
        heard_s, ran_s = self.state.heard_s[channel], self.state.rival_s[channel]
        if value >= self._runs[channel] or device != self.state.rival[channel]:
            return False
        if heard_s is None or ran_s is None or _is_within(heard_s, second, self._settings.absent_s):
            return False
        return ran_s >= heard_s - self._settings.apart_s


def _apart_s(then_s: int | None, second: int, most_s: int) -> int:
    """How long ago that was; 0 where it was too long ago, or lies ahead since the clock went back."""
    return second - then_s if then_s is not None and _is_within(then_s, second, most_s) else 0


def _is_within(then_s: int | None, second: int, within_s: int) -> bool:
    """Whether it was so lately. What lies ahead, since the clock went back, was not."""
    return then_s is not None and 0 <= second - then_s <= within_s
