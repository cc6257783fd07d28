"""An alerter on a broker in memory, and the people and services around it."""

import asyncio
import contextlib
import sqlite3

from alerts.service import FILE_NAME, Alerter
from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import decode, encode
from crampwatch.errors import Unavailable
from crampwatch.events import SensorState, SensorStatus, ServiceStatus
from crampwatch.metrics import Counters, Gauge
from crampwatch.service import running
from crampwatch.settings import Alerts, Settings
from crampwatch.storage import RunKey
from crampwatch.topics import SYSTEM, Kind, Topic, every
from crampwatch.units import Level
from tests.alerts.builders import SESSION, Clock, assessed, eventually

TEAM = "home"


class AlertShelf:
    """A store that keeps alerts, knows what the processor found, and may be away, or wrong about a setting."""

    def __init__(self):
        self.batches, self.away = [], False
        self.wrong = None
        self.questions = 0
        self.found = {}
        self.told = ()

    def _asked(self):
        if self.wrong is not None:
            raise self.wrong
        if self.away:
            raise Unavailable("the disk is full")

    async def recent_findings(self, team, since_ms):
        self._asked()
        self.questions += 1
        found = [(RunKey(team, one, SESSION), finding) for one, findings in self.found.items() for finding in findings]
        recent = [one for one in found if one[1].at_ms >= since_ms]
        return sorted(recent, key=lambda one: (one[1].at_ms, one[1].id))

    def gauges(self):
        return [Gauge("outbox_points", 7)]

    def problems(self):
        return self.told

    async def record(self, batches):
        self._asked()
        self.batches.extend(batches)

    @property
    def alerts(self):
        return [(batch.run.session, alert.state) for batch in self.batches for alert in batch.alerts]


class World:
    """One team: its broker, its clock, its alerter's folder, and what anybody could see or feel."""

    def __init__(self, folder, links=None):
        self.folder = folder
        self.clock = Clock()
        self.broker = MemoryBroker()
        self.links = links or self.broker.links()
        self.store = AlertShelf()
        self.counters = Counters()
        self.states, self.deliveries, self.words, self.cleared = [], [], [], []
        self.bus = None

    def alerter(self, *channels, database=None, tells_store=True, **alerts):
        settings = Settings(team=TEAM, state_dir=self.folder, alerts=Alerts(**alerts))
        return Alerter(
            settings=settings,
            buses=self.links,
            store=self.store,
            clock=self.clock,
            channels=channels,
            counters=self.counters,
            database=database,
            tells_store=tells_store,
        )

    @contextlib.asynccontextmanager
    async def watched(self):
        """Somebody listens to everything the alerter says."""
        kinds = (Kind.ALERT, Kind.DELIVERY)
        filters = [one for kind in kinds for one in every(kind, TEAM)]
        async with self.links("world", subscribe=[*filters, *every(Kind.STATUS, SYSTEM)]) as self.bus:
            listener = asyncio.create_task(self._listen())
            try:
                yield self
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def alerting(self, *channels, **alerts):
        """An alerter works while the block runs."""
        async with running([self.alerter(*channels, **alerts)]):
            yield self

    async def _listen(self):
        async for delivery in self.bus.deliveries():
            topic = Topic.parse(delivery.topic)
            if not delivery.payload:
                self.cleared.append(topic.device)
            else:
                heard = {Kind.ALERT: self.states, Kind.DELIVERY: self.deliveries, Kind.STATUS: self.words}
                heard[topic.kind].append(decode(topic.kind, delivery.payload))
            await delivery.ack()

    # --- what the others say ----------------------------------------------------------------------------------

    async def say(self, kind, message, athlete="ada", device=None, team=TEAM):
        await self.bus.publish(Topic(team, athlete, kind, device), encode(message))

    async def find(self, finding, athlete="ada"):
        await self.say(Kind.FINDING, finding, athlete)

    async def run_on(self, athlete="ada", session=SESSION, level=Level.OK):
        """The processor assesses an athlete: a run is on."""
        await self.say(Kind.ASSESSMENT, assessed(level, self.clock.now_ms(), session=session), athlete)

    async def sensor(self, state: SensorState, athlete="ada", device="strap"):
        now_ms = self.clock.now_ms()
        status = SensorStatus(device=device, name="Strap", state=state, at_ms=now_ms, collector="collector-1")
        await self.say(Kind.STATUS, status, athlete, device)

    async def service(self, state, instance="processor-1", at_ms=None):
        at_ms = self.clock.now_ms() if at_ms is None else at_ms
        status = ServiceStatus(service=instance, state=state, at_ms=at_ms)
        await self.say(Kind.STATUS, status, instance, team=SYSTEM)

    # --- what can be known ------------------------------------------------------------------------------------

    def journal(self, query):
        """Ask the journal's file, beside whoever writes it."""
        with contextlib.closing(sqlite3.connect(self.folder / FILE_NAME, timeout=5)) as connection:
            return connection.execute(query).fetchall()

    @property
    def reasons(self):
        return [reason for (reason,) in self.journal("SELECT reason FROM fact ORDER BY seq")]

    async def decided(self, count):
        """Wait until so many facts are decided, and everything that follows is out and was heard."""
        await eventually(lambda: len(self.reasons) >= count, self.clock)
        await self.calm()

    async def calm(self):
        """Wait until nothing is owed to anybody, and what was published was heard (in memory: some turns later)."""
        await eventually(self.quiet, self.clock)
        for _ in range(20):
            await asyncio.sleep(0)

    async def statuses(self, count):
        """Wait until the alerter has heard so many words of other services and of sensors."""
        await eventually(lambda: self.counters.value("taken", "status") >= count)

    def quiet(self):
        """Whether nothing is owed to anybody."""
        (owed,), (waiting,) = (
            self.journal("SELECT count(*) FROM push WHERE state IN ('pending', 'trying')")[0],
            self.journal("SELECT count(*) FROM change WHERE NOT published")[0],
        )
        return owed == 0 and waiting == 0

    @property
    def seen(self):
        """Every alert state that was published: (kind, level, state)."""
        return [(one.kind.value, one.level.value, one.state.value) for one in self.states]
