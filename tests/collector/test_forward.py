"""From the spool to the broker: in order, again when in doubt, forgotten only when it is stored."""

import asyncio
import logging

import pytest

from collector.forward import BACKOFF_S, FORGET_S, FRESH_S, WINDOW
from collector.listening import LOOK_S, WORD_S
from collector.stall import STALL_S
from crampwatch.bus import LinkState
from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import decode
from crampwatch.errors import Refused, Unavailable
from crampwatch.topics import Kind, Topic
from tests.collector.line import Line
from tests.support.brokers import until
from tests.support.clocks import START_MS


async def test_what_is_spooled_is_sent_in_order_and_kept_until_it_is_stored():
    async with Line().running() as line:
        await line.spools(5)
        await line.sent()
        assert line.bus.rows == [0, 1, 2, 3, 4]
        assert line.spool.depth == 5
        await line.stored(2)
        await line.wall.advance(FORGET_S)
        assert line.spool.depth == 2
        await line.stored(4)
        await line.wall.advance(FORGET_S)
        await asyncio.wait_for(line.forwarder.drained(), 1)


async def test_athletes_go_side_by_side_and_each_in_order():
    line = Line()
    for _ in range(WINDOW):
        for athlete in ("ann", "bea", "cem"):
            await line.spools(athlete=athlete)
    async with line.running():
        await line.sent()
    assert line.bus.most_under_way == 3
    for athlete in ("ann", "bea", "cem"):
        rows = [row for row, who, *_ in line.bus.taken if who == athlete]
        assert rows == sorted(rows)
        assert len(rows) == WINDOW


async def test_what_is_younger_than_half_a_minute_is_live_and_what_is_older_is_backlog():
    line = Line()
    await line.spools(at_ms=START_MS - round(FRESH_S * 1_000))
    await line.spools(at_ms=START_MS - round(FRESH_S * 1_000) + 1)
    async with line.running():
        await line.sent()
    assert {row: kind for row, _, kind, _ in line.bus.taken} == {0: Kind.BACKLOG, 1: Kind.TELEMETRY}


async def test_while_the_link_is_down_everything_waits_and_one_warning_is_given(caplog):
    line = Line()
    line.bus.error = Unavailable("the link is down")
    with caplog.at_level(logging.INFO):
        async with line.running():
            await line.spools(3)
            await line.wall.advance(30)
            assert line.bus.taken == []
            line.bus.error = None
            await line.run_clock.advance(30)
            await line.wall.advance(10)
            await line.sent()
    assert line.bus.rows == [0, 1, 2]
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO"]
    assert "after 30 s" in caplog.records[-1].getMessage()


async def test_a_message_that_the_broker_refuses_is_kept():
    line = Line()
    line.bus.error = Refused("not_authorised", "this client may not publish there")
    async with line.running():
        await line.spools()
        await line.wall.advance(1)
        assert line.spool.depth == 1
        line.bus.error = None
        await line.wall.advance(10)
        await line.sent()


async def test_after_an_outage_sending_starts_again_above_the_watermark_with_the_same_bytes():
    async with Line().running() as line:
        await line.spools(4)
        await line.sent()
        await line.stored(1)
        line.bus.error = Unavailable("the link is down")
        await line.spools()
        await line.wall.advance(0.1)
        line.bus.error = None
        await line.wall.advance(10)
        await line.sent()
        assert line.bus.rows == [0, 1, 2, 3, 2, 3, 4]
        payloads = {}
        for row, _, _, payload in line.bus.taken:
            assert payloads.setdefault(row, payload) == payload


async def test_a_new_link_shows_by_the_retained_watermark_and_starts_again_above_it():
    async with Line().running() as line:
        await line.spools(4)
        await line.sent()
        await line.stored(1, link_is_new=True)
        await until(lambda: line.bus.rows == [0, 1, 2, 3, 2, 3])


async def relinked(line):
    """Two rows above the watermark, and one that came while the link was away; it is back now."""
    await line.spools(3)
    await line.sent()
    await line.stored(0)
    line.bus.error = Unavailable("the link is down")
    await line.spools()
    await line.wall.advance(0.1)
    line.bus.error = None
    line.bus.link = LinkState(reconnects=1)
    line.bus.taken.clear()


