"""A split house in a folder: every part a process of its own, its state and its logs beside it."""

import asyncio
import contextlib
import json
import re
import shutil
import sqlite3
import sys
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import fields
from pathlib import Path

from crampwatch.bus import BusFactory
from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks
from crampwatch.codec import encode
from crampwatch.events import Finding, FindingKind
from crampwatch.topics import Kind, Topic
from crampwatch.units import Level
from tests.faults.day import Day
from tests.faults.influx import Database, count_influx, emptied, read_influx
from tests.faults.parts import SCRIPT, Part, broker, dashboard, forget, free_port, service, until
from tests.faults.plan import Plan
from tests.faults.receiver import Receiver
from tests.faults.verdict import Kept, read_sqlite

TEAM = "faults"
#: A runner who is nobody: her push says that all findings before it were decided on.
SENTINEL = "sentinel"
#: In run time; as good as for ever: what is told in the matrix does not hang on how busy the machine is.
LONG_S = "3600"
#: Backlog is judged once no more of it has come for some seconds, one run after the other.
JUDGED_WITHIN_S = 120.0
#: Where each part's own settings stand.
SECTION = {"collector": "COLLECTOR", "processor": "PROCESSOR", "alerter": "ALERTS"}
COPIED = ("state", "mosquitto", "influxd")


