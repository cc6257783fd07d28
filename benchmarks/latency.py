"""Notify-to-alert latency through every real part, each service a process of its own, and what each process costs.

Every athlete's machine is fed the run up to shortly before its cramp as fast as it goes, then lives through the
cramp at one second a second. Latency is from the notification that proves a finding (the one of the second that
dates it) to the arrival of the finding, and of the alert, at a subscriber on the same host.
"""

import asyncio
import contextlib
import math
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import spread
from benchmarks.live_collector import phase_ms
from benchmarks.processes import Usage, usage_of
from benchmarks.services import TEAM, environment, service
from crampwatch.bus import BusFactory
from crampwatch.bus.broker import find_or_start
from crampwatch.codec import decode
from crampwatch.events import Alert, AlertState, Finding
from crampwatch.settings import Settings, load
from crampwatch.topics import Kind, Topic, every

SERVICES = ("process", "alert", "serve")
#: With one athlete a run has few alerts, so runs follow each other.
TRIALS_ALONE = 12


@dataclass
class Heard:
    """When live findings and alerts arrived, in ms after the notification that proved them."""

    findings: list[float] = field(default_factory=list)
    alerts: list[float] = field(default_factory=list)
    proved_at_ms: dict[str, int] = field(default_factory=dict)
    #: What is older is history that came with the warm-up.
    live_from_ms: float = math.inf

    def take(self, topic: str, payload: bytes, now_ms: float) -> None:
        """Note one message; late findings are history, not latency."""
        if not payload:
            return
        parsed = Topic.parse(topic)
        message = decode(parsed.kind, payload)
        if isinstance(message, Finding) and not message.late:
            notified_ms = message.at_ms + phase_ms(int(parsed.athlete.removeprefix("r")))
            if self.live_from_ms <= notified_ms <= now_ms:
                self.findings.append(now_ms - notified_ms)
                self.proved_at_ms[message.id] = notified_ms
        elif isinstance(message, Alert) and message.state in {AlertState.RAISED, AlertState.DELIVERED}:
            proved_ms = self.proved_at_ms.pop(message.finding_id, None)
            if proved_ms is not None:
                self.alerts.append(now_ms - proved_ms)


async def measure(console: Console, athletes: int) -> dict[str, object]:
    """Measure with a group of ``athletes`` running at once; print and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load(team=TEAM, state_dir=Path(folder))
        async with find_or_start(settings.mqtt, settings.state_dir) as buses, _services(folder) as processes:
            heard, usage = await _race(buses, settings, athletes, folder, processes)
    _print(console, athletes, heard, usage)
    return {
        "athletes": athletes,
        "findings": spread(heard.findings),
        "alerts": spread(heard.alerts),
        "services": {name: asdict(one) for name, one in usage.items()},
    }


@contextlib.asynccontextmanager
async def _services(folder: str) -> AsyncIterator[dict[str, int]]:
    """Processor, alerter and dashboard as processes of their own; name to pid."""
    async with contextlib.AsyncExitStack() as stack:
        yield {name: (await stack.enter_async_context(service(name, environment(folder)))).pid for name in SERVICES}


async def _race(
    buses: BusFactory, settings: Settings, athletes: int, folder: str, processes: dict[str, int]
) -> tuple[Heard, dict[str, Usage]]:
    heard = Heard()
    trials = TRIALS_ALONE if athletes == 1 else 1
    filters = (*every(Kind.FINDING, settings.team), *every(Kind.ALERT, settings.team))
    async with buses("bench-listener", subscribe=filters) as bus:

        async def listen() -> None:
            async for delivery in bus.deliveries():
                heard.take(delivery.topic, delivery.payload, time.time() * 1_000)
                await delivery.ack()

        listener = asyncio.create_task(listen(), name="listen")
        collector = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.live_collector",
            str(athletes),
            str(trials),
            env=environment(folder),
            stdout=asyncio.subprocess.PIPE,
        )
        assert collector.stdout is not None
        await collector.stdout.readline()  # "live"
        heard.live_from_ms = time.time() * 1_000
        pids = {**processes, "collect": collector.pid}
        before = {name: usage_of(pid) for name, pid in pids.items()}
        begun = time.monotonic()
        await collector.stdout.readline()  # "over"
        spent_s = time.monotonic() - begun
        usage = {name: usage_of(pid).since(before[name], spent_s) for name, pid in pids.items()}
        collector.terminate()
        await collector.wait()
        listener.cancel()
    return heard, usage


def _print(console: Console, athletes: int, heard: Heard, usage: dict[str, Usage]) -> None:
    table = Table(
        "notify to", "n", "p50 ms", "p99 ms", "max ms", title=f"{athletes} athletes (goal p50 < 20, p99 < 250)"
    )
    for name, values in (("finding", heard.findings), ("alert", heard.alerts)):
        row = spread(values)
        table.add_row(name, *(str(row.get(key, "-")) for key in ("n", "p50_ms", "p99_ms", "max_ms")))
    console.print(table)
    costs = Table("service", "% of a core", "RSS MB")
    for name, one in usage.items():
        costs.add_row(name, f"{one.cpu_percent:.1f}", f"{one.rss_mb:.0f}")
    console.print(costs)
