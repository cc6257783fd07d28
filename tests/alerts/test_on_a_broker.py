"""The alerter on a real broker: sessions that outlive it, retained states, answers that come back."""

import pytest

from crampwatch.bus.broker import find_or_start
from crampwatch.events import Answer, FindingKind
from crampwatch.settings import Mqtt
from crampwatch.topics import Kind
from crampwatch.units import Level
from tests.alerts.builders import MemoryChannel, answer, eventually, finding
from tests.alerts.world import World
from tests.support import needs


@pytest.fixture
async def world(tmp_path):
    needs.mosquitto()
    async with find_or_start(Mqtt(), tmp_path) as broker, World(tmp_path, broker).watched() as made:
        yield made


async def test_a_stop_is_asked_about_answered_and_closed(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.run_on()
        stop = finding(FindingKind.CRAMP_STOP, Level.NOW)
        await world.find(stop)
        await eventually(lambda: phone.felt and world.deliveries, world.clock)
        await world.say(Kind.ACK, answer(stop.id, Answer.CRAMP))
        await world.find(finding(FindingKind.RESUMED, Level.OK))
        await eventually(lambda: world.cleared == ["cramp"], world.clock)
        assert [state for _, _, state in world.seen] == ["raised", "delivered", "acknowledged", "cleared"]
        assert world.store.alerts[-1] == ("run-1", "cleared")


async def test_what_is_found_while_the_alerter_is_away_waits_for_it_and_is_felt_once(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        pass
    told = finding()
    await world.find(told)
    async with world.alerting(phone):
        await eventually(lambda: world.deliveries, world.clock)
    async with world.alerting(phone):
        await world.find(finding(level=Level.OK))
        await eventually(lambda: world.cleared == ["pattern"], world.clock)
    assert [one.alert.id for one in phone.felt] == [told.id]
    assert [one.alert_id for one in world.deliveries] == [told.id]
