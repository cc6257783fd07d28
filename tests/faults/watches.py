"""A collector process whose watches repeat what was not kept: real intake, spool and forwarding.

``python -m tests.faults.watches history|life|day PLAN PACE FRESH_S``, the plan as JSON. Says ``collector is up``, and
``drained`` when everything it sent is stored. Killed and started again it goes on behind what is on its disk.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping

from collector.service import Collector
from collector.source import Arrival, SensorInfo, SensorSeen
from collector.spool import SqliteSpool, file_name
from crampwatch.cli.compose import house
from crampwatch.cli.console import set_up_logging
from crampwatch.clock import Clock, PacedClock
from crampwatch.health import Health, HealthServer
from crampwatch.service import running, until_stopped
from crampwatch.settings import Athlete, Sensor, Settings, load
from crampwatch.units import SECOND_MS
from tests.faults.day import Day
from tests.faults.plan import Plan

SERVICES = frozenset({0x180D, 0x1814})
#: Frames of the history that are handed out before the event loop may do something else.
BURST = 100


class Watches:
    """A source: the group's history at once, or its life as time goes by."""

    def __init__(self, plan: Plan | Day, kept_ms: Mapping[str, int], clock: Clock | None = None) -> None:
        self._plan = plan
        self._kept_ms = kept_ms
        self._clock = clock

    def want(self, device: str) -> None:
        """Always in reach."""

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """Every watch is seen, then heard."""
        for athlete in self._plan.ids:
            device = self._plan.device(athlete)
            yield SensorSeen(SensorInfo(device, device, device, SERVICES), self._plan.begins_ms)
        async for arrival in self._history() if self._clock is None else self._life(self._clock):
            yield arrival

    async def _history(self) -> AsyncIterator[Arrival]:
        for who in range(self._plan.athletes):
            for number, frame in enumerate(self._plan.frames_of(who)):
                if frame.at_ms >= self._plan.life_ms:
                    break
                if number % BURST == 0:
                    await asyncio.sleep(0)
                yield frame

    async def _life(self, clock: Clock) -> AsyncIterator[Arrival]:
        for _, frame in self._plan.frames(self._kept_ms):
            wait_ms = frame.at_ms - clock.now_ms()
            if wait_ms > 0:
                await clock.sleep(wait_ms / SECOND_MS)
            yield frame


async def kept(settings: Settings) -> dict[str, int]:
    """The moment of each athlete's newest frame that is on the disk."""
    spool = await SqliteSpool.open(settings.state_dir / file_name(settings.collector.id), settings.collector.id)
    try:
        states = await spool.state()
    finally:
        await spool.close()
    progress = {key.removeprefix("athlete/"): json.loads(value) for key, value in states.items() if "athlete/" in key}
    return {athlete: one["last_at_ms"] for athlete, one in progress.items()}


@contextlib.asynccontextmanager
async def time_of(plan: Plan | Day, kept_ms: Mapping[str, int], pace: float) -> AsyncIterator[Clock]:
    """A day's clock goes on while a collector is away; a life stands still, until it is there again."""
    if isinstance(plan, Day):
        yield plan.clock
        return
    # It goes on where the slowest watch was heard last.
    now_ms = max(plan.life_ms, min(kept_ms.values(), default=0)) - SECOND_MS
    async with PacedClock(pace, now_ms).running() as clock:
        yield clock


def health_of(collector: Collector, settings: Settings, clock: Clock) -> HealthServer:
    """What answers for the collector when it is asked how it is."""
    health = Health()
    health.watch(collector)
    port = settings.collector.health_port
    return HealthServer(health, settings.health_host, port, setting="collector.health_port", clock=clock)


async def main(part: str, plan: Plan | Day, pace: float, fresh_s: float) -> None:
    """Collect until told to stop."""
    runners = tuple(Athlete(id=one, sensors=(Sensor(name=plan.device(one)),)) for one in plan.ids)
    settings = load().model_copy(update={"athletes": runners})
    set_up_logging(settings.log_level)
    kept_ms = await kept(settings)
    async with time_of(plan, kept_ms, pace) as clock, house(settings, clock, ("collector",)) as home:
        source = Watches(plan, kept_ms, None if part == "history" else clock)
        collector = home.collector(source, fresh_s)
        async with running((health_of(collector, settings, clock), collector)):
            print("collector is up", flush=True)
            draining = asyncio.create_task(_tell_drained(collector), name="drained")
            await until_stopped()
            draining.cancel()


async def _tell_drained(collector: Collector) -> None:
    await collector.drained()
    print("drained", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        _, what, group, fast, fresh = sys.argv
        kind = Day if what == "day" else Plan
        asyncio.run(main(what, kind(**json.loads(group)), float(fast), float(fresh)))
