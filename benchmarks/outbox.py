"""Points a second into the outbox, and out of it into a real InfluxDB, with what each side had to do for it."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.figures import markdown, say
from benchmarks.processes import Usage, usage_of
from benchmarks.runs import samples_of_a_run
from crampwatch.clock import WallClock
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.drainer import Drainer
from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.lines import batch_lines
from crampwatch.storage.outbox import Outbox
from tests.support.influx import Influxd, own

GOAL_PER_S = 20_000
ATHLETES, SECONDS = 100, 600
OWN = "crampwatch"
EVERY_ROW = 2**62
WITHIN_S = 240.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How many points went through, how fast, and what it cost in seconds of CPU."""

    points: int
    seconds: float
    usage: dict[str, Usage]

    @property
    def per_s(self) -> float:
        """Points a second."""
        return self.points / self.seconds


async def measure(console: Console) -> dict[str, object]:
    """Put everything, then drain it, as after an outage; then put and drain at once, as in life at full speed."""
    puts = _puts()
    with tempfile.TemporaryDirectory() as folder, own(Path(folder)) as server:
        home = await asyncio.to_thread(server.home)
        edge = InfluxEdge.connect(home.settings)
        buckets = (home.settings.bucket, home.settings.bucket_long)
        outbox = await Outbox.open(Path(folder) / "outbox.db", WallClock())
        rates = {
            "put": await _timed(server, lambda: _put(outbox, buckets[0], puts)),
            "drained": await _timed(server, lambda: _drained(outbox, edge)),
            "put and drained at once": await _timed(server, lambda: _both(outbox, edge, buckets[1], puts)),
        }
        await outbox.close()
        await edge.close()
        stored = [await asyncio.to_thread(home.count, "telemetry", "seq", bucket=bucket) for bucket in buckets]
    wanted = sum(line.startswith("telemetry") for lines in puts for line in lines)
    _print(console, rates, [wanted - count for count in stored])
    return {name: {"points": one.points, "per_s": round(one.per_s)} for name, one in rates.items()}


def _puts() -> list[list[str]]:
    """A second of everybody a put, as the processor records them."""
    ticks, _ = samples_of_a_run(with_rr=True)
    keys = [RunKey("bench", f"r{number}", "s") for number in range(ATHLETES)]
    return [[line for key in keys for line in batch_lines(Batch(key, samples=tick))] for tick in ticks[:SECONDS]]


async def _timed(server: Influxd, work: Callable[[], Coroutine[None, None, int]]) -> Rate:
    pids = {OWN: os.getpid(), "influxd": server.pid}
    before, begun = {name: usage_of(pid) for name, pid in pids.items()}, time.monotonic()
    points = await work()
    spent_s = time.monotonic() - begun
    return Rate(points, spent_s, {name: usage_of(pid).since(before[name], spent_s) for name, pid in pids.items()})


async def _put(outbox: Outbox, bucket: str, puts: list[list[str]]) -> int:
    for lines in puts:
        await outbox.put(bucket, lines)
    return sum(map(len, puts))


async def _drained(outbox: Outbox, edge: InfluxEdge) -> int:
    points = outbox.depth.points
    async with _draining(outbox, edge):
        pass
    return points


async def _both(outbox: Outbox, edge: InfluxEdge, bucket: str, puts: list[list[str]]) -> int:
    async with _draining(outbox, edge):
        return await _put(outbox, bucket, puts)


@contextlib.asynccontextmanager
async def _draining(outbox: Outbox, edge: InfluxEdge) -> AsyncIterator[None]:
    """Drain while the block runs, and after it until nothing is left."""
    drainer = Drainer(outbox, edge, WallClock())
    task = asyncio.create_task(drainer.run(), name="drain")
    try:
        yield
        if not await drainer.delivered(EVERY_ROW, WITHIN_S):
            raise RuntimeError(f"{outbox.depth.points} points were not delivered within {WITHIN_S:g} s")
    finally:
        task.cancel()
        await asyncio.wait([task])


def _print(console: Console, rates: dict[str, Rate], missing: list[int]) -> None:
    say(console, f"outbox: {ATHLETES} athletes' seconds a put (goal {GOAL_PER_S:,} points a second)")
    rows = [
        [what, f"{one.points:,}", f"{one.per_s:,.0f}", *(f"{use.cpu_percent:.0f}" for use in one.usage.values())]
        for what, one in rates.items()
    ]
    say(console, markdown(["what", "points", "points/s", f"{OWN} % of a core", "influxd % of a core"], rows))
    say(console, f"telemetry points missing in InfluxDB: {missing[0]} and {missing[1]}")
