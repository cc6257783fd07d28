"""Hours of running in minutes: what the parts hold, whether that grows, and what is stored in the end."""

import asyncio
import functools
import re
import statistics
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crampwatch.storage.sqlite import SqliteStore
from crampwatch.units import HOUR_MS, SECOND_MS
from tests.faults.house import TEAM, House
from tests.faults.influx import emptied, waiting
from tests.faults.parts import until
from tests.faults.plan import Plan
from tests.faults.receiver import Receiver

#: A run of an hour and the pause after it; the pause is a new session's.
LAPS, PAUSE_S = 20, 2_400
FRESH_S = 3_600.0
WATCHED = ("collector", "processor", "alerter", "dashboard")
#: Wall seconds between two looks, and the share of the looks of a process's life that are its warming up.
LOOK_S = 2.0
WARM_UP = 0.3
END_WITHIN_S = 7_200.0


@dataclass(frozen=True)
class Look:
    """What a process held at a moment of the run."""

    at_ms: int
    pid: int
    rss_mb: float
    files: int
    tasks: int | None


@dataclass
class Endured:
    """What came of it."""

    sent: int = 0
    stored: int = 0
    kills: int = 0
    waited: int = 0
    felt: int = 0
    felt_away: int = 0
    looks: Mapping[str, list[Look]] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        return self.sent == self.stored


def slope(looks: Sequence[Look]) -> float | None:
    """MB an hour of the run by Theil and Sen, over the looks at the longest life of a process once it is warm."""
    lives: dict[int, list[Look]] = {}
    for look in looks:
        lives.setdefault(look.pid, []).append(look)
    longest = max(lives.values(), key=len, default=[])
    warm = longest[int(len(longest) * WARM_UP) :]
    pairs = [
        (two.rss_mb - one.rss_mb) / ((two.at_ms - one.at_ms) / HOUR_MS)
        for number, one in enumerate(warm)
        for two in warm[number + 1 :]
        if two.at_ms > one.at_ms
    ]
    return statistics.median(pairs) if pairs else None


def tasks_of(port: int) -> int | None:
    """How many tasks a service has, by its own word; None when it gives none now."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            found = re.search(r"^crampwatch_tasks (\d+)", answer.read().decode(), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return int(found[1]) if found else None


def look_at(pid: int, at_ms: int, port: int) -> Look | None:
    """What a process holds now; None when it is gone, or this system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return Look(at_ms, pid, pages * 4_096 / 1e6, files, tasks_of(port))
    except (OSError, IndexError):
        return None


async def watch(house: House, looks: Mapping[str, list[Look]]) -> None:
    """Look at every part now and then, until cancelled."""
    while True:
        at_ms = house.newest_ms()
        for name in WATCHED:
            part = house.parts.get(name)
            if part is None or not part.running:
                continue
            port = house.health.get(name, house.pages)
            look = await asyncio.to_thread(look_at, part.pid, at_ms, port)
            if look is not None:
                looks[name].append(look)
        await asyncio.sleep(LOOK_S)


async def disturb(house: House, random: Random, every_s: float, ended: Endured) -> None:
    """Kill a part every now and then in run time, until cancelled."""
    names = [*WATCHED, "broker", *(["influxdb"] if house.database is not None else [])]
    while True:
        until_ms = house.newest_ms() + random.uniform(0.3, 1.7) * every_s * SECOND_MS
        await until(functools.partial(_comes_to, house, until_ms), "the run goes on", END_WITHIN_S)
        name = random.choice(names)
        house.parts[name].kill()
        ended.kills += 1
        await asyncio.sleep(random.choice((0.0, 1.0)))
        await house.back(name)


def _comes_to(house: House, at_ms: float) -> bool:
    return house.newest_ms() >= at_ms


async def away(house: House, ended: Endured) -> None:
    """InfluxDB is away for the whole run."""
    house.parts["influxdb"].kill()
    await until(lambda: house.parts["collector"].says("drained"), "the run is over", END_WITHIN_S)
    ended.waited, ended.felt_away = await waiting(house.folder / "state"), sum(house.phone.felt.values())
    await house.back("influxdb")


async def endure(
    prepared: House, folder: Path, plan: Plan, pace: float, random: Random, kill_every_s: float
) -> Endured:
    """Run a plan in a copy of a prepared house; ``kill_every_s``: in run time, 0 keeps InfluxDB away instead."""
    ended = Endured(sent=plan.measured, looks={name: [] for name in WATCHED})
    async with Receiver().listening() as phone:
        house = prepared.copy_to(folder, phone, plan)
        async with house.running():
            house.collect("life", pace, FRESH_S)
            watching = asyncio.create_task(watch(house, ended.looks), name="watch")
            if kill_every_s:
                disturbing = asyncio.create_task(disturb(house, random, kill_every_s, ended), name="disturb")
                over_ms = plan.ends_ms - round(2 * kill_every_s) * SECOND_MS
                await until(lambda: house.newest_ms() >= over_ms or disturbing.done(), "the run is over", END_WITHIN_S)
                disturbing.cancel()
                await asyncio.gather(disturbing, return_exceptions=True)
                for name, part in house.parts.items():
                    if not part.running:
                        await house.back(name)
                await until(lambda: house.parts["collector"].says("drained"), "all is stored", END_WITHIN_S)
            else:
                await away(house, ended)
            assert not watching.done(), watching.exception()
            watching.cancel()
            await emptied(house.folder / "state")
            await house.stop()
            ended.felt = sum(phone.felt.values())
            ended.stored = await count(house)
    return ended


async def count(house: House) -> int:
    """How many samples the stores hold; the fewest, or what is too many."""
    store = await SqliteStore.open(house.store, read_only=True)
    try:
        found = [sum(one.samples for one in await store.runs(team=TEAM, limit=100_000))]
    finally:
        await store.close()
    if house.database is not None:
        found.append(await house.mirrored_samples())
    return max(found) if max(found) > house.plan.measured else min(found)
