"""A collector with its broker and a processor."""

import asyncio
import contextlib

from collector.service import Collector
from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import decode, encode
from crampwatch.events import SensorClaimed
from crampwatch.metrics import Counters
from crampwatch.service import running
from crampwatch.settings import Settings
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.support.clocks import START_MS, ManualClock
from tests.support.takers import Taker

ANN = {"id": "ann", "sensors": [{"name": "WATCH-1"}]}


async def brisk(seconds):
    """A wait that a test does not notice."""
    await asyncio.sleep(seconds / 100)


def links(broker):
    """The factory of buses of a broker in memory, or of a real one behind a cable."""
    return broker.links() if isinstance(broker, MemoryBroker) else broker.links


def returning(spool):
    async def opened(_path, _collector):
        return spool

    return opened


class House:
    """A collector with its broker and a processor that keeps everything."""

    def __init__(self, folder, source, *, broker=None, spool=None, clock=None, **settings):
        self.settings = Settings(state_dir=folder, athletes=settings.pop("athletes", [ANN]), **settings)
        self.broker = broker or MemoryBroker()
        self.source = source
        self.clock = clock or ManualClock(START_MS)
        self.counters = Counters()
        self.taker = Taker(links(self.broker))
        self.collector = Collector(
            settings=self.settings,
            buses=links(self.broker),
            source=source,
            clock=self.clock,
            counters=self.counters,
            wait=brisk,
            **({} if spool is None else {"open_spool": returning(spool)}),
        )

    @contextlib.asynccontextmanager
    async def open(self, *, taking=True):
        taker = asyncio.create_task(self.taker.run()) if taking else None
        await asyncio.sleep(0)
        try:
            async with running([self.collector]):
                yield self
        finally:
            if taker is not None:
                taker.cancel()
                await asyncio.wait({taker})

    def status(self, device="watch-1", athlete="ann"):
        payload = self.broker.retained(Topic("home", athlete, Kind.STATUS, device))
        return decode(Kind.STATUS, payload) if payload else None

    def offered(self, device="watch-1"):
        payload = self.broker.retained(Topic(SYSTEM, "collector-1", Kind.STATUS, device))
        return decode(Kind.STATUS, payload) if payload else None

    def service_status(self):
        payload = self.broker.retained(Topic(SYSTEM, "collector-1", Kind.STATUS))
        return decode(Kind.STATUS, payload) if payload else None


async def claim(broker, device, athlete):
    order = SensorClaimed(device=device, athlete=athlete, at_ms=START_MS)
    async with broker.links()("page") as bus:
        await bus.publish(Topic(SYSTEM, "collector-1", Kind.COMMAND), encode(order))
