"""How often a processor stores, keeps and tells: each drain costs, so drains gather; but no ack waits for a mark."""

from crampwatch.bus.memory import MemoryBroker
from crampwatch.topics import Kind, Topic
from processor.drain import FEW, GATHER_S
from processor.settling import KEEP_S
from processor.shelf import Shelf
from tests.processor.desk import RUN, Gate, rows
from tests.support.brokers import until
from tests.support.stories import Story

SAMPLES = Story().running(40).samples
MESSAGES = rows(SAMPLES, size=3)


def of_runner(number):
    return Topic("home", f"r{number}", Kind.TELEMETRY)


def gauge(desk, name):
    return {one.name: one.value for one in desk.processor.vitals().gauges}.get(name)


def came(desk):
    """Messages that were taken from the queue, and those that are in it."""
    return desk.counters.value("messages") + gauge(desk, "queue_messages")


async def test_a_field_gathers_its_messages_and_stores_them_together(desk):
    gate = Gate(GATHER_S, KEEP_S)
    sizes = []
    record = desk.store.record

    async def counted(batches):
        sizes.append(len(batches))
        await record(batches)

    async with desk.processing(wait=gate):
        await desk.send(MESSAGES[0], topic=of_runner(0))
        await desk.marked(0)
        for number in range(1, FEW + 1):
            await desk.send(MESSAGES[0], topic=of_runner(number))
            await until(lambda so_far=number + 1: desk.counters.value("samples") == 3 * so_far)
        assert gate.waiting[GATHER_S] == 0
        desk.store.record = counted
        for number in range(FEW + 1):
            await desk.send(MESSAGES[1], topic=of_runner(number))
        # How many of them the drain took before it gathers depends on whose turn came first.
        await until(lambda: gate.waiting[GATHER_S] == 1 and came(desk) == 2 * (FEW + 1))
        gate.let_go()
        await until(lambda: sum(sizes) == FEW + 1)
    assert sizes == [FEW + 1]


async def test_a_few_go_through_at_once(desk):
    gate = Gate(GATHER_S)
    async with desk.processing(wait=gate):
        for number in range(FEW):
            await desk.send(*MESSAGES, topic=of_runner(number))
        await until(lambda: desk.counters.value("samples") == FEW * len(SAMPLES))
    assert gate.waiting[GATHER_S] == 0


async def test_acks_go_on_while_the_next_mark_waits(desk):
    desk.broker = MemoryBroker(receive_window=2)
    gate = Gate(KEEP_S)
    async with desk.processing(wait=gate):
        await desk.send(MESSAGES[0])
        await desk.marked(0)
        await until(lambda: gate.waiting[KEEP_S] == 1)
        await desk.send(*MESSAGES[1:])
        await until(lambda: gauge(desk, "watermark_rows") == len(MESSAGES) - 1)
        assert len(await desk.store.samples(RUN)) == len(SAMPLES)
        assert desk.mark == 0
        gate.let_go()
        await desk.marked(len(MESSAGES) - 1)


async def test_an_orderly_end_keeps_and_tells_the_marks_that_waited(desk):
    gate = Gate(KEEP_S)
    async with desk.processing(wait=gate):
        await desk.send(MESSAGES[0])
        await until(lambda: gate.waiting[KEEP_S] == 1)
        await desk.send(*MESSAGES[1:])
        await until(lambda: gauge(desk, "watermark_rows") == len(MESSAGES) - 1)
        assert desk.mark == 0
    assert desk.mark == len(MESSAGES) - 1
    shelf = await Shelf(desk.settings.state_dir).open()
    (kept,) = await shelf.marks()
    await shelf.close()
    assert kept.body == f"[{len(MESSAGES) - 1},[]]"
