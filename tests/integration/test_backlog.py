"""A hundred runners come back from an outage: the present does not wait for ten minutes of past, and all is stored."""

import asyncio
import contextlib

import pytest

from collector.forward import AHEAD, FRESH_S, WINDOW, Forwarder
from collector.spool import SqliteSpool, Unsent
from crampwatch.codec import decode
from crampwatch.events import HeartRateMeasured
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import RunKey
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import SYSTEM, Kind, Topic
from processor.drain import DELIVERIES
from processor.worker import Processor
from tests.support.brokers import WORLDS, until
from tests.support.clocks import START_MS, ManualClock

ATHLETES = [f"r{number}" for number in range(100)]
#: Ten minutes, ten seconds a message.
OUTAGE_S, STEP_S = 600, 10
BACKLOG_SAMPLES = len(ATHLETES) * (OUTAGE_S - STEP_S)
#: How many rows of backlog may pass between the taking of a live row and its commit: those under way ahead of what is
#: stored, a window being sent, and a drain or two being stored. Without lanes it would be all that is left.
MOST_BETWEEN = AHEAD + 2 * WINDOW + 2 * DELIVERIES


class Ledger:
    """A store that remembers in which order samples became durable."""

    def __init__(self, store):
        self._store = store
        self.backlog = 0
        self.live = {}

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def record(self, batches):
        await self._store.record(batches)
        for batch in batches:
            for sample in batch.samples:
                if sample.at_ms < START_MS:
                    self.backlog += 1
                else:
                    self.live.setdefault((batch.run.athlete, sample.seq), self.backlog)


def message(athlete, first_s, count):
    samples = [
        HeartRateMeasured(at_ms=START_MS + at_s * 1_000, device="strap", seq=OUTAGE_S + at_s, bpm=150)
        for at_s in range(first_s, first_s + count)
    ]
    return Unsent(athlete, "s1", tuple(samples))


async def heed(bus, forwarder):
    async for delivery in bus.deliveries():
        await forwarder.stored_up_to(decode(Kind.WATERMARK, delivery.payload), link_is_new=delivery.retained)
        await delivery.ack()


@contextlib.asynccontextmanager
async def tasks(*coroutines):
    running = [asyncio.create_task(one) for one in coroutines]
    try:
        yield
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.parametrize("broker", ["memory", "mosquitto"])
async def test_live_rows_pass_the_backlog_of_an_outage_and_every_sample_is_stored_once(tmp_path, broker):
    clock = ManualClock(START_MS)
    ledger = Ledger(await SqliteStore.open(tmp_path / "store.db"))
    spool = await SqliteSpool.open(tmp_path / "spool.db", "collector-1")
    await spool.append(
        [message(who, at_s, STEP_S) for at_s in range(-OUTAGE_S, -STEP_S, STEP_S) for who in ATHLETES], {}
    )
    own_marks = [str(Topic(SYSTEM, "collector-1", Kind.WATERMARK, "processor-1"))]
    async with WORLDS[broker](tmp_path) as world:
        processor = Processor(
            settings=Settings(state_dir=tmp_path), buses=world.links, store=ledger, clock=clock, counters=Counters()
        )
        forwarder = Forwarder(
            spool=spool, team="home", collector="collector-1", clock=clock, counters=Counters(), fresh_s=FRESH_S
        )
        async with tasks(processor.run()):
            await asyncio.wait_for(processor.ready.wait(), 30)
            async with (
                world.links("collector-1", subscribe=own_marks) as bus,
                tasks(heed(bus, forwarder), forwarder.run(bus)),
            ):
                took = await live_seconds(spool, forwarder, ledger)
                await asyncio.wait_for(forwarder.drained(), 120)
    for name, backlog_before in took.items():
        assert ledger.live[name] - backlog_before <= MOST_BETWEEN * STEP_S
    for who in ATHLETES[::20]:
        stored = await ledger.samples(RunKey("home", who, "s1"))
        assert [one.seq for one in stored] == [*range(OUTAGE_S - STEP_S), *range(OUTAGE_S, OUTAGE_S + len(took) // 100)]
    await spool.close()
    await ledger.close()


async def live_seconds(spool, forwarder, ledger):
    """A live second of everybody, again and again while backlog drains: how much was stored when each was taken."""
    took = {}
    for second in range(4):
        due = second * BACKLOG_SAMPLES // 8
        await until(lambda due=due: ledger.backlog >= due, within_s=60)
        took |= {(who, OUTAGE_S + second): ledger.backlog for who in ATHLETES}
        await spool.append([message(who, second, 1) for who in ATHLETES], {})
        forwarder.wake()
    assert ledger.backlog < BACKLOG_SAMPLES - MOST_BETWEEN * STEP_S, "the backlog was gone before it could be passed"
    return took
