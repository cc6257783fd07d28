"""Beats that a sensor found wrongly or the heart threw in between, told apart from those that belong (Lipponen and
Tarvainen 2019), one beat at a time.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Artefact(IntEnum):
    """What is wrong with a beat: one too many, one missing before it, ectopic, or out of place (long or short)."""

    EXTRA = 1
    MISSED = 2
    ECTOPIC = 3
    DISPLACED = 4


@dataclass(frozen=True, slots=True)
class ArtefactSettings:
    """Constants of Lipponen and Tarvainen 2019 (science 2.2).

    Attributes:
        half_window: the spread of what is usual is taken over this many beats to either side; 45, so 91 in all.
        half_median: the usual interval is the median over this many beats to either side; 5, so 11 in all.
        alpha: a difference is large beyond this multiple of the quartile deviation; 5.2.
        c1: slope of the border between ectopic and other beats; 0.13.
        c2: its offset; 0.17.
        floor_ms: nothing smaller is large; 10 ms. Not of the paper: at high effort intervals vary by a few ms, and its
            border falls to the resolution of the sensor. Over the six recorded runs with beats it raises the share of
            windows that pass the gate of 5 % from 57 to 67 % and moves no run's median alpha1 by more than 0.02 [E].
    """

    half_window: int = 45
    half_median: int = 5
    alpha: float = 5.2
    c1: float = 0.13
    c2: float = 0.17
    floor_ms: float = 10.0


class _Beat(NamedTuple):
    """A beat among its neighbours, ms: interval, step from the one before, usual interval, deviation from it."""

    rr: int
    step: int
    usual: float
    off: float


class _Scaled(NamedTuple):
    """The same in multiples of what is large here; ``large`` is that of the deviation, ms."""

    step: float = 0.0
    off: float = 0.0
    large: float = 0.0
    usual: float = 0.0
    rr: int = 0


_NOTHING = _Scaled()


class ArtefactFinder:
    """Judges each beat once, as soon as enough beats have followed it; about 2 us a beat.

    A verdict depends on ``reach`` beats to either side, and on ``skip``: a finder that is fed the last beats of another
    goes on as that one would.
    """

    def __init__(self, settings: ArtefactSettings | None = None) -> None:
        self._settings = settings or ArtefactSettings()
        #: Whether the next beat to be judged was judged already, together with the one before it.
        self.skip = False
        self._late: deque[tuple[int, int]] = deque(maxlen=self._settings.half_median + 1)
        self._last: int | None = None
        self._near: deque[int] = deque()
        self._near_sorted: list[int] = []
        self._wide: deque[_Beat] = deque()
        self._placed = 0
        self._large: deque[int] = deque()
        self._steps_sorted: list[int] = []
        self._offs_sorted: list[float] = []
        self._scaled: deque[_Scaled] = deque([_NOTHING], maxlen=5)

    @property
    def reach(self) -> int:
        """A beat is judged when so many beats have followed it."""
        return self._settings.half_window + self._settings.half_median + 3

    def feed(self, intervals_ms: Iterable[int], *, skip: bool) -> None:
        """Take beats whose verdicts are known already; ``skip`` is as it was after them."""
        for rr_ms in intervals_ms:
            self.add(rr_ms)
        self.skip = skip

    def add(self, rr_ms: int) -> Sequence[tuple[int, Artefact]]:
        """Take the next interval, ms. What is wrong with the beat ``reach`` before it (0) or the next one (1)."""
        near, near_sorted, median_span = self._near, self._near_sorted, 2 * self._settings.half_median + 1
        self._late.append((rr_ms, 0 if self._last is None else rr_ms - self._last))
        self._last = rr_ms
        near.append(rr_ms)
        insort(near_sorted, rr_ms)
        if len(near) > median_span:
            del near_sorted[bisect_left(near_sorted, near.popleft())]
        if len(self._late) <= self._settings.half_median:
            return ()
        count = len(near_sorted)
        middle = count // 2
        usual = near_sorted[middle] if count % 2 else (near_sorted[middle - 1] + near_sorted[middle]) / 2
        rr, step = self._late[0]
        off = rr - usual
        return self._place(_Beat(rr, step, usual, off if off >= 0 else 2 * off))

    def _place(self, beat: _Beat) -> Sequence[tuple[int, Artefact]]:
        """Let the window slide; what is large follows for the beat in its middle."""
        wide, steps, offs, half = self._wide, self._steps_sorted, self._offs_sorted, self._settings.half_window
        wide.append(beat)
        self._placed += 1
        if abs(beat.step) > self._settings.floor_ms:
            self._large.append(self._placed)
        insort(steps, abs(beat.step))
        insort(offs, abs(beat.off))
        if len(wide) > 2 * half + 1:
            old = wide.popleft()
            del steps[bisect_left(steps, abs(old.step))]
            del offs[bisect_left(offs, abs(old.off))]
        if len(wide) <= half:
            return ()
        self._scaled.append(self._scale(wide[-half - 1]) if self._matters() else _NOTHING)
        if len(self._scaled) < 5:
            return ()
        if self.skip:
            self.skip = False
            return ()
        step = self._scaled[1].step
        return () if -1 <= step <= 1 else self._judge(step)

    def _matters(self) -> bool:
        """Whether the beat in the middle is large or stands beside one: only then its scale is asked for."""
        here, large = self._placed - self._settings.half_window, self._large
        while large and large[0] < here - 3:
            large.popleft()
        return bool(large) and large[0] <= here + 1

    def _scale(self, beat: _Beat) -> _Scaled:
        alpha, floor = self._settings.alpha, self._settings.floor_ms
        large_step = max(alpha * quartile_deviation(self._steps_sorted), floor)
        large = max(alpha * quartile_deviation(self._offs_sorted), floor)
        return _Scaled(
            beat.step / large_step if large_step else 0.0,
            beat.off / large if large else 0.0,
            large,
            beat.usual,
            beat.rr,
        )

    def _judge(self, step: float) -> Sequence[tuple[int, Artefact]]:
        """Figure 1 of the paper, for a beat whose step is large."""
        before, _, after, then, _ = self._scaled
        c1, c2 = self._settings.c1, self._settings.c2
        if step > 1:
            ectopic = max(before.step, after.step) < -c1 * step - c2
        else:
            ectopic = min(before.step, after.step) > -c1 * step + c2
        if ectopic:
            return ((0, Artefact.ECTOPIC),)
        wrong = [(0, self._kind(1))]
        if abs(after.step) < abs(then.step):
            self.skip = True
            wrong.append((1, self._kind(2)))
        return tuple((place, kind) for place, kind in wrong if kind is not None)

    def _kind(self, index: int) -> Artefact | None:
        here, after, then = self._scaled[index], self._scaled[index + 1], self._scaled[index + 2]
        long = here.step > 1 and min(after.step, then.step) < -1
        short = here.step < -1 and max(after.step, then.step) > 1
        if not (long or short or abs(here.off) > 3):
            return None
        if short and abs(here.rr + after.rr - here.usual) < here.large:
            return Artefact.EXTRA
        if long and abs(here.rr / 2 - here.usual) < here.large:
            return Artefact.MISSED
        return Artefact.DISPLACED


def quartile_deviation(ordered: Sequence[float]) -> float:
    """Half the distance between the quartiles of an ordered series, which are interpolated linearly."""
    last = len(ordered) - 1
    low, high = last // 4, (3 * last) // 4
    low_part, high_part = last % 4 / 4, (3 * last) % 4 / 4
    first = ordered[low] + (ordered[low + 1] - ordered[low]) * low_part if low_part else ordered[low]
    third = ordered[high] + (ordered[high + 1] - ordered[high]) * high_part if high_part else ordered[high]
    return (third - first) / 2


def corrected(intervals_ms: Sequence[float], wrong: Sequence[Sequence[int]]) -> list[float]:
    """The intervals, ms, as they would be without their artefacts: ``wrong`` holds (index, artefact), ascending.

    A missed beat is set in the middle of its interval, an extra one joins its interval to the next, beats out of place
    are spread evenly between the good ones around them. The time that the beats take stays the same. What would need
    an interval beyond the last stays as it is.
    """
    found: list[float] = []
    done, last = 0, len(intervals_ms) - 1
    for place, (index, kind) in enumerate(wrong):
        if index < done or index > last or (index == last and kind != Artefact.MISSED):
            continue
        found += intervals_ms[done:index]
        done = index + 1
        if kind == Artefact.MISSED:
            found += [intervals_ms[index] / 2] * 2
            continue
        if kind != Artefact.EXTRA:
            for later, (beside, _) in enumerate(wrong[place + 1 :], index + 1):
                if beside != later or beside == last:
                    break
                done = beside + 1
        span = intervals_ms[index : done + 1]
        beats = 1 if kind == Artefact.EXTRA else len(span)
        found += [math.fsum(span) / beats] * beats
        done += 1
    found += intervals_ms[done:]
    return found
