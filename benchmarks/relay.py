"""Only what Telegraf does, made of our parts: telemetry from the broker through the outbox into InfluxDB.

``python -m benchmarks.relay`` detects nothing, keeps no store of its own and tells nobody what it has stored.
"""

import asyncio

from crampwatch.bus import Bus, Delivery
from crampwatch.bus.broker import find_or_start
from crampwatch.clock import WallClock
from crampwatch.codec import decode
from crampwatch.events import Telemetry
from crampwatch.settings import load
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.outbox import file_name
from crampwatch.topics import Kind, Topic, every
from processor.drain import gather_s

#: As the processor drains.
MOST = 256


async def main() -> None:
    """Relay until killed."""
    settings = load()
    store = await InfluxStore.open(settings.influxdb, settings.state_dir / file_name("relay"), WallClock())
    async with find_or_start(settings.mqtt, settings.state_dir) as buses:
        filters = every(Kind.TELEMETRY, settings.team)
        async with buses("bench-relay", subscribe=filters, persistent=True) as bus:
            queue = asyncio.Queue[Delivery](4 * MOST)
            print("relay is up", flush=True)
            async with asyncio.TaskGroup() as group:
                group.create_task(_receive(bus, queue), name="receive")
                group.create_task(_relay(queue, store), name="relay")


async def _relay(queue: asyncio.Queue[Delivery], store: InfluxStore) -> None:
    runners: set[RunKey] = set()
    while True:
        taken = [await queue.get()]
        await asyncio.sleep(gather_s(len(runners)))
        while len(taken) < MOST and not queue.empty():
            taken.append(queue.get_nowait())
        batches = [_batch(one) for one in taken]
        runners.update(batch.run for batch in batches)
        await store.record(batches)
        for one in taken:
            await one.ack()


async def _receive(bus: Bus, queue: asyncio.Queue[Delivery]) -> None:
    async for delivery in bus.deliveries():
        await queue.put(delivery)


def _batch(delivery: Delivery) -> Batch:
    topic = Topic.parse(delivery.topic)
    telemetry = decode(topic.kind, delivery.payload)
    assert isinstance(telemetry, Telemetry)
    return Batch(RunKey(topic.team, topic.athlete, telemetry.session), telemetry.samples)


if __name__ == "__main__":
    asyncio.run(main())
