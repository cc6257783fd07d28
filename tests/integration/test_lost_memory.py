"""A processor that lost its memory, or has a new name, goes on with a collector that has forgotten what was stored."""

import asyncio

import pytest

from collector.service import Collector
from crampwatch.bus.memory import MemoryBroker
from crampwatch.metrics import Counters
from crampwatch.service import running
from crampwatch.settings import Settings
from crampwatch.storage import RunKey
from crampwatch.storage.sqlite import SqliteStore
from processor.worker import Processor
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock
from tests.support.sources import ScriptedSource, linked, seen, ticks

SECONDS = 20


def settings(folder, processor):
    athlete = {"id": "ann", "sensors": [{"name": "WATCH-1"}]}
    return Settings(state_dir=folder, athletes=[athlete], processor={"id": processor})


async def runs(folder, broker, store, start_ms, *, memory, processor="processor-1"):
    """One start of the house: what the sensor sends from ``start_ms`` on is stored, and the collector knows it."""
    source = ScriptedSource(seen(), linked(), *ticks(seconds=SECONDS, start_ms=start_ms), then_ends=True)
    clock, links = ManualClock(start_ms), broker.links()
    taker = Processor(
        settings=settings(folder / memory, processor), buses=links, store=store, clock=clock, counters=Counters()
    )
    collector = Collector(
        settings=settings(folder, processor), buses=links, source=source, clock=clock, counters=Counters()
    )
    async with running([taker, collector]):
        await asyncio.wait_for(collector.drained(), 10)
        await until(lambda: collector.waiting == 0)


@pytest.mark.parametrize("same_broker", [True, False], ids=["broker kept", "broker new"])
@pytest.mark.parametrize(("memory", "processor"), [("lost", "processor-1"), ("kept", "processor-2")])
async def test_rows_above_what_a_processor_knows_are_stored_and_forgotten(tmp_path, same_broker, memory, processor):
    store = await SqliteStore.open(tmp_path / "store.db")
    broker = MemoryBroker()
    await runs(tmp_path, broker, store, START_MS, memory="kept")
    broker = broker if same_broker else MemoryBroker()
    await runs(tmp_path, broker, store, START_MS + 60_000, memory=memory, processor=processor)
    (run,) = await store.runs()
    samples = await store.samples(RunKey("home", "ann", run.run.session))
    await store.close()
    assert len({one.seq for one in samples}) == len(samples) == 2 * SECONDS * 3