class House:
    """The parts of one house by name: broker, processor, alerter, dashboard, collector, influxdb.

    Args:
        folder: where its state and its logs are.
        plan: who runs.
        phone: where pushes go.
        mirrored: SQLite has an InfluxDB as its mirror.
        fast: every process goes by the clock of the day that is its plan.
    """

    def __init__(
        self, folder: Path, plan: Plan | Day, phone: Receiver, *, mirrored: bool = False, fast: bool = False
    ) -> None:
        self.folder = folder
        self.plan = plan
        self.phone = phone
        self.database: Database | None = None
        self.parts: dict[str, Part | Database] = {}
        self._mirrored = mirrored
        self._launcher: tuple[str, ...] = (str(SCRIPT),)
        if fast:
            clock = (plan.steady_s, plan.begins_ms, plan.pace)
            self._launcher = (sys.executable, "-m", "tests.faults.fast", *map(str, clock))
        self.health = {name: free_port() for name in SECTION}
        self.pages = free_port()
        self.mqtt_port = free_port()

    @property
    def store(self) -> Path:
        return self.folder / "state" / "crampwatch.db"

    @property
    def links(self) -> BusFactory:
        """For strangers to the house."""
        return MqttLinks(Address("127.0.0.1", self.mqtt_port))

    @property
    def variables(self) -> Mapping[str, str]:
        """The settings that all parts share."""
        return {
            "CRAMPWATCH_TEAM": TEAM,
            "CRAMPWATCH_STATE_DIR": str(self.folder / "state"),
            "CRAMPWATCH_MQTT__URL": f"mqtt://127.0.0.1:{self.mqtt_port}",
            "CRAMPWATCH_MQTT__CONNECT_TIMEOUT_S": "120",
            "CRAMPWATCH_ALERTS__APPRISE": json.dumps([self.phone.address]),
            "CRAMPWATCH_ALERTS__DEADLINE_S": LONG_S,
            "CRAMPWATCH_ALERTS__SIGNAL_LOST_S": LONG_S,
            **(self.database.variables if self.database is not None else {}),
            **{f"CRAMPWATCH_{SECTION[name]}__HEALTH_PORT": str(port) for name, port in self.health.items()},
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["House"]:
        """Everything but the collector, up; whatever becomes of the block, nothing is left running."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._mirrored:
            self.parts["influxdb"] = self.database = Database(self.folder / "influxd")
            await asyncio.to_thread(self.database.begin)
        self.parts["broker"] = await broker(self.folder, self.mqtt_port)
        self.parts["processor"] = service((*self._launcher, "process"), "processor", self.folder, self.variables)
        self.parts["alerter"] = service((*self._launcher, "alert"), "alerter", self.folder, self.variables)
        self.parts["dashboard"] = dashboard((*self._launcher, "serve"), self.folder, self.variables, self.pages)
        try:
            for part in self.parts.values():
                if part.running:
                    continue
                part.start()
                if part.name == "broker":
                    await part.is_up()
            await asyncio.gather(*(part.is_up() for part in self.parts.values()))
            yield self
        finally:
            for part in self.parts.values():
                part.kill()

    def collect(self, what: str, pace: float, fresh_s: float) -> Part:
        """Start a collector of the group's ``history`` or ``life``, or of a ``day``."""
        group = {one.name: getattr(self.plan, one.name) for one in fields(self.plan)}
        arguments = (what, json.dumps(group), pace, fresh_s)
        command = (sys.executable, "-m", "tests.faults.watches", *map(str, arguments))
        part = Part("collector", command, self.folder / "collector.log", self.variables)
        part.start()
        self.parts["collector"] = part
        return part

    async def back(self, name: str, *, wiped: bool = False) -> None:
        """Start a part again that was killed."""
        if wiped:
            forget(self.folder)
        self.parts[name].start()
        await self.parts[name].is_up()

    async def kept(self) -> Mapping[str, Kept]:
        """What each store holds."""
        found = {"sqlite": await read_sqlite(self.store, TEAM, self.plan)}
        if self.database is not None:
            found["influxdb"] = await read_influx(self.database.settings, self.folder, TEAM, self.plan)
        return found

    async def drained(self) -> None:
        """Wait until the processor has stored everything that the collector had."""
        collector = self.parts["collector"]
        await until(lambda: collector.says("drained") or not collector.running, "the collector is drained")
        assert collector.running, f"the collector ended: {collector.said()[-2_000:]}"

    async def judged(self) -> None:
        """Wait until no run has backlog that its machine has not judged."""
        behind = re.compile(r"^crampwatch_processor_sessions_behind(?:\{[^}]*\})? (\d+)", re.MULTILINE)
        address = f"http://127.0.0.1:{self.health['processor']}/metrics"

        def all_were() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:
                found = behind.search(answer.read().decode())
                return found is not None and found[1] == "0"
            return False

        await until(all_were, "every machine has judged its backlog", JUDGED_WITHIN_S)

    async def decided(self) -> None:
        """Wait until the alerter has decided on every finding that the broker had for it."""
        told = Finding(
            kind=FindingKind.PATTERN,
            id=f"{SENTINEL}/pattern",
            session="s",
            at_ms=self.plan.ends_ms,
            level=Level.WARNING,
            because=("all was said",),
        )
        async with self.links("faults-sentinel") as bus:
            await bus.publish(Topic(TEAM, SENTINEL, Kind.FINDING), encode(told))
        await until(
            lambda: any(f"({SENTINEL})" in title for title in self.phone.felt), "the alerter has decided on all"
        )

    async def stop(self) -> None:
        """End everything in order, the broker last; InfluxDB is left to be read."""
        if self.database is not None:
            await emptied(self.folder / "state")
        for part in reversed(self.parts.values()):
            if part is self.database:
                continue
            code = await part.stop()
            assert code == 0, f"{part.name} ended with {code}: {part.said()[-2_000:]}"

    def newest_ms(self) -> int:
        """The moment of the newest sample in the SQLite store; 0 before the first."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30)) as connection:
                return connection.execute("SELECT coalesce(max(ended_ms), 0) FROM run").fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    async def mirrored_samples(self) -> int:
        """How many samples the mirror holds, as it counts them."""
        assert self.database is not None
        return await count_influx(self.database.settings, self.folder, TEAM)

    def copy_to(self, folder: Path, phone: Receiver, plan: Plan | None = None) -> "House":
        """The same house, as it stands on disk, elsewhere, with more to come when there is another plan."""
        folder.mkdir(parents=True)
        for name in COPIED:
            if (self.folder / name).exists():
                shutil.copytree(self.folder / name, folder / name)
        return House(folder, plan or self.plan, phone, mirrored=self._mirrored)


async def prepare(folder: Path, plan: Plan, *, mirrored: bool = False) -> House:
    """A house in which everybody has run long enough to be known, ended in order."""
    async with Receiver().listening() as phone, House(folder, plan, phone, mirrored=mirrored).running() as house:
        house.collect("history", 1.0, float(LONG_S))
        await house.drained()
        await house.stop()
        if house.database is not None:
            await house.database.stop()
    return house
