"""A day with random faults in minutes: whether all of it is stored, and whether the parts hold ever more."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crampwatch.storage import Store
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.units import SECOND_MS
from tests.faults.day import Day
from tests.faults.house import TEAM, House
from tests.faults.influx import emptied, open_influx
from tests.faults.looks import WATCHED, Look, grows, watch
from tests.faults.parts import until
from tests.faults.receiver import Receiver

#: Run seconds between two faults, at random between these.
FAULT_S = (600.0, 1_200.0)
#: After this share of the day only what is not judged by its memory is killed: the others live through the rest.
QUIET_FROM = 2 / 3
#: After the last fault there is something of the day left to run.
LAST_FAULT_S = 600.0
END_WITHIN_S = 7_200.0
#: The freshness window: by this clock outages last minutes of the run, and are no backlog.
FRESH_S = 3_600.0


@dataclass
class Soaked:
    """What came of a day."""

    sent: Counter[tuple[str, int]]
    stored: Mapping[str, Counter[tuple[str, int]]] = field(default_factory=dict)
    kills: list[tuple[str, int]] = field(default_factory=list)
    felt: int = 0
    #: Wall seconds from the end of the day to the last sample in both stores.
    behind_s: float = 0.0
    looks: Mapping[str, list[Look]] = field(default_factory=lambda: {name: [] for name in WATCHED})

    @property
    def told(self) -> list[str]:
        """Everything that is wrong, a line each."""
        wrong = []
        for store, runs in self.stored.items():
            wrong += [f"{store}: not sent, or not so: a run of {one} samples" for one in (runs - self.sent).elements()]
            wrong += [f"{store}: not stored so: a run of {one} samples" for one in (self.sent - runs).elements()]
        return wrong + [f"{name}: {line}" for name, looks in self.looks.items() for line in grows(looks)]


def samples(runs: Counter[tuple[str, int]]) -> int:
    """How many samples that makes."""
    return sum(count * times for (_, count), times in runs.items())


async def soak(folder: Path, day: Day, random: Random, *, mirrored: bool) -> Soaked:
    """Live a day in a new house."""
    ended = Soaked(day.sent)
    async with Receiver().listening() as phone:
        house = House(folder, day, phone, mirrored=mirrored, fast=True)
        async with house.running():
            house.collect("day", day.pace, FRESH_S)
            await house.parts["collector"].is_up()
            watching = asyncio.create_task(watch(house, day.clock.now_ms, ended.looks), name="watch")
            await disturb(house, day, random, ended.kills)
            await day.clock.sleep((day.ends_ms - day.clock.now_ms()) / SECOND_MS)
            over_s = asyncio.get_running_loop().time()
            await until(lambda: house.parts["collector"].says("drained"), "all is stored", END_WITHIN_S)
            await emptied(house.folder / "state")
            ended.behind_s = asyncio.get_running_loop().time() - over_s
            assert not watching.done(), watching.exception()
            watching.cancel()
            await house.stop()
            ended.felt = sum(phone.felt.values())
            ended.stored = await count(house)
    return ended


async def disturb(house: House, day: Day, random: Random, kills: list[tuple[str, int]]) -> None:
    """Kill a part every now and then, and start it again at once or after a while; returns when enough was killed."""
    others = ["broker", *(["influxdb"] if house.database is not None else [])]
    quiet_ms = day.begins_ms + round((day.ends_ms - day.begins_ms) * QUIET_FROM)
    at_ms = day.begins_ms + random.uniform(*FAULT_S) * SECOND_MS
    while at_ms < day.ends_ms - LAST_FAULT_S * SECOND_MS:
        await day.clock.sleep((at_ms - day.clock.now_ms()) / SECOND_MS)
        name = random.choice([*WATCHED, *others] if at_ms < quiet_ms else others)
        house.parts[name].kill()
        kills.append((name, day.clock.now_ms()))
        await asyncio.sleep(random.choice((0.0, 1.0)))
        await house.back(name)
        at_ms = max(at_ms, float(day.clock.now_ms())) + random.uniform(*FAULT_S) * SECOND_MS


async def count(house: House) -> Mapping[str, Counter[tuple[str, int]]]:
    """The runs that each store holds, as athlete and count of samples."""
    stores: dict[str, Store] = {"sqlite": await SqliteStore.open(house.store, read_only=True)}
    if house.database is not None:
        stores["influxdb"] = await open_influx(house.database.settings, house.folder)
    found = {}
    for name, store in stores.items():
        try:
            runs = await store.runs(team=TEAM, limit=100_000)
        finally:
            await store.close()
        found[name] = Counter((one.run.athlete, one.samples) for one in runs)
    return found
