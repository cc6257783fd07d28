"""What a processor says of itself to whoever operates it."""

import math

from crampwatch.errors import Refused
from crampwatch.metrics import Gauge
from crampwatch.topics import SYSTEM, Kind
from processor.pulse import HEARD_MS, STORED
from tests.processor.desk import rows
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story

SAMPLES = Story().running(40).samples


def gauges(desk):
    return {(one.name, *one.labels.values()): one.value for one in desk.processor.vitals().gauges}


async def test_how_old_the_newest_stored_sample_of_each_athlete_is(desk):
    async with desk.processing():
        await desk.send(*rows(SAMPLES))
        await desk.marked(1)
        newest_ms = max(one.at_ms for one in SAMPLES)
        await desk.clock.advance((newest_ms - START_MS) / 1_000 + 7)
        figures = gauges(desk)
        assert figures["lag_seconds", "r7"] == figures["slowest_lag_seconds",] == 7.0
        assert figures["watermark_rows", "collector-1"] == 1
        assert figures["sessions",] == 1
        assert figures["queue_messages",] == 0


async def test_an_athlete_who_went_home_is_not_late(desk):
    async with desk.processing():
        await desk.send(*rows(SAMPLES))
        await desk.marked(1)
        await desk.clock.advance(HEARD_MS / 1_000 + 1)
        assert ("lag_seconds", "r7") not in gauges(desk)
        assert gauges(desk)["slowest_lag_seconds",] == 0


async def test_every_message_is_timed_from_its_arrival_to_its_commit(desk):
    async with desk.processing():
        await desk.send(*rows(SAMPLES))
        await desk.marked(1)
        timings = desk.processor.vitals().timings[STORED]
        assert timings.cumulative()[-1] == (math.inf, 2)


async def test_a_store_that_is_away_is_a_problem_until_it_is_back(desk):
    async with desk.processing():
        assert list(desk.processor.vitals().problems) == []
        desk.store.away = True
        await desk.send(*rows(SAMPLES))
        await until(lambda: bool(desk.processor.vitals().problems))
        (problem,) = desk.processor.vitals().problems
        assert problem.startswith("cannot record now, holding: the disk is full")
        desk.store.away = False
        await desk.marked(1)
        assert list(desk.processor.vitals().problems) == []


async def test_a_broker_that_is_away_is_a_problem_and_its_return_is_counted(desk):
    async with desk.processing():
        desk.broker.stop()
        assert any("no link to the broker" in one for one in desk.processor.vitals().problems)
        desk.broker.start()
        await until(lambda: not desk.processor.vitals().problems)
        assert gauges(desk)["link_reconnects",] == 1


async def test_the_status_of_a_hundred_athletes_is_small(desk):
    async with desk.listening(), desk.processing():
        for number in range(100):
            desk.processor._pulse.stored(f"r{number}", START_MS, START_MS)
        await desk.clock.advance(10)
        await until(lambda: len(desk.told(Kind.STATUS)) >= 2)
    status = desk.told(Kind.STATUS)[-1]
    assert len(status.model_dump_json()) < 600
    assert status.detail["slowest_lag_seconds"] >= 10


async def test_what_waits_on_the_way_into_the_store_is_told_with_it(desk):
    async with desk.processing():
        desk.store.waiting = [Gauge("outbox_points", 120)]
        desk.store.troubles = ["InfluxDB is away, all is kept: no answer"]
        assert gauges(desk)["outbox_points",] == 120
        assert list(desk.processor.vitals().problems) == ["InfluxDB is away, all is kept: no answer"]


async def test_a_processor_that_may_not_say_that_it_is_up_serves_all_the_same_and_says_so_elsewhere(desk):
    forbidden = Refused("not_authorized", "no such topic for you")
    with desk.broker.refusing(forbidden, matching=f"crampwatch/v1/{SYSTEM}/+/status"):
        async with desk.processing():
            await desk.send(*rows(SAMPLES))
            await desk.marked(1)
            (problem,) = desk.processor.vitals().problems
            assert problem.startswith("the broker refuses the status of processor-1: no such topic for you; let this")
