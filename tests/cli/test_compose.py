"""A house of several services: one outbox, one of them that tells what goes through it."""

import pytest

from crampwatch.cli.compose import house
from crampwatch.clock import WallClock
from crampwatch.settings import Settings
from crampwatch.storage import Batch
from crampwatch.storage.outbox import Outbox, file_name
from tests.suites.stores import RUN, second
from tests.support import influx, needs
from tests.support.brokers import until

WITHIN_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def _server():
    """Found where this user keeps it: before each test is given a home of its own."""
    influx.shared()


def settings_for(home):
    return Settings(storage={"backend": "both"}, influxdb=home.settings)


async def test_who_stores_tells_what_was_delivered_and_the_others_do_not():
    needs.mosquitto()
    async with house(settings_for(influx.home()), WallClock(), ["processor", "dashboard"]) as made:
        processor, dashboard = made.processor(), made.dashboard()
        await made.store.record([Batch(RUN, second(0))])
        await until(lambda: processor.vitals().counters.value("outbox_delivered") == 6, WITHIN_S)
        assert dashboard.vitals().counters.value("outbox_delivered") == 0


async def test_what_the_alerter_queued_alone_goes_out_with_the_house_that_runs_it():
    needs.mosquitto()
    home = influx.home()
    settings = settings_for(home)
    outbox = await Outbox.open(settings.state_dir / file_name("alerter"), WallClock())
    await outbox.put("influxdb.bucket", ["m x=1.0 1"])
    await outbox.close()
    async with house(settings, WallClock(), ["processor", "dashboard"]):
        pass
    assert await waiting(settings, "alerter") == 1, "the alerter may run by itself"
    async with house(settings, WallClock(), ["processor", "alerter", "dashboard"]) as made:
        await until(lambda: not any(one.value for one in made.store.gauges()), WITHIN_S)
    assert await waiting(settings, "alerter") == 0
    assert home.count("m", "x") == 1


async def waiting(settings, service):
    outbox = await Outbox.open(settings.state_dir / file_name(service), WallClock(), read_only=True)
    await outbox.close()
    return outbox.depth.points
