"""A day of a club: everybody runs now and then, the starts spread evenly, and every process goes by one fast clock."""

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.runs import frames_at
from collector.source import Frame
from crampwatch.units import HOUR_MS, SECOND_MS
from tests.faults.plan import GAIT_AFTER_MS, HISTORY_S, LIFE_S, PHASES, Plan, readings

#: So often everybody runs in 24 hours, and for about 55 minutes: six or seven of fifty at any moment.
RUNS_A_DAY, LAPS = 3, 20
SAMPLES_A_SECOND = 3
#: Wall seconds that the parts have to come up before the day begins.
UP_S = 15.0


class FastClock:
    """A :class:`crampwatch.clock.Clock` that every process of a machine reads alike: ``pace`` times the wall's.

    Args:
        steady_s: the machine's steady clock when the run's time is ``run_ms``.
    """

    def __init__(self, steady_s: float, run_ms: int, pace: float) -> None:
        self._steady_s = steady_s
        self._run_ms = run_ms
        self._pace = pace

    def now_ms(self) -> int:
        return self._run_ms + int((time.monotonic() - self._steady_s) * SECOND_MS * self._pace)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._pace)

    def not_before(self, at_ms: int) -> None:
        """Nothing: steady clocks are not set back."""


@dataclass(frozen=True)
class Day:
    """What is sent in some hours. It has the verbs of :class:`tests.faults.plan.Plan` that a collector needs."""

    athletes: int
    begins_ms: int
    hours: float
    pace: float
    steady_s: float
    laps: int = LAPS

    @classmethod
    def soon(cls, athletes: int, hours: float, pace: float, now_ms: int, laps: int = LAPS) -> "Day":
        """One that begins when the parts are up, and whose last run ends about now by the calendar."""
        return cls(athletes, now_ms - round(hours * HOUR_MS), hours, pace, time.monotonic() + UP_S, laps)

    @property
    def ids(self) -> Sequence[str]:
        return [f"r{who:03}" for who in range(self.athletes)]

    device = staticmethod(Plan.device)

    @property
    def clock(self) -> FastClock:
        return FastClock(self.steady_s, self.begins_ms, self.pace)

    @property
    def ends_ms(self) -> int:
        return self.begins_ms + round(self.hours * HOUR_MS)

    @property
    def session_s(self) -> int:
        return HISTORY_S + self.laps * LIFE_S

    @property
    def starts_ms(self) -> Sequence[int]:
        """When runs begin; the first is the first athlete's, and after the last athlete it is the first one's again."""
        count = max(2, round(self.athletes * RUNS_A_DAY * self.hours / 24))
        last_ms = self.ends_ms - self.begins_ms - (self.session_s + 1) * SECOND_MS
        assert last_ms > 0, f"a run takes {self.session_s} s, the day has {self.hours:g} h"
        return [self.begins_ms + last_ms * number // (count - 1) for number in range(count)]

    @property
    def sent(self) -> Counter[tuple[str, int]]:
        """How many samples each run has, as athlete and count: the runs of a store must be these."""
        names = [self.ids[number % self.athletes] for number in range(len(self.starts_ms))]
        return Counter((name, self.session_s * SAMPLES_A_SECOND) for name in names)

    def frames(self, after_ms: Mapping[str, int]) -> Iterator[tuple[str, Frame]]:
        """What all watches send, as it happens; ``after_ms``: what each athlete's has sent before."""

        def left(who: int) -> Iterator[tuple[int, int, Frame]]:
            known_ms = after_ms.get(self.ids[who], 0)
            return ((one.at_ms, who, one) for one in self._frames_of(who, known_ms))

        for _, who, frame in heapq.merge(*(left(who) for who in range(self.athletes)), key=lambda one: one[:2]):
            yield self.ids[who], frame

    def _frames_of(self, who: int, known_ms: int) -> Iterator[Frame]:
        device = self.device(self.ids[who])
        for session, start_ms in enumerate(self.starts_ms[who :: self.athletes]):
            first_ms = start_ms + who % PHASES * (SECOND_MS // PHASES)
            if first_ms + self.session_s * SECOND_MS <= known_ms:
                continue
            for second, reading in enumerate(readings(who, session, self.laps)):
                at_ms = first_ms + second * SECOND_MS
                if at_ms + GAIT_AFTER_MS > known_ms:
                    heart, gait = frames_at(reading, device, at_ms)
                    if at_ms > known_ms:
                        yield heart
                    yield Frame(gait.device, gait.characteristic, gait.payload, at_ms + GAIT_AFTER_MS)