@pytest.mark.parametrize("kept", [False, True])
async def test_over_a_new_link_rows_wait_for_a_processor_and_go_once(kept):
    async with Line().running() as line:
        await relinked(line)
        await line.wall.advance(WORD_S / 2)
        assert line.bus.rows == []
        await line.stored(0, link_is_new=kept)
        await until(lambda: line.bus.rows == [1, 2, 3])
        await line.wall.advance(LOOK_S * 3)
        assert line.bus.rows == [1, 2, 3]


async def test_a_word_that_comes_before_the_link_is_noticed_is_not_waited_for():
    async with Line().running() as line:
        await relinked(line)
        await line.stored(1)
        await line.wall.advance(BACKOFF_S)
        await until(lambda: line.bus.rows == [2, 3])
        await line.spools()
        await line.stored(2)
        await until(lambda: line.bus.rows == [2, 3, 4])


@pytest.mark.parametrize("word", [{"row": 0}, {"row": 1}, {"row": 9, "spool": "another"}])
async def test_rows_that_went_ahead_of_a_processor_are_sent_again_at_its_first_word(word):
    async with Line().running() as line:
        await relinked(line)
        await line.wall.advance(BACKOFF_S + WORD_S)
        await until(lambda: line.bus.rows == [1, 2, 3])
        first = 1 if "spool" in word else word["row"] + 1
        again = [1, 2, 3, *range(first, 4)]
        await line.stored(**word)
        await until(lambda: line.bus.rows == again)
        await line.stored(1)
        await line.spools()
        await until(lambda: line.bus.rows == [*again, 4])


async def test_a_word_that_the_broker_kept_leaves_what_followed_it_in_doubt():
    async with Line().running() as line:
        await relinked(line)
        await line.wall.advance(BACKOFF_S)
        await line.stored(0, link_is_new=True)
        await until(lambda: line.bus.rows == [1, 2, 3])
        await line.stored(1)
        await until(lambda: line.bus.rows == [1, 2, 3, 2, 3])


async def test_a_first_word_behind_which_nothing_is_under_way_sends_nothing_again():
    async with Line().running() as line:
        await relinked(line)
        await line.wall.advance(BACKOFF_S + WORD_S)
        await until(lambda: line.bus.rows == [1, 2, 3])
        await line.stored(3)
        await line.spools()
        await until(lambda: line.bus.rows == [1, 2, 3, 4])


async def test_rows_that_nobody_stores_are_sent_again_ever_more_rarely_and_warned_of_once(caplog):
    async with Line().running() as line:
        await line.spools(2)
        await line.sent()
        with caplog.at_level(logging.WARNING):
            await line.wall.advance(STALL_S * 2 + 1)
            assert line.bus.rows == [0, 1] * 2
            await line.wall.advance(STALL_S * 2)
            assert line.bus.rows == [0, 1] * 3
            await line.wall.advance(STALL_S * 2)
            assert line.bus.rows == [0, 1] * 3
        assert len(caplog.records) == 1
        assert line.counters.value("resends") == 2


async def test_a_watermark_that_moves_is_no_stall():
    async with Line().running() as line:
        await line.spools(10)
        await line.sent()
        for row in range(9):
            await line.stored(row)
            await line.wall.advance(STALL_S)
        assert line.counters.value("resends") == 0


@pytest.mark.parametrize("row", [1, 5_000])
async def test_a_watermark_of_another_spool_drops_nothing(row):
    async with Line().running() as line:
        await line.spools(3)
        await line.sent()
        await line.stored(row, spool="another")
        await line.wall.advance(FORGET_S)
        assert line.spool.depth == 3
        assert line.bus.rows == [0, 1, 2]


async def test_another_collector_of_our_id_is_counted_and_told_once(caplog):
    async with Line().running() as line:
        with caplog.at_level(logging.WARNING):
            for row in range(3):
                await line.stored(row, spool="another")
        assert line.counters.value("other_spools") == 3
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("another spool (another, ours is memory) is in use under our id collector-1")
    assert "give each a collector.id of its own" in line


