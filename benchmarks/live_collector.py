"""A collector process for the latency benchmark: real intake, spool and forwarding; the sensors are simulated.

Prints ``live`` when the warm-up has been stored and ``over`` when the last cramp was lived through.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from benchmarks.runs import frames_at
from collector.service import Collector
from collector.simulated import SimulatedRunner
from collector.source import Arrival, SensorInfo, SensorSeen
from collector.wearer import Reading
from crampwatch.bus.broker import find_or_start
from crampwatch.clock import WallClock
from crampwatch.metrics import Counters
from crampwatch.settings import Athlete, Sensor, load

#: Wall seconds that each athlete lives through before and after the cramp.
BEFORE_S, AFTER_S = 4, 9
#: Cramps of a group are spread over this many seconds, at uneven moments.
SPREAD_S = 30
#: What a history of nineteen minutes may take to be stored, wall milliseconds an athlete.
WARM_UP_MS = 1_500
SERVICES = frozenset({0x180D, 0x1814})


def phase_ms(who: int) -> int:
    """At which part of a second a runner's watch notifies: known, because findings are dated by whole seconds."""
    return 50 + who * 137 % 900


class Crampers:
    """A source: each runner's history at once, then the moments around the cramp in real time."""

    def __init__(self, clock: WallClock, athletes: int, trials: int) -> None:
        self._clock = clock
        self._athletes = athletes
        self._trials = trials

    def want(self, device: str) -> None:
        """Always in reach."""

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """Warm-up, then life, trial by trial."""
        for trial in range(self._trials):
            async for arrival in self._trial(trial):
                yield arrival

    async def _trial(self, trial: int) -> AsyncIterator[Arrival]:
        begun_ms = self._clock.now_ms() + 1_500 + WARM_UP_MS * self._athletes
        life: list[tuple[int, str, Reading]] = []
        for number in range(self._athletes):
            who = trial * self._athletes + number
            device = f"watch-{who:03}"
            runner = SimulatedRunner(1_000 + who, "fatigue_then_cramp", device)
            onset_s = runner.ground_truth.onset_s or 0.0
            # Cramps fall at uneven moments, so that they neither queue up nor keep step with each other.
            wait_ms = BEFORE_S * 1_000 + (who * 7_919) % (SPREAD_S * 1_000 if self._athletes > 1 else 1_000)
            start_ms = (begun_ms + wait_ms) // 1_000 * 1_000 + phase_ms(who) - round(onset_s) * 1_000
            yield SensorSeen(SensorInfo(device, device, device, SERVICES), begun_ms)
            for at_s, reading in runner.readings():
                at_ms = start_ms + round(at_s * 1_000)
                if at_ms >= begun_ms:
                    if at_ms < begun_ms + wait_ms + AFTER_S * 1_000:
                        life.append((at_ms, device, reading))
                    continue
                for frame in frames_at(reading, device, at_ms):
                    yield frame
            await asyncio.sleep(0)
        await self._clock.sleep((begun_ms - self._clock.now_ms()) / 1_000)
        if trial == 0:
            print("live", flush=True)
        for at_ms, device, reading in sorted(life, key=lambda one: one[:2]):
            await self._clock.sleep((at_ms - self._clock.now_ms()) / 1_000)
            for frame in frames_at(reading, device, self._clock.now_ms()):
                yield frame
        # Inventing the next runner holds this loop: the last frames must be on their way before.
        await asyncio.sleep(1)


async def main(athletes: int, trials: int) -> None:
    """Collect until told to stop."""
    runners = tuple(
        Athlete(id=f"r{number:03}", sensors=(Sensor(name=f"watch-{number:03}"),)) for number in range(athletes * trials)
    )
    settings = load().model_copy(update={"athletes": runners})
    clock = WallClock()
    async with find_or_start(settings.mqtt, settings.state_dir) as buses:
        source = Crampers(clock, athletes, trials)
        collector = Collector(settings=settings, buses=buses, source=source, clock=clock, counters=Counters())
        serving = asyncio.create_task(collector.run(), name="collector")
        await collector.ended.wait()
        await asyncio.sleep(2)
        print("over", flush=True)
        await serving


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
