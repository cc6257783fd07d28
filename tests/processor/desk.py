"""A processor on a broker in memory, with a store that can be away and a listener that hears everything."""

import asyncio
import contextlib
from collections import Counter

from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import decode, encode
from crampwatch.errors import Unavailable
from crampwatch.events import Telemetry
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import RunKey
from crampwatch.topics import SYSTEM, Kind, Topic, every
from processor.athlete import Athlete
from processor.worker import Processor
from tests.support.brokers import until
from tests.support.clocks import ManualClock
from tests.support.stories import Story

LIVE = Topic("home", "r7", Kind.TELEMETRY)
LATE = Topic("home", "r7", Kind.BACKLOG)
MARK = Topic(SYSTEM, "collector-1", Kind.WATERMARK, "processor-1")
SPOOL = "a1b2c3"
RUN = RunKey("home", "r7", "s1")


async def soon(_seconds):
    """Any wait, for the impatient."""
    await asyncio.sleep(0.005)


class Gate:
    """The waits of a processor: those of some lengths last until they are let go, any other is over soon."""

    def __init__(self, *held):
        self._held = held
        self._open = asyncio.Event()
        self.waiting = Counter()

    async def __call__(self, seconds):
        if seconds not in self._held:
            await soon(seconds)
            return
        self.waiting[seconds] += 1
        await self._open.wait()

    def let_go(self):
        self._open.set()


class FickleStore:
    """A store that can be away, for all or for readers only, and that can lose its caller after it has recorded."""

    def __init__(self, store):
        self._store = store
        self.away = False
        self.unreadable = None
        self.crash_after_record = False
        self.waiting, self.troubles = [], []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def gauges(self):
        return self.waiting

    def problems(self):
        return self.troubles

    async def samples(self, key, **span):
        await self._read()
        return await self._store.samples(key, **span)

    async def findings(self, key):
        await self._read()
        return await self._store.findings(key)

    async def _read(self):
        if self.unreadable is not None:
            await self.unreadable()

    async def record(self, batches):
        if self.away:
            raise Unavailable("the disk is full")
        await self._store.record(batches)
        if self.crash_after_record:
            raise RuntimeError("power cut")


class Desk:
    """A processor with everything around it in this process."""

    def __init__(self, folder, store):
        self.settings = Settings(state_dir=folder)
        self.broker = MemoryBroker()
        self.store = FickleStore(store)
        self.clock = ManualClock()
        self.counters = Counters()
        self.heard = []

    @contextlib.asynccontextmanager
    async def processing(self, machines=Athlete, wait=soon):
        self.counters = Counters()
        processor = Processor(
            settings=self.settings,
            buses=self.broker.links(),
            store=self.store,
            clock=self.clock,
            counters=self.counters,
            wait=wait,
            machines=machines,
        )
        self.processor = processor
        task = asyncio.create_task(processor.run(), name="processor")
        try:
            await asyncio.wait_for(processor.ready.wait(), 10)
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    @contextlib.asynccontextmanager
    async def listening(self):
        async def hear(bus):
            async for delivery in bus.deliveries():
                if delivery.payload:
                    topic = Topic.parse(delivery.topic)
                    self.heard.append((topic, decode(topic.kind, delivery.payload)))
                await delivery.ack()

        filters = [one for kind in (Kind.FINDING, Kind.ASSESSMENT, Kind.WATERMARK, Kind.STATUS) for one in every(kind)]
        async with self.broker.links()("listener", subscribe=filters) as bus:
            task = asyncio.create_task(hear(bus))
            try:
                yield
            finally:
                task.cancel()

    async def send(self, *messages, topic=LIVE):
        async with self.broker.links()("collector") as bus:
            for message in messages:
                await bus.publish(topic, message if isinstance(message, bytes) else encode(message))

    async def marked(self, row):
        await until(lambda: self.mark == row)

    @property
    def mark(self):
        payload = self.broker.retained(MARK)
        return None if payload is None else decode(Kind.WATERMARK, payload).row

    @property
    def spool_marked(self):
        payload = self.broker.retained(MARK)
        return None if payload is None else decode(Kind.WATERMARK, payload).spool

    def told(self, kind):
        return [message for topic, message in self.heard if topic.kind is kind]

    @property
    def findings(self):
        return self.told(Kind.FINDING)


def rows(samples, *, size=90, first=0, session="s1", spool=SPOOL):
    return [
        Telemetry(
            collector="collector-1",
            spool=spool,
            row=first + index,
            session=session,
            samples=tuple(samples[start : start + size]),
        )
        for index, start in enumerate(range(0, len(samples), size))
    ]


def story():
    return Story().running(520).hitching(3).standing(30).running(60).samples