async def test_what_the_broker_kept_of_an_earlier_spool_is_no_double(caplog):
    async with Line().running() as line:
        await line.stored(7, spool="earlier", link_is_new=True)
        assert line.counters.value("other_spools") == 0
    assert not caplog.records


async def test_an_older_copy_of_the_spool_loses_none_of_its_rows(caplog):
    async with Line().running() as line:
        await line.spools(3)
        await line.sent()
        before = line.spool.identity
        await line.stored(5_000)
        await line.sent()
        assert line.spool.identity != before
        assert line.bus.rows == [0, 1, 2, 0, 1, 2]
        assert {decode(Kind.TELEMETRY, payload).spool for *_, payload in line.bus.taken[3:]} == {line.spool.identity}
        await line.stored(2)
        await line.wall.advance(FORGET_S)
        assert line.spool.depth == 0
    assert "replaced by an older copy" in caplog.text


async def test_a_full_disk_only_delays_forgetting():
    async with Line().running() as line:
        await line.spools(2)
        await line.sent()
        line.spool.full = True
        await line.stored(0)
        await line.wall.advance(FORGET_S)
        line.spool.full = False
        await line.stored(1)
        await line.wall.advance(FORGET_S)
        assert line.spool.depth == 0


async def test_over_a_broker_the_topics_are_the_contracts():
    broker = MemoryBroker()
    line = Line()
    topic = Topic("home", "ann", Kind.TELEMETRY)
    async with broker.links()("taker", subscribe=[str(topic)]) as taker, broker.links()("collector-1") as bus:
        line.bus = bus
        async with line.running():
            await line.spools()
            delivery = await asyncio.wait_for(anext(taker.deliveries()), 5)
    assert decode(Kind.TELEMETRY, delivery.payload).row == 0


@pytest.mark.parametrize("count", [1, WINDOW, WINDOW + 1, 3 * WINDOW])
async def test_any_number_of_messages_is_sent_once_each(count):
    async with Line().running() as line:
        await line.spools(count)
        await line.sent()
        assert line.bus.rows == list(range(count))


async def test_a_watermark_that_overtakes_the_brokers_receipt_is_ours():
    async with Line().running() as line:
        await line.spools(3)
        while line.bus.under_way == 0:  # noqa: ASYNC110 - the bus sends no event in the middle of a publish
            await asyncio.sleep(0)
        await line.stored(0)
        await line.sent()
        assert line.bus.rows == [0, 1, 2]


async def test_a_processor_that_knows_nothing_is_told_first_which_rows_are_gone_for_good():
    line = Line()
    await line.spools(4)
    await line.spool.forget(2)
    line = Line(line.spool)
    async with line.running():
        await line.sent()
        assert line.bus.forgotten == [(2, 0)]
        assert line.bus.rows == [3]


async def test_what_is_forgotten_is_told_even_while_there_is_nothing_to_send():
    async with Line().running() as line:
        await until(lambda: line.bus.forgotten == [(-1, 0)])


async def test_what_is_forgotten_is_told_again_before_rows_are_and_not_per_row():
    async with Line().running() as line:
        await line.spools(4)
        await line.sent()
        await line.stored(1)
        await line.wall.advance(FORGET_S)
        assert line.bus.forgotten == [(-1, 0)]
        await line.wall.advance(STALL_S * 2 + 1)
        assert line.bus.rows == [0, 1, 2, 3, 2, 3]
        assert line.bus.forgotten == [(-1, 0), (1, 4)]


async def test_telemetry_goes_also_where_the_collector_may_not_say_what_it_has_forgotten(caplog):
    line = Line()
    line.bus.refusal = Refused("not_authorised", "this client may not publish there")
    with caplog.at_level(logging.WARNING):
        async with line.running():
            await line.spools(2)
            await line.sent()
            await line.stored(0, link_is_new=True)
            await until(lambda: line.bus.rows == [0, 1, 1])
    assert len(caplog.records) == 1
