"""No row is lost and none counts twice: restarts, lost spools, pulled cables, clocks that are set."""

import asyncio
import logging
import re

from collector.service import Collector
from crampwatch.bus.memory import MemoryBroker
from crampwatch.herald import EVERY_S
from crampwatch.service import running
from crampwatch.topics import Kind
from tests.collector.house import House, brisk, links
from tests.support.brokers import mosquitto, until
from tests.support.clocks import START_MS, ManualClock
from tests.support.sources import ScriptedSource, gait, heart_rate, linked, seen, ticks
from tests.support.takers import Taker


async def test_every_frame_of_a_run_reaches_the_processor_once_and_the_spool_empties(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=300), then_ends=True)
    async with House(tmp_path, source).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
        samples = house.taker.samples
    assert len(samples) == 300 * 3
    assert sorted(house.taker.rows) == list(range(len(house.taker.rows)))
    assert {athlete for athlete, *_ in samples} == {"ann"}
    assert house.service_status().state == "down"
    assert source.closed


async def test_heart_rate_and_cadence_of_one_tick_make_one_message(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        for second in range(3):
            source.send(heart_rate(at_ms=START_MS + second * 1_000), gait(at_ms=START_MS + second * 1_000))
            await until(lambda rows=second + 1: len(house.taker.rows) == rows)
        kinds = [[sample.kind for sample in message.samples] for _, message in house.taker.rows.values()]
    assert kinds == [["heart_rate", "cadence", "speed"]] * 3


async def test_what_arrives_while_the_broker_is_away_is_kept_and_sent_as_backlog_once_it_is_old(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        house.broker.stop()
        source.send(*ticks(seconds=60))
        await until(lambda: house.counters.value("samples") == 180)
        await house.clock.advance(60)
        house.broker.start(keep_state=False)
        source.end()
        await asyncio.wait_for(house.collector.drained(), 10)
        assert len(house.taker.samples) == 180
        assert {kind for _, kind in house.taker.kinds} == {Kind.BACKLOG}


async def test_a_collector_without_a_broker_collects_and_delivers_when_one_comes(tmp_path):
    broker = MemoryBroker()
    broker.stop()
    source = ScriptedSource(seen(), linked(), *ticks(seconds=20), then_ends=True)
    house = House(tmp_path, source, broker=broker)
    async with running([house.collector]):
        await until(lambda: house.counters.value("samples") == 60)
        broker.start()
        taker = asyncio.create_task(house.taker.run())
        await asyncio.wait_for(house.collector.drained(), 10)
        taker.cancel()
    assert len(house.taker.samples) == 60


async def test_a_message_the_broker_took_but_nobody_stored_is_sent_again_unchanged(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5), then_ends=True)
    house = House(tmp_path, source)
    async with running([house.collector]):
        await until(lambda: house.counters.value("sent") >= 1)
        taker = asyncio.create_task(house.taker.run())
        await asyncio.wait_for(house.collector.drained(), 10)
        taker.cancel()
    assert house.counters.value("resends") >= 1
    assert len(house.taker.samples) == 15


async def test_a_restart_goes_on_in_the_same_session_with_the_next_numbers(tmp_path):
    first = House(tmp_path, ScriptedSource(seen(), linked(), *ticks(seconds=10), then_ends=True))
    async with first.open():
        await asyncio.wait_for(first.collector.drained(), 10)
    later = START_MS + 60_000
    second = House(tmp_path, ScriptedSource(seen(), linked(), *ticks(seconds=10, start_ms=later), then_ends=True))
    second.broker, second.taker = first.broker, first.taker
    second.collector = Collector(
        settings=second.settings,
        buses=first.broker.links(),
        source=second.source,
        clock=second.clock,
        counters=second.counters,
        wait=brisk,
    )
    async with second.open():
        await asyncio.wait_for(second.collector.drained(), 10)
    samples = second.taker.samples
    assert len(samples) == 60
    assert len({session for _, session, *_ in samples}) == 1
    assert sorted(seq for *_, seq in samples) == list(range(60))


async def test_a_new_spool_is_stored_though_the_processor_knows_more_rows_of_the_old_one(tmp_path):
    first = House(tmp_path / "lost", ScriptedSource(seen(), linked(), *ticks(seconds=10), then_ends=True))
    async with first.open():
        await asyncio.wait_for(first.collector.drained(), 10)
    old = first.taker.spool
    later = START_MS + 7_200_000
    source = ScriptedSource(seen(), linked(), *ticks(seconds=10, start_ms=later), then_ends=True)
    second = House(tmp_path / "new", source, broker=first.broker)
    second.taker = first.taker
    async with second.open():
        await asyncio.wait_for(second.collector.drained(), 10)
    assert first.taker.spool != old
    assert len(first.taker.samples) == 60


async def test_a_processor_that_lost_its_memory_goes_on_where_the_collector_has_forgotten(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=10))
    async with House(tmp_path, source).open() as house:
        await until(lambda: len(house.taker.samples) == 30)
        await until(lambda: house.counters.value("sent") > 0 and house.collector.waiting == 0)
    known = house.taker.watermark
    later = START_MS + 60_000
    again = House(
        tmp_path,
        ScriptedSource(seen(), linked(), *ticks(seconds=10, start_ms=later), then_ends=True),
        broker=MemoryBroker(),
    )
    async with again.open():
        await asyncio.wait_for(again.collector.drained(), 10)
    assert min(again.taker.rows) > known
    assert len(again.taker.samples) == 30
    assert again.counters.value("resends") == 0


