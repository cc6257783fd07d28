"""What every bus promises, whatever carries it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from crampwatch.bus import Bus, Delivery, Will
from crampwatch.bus.rules import RECEIVE_WINDOW
from crampwatch.codec import MAX_BYTES, decode
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.topics import SYSTEM, Kind, Topic, every
from tests.support.brokers import WORLDS, World, take, until

TELEMETRY = Topic("club", "r7", Kind.TELEMETRY)
OTHERS = Topic("club", "r8", Kind.TELEMETRY)
STATUS = Topic(SYSTEM, "collector-1", Kind.STATUS)
DOWN = ServiceStatus(service="collector-1", state="down", at_ms=1)


@pytest.fixture(params=WORLDS)
async def world(request, tmp_path) -> AsyncIterator[World]:
    async with WORLDS[request.param](tmp_path / "broker") as one:
        yield one


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    return [one.payload for one in deliveries]


async def numbered(bus: Bus, first: int, last: int, topic: Topic = TELEMETRY) -> list[bytes]:
    sent = [b"%d" % number for number in range(first, last)]
    for body in sent:
        await bus.publish(topic, body)
    return sent


async def taken(bus: Bus, count: int) -> list[bytes]:
    """The bodies of the next deliveries, each acked."""
    got = []
    for _ in range(count):
        (one,) = await take(bus.deliveries(), 1)
        await one.ack()
        got.append(one.payload)
    return got


async def outage(world: World, *buses: Bus) -> None:
    """The link goes, is noticed, and comes back."""
    world.pull()
    await until(lambda: not any(bus.connected for bus in buses))
    world.plug()
    await until(lambda: all(bus.connected for bus in buses))


def taker(world: World, *, persistent: bool = True) -> contextlib.AbstractAsyncContextManager[Bus]:
    return world.links("taker", subscribe=every(Kind.TELEMETRY, "club"), persistent=persistent)


async def test_what_is_published_arrives_once_and_in_order(world):
    async with taker(world) as bus, world.links("giver") as giver:
        sent = await numbered(giver, 0, 100)
        got = await take(bus.deliveries(), 100)
        assert bodies(got) == sent
        assert {one.topic for one in got} == {str(TELEMETRY)}
        assert not any(one.retained for one in got)


async def test_publishes_at_once_are_taken_in_the_order_of_their_calls(world):
    async with taker(world) as bus, world.links("giver") as giver:
        sent = [b"%d" % number for number in range(200)]
        await asyncio.gather(*(giver.publish(TELEMETRY, body) for body in sent))
        assert await taken(bus, 200) == sent


async def test_a_filter_selects_topics(world):
    only = every(Kind.TELEMETRY, "club", "r8")
    async with world.links("taker", subscribe=only) as bus, world.links("giver") as giver:
        await giver.publish(TELEMETRY, b"not this")
        await giver.publish(Topic("club", "r8", Kind.BACKLOG), b"nor this")
        await giver.publish(OTHERS, b"this")
        assert bodies(await take(bus.deliveries(), 1)) == [b"this"]


async def test_a_retained_message_waits_for_who_comes_later(world):
    async with world.links("giver") as giver:
        await giver.publish(STATUS, b"old")
        await giver.publish(STATUS, b"new")
        async with world.links("taker", subscribe=every(Kind.STATUS)) as bus:
            (kept,) = await take(bus.deliveries(), 1)
            assert (kept.payload, kept.retained) == (b"new", True)
            await kept.ack()
            await giver.publish(STATUS, b"live")
            (live,) = await take(bus.deliveries(), 1)
            assert (live.payload, live.retained) == (b"live", False)


async def test_an_empty_body_clears_what_was_retained(world):
    async with world.links("giver") as giver:
        await giver.publish(STATUS, b"old")
        await giver.publish(STATUS, b"")
        async with world.links("taker", subscribe=every(Kind.STATUS)) as bus:
            await giver.publish(STATUS, b"first news")
            assert bodies(await take(bus.deliveries(), 1)) == [b"first news"]


async def test_a_watcher_sees_a_retained_message_being_cleared(world):
    async with (
        world.links("giver") as giver,
        world.links("taker", subscribe=every(Kind.STATUS)) as bus,
    ):
        await giver.publish(STATUS, b"here")
        await giver.publish(STATUS, b"")
        assert bodies(await take(bus.deliveries(), 2)) == [b"here", b""]


async def test_what_was_not_acked_comes_again_after_an_outage_and_what_was_does_not(world):
    async with taker(world) as bus, world.links("giver") as giver:
        await numbered(giver, 0, 5)
        got = await take(bus.deliveries(), 5)
        await got[0].ack()
        await got[1].ack()
        await giver.publish(TELEMETRY, b"after the acks")  # its arrival shows that the acks have arrived
        await take(bus.deliveries(), 1)
        await outage(world, bus, giver)
        assert bodies(await take(bus.deliveries(), 4)) == [b"2", b"3", b"4", b"after the acks"]


async def test_what_was_not_acked_comes_again_to_the_next_process_of_that_name(world):
    async with world.links("giver") as giver:
        async with taker(world) as bus:
            await numbered(giver, 0, 3)
            got = await take(bus.deliveries(), 3)
            await got[0].ack()
        async with taker(world) as bus:
            assert bodies(await take(bus.deliveries(), 2)) == [b"1", b"2"]


async def test_the_broker_keeps_what_comes_while_a_persistent_taker_is_away(world):
    async with world.links("giver") as giver:
        async with taker(world):
            pass
        sent = await numbered(giver, 0, 50)
        async with taker(world) as bus:
            assert bodies(await take(bus.deliveries(), 50)) == sent


async def test_a_passing_taker_gets_only_what_comes_while_it_is_there(world):
    async with world.links("giver") as giver:
        async with taker(world, persistent=False):
            pass
        await giver.publish(TELEMETRY, b"nobody is there")
        async with taker(world, persistent=False) as bus:
            await giver.publish(TELEMETRY, b"hello")
            assert bodies(await take(bus.deliveries(), 1)) == [b"hello"]


async def test_acks_may_come_in_any_order(world):
    async with taker(world) as bus, world.links("giver") as giver:
        await numbered(giver, 0, 4)
        got = await take(bus.deliveries(), 4)
        for index in (2, 0, 1):
            await got[index].ack()
        await giver.publish(TELEMETRY, b"marker")
        await take(bus.deliveries(), 1)
        await outage(world, bus, giver)
        assert bodies(await take(bus.deliveries(), 2)) == [b"3", b"marker"]


async def test_an_ack_of_an_earlier_link_does_nothing(world):
    async with taker(world) as bus, world.links("giver") as giver:
        await numbered(giver, 0, 1)
        (stale,) = await take(bus.deliveries(), 1)
        await outage(world, bus, giver)
        await stale.ack()
        await take(bus.deliveries(), 1)
        await outage(world, bus, giver)
        assert bodies(await take(bus.deliveries(), 1)) == [b"0"]


async def test_publishing_without_a_link_says_try_later_and_works_again_afterwards(world):
    async with taker(world) as bus, world.links("giver") as giver:
        world.pull()
        await until(lambda: not giver.connected)
        with pytest.raises(Unavailable):
            await giver.publish(TELEMETRY, b"lost")
        world.plug()
        await until(lambda: giver.connected and bus.connected)
        await giver.publish(TELEMETRY, b"again")
        assert bodies(await take(bus.deliveries(), 1)) == [b"again"]


async def test_a_passing_taker_is_subscribed_again_after_an_outage(world):
    async with taker(world, persistent=False) as bus, world.links("giver") as giver:
        await outage(world, bus, giver)
        await giver.publish(TELEMETRY, b"still here")
        assert bodies(await take(bus.deliveries(), 1)) == [b"still here"]


async def test_the_will_is_published_when_a_client_vanishes(world):
    async with world.links("collector-1", will=Will(STATUS, DOWN)) as collector:
        await collector.publish(STATUS, b"up")
        world.pull()
        await until(lambda: not collector.connected)
    world.plug()
    async with world.links("taker", subscribe=every(Kind.STATUS)) as bus:
        (kept,) = await take(bus.deliveries(), 1)
        assert decode(Kind.STATUS, kept.payload) == DOWN
        assert kept.retained


async def test_the_last_word_of_a_client_that_comes_back_stands_again_over_its_will(world):
    async with world.links("collector-1", will=Will(STATUS, DOWN)) as collector:
        await collector.publish(STATUS, b"up")
        await outage(world, collector)
        async with world.links("taker", subscribe=every(Kind.STATUS)) as bus:
            async with asyncio.timeout(10):
                while (await anext(bus.deliveries())).payload != b"up":
                    """The will may come first."""


async def test_what_could_not_be_said_during_an_outage_stands_after_it(world):
    other = Topic("club", "r7", Kind.STATUS, "hrm-1")
    async with world.links("collector-1") as collector:
        await collector.publish(STATUS, b"to be cleared")
        await collector.publish(other, b"connected")
        world.pull()
        await until(lambda: not collector.connected)
        for topic, word in ((STATUS, b""), (other, b"lost")):
            with pytest.raises(Unavailable):
                await collector.publish(topic, word)
        world.plug()
        await until(lambda: collector.connected)
        async with world.links("taker", subscribe=every(Kind.STATUS)) as bus:
            async with asyncio.timeout(10):
                while (await anext(bus.deliveries())).payload != b"lost":
                    """What stood before may come first."""
        async with world.links("late", subscribe=every(Kind.STATUS)) as bus:
            assert bodies(await take(bus.deliveries(), 1)) == [b"lost"]


async def test_the_will_of_a_client_that_says_goodbye_is_not_published(world):
    async with world.links("collector-1", will=Will(STATUS, DOWN)) as collector:
        await collector.publish(STATUS, b"my own last word")
    async with world.links("taker", subscribe=every(Kind.STATUS)) as bus:
        assert bodies(await take(bus.deliveries(), 1)) == [b"my own last word"]


async def test_a_body_too_long_for_any_reader_is_refused_and_the_longest_arrives(world):
    async with taker(world) as bus, world.links("giver") as giver:
        with pytest.raises(Refused, match="at most"):
            await giver.publish(TELEMETRY, bytes(MAX_BYTES + 1))
        await giver.publish(TELEMETRY, bytes(MAX_BYTES))
        (longest,) = await take(bus.deliveries(), 1)
        assert len(longest.payload) == MAX_BYTES


async def test_a_slow_taker_loses_nothing_beyond_its_window(world):
    count = RECEIVE_WINDOW + 500
    async with taker(world) as bus, world.links("giver") as giver:
        sent = [b"%d" % number for number in range(count)]
        for start in range(0, count, 100):
            await asyncio.gather(*(giver.publish(TELEMETRY, body) for body in sent[start : start + 100]))
        assert await taken(bus, count) == sent


async def test_a_taker_that_has_not_acked_yet_can_publish_what_it_found(world):
    async with taker(world) as bus, world.links("giver") as giver:
        await numbered(giver, 0, 300)
        await take(bus.deliveries(), 1)
        await bus.publish(Topic("club", "r7", Kind.FINDING), b"found")


async def test_a_taker_comes_back_to_more_than_its_window_and_gets_all_of_it(world):
    async with world.links("giver") as giver:
        async with taker(world):
            pass
        sent = await numbered(giver, 0, RECEIVE_WINDOW + 200)
        async with taker(world) as bus:
            assert await taken(bus, len(sent)) == sent


async def test_giving_up_a_wait_loses_no_message(world):
    async with taker(world) as bus, world.links("giver") as giver:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(bus.deliveries())
        await giver.publish(TELEMETRY, b"late")
        assert bodies(await take(bus.deliveries(), 1)) == [b"late"]


async def test_the_deliveries_end_with_the_bus(world):
    async with taker(world) as bus:
        deliveries = bus.deliveries()
    assert [one async for one in deliveries] == []
    assert not bus.connected
    with pytest.raises(Unavailable):
        await bus.publish(TELEMETRY, b"too late")


@pytest.mark.parametrize("client_id", ["", "a/b", "a b", "ä", "x" * 161, "x\n"])
async def test_a_client_id_that_some_broker_cannot_bear_is_no_client_id(world, client_id):
    with pytest.raises(ValueError, match="client id"):
        async with world.links(client_id):
            pass


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a+/b", "a/b#"])
async def test_a_filter_that_mqtt_forbids_is_no_filter(world, topic_filter):
    with pytest.raises(ValueError, match="filter"):
        async with world.links("taker", subscribe=(topic_filter,)):
            pass
