"""Pushes are retried until their deadline, never later, and one channel never waits for another."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from alerts.case import Verdict
from alerts.channels import Unanswered
from alerts.deliver import Courier
from alerts.journal import Told
from alerts.policy import Reason
from alerts.pulse import Pulse
from alerts.push_log import PushLog, PushState
from crampwatch.errors import Refused, Throttled, Unavailable
from crampwatch.events import AlertState
from crampwatch.metrics import Counters
from tests.alerts.builders import RULES, Clock, MemoryChannel, eventually, filed, finding, journal_at
from tests.support.clocks import START_MS


class Watched(PushLog):
    """Knows who has asked what is owed: what comes after that is seen once, by the wake."""

    def __init__(self, database):
        super().__init__(database)
        self.asked = set()

    async def owed(self, channel):
        found = await super().owed(channel)
        self.asked.add(channel)
        return found


class Office:
    """A journal, a clock and couriers for some channels."""

    def __init__(self, journal, database, clock):
        self.journal, self.database, self.clock = journal, database, clock
        self.pushes = Watched(database)
        self.counters = Counters()
        self.pulse = Pulse("alerter-1", "home", clock, self.counters)
        self.couriers = []

    async def owe(self, name="a1", **change):
        told = Told(f"t-{name}", "ada", "finding", finding())

        def work(case):
            return Verdict(Reason.FIRST, (replace(filed(case, name=name, now_ms=self.clock.now_ms()), **change),))

        await self.journal.decide(told, self.clock.now_ms(), work)
        for courier in self.couriers:
            courier.wake()

    async def states(self):
        query = "SELECT alert, channel, state, attempts FROM push ORDER BY alert, channel"
        rows = await self.database.read(lambda one: one.execute(query).fetchall())
        return {(alert, channel): (state, attempts) for alert, channel, state, attempts in rows}

    async def alert(self):
        changes = await self.journal.changes("published")
        return changes[-1].alert

    async def until_state(self, channel, state, alert="a1"):
        deadline = asyncio.get_running_loop().time() + 30
        while (await self.states()).get((alert, channel), ("", 0))[0] != state:
            if asyncio.get_running_loop().time() > deadline:
                pytest.fail(f"{await self.states()}")
            await self.clock.advance(0)
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def office(tmp_path, *channels):
    clock = Clock()
    async with journal_at(tmp_path / "alerts.db", {one.name: one.audible for one in channels}) as (journal, database):
        made = Office(journal, database, clock)
        made.couriers = [
            Courier(one, made.pushes, clock, made.counters, pulse=made.pulse, delivered=lambda: None)
            for one in channels
        ]
        tasks = [asyncio.create_task(one.run()) for one in made.couriers]
        try:
            await eventually(lambda: made.pushes.asked == {one.name for one in channels})
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_alert_is_delivered_when_the_first_audible_channel_took_it(tmp_path):
    phone, screen = MemoryChannel("phone"), MemoryChannel("screen", audible=False)
    async with office(tmp_path, phone, screen) as desk:
        await desk.owe()
        await desk.until_state("phone", PushState.TAKEN)
        await desk.until_state("screen", PushState.TAKEN)
        assert (await desk.alert()).state is AlertState.DELIVERED


async def test_a_quiet_alert_goes_only_where_nobody_hears_it_and_is_not_delivered(tmp_path):
    phone, screen = MemoryChannel("phone"), MemoryChannel("screen", audible=False)
    async with office(tmp_path, phone, screen) as desk:
        await desk.owe(audible=False)
        await desk.until_state("screen", PushState.TAKEN)
        assert (await desk.alert()).state is AlertState.RAISED
        assert phone.felt == []


async def test_a_stuck_channel_delays_no_other_and_gives_up_at_the_deadline(tmp_path):
    stuck, phone = MemoryChannel("stuck"), MemoryChannel("phone")
    stuck.stuck = True
    async with office(tmp_path, stuck, phone) as desk:
        await desk.owe()
        await desk.until_state("phone", PushState.TAKEN)
        await eventually(lambda: stuck.attempts, desk.clock)
        await desk.clock.advance(RULES.deadline_ms / 1_000)
        await desk.until_state("stuck", PushState.UNKNOWN)
        assert stuck.felt == []


async def test_a_channel_that_is_away_is_tried_again_until_it_is_back(tmp_path):
    phone = MemoryChannel()
    phone.failures = [Unavailable("away"), Throttled("slow down", 5.0), Unavailable("away")]
    async with office(tmp_path, phone) as desk:
        await desk.owe()

        for attempts in (1, 2, 3):
            await eventually(lambda attempts=attempts: phone.attempts == attempts and desk.clock.asleep(6))
            await desk.clock.advance(10)
        await desk.until_state("phone", PushState.TAKEN)
        assert desk.counters.value("push_failed", "phone") == 3
        assert desk.clock.now_ms() - START_MS < RULES.deadline_ms


async def test_a_push_is_given_up_at_its_deadline_and_never_sent_late(tmp_path):
    phone = MemoryChannel()
    phone.failures = [Unavailable("away")] * 500
    async with office(tmp_path, phone) as desk:
        await desk.owe()
        await eventually(lambda: phone.attempts and desk.clock.asleep(2))
        await desk.clock.advance(RULES.deadline_ms / 1_000)
        phone.failures = []
        desk.couriers[0].wake()
        await desk.until_state("phone", PushState.TOO_LATE)
        assert phone.felt == []


async def test_a_stop_that_is_asked_for_twice_leaves_no_push_running(tmp_path):
    phone = MemoryChannel()
    phone.stuck = True
    async with journal_at(tmp_path / "alerts.db", {"phone": True}) as (journal, database):
        desk = Office(journal, database, Clock())
        courier = Courier(phone, desk.pushes, desk.clock, desk.counters, pulse=desk.pulse, delivered=lambda: None)
        running = asyncio.create_task(courier.run())
        await desk.owe()
        courier.wake()
        await eventually(lambda: phone.attempts)
        for _ in range(2):
            running.cancel()
            await asyncio.sleep(0)
        await asyncio.wait({running})
        names = [one.get_name() for one in asyncio.all_tasks()]
        assert [name for name in names if name.startswith(("push-phone", "deliver-phone"))] == []


async def test_a_refused_push_is_not_tried_again_and_the_next_one_goes_out(tmp_path):
    phone = MemoryChannel()
    phone.failures = [Refused("too_long", "too long for this service")]
    async with office(tmp_path, phone) as desk:
        await desk.owe("a1")
        await desk.until_state("phone", PushState.REFUSED)
        await desk.owe("a2")
        await desk.until_state("phone", PushState.TAKEN, "a2")
        assert [one.alert.id for one in phone.felt] == ["a2"]


async def test_after_a_crash_in_the_middle_only_a_repeatable_channel_is_tried_again(tmp_path):
    channels = {"phone": True, "page": True}
    async with journal_at(tmp_path / "alerts.db", channels) as (journal, database):
        desk = Office(journal, database, Clock())
        await desk.owe()
        for name in channels:
            await desk.pushes.begin("a1", name, START_MS, repeatable=name == "page")
        assert await desk.pushes.recover({"phone": False, "page": True}, START_MS) == 1
        assert await desk.pushes.owed("phone") == []
        assert await desk.pushes.owed("page") == ["a1"]


async def test_what_was_answered_before_it_was_out_is_moot(tmp_path):
    async with journal_at(tmp_path / "alerts.db", {"phone": True}) as (journal, database):
        desk = Office(journal, database, Clock())
        await desk.owe()
        told = Told("t-answer", "ada", "ack", finding())

        def acknowledge(case):
            one = next(iter(case.open.values()))
            alert = one.alert.model_copy(update={"state": AlertState.ACKNOWLEDGED})
            return Verdict(Reason.ANSWERED, (replace(one, alert=alert),))

        await journal.decide(told, START_MS, acknowledge)
        assert await desk.pushes.begin("a1", "phone", START_MS, repeatable=False) is None
        assert (await desk.states())["a1", "phone"][0] == PushState.MOOT


async def test_a_channel_that_has_not_answered_is_asked_again_but_not_after_a_crash(tmp_path):
    phone = MemoryChannel()
    phone.failures = [Unanswered("no answer yet")]
    async with office(tmp_path, phone) as desk:
        await desk.owe()
        await eventually(lambda: phone.attempts == 1 and desk.clock.asleep(2))
        assert (await desk.states())["a1", "phone"][0] == PushState.TRYING
        await desk.clock.advance(2)
        await desk.until_state("phone", PushState.TAKEN)
        phone.failures = [Unanswered("no answer yet")] * 100
        await desk.owe("a2")
        await eventually(lambda: phone.attempts == 3 and desk.clock.asleep(2))
    async with journal_at(tmp_path / "alerts.db", {"phone": True}) as (_, database):
        pushes = PushLog(database)
        assert await pushes.recover({"phone": False}, desk.clock.now_ms()) == 1
        assert await pushes.owed("phone") == []


async def test_what_went_unanswered_until_its_deadline_may_have_been_felt(tmp_path):
    phone = MemoryChannel()
    phone.failures = [Unanswered("no answer yet")] * 500
    async with office(tmp_path, phone) as desk:
        await desk.owe()
        await eventually(lambda: phone.attempts and desk.clock.asleep(2))
        await desk.clock.advance(RULES.deadline_ms / 1_000)
        desk.couriers[0].wake()
        await desk.until_state("phone", PushState.UNKNOWN)
        felt = await desk.database.read(lambda one: one.execute("SELECT felt FROM alert").fetchone()[0])
        assert felt == 1