async def test_a_processor_that_is_new_while_the_link_stands_is_heard_after_the_next_resend(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=10))
    async with House(tmp_path, source).open(taking=False) as house:
        first = asyncio.create_task(house.taker.run())
        await until(lambda: len(house.taker.samples) == 30 and house.collector.waiting == 0)
        first.cancel()
        await asyncio.wait({first})
        house.taker = Taker(links(house.broker))
        second = asyncio.create_task(house.taker.run())
        source.send(*ticks(seconds=10, start_ms=START_MS + 60_000))
        source.end()
        await asyncio.wait_for(house.collector.drained(), 10)
        second.cancel()
        await asyncio.wait({second})
    assert len(house.taker.samples) == 30


async def test_over_a_real_broker_a_pulled_cable_costs_no_sample_and_doubles_none(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with mosquitto(tmp_path / "broker") as world:
        house = House(tmp_path / "state", source, broker=world)
        async with house.open():
            for minute in range(3):
                start_ms = START_MS + minute * 60_000
                source.send(*ticks(seconds=30, start_ms=start_ms))
                await until(lambda rows=(minute + 1) * 90 + minute: house.counters.value("samples") == rows)
                world.pull()
                source.send(heart_rate(at_ms=start_ms + 40_000))
                await until(lambda rows=(minute + 1) * 91: house.counters.value("samples") == rows)
                world.plug()
            source.end()
            await asyncio.wait_for(house.collector.drained(), 30)
    assert len(house.taker.samples) == house.counters.value("samples") == 273


async def test_two_teams_on_one_broker_keep_their_links_and_are_told_to_take_ids_of_their_own(tmp_path, caplog):
    mine = House(tmp_path / "mine", ScriptedSource(seen(), linked(), heart_rate()))
    async with mine.open(taking=False):
        await until(lambda: mine.service_status() is not None)
        theirs = House(
            tmp_path / "theirs", ScriptedSource(seen(), linked(), heart_rate()), broker=mine.broker, team="club"
        )
        with caplog.at_level(logging.WARNING):
            async with theirs.open(taking=False):
                await until(lambda: mine.counters.value("sent") == theirs.counters.value("sent") == 1)
                for house in (mine, theirs):
                    await house.clock.advance(EVERY_S)
                await until(lambda: len(doubles(caplog)) == 2)
    (other, own), (own_too, other_too) = doubles(caplog)
    assert (other, own) == (other_too, own_too)


def doubles(caplog):
    """What collectors warned of: the other spool of their id, and their own."""
    found = [
        re.search(r"another spool \((\w+), ours is (\w+)\) .* collector.id of its own", one) for one in caplog.messages
    ]
    return [one.groups() for one in found if one is not None]


async def test_two_collectors_of_one_machine_keep_their_rows_apart(tmp_path):
    live = House(tmp_path, ScriptedSource(seen(), linked(), heart_rate()))
    async with live.open(taking=False):
        await until(lambda: live.counters.value("sent") == 1)
        replayed = House(
            tmp_path, ScriptedSource(seen(), *ticks(seconds=5), then_ends=True), collector={"id": "replay"}
        )
        replayed.taker = Taker(links(replayed.broker), collector="replay")
        async with replayed.open():
            await asyncio.wait_for(replayed.collector.drained(), 10)
    assert len(replayed.taker.samples) == 15


async def test_after_a_restart_with_a_clock_that_was_set_back_no_moment_is_given_again(tmp_path, caplog):
    async with House(tmp_path, ScriptedSource(seen(), linked(), *ticks(seconds=10), then_ends=True)).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
        newest_ms = max(one.at_ms for one in house.taker.samples.values())
    behind = House(tmp_path, ScriptedSource(seen(), linked()), clock=ManualClock(START_MS - 3_600_000))
    with caplog.at_level(logging.WARNING):
        async with behind.open():
            assert behind.clock.now_ms() == newest_ms + 1
            behind.source.send(*ticks(seconds=5, start_ms=behind.clock.now_ms()))
            await until(lambda: len(behind.taker.samples) == 15)
    assert min(one.at_ms for one in behind.taker.samples.values()) > newest_ms
    assert behind.counters.value("clock_behind") == 1
    assert [line for line in caplog.messages if "the host's clock is 36" in line]


async def test_samples_from_a_far_future_do_not_pull_the_clock_along(tmp_path):
    far_ms = START_MS + 3 * 86_400_000
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5, start_ms=far_ms), then_ends=True)
    async with House(tmp_path, source).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
    async with House(tmp_path, ScriptedSource()).open() as house:
        assert house.clock.now_ms() < far_ms


async def test_a_step_of_the_clock_forward_begins_a_new_session_and_loses_nothing(tmp_path):
    later_ms = START_MS + 7_200_000
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5), *ticks(seconds=5, start_ms=later_ms), then_ends=True)
    async with House(tmp_path, source).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
    stored = house.taker.samples
    assert len(stored) == 30
    assert len({session for _, session, *_ in stored}) == 2


async def test_a_broker_that_forgot_everything_costs_no_sample(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5))
    async with House(tmp_path, source).open(taking=False) as house:
        await until(lambda: house.counters.value("sent") >= 1 and house.collector.waiting > 0)
        house.broker.restart(keep_state=False)
        source.send(*ticks(seconds=5, start_ms=START_MS + 60_000))
        source.end()
        taker = asyncio.create_task(house.taker.run())
        await asyncio.wait_for(house.collector.drained(), 20)
        taker.cancel()
    assert len(house.taker.samples) == 30
