"""How the alerter is, for whoever asks: what it owes, what is wrong and since when, how long pushes take."""

import asyncio
import dataclasses

import pytest

from alerts.pulse import LATENCY, PUSH
from crampwatch.cli.compose import house
from crampwatch.codec import decode
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.service import Watched, running
from crampwatch.settings import Mqtt, Settings
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import Level
from tests.alerts.builders import MemoryChannel, eventually, finding
from tests.alerts.world import TEAM


def figures(vitals):
    return {(one.name, *one.labels.values()): one.value for one in vitals.gauges}


async def looked(world, alerter, true):
    """Let run seconds pass until the alerter has looked at its journal and what it found is ``true``."""
    for _ in range(60):
        await world.clock.advance(10)
        try:
            return await eventually(lambda: true(alerter.vitals()), seconds=0.5)
        except AssertionError:
            continue
    pytest.fail(f"{alerter.vitals()}")


async def test_before_and_after_its_life_it_is_not_ready_and_can_be_asked(world):
    alerter = world.alerter()
    watched: Watched = alerter
    assert (watched.vitals().ready, watched.vitals().kind) == (False, "alerter")
    async with running([alerter]):
        vitals = alerter.vitals()
        assert (vitals.service, vitals.ready, vitals.problems) == ("alerter-1", True, ())
    assert not alerter.vitals().ready


async def test_it_says_what_is_open_owed_kept_and_waiting(world):
    phone = MemoryChannel()
    phone.stuck = True
    world.store.away = True
    alerter = world.alerter(phone, deadline_s=3_600)
    async with running([alerter]):
        await world.find(finding())
        await eventually(lambda: phone.attempts and world.deliveries, world.clock)
        expected = {
            ("alerts_open",): 1,
            ("pushes_owed", "phone"): 1,
            ("pushes_owed", "mqtt"): 0,
            ("journal_facts",): 1,
            ("alert_states_waiting", "published"): 0,
        }
        await looked(world, alerter, lambda one: expected.items() <= figures(one).items())


async def test_states_that_wait_for_the_store_are_counted_and_said(world):
    world.store.away = True
    alerter = world.alerter()
    async with running([alerter]):
        await world.run_on()
        await world.find(finding())
        await eventually(lambda: world.counters.value("outlet_failed", "recorded"), world.clock)
        await looked(world, alerter, lambda one: figures(one)["alert_states_waiting", "recorded"] >= 1)
        problem = alerter.vitals().problems[0]
        assert problem.startswith("alert states wait to be recorded: the disk is full (since ")
        assert alerter.vitals().ready
        world.store.away = False
        await looked(world, alerter, lambda one: one.problems == ())


async def test_a_store_with_a_wrong_setting_is_trouble_and_no_end(world):
    phone = MemoryChannel()
    world.store.wrong = Misconfigured("influxdb.token", "was revoked; set another")
    alerter = world.alerter(phone)
    async with running([alerter]):
        await world.find(finding())
        await eventually(lambda: phone.felt and world.counters.value("outlet_failed", "recorded"), world.clock)
        waits = "alert states wait to be recorded: influxdb.token: was revoked; set another (since "
        assert [one for one in alerter.vitals().problems if one.startswith(waits)]
        world.store.wrong = None
        await looked(world, alerter, lambda _: world.counters.value("recorded") >= 1)


async def test_what_waits_before_a_store_of_its_own_is_told(world):
    alerter = world.alerter()
    async with running([alerter]):
        world.store.told = ("InfluxDB does not take what is recorded, everything is kept: no route",)
        assert figures(alerter.vitals())[("outbox_points",)] == 7
        assert alerter.vitals().problems == world.store.told
        await eventually(lambda: "outbox_points" in world.words[-1].detail, world.clock)


async def test_what_waits_before_a_store_that_another_service_shares_is_told_by_that_one(world):
    alerter = world.alerter(tells_store=False)
    async with running([alerter]):
        world.store.told = ("InfluxDB does not take what is recorded, everything is kept: no route",)
        assert ("outbox_points",) not in figures(alerter.vitals())
        assert alerter.vitals().problems == ()


@pytest.mark.parametrize(("services", "tells"), [(("alerter",), True), (("processor", "alerter", "dashboard"), False)])
async def test_in_a_house_one_service_tells_what_waits_before_the_store(world, services, tells):
    settings = Settings(team=TEAM, state_dir=world.folder, mqtt=Mqtt(url="mqtt://127.0.0.1:1"))
    async with house(settings, world.clock, services) as home:
        alerter = dataclasses.replace(home, kept=world.store).alerter(())
        assert (("outbox_points",) in figures(alerter.vitals())) is tells


async def test_a_channel_that_is_away_is_named_with_since_when(world):
    phone = MemoryChannel()
    phone.failures = [Unavailable("no route to the phone")] * 1_000
    alerter = world.alerter(phone, deadline_s=3_600)
    async with running([alerter]):
        await world.find(finding())
        await eventually(lambda: alerter.vitals().problems, world.clock)
        assert "phone takes no pushes: no route to the phone (since " in alerter.vitals().problems[0]
        phone.failures.clear()
        await looked(world, alerter, lambda one: phone.felt and one.problems == ())


async def test_a_broker_that_is_away_makes_it_not_ready_and_one_that_refuses_is_said(world):
    alerter = world.alerter()
    async with running([alerter]):
        world.broker.cut(f"{TEAM}-alerter-1")
        assert not alerter.vitals().ready
        assert "link" in alerter.vitals().problems[0]
        world.broker.mend(f"{TEAM}-alerter-1")
        await eventually(lambda: alerter.vitals().ready, world.clock)
        forbidden = Refused("not_authorized", "this user may not publish there")
        with world.broker.refusing(forbidden, matching=f"crampwatch/v1/{TEAM}/+/alert/+"):
            await world.find(finding(level=Level.WATCH))
            await eventually(lambda: alerter.vitals().problems, world.clock)
            assert "not published: this user may not publish there" in alerter.vitals().problems[0]
        await world.find(finding())
        await eventually(lambda: alerter.vitals().problems == (), world.clock)


async def test_latency_is_from_what_happened_to_the_first_push_that_is_felt(world):
    phone, alerter = MemoryChannel(), None
    alerter = world.alerter(phone)
    async with running([alerter]):
        await world.find(finding(at_ms=world.clock.now_ms() - 3_000))
        await eventually(lambda: phone.felt and world.deliveries, world.clock)
        await eventually(world.quiet)
    timings = alerter.vitals().timings
    assert timings[LATENCY].sum_s == pytest.approx(3.0)
    assert timings[LATENCY].cumulative()[-1][1] == 1
    assert timings[PUSH].cumulative()[-1][1] == 2


async def test_its_status_topic_carries_a_few_figures_every_ten_seconds(world):
    topic = Topic(SYSTEM, "alerter-1", Kind.STATUS)

    def word():
        return decode(Kind.STATUS, world.broker.retained(topic))

    def told(open_, refused):
        told = {"alerts_open": open_, "refused": refused, "pushes_owed": 0, "kind": "alerter", "ready": 1}
        return told.items() <= word().detail.items()

    async with world.alerting():
        assert told(0, 0)
        begun_ms = word().at_ms
        await world.bus.publish(Topic(TEAM, "ada", Kind.FINDING), b"not json")
        await world.find(finding())
        await world.decided(1)
        for _ in range(30):
            await world.clock.advance(10)
            if told(1, 1):
                break
            await asyncio.sleep(0.01)
        assert told(1, 1)
        assert word().at_ms > begun_ms
    assert word().detail["ended"] == "in order"
