"""A thousand athletes at 1 Hz through broker, processor and store, minute by minute; then more, up to the ceiling.

The lag of a message goes from the moment its samples are taken to the arrival of the watermark that says they are
stored: the store's commit, that of the watermark's own file and the way back through the broker are in it. The
sender is a process of its own, written in advance, and says how late it was itself.
"""

import asyncio
import contextlib
import tempfile
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.figures import markdown, quantile, say
from benchmarks.processes import Usage, usage_of
from benchmarks.services import TEAM, begin, environment, outcome, sending, service
from benchmarks.traffic import SAMPLES_A_MESSAGE, Schedule, Step
from crampwatch.bus import Bus
from crampwatch.bus.broker import FOLDER, find_or_start
from crampwatch.bus.keeper import note_in
from crampwatch.codec import decode
from crampwatch.events import StoredUpTo
from crampwatch.settings import Settings, load
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import SYSTEM, Kind, every

COLLECTOR = "bench-sender"
#: The field grows by so many athletes a step, until the lag is no longer held.
GROWTH, STEP_S, MOST_STEPS = 250, 20, 16
HELD_MS = 1_000
#: What the backlog of the last step may take to be stored.
DRAIN_S = 120.0


class Track:
    """When each row was known to be stored."""

    def __init__(self, plan: Schedule) -> None:
        self._times_ms = [one.at_ms for one in plan.messages()]
        self.lags_ms = array("d", [float("inf")]) * plan.rows
        self.settled = 0
        self._moved = asyncio.Event()

    def stored_up_to(self, row: int, now_ms: float) -> None:
        """Every row up to this one is stored by now."""
        for settled in range(self.settled, row + 1):
            self.lags_ms[settled] = now_ms - self._times_ms[settled]
        self.settled = max(self.settled, row + 1)
        self._moved.set()

    async def until(self, rows: int) -> None:
        """Return once so many rows are stored."""
        while self.settled < rows:
            self._moved.clear()
            await self._moved.wait()


@dataclass(frozen=True, slots=True)
class Span:
    """What some seconds at one size of the field gave; CPU in per cent of one core, lags in ms."""

    athletes: int
    seconds: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    stored_per_s: float
    usage: dict[str, Usage]

    @property
    def held(self) -> bool:
        """Whether the processor kept up."""
        return self.p99_ms < HELD_MS


async def measure(console: Console, athletes: int, minutes: int, *, ramp: bool = True) -> dict[str, object]:
    """Measure, print and return the figures."""
    growing = [Step(athletes + GROWTH * number, STEP_S) for number in range(1, MOST_STEPS + 1)] if ramp else []
    steps = [*(Step(athletes, 60) for _ in range(minutes)), *growing]
    with tempfile.TemporaryDirectory() as folder:
        settings = load(team=TEAM, state_dir=Path(folder))
        async with (
            find_or_start(settings.mqtt, settings.state_dir) as broker,
            service("process", environment(folder)) as processor,
            sending(broker.address.port, COLLECTOR, steps) as sender,
            broker("bench-listener", subscribe=every(Kind.WATERMARK, SYSTEM)) as bus,
        ):
            pids = {"process": processor.pid, "broker": broker_pid(settings), "(sender)": sender.pid}
            spans, said, track = await _race(bus, sender, steps, pids, console)
        stored = await _stored_samples(settings)
    missing = said["sent"] * SAMPLES_A_MESSAGE - stored
    _print(console, spans, said, missing)
    return {
        "spans": [asdict(one) for one in spans],
        "sender": said,
        "missing samples": missing,
        "settled": track.settled,
    }


def broker_pid(settings: Settings) -> int:
    """The broker that was started here."""
    note = note_in(settings.state_dir / FOLDER)
    assert note is not None, "unset mqtt.url: what is measured is a broker on this machine"
    return note.pid


