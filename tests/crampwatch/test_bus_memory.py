"""The switches of the broker in memory: each breaks one thing."""

import asyncio

import pytest

from crampwatch.bus import Will
from crampwatch.bus.memory import MemoryBroker
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.topics import SYSTEM, Kind, Topic, every
from tests.support.brokers import take
from tests.support.clocks import ManualClock

TELEMETRY = Topic("club", "r7", Kind.TELEMETRY)
BACKLOG = Topic("club", "r7", Kind.BACKLOG)
STATUS = Topic(SYSTEM, "collector-1", Kind.STATUS)
DOWN = ServiceStatus(service="collector-1", state="down", at_ms=1)


async def bodies(bus, count):
    return [one.payload for one in await take(bus.deliveries(), count)]


async def test_publishes_to_matching_topics_are_refused_while_asked_for():
    broker = MemoryBroker()
    async with broker.links()("giver") as giver:
        with broker.refusing(Refused("quota", "no more of this"), matching=str(TELEMETRY)):
            with pytest.raises(Refused):
                await giver.publish(TELEMETRY, b"")
            await giver.publish(BACKLOG, b"")
        await giver.publish(TELEMETRY, b"")


async def test_one_cable_is_cut_and_the_others_hold():
    broker = MemoryBroker()
    links = broker.links()
    async with (
        links("collector-1", will=Will(STATUS, DOWN)) as collector,
        links("taker", subscribe=every(Kind.STATUS)) as taker,
    ):
        broker.cut("collector-1")
        assert (collector.connected, taker.connected) == (False, True)
        assert len(await bodies(taker, 1)) == 1
        broker.mend("collector-1")
        await collector.publish(STATUS, b"up")
        assert await bodies(taker, 1) == [b"up"]
        assert broker.retained(STATUS) == b"up"


async def test_a_broker_restarted_with_its_state_keeps_everything():
    broker = MemoryBroker()
    links = broker.links()
    async with links("taker", subscribe=every(Kind.TELEMETRY), persistent=True) as taker, links("giver") as giver:
        await giver.publish(STATUS, b"up")
        await giver.publish(TELEMETRY, b"1")
        await bodies(taker, 1)
        broker.restart()
        assert await bodies(taker, 1) == [b"1"]
        assert broker.retained(STATUS) == b"up"


async def test_a_broker_restarted_without_its_state_has_forgotten_what_was_not_read():
    broker = MemoryBroker()
    links = broker.links()
    async with links("giver") as giver:
        async with links("taker", subscribe=every(Kind.TELEMETRY), persistent=True):
            pass
        await giver.publish(TELEMETRY, b"forgotten")
        broker.restart(keep_state=False)
        async with links("taker", subscribe=every(Kind.TELEMETRY), persistent=True) as taker:
            await giver.publish(TELEMETRY, b"new")
            assert await bodies(taker, 1) == [b"new"]


async def test_a_broker_restarted_without_its_state_hears_again_what_its_clients_want_to_stand():
    broker = MemoryBroker()
    links = broker.links()
    async with links("collector-1") as here:
        async with links("collector-2") as gone:
            await gone.publish(Topic(SYSTEM, "collector-2", Kind.STATUS), b"down")
        await here.publish(STATUS, b"up")
        broker.restart(keep_state=False)
        assert broker.retained(STATUS) is None
        await asyncio.sleep(0)
        assert broker.retained(STATUS) == b"up"
        assert broker.retained(Topic(SYSTEM, "collector-2", Kind.STATUS)) is None


async def test_nobody_is_let_in_while_it_is_stopped():
    broker = MemoryBroker()
    broker.stop()
    with pytest.raises(Unavailable):
        async with broker.links()("giver"):
            pass
    broker.start()
    async with broker.links()("giver") as giver:
        assert giver.connected


async def test_messages_expire_by_the_clock_that_was_given():
    clock = ManualClock()
    broker = MemoryBroker(clock.now_ms)
    links = broker.links()
    subscribe = (*every(Kind.TELEMETRY), *every(Kind.BACKLOG))
    async with links("giver") as giver:
        async with links("taker", subscribe=subscribe, persistent=True):
            pass
        await giver.publish(TELEMETRY, b"live")
        await giver.publish(BACKLOG, b"late")
        await clock.advance(61)
        async with links("taker", subscribe=subscribe, persistent=True) as taker:
            assert await bodies(taker, 1) == [b"late"]


async def test_the_newer_of_two_clients_with_one_id_has_the_link():
    links = MemoryBroker().links()
    async with links("collector-1") as first, links("collector-1") as second:
        assert (first.connected, second.connected) == (False, True)


async def test_the_window_bounds_what_is_handed_out():
    broker = MemoryBroker(receive_window=2)
    links = broker.links()
    async with links("taker", subscribe=every(Kind.TELEMETRY), persistent=True) as taker, links("giver") as giver:
        for body in (b"0", b"1", b"2"):
            await giver.publish(TELEMETRY, body)
        first, _ = await take(taker.deliveries(), 2)
        with pytest.raises(TimeoutError):
            await take(taker.deliveries(), 1, within_s=0.01)
        await first.ack()
        assert await bodies(taker, 1) == [b"2"]
