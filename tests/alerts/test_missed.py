"""What the broker lost on its way to the alerter is found in the store once the link is there again."""

import asyncio

import pytest

from alerts.missed import RECENT_MS, Missed
from crampwatch.errors import Misconfigured, Refused
from crampwatch.events import FindingKind
from crampwatch.service import running
from crampwatch.units import MINUTE_MS, Level
from tests.alerts.builders import MemoryChannel, eventually, finding
from tests.alerts.world import TEAM


async def relinked(world, *, stored):
    """The broker is away for a while, and what the processor stores meanwhile never reaches the alerter by itself."""
    world.broker.cut(ALERTER)
    world.store.found["ada"] = [*world.store.found.get("ada", ()), *stored]
    world.broker.mend(ALERTER)


ALERTER = "home-alerter-1"


async def test_a_finding_that_the_broker_lost_is_felt_once_the_link_is_new(world):
    phone, lost = MemoryChannel(), finding()
    async with world.alerting(phone):
        await relinked(world, stored=[lost])
        await eventually(lambda: world.deliveries, world.clock)
        await relinked(world, stored=[])
        await world.find(lost)
        await world.decided(1)
    assert [one.alert.id for one in phone.felt] == [lost.id]
    assert [one.alert_id for one in world.deliveries] == [lost.id]


async def test_what_ended_is_taken_after_what_began(world):
    stop, resumed = finding(FindingKind.CRAMP_STOP, Level.NOW), finding(FindingKind.RESUMED, Level.OK)
    async with world.alerting(MemoryChannel()):
        later = resumed.model_copy(update={"at_ms": stop.at_ms + 1_000})
        await relinked(world, stored=[later, stop])
        await world.decided(2)
        await eventually(lambda: world.cleared == ["cramp"], world.clock)


async def test_an_alerter_that_was_away_from_a_broker_that_forgot_takes_it_from_the_store(world):
    phone, lost = MemoryChannel(), finding()
    world.store.found["ada"] = [lost]
    async with world.alerting(phone):
        await eventually(lambda: phone.felt, world.clock)
    assert [one.alert.id for one in phone.felt] == [lost.id]


async def test_what_the_broker_would_have_let_go_by_now_is_history(world):
    old = finding(at_ms=world.clock.now_ms() - 6 * MINUTE_MS)
    async with world.alerting(MemoryChannel()):
        await relinked(world, stored=[old])
        fresh = finding(at_ms=world.clock.now_ms())
        await world.find(fresh)
        await world.decided(1)
    assert [name for (name,) in world.journal("SELECT id FROM fact")] == [f"finding:ada:{fresh.id}"]


async def test_a_store_that_is_away_keeps_no_live_finding_waiting(world):
    phone, told = MemoryChannel(), finding()
    world.store.away = True
    async with world.alerting(phone):
        await world.find(told)
        await eventually(lambda: phone.felt, world.clock)
    assert world.counters.value("missed_unread") >= 1


@pytest.mark.parametrize("wrong", [Misconfigured("influxdb.token", "was revoked"), Refused("odd_fact", "no finding")])
async def test_a_store_with_a_wrong_setting_or_an_odd_fact_keeps_nobody_from_being_told(world, wrong):
    phone, told = MemoryChannel(), finding()
    world.store.wrong = wrong
    alerter = world.alerter(phone)
    async with running([alerter]):
        await world.find(told)
        await eventually(lambda: phone.felt, world.clock)
        unread = [one for one in alerter.vitals().problems if one.startswith("findings that the broker may have lost")]
        assert [str(wrong) in one for one in unread] == [True]
    assert world.counters.value("missed_unread") >= 1


async def test_a_new_link_costs_one_question_however_many_run(world):
    now_ms = world.clock.now_ms()
    world.store.found = {f"runner-{number}": [finding(at_ms=now_ms + number)] for number in range(100)}
    missed = Missed(world.store, TEAM, world.clock, world.counters)
    assert [athlete for athlete, _ in await missed.on(0)] == list(world.store.found)
    assert (await missed.on(0), world.store.questions) == ((), 1)


async def test_a_store_that_does_not_answer_holds_nothing_up_for_longer_than_is_bearable(world, monkeypatch):
    monkeypatch.setattr("alerts.missed.WITHIN_S", 0.01)
    world.store.recent_findings = never
    missed = Missed(world.store, TEAM, world.clock, world.counters)
    assert await missed.on(0) == ()
    assert missed.problem.startswith(
        "findings that the broker may have lost could not be read: no answer within 0.01 s"
    )


async def never(*_):
    await asyncio.Event().wait()


async def test_what_could_not_be_read_is_no_problem_any_more_once_it_would_be_history_or_is_read(world):
    world.store.away = True
    missed = Missed(world.store, TEAM, world.clock, world.counters)
    assert (await missed.on(0), missed.problem is None) == ((), False)
    await world.clock.advance(RECENT_MS / 1_000 + 1)
    assert missed.problem is None
    await missed.on(1)
    world.store.away = False
    assert missed.problem is not None
    await missed.on(2)
    assert missed.problem is None