async def _race(
    bus: Bus, sender: asyncio.subprocess.Process, steps: Sequence[Step], pids: dict[str, int], console: Console
) -> tuple[list[Span], dict[str, int], Track]:
    plan = Schedule(steps, start_ms=round(time.time() * 1_000) + 1_000)
    track = Track(plan)
    listening = asyncio.create_task(_listen(bus, track), name="listen")
    await begin(sender, plan.start_ms)
    spans: list[Span] = []
    second = 0
    for step in steps:
        spans.append(await _span(step, second, plan, track, pids))
        second += step.seconds
        one = spans[-1]
        console.print(
            f"{one.athletes} athletes, {second} s: p50 {one.p50_ms:.0f}, p99 {one.p99_ms:.0f} ms", highlight=False
        )
        if not one.held and step.seconds == STEP_S:
            break
    with contextlib.suppress(ProcessLookupError):
        sender.terminate()
    said = await outcome(sender)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            await track.until(said["sent"])
    listening.cancel()
    return spans, said, track


async def _span(step: Step, second: int, plan: Schedule, track: Track, pids: dict[str, int]) -> Span:
    """Live through one step. A step of the ramp is judged by its second half."""
    judged_s = step.seconds if step.seconds != STEP_S else STEP_S // 2
    await _until(plan.start_ms + (second + step.seconds - judged_s) * 1_000)
    before, settled, begun = {name: usage_of(pid) for name, pid in pids.items()}, track.settled, time.monotonic()
    await _until(plan.start_ms + (second + step.seconds) * 1_000)
    spent_s = time.monotonic() - begun
    usage = {name: usage_of(pid).since(before[name], spent_s) for name, pid in pids.items()}
    stored_per_s = (track.settled - settled) / spent_s
    # What is under way at the end is judged with the rest, as late as it is allowed to be.
    await asyncio.sleep(HELD_MS / 1_000)
    first, last = plan.first_row(second + step.seconds - judged_s), plan.first_row(second + step.seconds)
    lags = sorted(track.lags_ms[first:last])
    p50_ms, p99_ms = quantile(lags, 0.5), quantile(lags, 0.99)
    return Span(step.athletes, judged_s, p50_ms, p99_ms, lags[-1], stored_per_s, usage)


async def _until(at_ms: float) -> None:
    await asyncio.sleep(max(0.0, at_ms / 1_000 - time.time()))


async def _listen(bus: Bus, track: Track) -> None:
    async for delivery in bus.deliveries():
        if delivery.payload:
            message = decode(Kind.WATERMARK, delivery.payload)
            if isinstance(message, StoredUpTo) and message.collector == COLLECTOR:
                track.stored_up_to(message.row, time.time() * 1_000)
        await delivery.ack()


async def _stored_samples(settings: Settings) -> int:
    store = await SqliteStore.open(settings.store_path, read_only=True)
    try:
        return sum(run.samples for run in await store.runs(team=TEAM, limit=1_000_000))
    finally:
        await store.close()


def _print(console: Console, spans: Sequence[Span], said: dict[str, int], missing: int) -> None:
    names = list(spans[0].usage)
    costs = [*(f"{name} %" for name in names), "loop of process %", *(f"{name} MB" for name in names)]
    rows = []
    for one in spans:
        lags = [f"{lag:.0f}" for lag in (one.p50_ms, one.p99_ms, one.max_ms, one.stored_per_s)]
        cpu = [f"{one.usage[name].cpu_percent:.0f}" for name in names]
        loop = f"{100 * one.usage['process'].loop_s / one.seconds:.0f}"
        memory = [f"{one.usage[name].rss_mb:.0f}" for name in names]
        rows.append([one.athletes, one.seconds, *lags, *cpu, loop, *memory])
    columns = ["athletes", "s", "p50 ms", "p99 ms", "max ms", "stored/s", *costs]
    say(console, markdown(columns, rows))
    say(console, f"messages sent: {said['sent']}; samples missing in the store: {missing}; sender late: {said['late']}")
