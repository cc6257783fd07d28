"""What goes wrong with sensors (science notes 4.2; rates assumed). Faults follow one another over the seconds."""

from collections.abc import Callable
from random import Random
from typing import Final

from .noise import log_uniform
from .session import Second

#: (from, to, what)
Fault = tuple[float, float, str]
Change = Callable[[Second], Second]
#: Of a whole run: what its cadence counts.
IN_STRIDES: Final = "strides instead of steps"


class Faults:
    """Draws faults and writes them into seconds.

    Args:
        random: where chance comes from.
        times: how often faults come, as a multiple of what is usual.
    """

    def __init__(self, random: Random, times: float) -> None:
        self._random = random
        self._times = times
        self.done: list[Fault] = []

    def strike(self, seconds: list[Second], cadence_spm: float) -> list[Second]:
        """The seconds as they arrive; what was done to them is in :attr:`done`."""
        random, often = self._random, self._times
        for count, low_s, high_s, what, change in (
            (3.0, 3, 120, "no heart rate", _no_heart),
            (2.0, 2, 60, "no cadence", _no_cadence),
            (2.0, 1, 3, "zero cadence", _zero_cadence),
            (0.3, 3, 30, "half cadence", _half_cadence),
        ):
            for _ in range(_poisson(random, count * often)):
                self._spell(seconds, log_uniform(random, low_s, high_s), what, change)
        for _ in range(_poisson(random, 0.15 * often)):
            self._hold_heart(seconds)
        for _ in range(_poisson(random, 0.08 * often)):
            self._shaken(seconds)
        if random.random() < min(0.6, 0.06 * often):
            self._lock(seconds)
        if random.random() < min(0.5, 0.06 * often):
            self._static(seconds)
        if often > 1 and random.random() < 0.15 and cadence_spm > 130:
            self._whole(seconds, IN_STRIDES, _half_cadence)
        return self._clock(seconds) if often > 1 else seconds

    def _spell(self, seconds: list[Second], length_s: float, what: str, change: Change) -> None:
        start = self._random.randrange(60, max(61, len(seconds) - 60))
        end = min(len(seconds), start + max(1, round(length_s)))
        for index in range(start, end):
            seconds[index] = change(seconds[index])
        self.done.append((float(start), float(end), what))

    def _whole(self, seconds: list[Second], what: str, change: Change) -> None:
        seconds[:] = [change(one) for one in seconds]
        self.done.append((0.0, float(len(seconds)), what))

    def _hold_heart(self, seconds: list[Second]) -> None:
        start = self._random.randrange(60, max(61, len(seconds) - 60))
        end = min(len(seconds), start + self._random.randint(45, 180))
        held = seconds[start].bpm
        self.done.append((float(start), float(end), "heart rate stands still"))
        for index in range(start, end):
            if held is not None and seconds[index].bpm is not None:
                seconds[index] = seconds[index]._replace(bpm=held)

    def _shaken(self, seconds: list[Second]) -> None:
        """A phone call: the arm with the sensor does something else."""
        start = self._random.randrange(60, max(61, len(seconds) - 60))
        end = min(len(seconds), start + self._random.randint(30, 180))
        self.done.append((float(start), float(end), "cadence sensor moved"))
        for index in range(start, end):
            if (spm := seconds[index].spm) is not None and spm > 100:
                seconds[index] = seconds[index]._replace(spm=max(0, spm + round(self._random.gauss(0, 4.5))))

    def _lock(self, seconds: list[Second]) -> None:
        """An optical sensor counts steps for beats."""
        start = self._random.randrange(60, max(61, len(seconds) - 60))
        end = min(len(seconds), start + round(log_uniform(self._random, 60, 900)))
        self.done.append((float(start), float(end), "heart rate locked to cadence"))
        for index in range(start, end):
            if (spm := seconds[index].spm) and seconds[index].bpm is not None:
                seconds[index] = seconds[index]._replace(bpm=spm + self._random.randint(-1, 1))

    def _static(self, seconds: list[Second]) -> None:
        """A dry strap in the first minutes."""
        end = self._random.randrange(120, 480)
        self.done.append((0.0, float(end), "static spikes"))
        for index in range(20, min(end, len(seconds))):
            if self._random.random() < 0.25 and seconds[index].bpm is not None:
                seconds[index] = seconds[index]._replace(bpm=self._random.randint(190, 228))

    def _clock(self, seconds: list[Second]) -> list[Second]:
        """The sensor's clock jumps by 2 s; some packets come twice."""
        if self._random.random() < 0.3:
            at, by_s = self._random.randrange(60, len(seconds)), self._random.choice((-2.0, 2.0))
            seconds[at:] = [one._replace(t_s=one.t_s + by_s) for one in seconds[at:]]
            self.done.append((float(at), float(at), "clock jumped"))
        if self._random.random() < 0.3:
            twice = [[one, one] if self._random.random() < 0.01 else [one] for one in seconds]
            self.done.append((0.0, float(len(seconds)), "packets twice"))
            return [one for pair in twice for one in pair]
        return seconds


def _no_heart(one: Second) -> Second:
    return one._replace(bpm=None, rr_ms=())


def _no_cadence(one: Second) -> Second:
    return one._replace(spm=None)


def _zero_cadence(one: Second) -> Second:
    return one if one.spm is None else one._replace(spm=0)


def _half_cadence(one: Second) -> Second:
    return one if one.spm is None else one._replace(spm=one.spm // 2)


def _poisson(random: Random, mean: float) -> int:
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + random.expovariate(1.0)
    return count
