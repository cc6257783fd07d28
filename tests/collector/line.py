"""A forwarder between a spool in memory and a bus that remembers what it was given."""

import asyncio
import contextlib

from collector.forward import Forwarder
from collector.spool import Unsent
from crampwatch.bus import LinkState
from crampwatch.codec import decode
from crampwatch.events import HeartRateMeasured, StoredUpTo
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.support.clocks import START_MS, ManualClock
from tests.support.spools import MemorySpool

FORGOTTEN = Topic(SYSTEM, "collector-1", Kind.WATERMARK, "collector-1")


class RecordingBus:
    """A bus that remembers what it took, and breaks on demand."""

    connected = True

    def __init__(self):
        self.link = LinkState()
        self.taken = []
        self.forgotten = []
        self.error = None
        self.refusal = None
        self.during = None
        self.under_way = 0
        self.most_under_way = 0

    async def publish(self, topic, payload):
        if topic == FORGOTTEN:
            await self._hears(decode(topic.kind, payload).row)
            return
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.error is not None:
            raise self.error
        message = decode(topic.kind, payload)
        self.taken.append((message.row, topic.athlete, topic.kind, payload))
        if self.during is not None:
            await self.during(len(self.taken))

    async def _hears(self, row):
        await asyncio.sleep(0)
        if error := self.error or self.refusal:
            raise error
        self.forgotten.append((row, len(self.taken)))

    @property
    def rows(self):
        return [row for row, *_ in self.taken]


class Line:
    """A forwarder between a spool in memory and a bus, with one clock for the run and one for the wall."""

    def __init__(self, spool=None):
        self.spool = spool or MemorySpool()
        self.run_clock, self.wall = ManualClock(START_MS), ManualClock(0)
        self.counters = Counters()
        self.bus = RecordingBus()
        self.seq = 0
        self.forwarder = Forwarder(
            spool=self.spool,
            team="home",
            collector="collector-1",
            clock=self.run_clock,
            counters=self.counters,
            wait=self.wall.sleep,
        )

    async def spools(self, count=1, athlete="ann", at_ms=START_MS):
        messages = []
        for _ in range(count):
            sample = HeartRateMeasured(at_ms=at_ms, device="strap", seq=self.seq, bpm=150)
            messages.append(Unsent(athlete, "s1", (sample,)))
            self.seq += 1
        await self.spool.append(messages, {})
        self.forwarder.wake()

    async def stored(self, row, *, link_is_new=False, spool=None):
        mark = StoredUpTo(collector="collector-1", spool=spool or self.spool.identity, row=row)
        await self.forwarder.stored_up_to(mark, link_is_new=link_is_new)

    @contextlib.asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.forwarder.run(self.bus))
        await asyncio.sleep(0)
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def sent(self):
        await asyncio.wait_for(self.forwarder.sent(), 5)
