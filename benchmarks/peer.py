"""Side by side with Telegraf: the same messages from one broker into one InfluxDB, in quiet and in trouble.

What each does more of: ``crampwatch process`` also runs the detectors, keeps a store of its own, an outbox on disk and
the beats, and tells collectors what is stored. ``crampwatch relay`` is our parts with the outbox and the beats alone.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from benchmarks.consumers import Consumer, newest_ms, stored, three
from benchmarks.figures import markdown, say, spread
from benchmarks.services import TEAM, begin, outcome, plain_mosquitto, sending
from benchmarks.traffic import SAMPLES_A_MESSAGE, Schedule, Step, athlete_id
from crampwatch.bus.broker import find_or_start
from crampwatch.settings import load
from tests.support.influx import Home, Influxd, own

#: Seconds of each phase: settling in, quiet, killed and started again, InfluxDB away, afterwards.
WARM_UP_S, STEADY_S, RESTART_S, AWAY_S, AFTER_S = 10, 30, 15, 60, 10
#: Where the second sender's athletes begin, and how many seconds of everybody come at once.
BURST_FIRST, BURST_S = 10_000, 60
#: Whose samples are looked for in InfluxDB as they come, and how often.
PROBED = 10
LOOK_S = 0.05
#: Until all have subscribed, and their sessions outlast them.
SUBSCRIBED_S = 5.0
#: Nothing more for so long after the end, and what is missing is lost.
QUIET_S = 10.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the traffic, and the samples that were sent in it."""

    name: str
    runners: str
    from_ms: int
    to_ms: int
    samples: int


@dataclass(slots=True)
class Found:
    """What one consumer gave: CPU in us per athlete-second and latencies in ms while quiet, samples lost by phase."""

    cpu_us: float = 0.0
    rss_mb: float = 0.0
    latency: Mapping[str, float] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Course:
    """What the consumers run on, and what is found of each by its name."""

    server: Influxd
    home: Home
    port: int
    athletes: int
    consumers: Sequence[Consumer]
    found: Mapping[str, Found]


async def measure(console: Console, athletes: int) -> dict[str, object]:
    """Measure with our broker settings, then with the broker's own, print and return the figures."""
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = load(team=TEAM, state_dir=Path(folder))
        async with find_or_start(settings.mqtt, settings.state_dir) as broker:
            phases = await _run(Path(folder), broker.address.port, athletes, found, _trouble)
    with tempfile.TemporaryDirectory() as folder:
        async with plain_mosquitto() as port:
            phases += await _run(Path(folder), port, athletes, found, _small_queue)
    _print(console, athletes, phases, found)
    return {name: {"cpu_us": one.cpu_us, **one.latency, "lost": one.lost} for name, one in found.items()}


async def _run(
    folder: Path,
    port: int,
    athletes: int,
    found: dict[str, Found],
    live: Callable[[Course], Coroutine[None, None, list[Phase]]],
) -> list[Phase]:
    with own(folder) as server:
        home = await asyncio.to_thread(server.home)
        async with three(folder, port, home) as consumers:
            for one in consumers:
                found.setdefault(one.name, Found())
            course = Course(server, home, port, athletes, consumers, found)
            for one in consumers:
                await one.start()
            await asyncio.sleep(SUBSCRIBED_S)
            phases = await live(course)
            await _count(course, phases)
            return phases


async def _trouble(course: Course) -> list[Phase]:
    """Quiet, a restart, an outage; traffic goes on all the time."""
    lengths = {"steady": WARM_UP_S + STEADY_S, "restart": RESTART_S, f"{AWAY_S} s away": AWAY_S + AFTER_S}
    *restarted, relay = course.consumers
    async with sending(course.port, "bench-sender", [Step(course.athletes, sum(lengths.values()))]) as sender:
        start_ms = round(time.time() * 1_000) + 1_000
        await begin(sender, start_ms)
        await _until(start_ms + WARM_UP_S * 1_000)
        await _quiet(course, start_ms)
        away_ms = start_ms + (WARM_UP_S + STEADY_S + RESTART_S) * 1_000
        await _until(away_ms - RESTART_S * 1_000)
        await relay.kill()
        for one in restarted:
            await one.kill()
            await one.start()
        await _until(away_ms)
        course.server.kill()
        await _until(away_ms + AWAY_S * 1_000)
        course.server.start()
        await outcome(sender)
    return [*_phases(start_ms, course.athletes, lengths), await _burst(course)]


