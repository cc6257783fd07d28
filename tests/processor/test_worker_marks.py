"""A collector's own word on what it has forgotten: heard, never taken for ours, never for another's."""

from crampwatch.codec import encode
from crampwatch.events import StoredUpTo
from crampwatch.topics import SYSTEM, Kind, Topic
from processor import marks
from processor.shelf import Shelf
from tests.processor.desk import MARK, SPOOL, rows
from tests.support.brokers import until
from tests.support.stories import Story

SAMPLES = Story().running(40).samples
#: The collector's word on itself: the device of the topic is its own id.
OWN_WORD = Topic(SYSTEM, "collector-1", Kind.WATERMARK, "collector-1")


def high_rows(first):
    return rows(SAMPLES, size=30, first=first)


async def forgot(desk, row, *, collector="collector-1", topic=OWN_WORD, spool=SPOOL):
    await desk.send(encode(StoredUpTo(collector=collector, spool=spool, row=row)), topic=topic)


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
    assert desk.broker.retained(OWN_WORD) == encode(StoredUpTo(collector="collector-1", spool=SPOOL, row=499))
    assert desk.broker.retained(MARK) == encode(StoredUpTo(collector="collector-1", spool=SPOOL, row=503))


async def test_two_spools_of_one_collector_id_are_counted_apart(desk):
    double = [one.model_copy(update={"spool": "d0"}) for one in rows(Story().running(40).samples, session="s2")]
    async with desk.listening(), desk.processing():
        await desk.send(*high_rows(0)[:2])
        await desk.send(*double[:1])
        await desk.send(*high_rows(0)[2:])
        await until(lambda: {("d0", 0), (SPOOL, 3)} <= {(one.spool, one.row) for one in desk.told(Kind.WATERMARK)})
    assert {one.row for one in desk.told(Kind.WATERMARK) if one.spool == "d0"} == {0}


async def test_marks_of_spools_that_come_and_go_do_not_pile_up_on_the_shelf(desk, monkeypatch):
    monkeypatch.setattr(marks, "MOST", 3)
    async with desk.processing():
        for number in range(8):
            await forgot(desk, 5, spool=f"s{number}")
            await until(lambda name=f"s{number}": desk.spool_marked == name)
            await desk.clock.advance(1)
    shelf = await Shelf(desk.settings.state_dir).open()
    assert {one.origin.spool for one in await shelf.marks()} == {"s5", "s6", "s7"}
    await shelf.close()


def retained_for(desk, collector):
    return desk.broker.retained(Topic(SYSTEM, collector, Kind.WATERMARK, "processor-1"))


async def test_a_mark_that_is_dropped_is_no_longer_retained_unless_another_spool_of_its_collector_has_one(
    desk, monkeypatch
):
    monkeypatch.setattr(marks, "MOST", 2)
    async with desk.processing():
        for collector, spool in (("c0", "s0"), ("c1", "s0"), ("c1", "s1"), ("c2", "s0")):
            own_word = Topic(SYSTEM, collector, Kind.WATERMARK, collector)
            await forgot(desk, 5, collector=collector, topic=own_word, spool=spool)
            name = encode(StoredUpTo(collector=collector, spool=spool, row=5))
            await until(lambda who=collector, name=name: retained_for(desk, who) == name)
            await desk.clock.advance(1)
        await until(lambda: retained_for(desk, "c0") is None)
        assert retained_for(desk, "c1") is not None
        assert retained_for(desk, "c2") is not None
