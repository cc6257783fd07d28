"""A collector's own word on what it has forgotten: heard, never taken for ours, never for another's."""

from crampwatch.codec import encode
from crampwatch.events import StoredUpTo
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.processor.desk import MARK, rows
from tests.support.brokers import until
from tests.support.stories import Story

SAMPLES = Story().running(40).samples
#: The collector's word on itself: the device of the topic is its own id.
OWN_WORD = Topic(SYSTEM, "collector-1", Kind.WATERMARK, "collector-1")


def high_rows(first):
    return rows(SAMPLES, size=30, first=first)


async def forgot(desk, row, *, collector="collector-1", topic=OWN_WORD):
    await desk.send(encode(StoredUpTo(collector=collector, row=row)), topic=topic)


async def test_a_collector_that_begins_above_our_memory_is_heard_once_it_says_what_it_has_forgotten(desk):
    async with desk.processing():
        await forgot(desk, 499)
        await desk.send(*high_rows(500))
        await desk.marked(503)


async def test_what_it_has_forgotten_may_be_said_after_its_rows(desk):
    async with desk.processing():
        await desk.send(*high_rows(500))
        await until(lambda: desk.counters.value("messages") == len(high_rows(500)))
        await forgot(desk, 499)
        await desk.marked(503)


async def test_a_row_that_is_missing_above_it_still_holds_the_mark(desk):
    async with desk.processing():
        await forgot(desk, 499)
        first, _missing, *rest = high_rows(500)
        await desk.send(first, *rest)
        await desk.marked(500)
        await until(lambda: desk.counters.value("messages") == 1 + len(rest))
        assert desk.mark == 500


async def test_it_is_remembered_over_a_restart(desk):
    async with desk.processing():
        await forgot(desk, 499)
        await desk.send(*high_rows(500)[:1])
        await desk.marked(500)
    async with desk.processing():
        await desk.send(*high_rows(500)[1:])
        await desk.marked(503)


async def test_it_never_lowers_what_we_have_stored(desk):
    async with desk.processing():
        await desk.send(*high_rows(0))
        await desk.marked(3)
        await forgot(desk, 1)
        await forgot(desk, -1)
        await desk.send(*rows(SAMPLES, size=30, first=4)[:1])
        await desk.marked(4)


async def test_a_collector_speaks_for_itself_only(desk):
    async with desk.processing():
        await forgot(desk, 499, topic=Topic(SYSTEM, "collector-2", Kind.WATERMARK, "collector-2"))
        await desk.send(*high_rows(500))
        await until(lambda: desk.counters.value("messages") == len(high_rows(500)))
        assert desk.mark is None
        assert desk.counters.value("refused", "wrong_collector") == 1


async def test_another_processor_s_mark_is_not_ours(desk):
    async with desk.processing():
        await forgot(desk, 499, topic=Topic(SYSTEM, "collector-1", Kind.WATERMARK, "processor-2"))
        await desk.send(*high_rows(500))
        await until(lambda: desk.counters.value("messages") == len(high_rows(500)))
        assert desk.mark is None


async def test_its_word_and_our_mark_are_two_retained_messages(desk):
    async with desk.processing():
        await forgot(desk, 499)
        await desk.send(*high_rows(500))
        await desk.marked(503)
    assert desk.broker.retained(OWN_WORD) == encode(StoredUpTo(collector="collector-1", row=499))
    assert desk.broker.retained(MARK) == encode(StoredUpTo(collector="collector-1", row=503))