async def _small_queue(course: Course) -> list[Phase]:
    """An outage when the broker holds 1,000 messages for each taker, as it does unless it is told otherwise."""
    await course.consumers[-1].kill()
    async with sending(course.port, "bench-sender", [Step(course.athletes, AWAY_S + 2 * AFTER_S)]) as sender:
        start_ms = round(time.time() * 1_000) + 1_000
        await begin(sender, start_ms)
        await _until(start_ms + AFTER_S * 1_000)
        course.server.kill()
        await _until(start_ms + (AFTER_S + AWAY_S) * 1_000)
        course.server.start()
        await outcome(sender)
    return list(_phases(start_ms, course.athletes, {f"{AWAY_S} s away, small queue": AWAY_S + 2 * AFTER_S}))


def _phases(start_ms: int, athletes: int, lengths: Mapping[str, int]) -> Iterator[Phase]:
    for name, seconds in lengths.items():
        samples = athletes * seconds * SAMPLES_A_MESSAGE
        yield Phase(name, "^r0", start_ms, start_ms + seconds * 1_000, samples)
        start_ms += seconds * 1_000


async def _quiet(course: Course, start_ms: int) -> None:
    """CPU and latency of each while nothing goes wrong."""
    before, begun = {one.name: one.usage() for one in course.consumers}, time.monotonic()
    taken = await asyncio.gather(*(_latencies(course, one.bucket, start_ms) for one in course.consumers))
    spent_s = time.monotonic() - begun
    for one, latencies in zip(course.consumers, taken, strict=True):
        usage = one.usage().since(before[one.name], spent_s)
        mine = course.found[one.name]
        mine.cpu_us, mine.rss_mb = round(usage.cpu_s / (course.athletes * spent_s) * 1e6, 1), round(usage.rss_mb)
        mine.latency = spread(latencies)


async def _latencies(course: Course, bucket: str, start_ms: int) -> list[float]:
    """From the moment of a sample to when a query that was asked after it was stored could show it."""
    sent = Schedule([Step(course.athletes, WARM_UP_S + STEADY_S)], start_ms).messages()
    waiting = [one for one in sent if one.who < PROBED and one.second >= WARM_UP_S]
    give_up_ms = start_ms + (WARM_UP_S + STEADY_S - 1) * 1_000
    taken = list[float]()
    while waiting and (now_ms := time.time() * 1_000) < give_up_ms:
        newest, asked_ms = await asyncio.to_thread(newest_ms, course.home, bucket, f"^{athlete_id(0)[:-1]}")
        seen = {one for one in waiting if newest.get(athlete_id(one.who), 0) >= one.at_ms}
        taken += [max(0.0, asked_ms - one.at_ms) for one in seen]
        waiting = [one for one in waiting if one not in seen]
        await asyncio.sleep(max(0.0, LOOK_S - (time.time() * 1_000 - now_ms) / 1_000))
    return taken


async def _burst(course: Course) -> Phase:
    """A minute of everybody at once, as fast as the broker takes it."""
    async with sending(course.port, "bench-burst", [Step(course.athletes, BURST_S)], BURST_FIRST) as sender:
        start_ms = round(time.time() * 1_000) - (BURST_S + 1) * 1_000
        await begin(sender, start_ms)
        await outcome(sender)
    messages = course.athletes * BURST_S
    samples = messages * SAMPLES_A_MESSAGE
    return Phase(f"burst of {messages:,}", "^r1", start_ms, start_ms + BURST_S * 1_000, samples)


async def _count(course: Course, phases: Sequence[Phase]) -> None:
    """What is missing once nothing more comes. The relay is there for its cost alone and not counted."""
    for consumer in course.consumers[:-1]:
        lost, moved_s = {phase.name: phase.samples for phase in phases}, time.monotonic()
        while any(lost.values()) and time.monotonic() - moved_s < QUIET_S:
            await asyncio.sleep(1)
            before, lost = lost, {phase.name: await _missing(course, consumer, phase) for phase in phases}
            moved_s = time.monotonic() if lost != before else moved_s
        course.found[consumer.name].lost.update(lost)


async def _missing(course: Course, consumer: Consumer, phase: Phase) -> int:
    place = (consumer.bucket, phase.runners, phase.from_ms, phase.to_ms)
    return phase.samples - await asyncio.to_thread(stored, course.home, *place)


async def _until(at_ms: float) -> None:
    await asyncio.sleep(max(0.0, at_ms / 1_000 - time.time()))


def _print(console: Console, athletes: int, phases: Sequence[Phase], found: Mapping[str, Found]) -> None:
    say(
        console,
        f"{athletes} athletes at 1 Hz, all consumers at once; lost: samples of {[one.samples for one in phases]}",
    )
    columns = ["", "CPU us per athlete-second", "RSS MB", "p50 ms to readable", "p99 ms"]
    rows = []
    for name, one in found.items():
        latency = [one.latency.get(key, "-") for key in ("p50_ms", "p99_ms")]
        rows.append([name, one.cpu_us, one.rss_mb, *latency, *(one.lost.get(phase.name, "-") for phase in phases)])
    say(console, markdown([*columns, *(f"lost: {one.name}" for one in phases)], rows))
