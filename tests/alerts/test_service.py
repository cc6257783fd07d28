"""The alerter as a whole: from what is said on the bus to what people feel, and back."""

import pytest

from crampwatch.codec import decode
from crampwatch.errors import Unavailable
from crampwatch.events import Answer, FindingKind
from crampwatch.topics import Kind, Topic
from crampwatch.units import Level
from tests.alerts.builders import MemoryChannel, answer, check_in, eventually, finding
from tests.alerts.world import TEAM
from tests.support.clocks import START_MS as NOW


async def test_a_warning_reaches_the_page_the_phone_and_the_store(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.run_on()
        told = finding()
        await world.find(told)
        await eventually(lambda: len(world.states) >= 2 and len(world.store.alerts) >= 2, world.clock)
        assert world.seen == [("pattern", "warning", "raised"), ("pattern", "warning", "delivered")]
        assert [one.alert_id for one in world.deliveries] == [told.id]
        assert "toes toward the shin" in world.deliveries[0].body
        assert [one.alert.id for one in phone.felt] == [told.id]
        assert world.store.alerts == [("run-1", "raised"), ("run-1", "delivered")]
        kept = world.broker.retained(Topic(TEAM, "ada", Kind.ALERT, "pattern"))
        assert decode(Kind.ALERT, kept).state == "delivered"


async def test_watch_is_shown_on_the_page_and_nobody_is_buzzed(world):
    phone, screen = MemoryChannel(), MemoryChannel("screen", audible=False)
    async with world.alerting(phone, screen):
        await world.find(finding(level=Level.WATCH))
        await world.decided(1)
        await eventually(lambda: screen.felt, world.clock)
        assert world.seen == [("pattern", "watch", "raised")]
        assert (phone.felt, world.deliveries) == ([], [])


async def test_the_end_of_a_pattern_is_said_and_then_its_slot_is_emptied(world):
    async with world.alerting():
        await world.find(finding())
        await world.find(finding(level=Level.OK))
        await eventually(lambda: world.cleared == ["pattern"], world.clock)
        assert world.seen[-1] == ("pattern", "warning", "cleared")
        assert world.broker.retained(Topic(TEAM, "ada", Kind.ALERT, "pattern")) is None


async def test_a_finding_that_is_told_twice_is_decided_once(world):
    async with world.alerting():
        told = finding()
        await world.find(told)
        await world.find(told)
        await world.find(finding(level=Level.OK))
        await world.decided(2)
        assert world.reasons == ["first", "ended"]
        assert world.counters.value("decided", "known") == 1


async def test_backlog_and_old_news_are_kept_with_their_reason_and_disturb_nobody(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.find(finding(late=True))
        await world.find(finding(at_ms=NOW - 61_000))
        await world.decided(2)
        assert world.reasons == ["late", "too_late"]
        assert (phone.felt, world.deliveries) == ([], [])
        assert world.seen == [("pattern", "warning", "raised")]


async def test_a_level_that_rose_in_an_outage_is_told_once_when_the_link_is_back(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.find(finding(late=True))
        await world.clock.advance(180)
        await world.run_on(level=Level.WARNING)
        await eventually(lambda: phone.felt, world.clock)
        await world.clock.advance(5)
        await world.run_on(level=Level.WARNING)
        await world.find(finding(level=Level.OK, at_ms=world.clock.now_ms(), late=True))
        await eventually(lambda: world.cleared == ["pattern"], world.clock)
        assert world.reasons == ["late", "first", "ended"]
        assert "three hitches" in phone.felt[0].alert.because[0]
        assert len(phone.felt) == 1


async def test_a_push_that_reached_nobody_is_tried_once_more_while_the_level_stands(world):
    async with world.alerting():
        with world.broker.refusing(Unavailable("away"), matching=f"crampwatch/v1/{TEAM}/+/delivery"):
            await world.find(finding())
            await eventually(lambda: world.counters.value("push_failed", "mqtt") and world.clock.asleep(2))
            await world.clock.advance(61)
            await eventually(lambda: world.cleared == ["pattern"], world.clock)
        await world.run_on(level=Level.WARNING)
        await eventually(lambda: world.deliveries, world.clock)
        assert world.reasons == ["first", "expired", "first"]


async def test_an_answer_acknowledges_and_quiets_until_it_runs_out_or_the_level_rises(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        told = finding()
        await world.find(told)
        await world.decided(1)
        await world.say(Kind.ACK, answer(told.id))
        await world.find(finding())
        await world.decided(3)
        assert ("pattern", "warning", "acknowledged") in world.seen
        assert len(phone.felt) == 1
        await world.find(finding(level=Level.IMMINENT))
        await world.decided(4)
        assert [one.alert.level for one in phone.felt] == [Level.WARNING, Level.IMMINENT]
        assert world.reasons == ["first", "answered", "acknowledged", "escalated"]


async def test_a_sudden_stop_a_yes_easing_and_running_on(world):
    async with world.alerting():
        await world.run_on()
        stop = finding(FindingKind.CRAMP_STOP, Level.NOW)
        await world.find(stop)
        await world.say(Kind.ACK, answer(stop.id, Answer.CRAMP))
        await world.say(Kind.CHECKIN, check_in("eased"))
        await world.find(finding(FindingKind.RESUMED, Level.OK))
        await eventually(lambda: world.cleared == ["cramp"], world.clock)
        assert world.reasons == ["first", "answered", "eased", "resumed"]
        assert world.states[-1].steps[0].id == "relief.walk_back"
        assert world.states[-1].state == "cleared"


@pytest.mark.parametrize("what", ["uneventful", "cool", "mild", "hot"])
async def test_how_it_was_and_how_warm_it_is_open_and_close_nothing(world, what):
    async with world.alerting():
        stop = finding(FindingKind.CRAMP_STOP, Level.NOW)
        await world.say(Kind.CHECKIN, check_in(what))
        await world.find(stop)
        await world.say(Kind.ACK, answer(stop.id, Answer.CRAMP))
        await world.say(Kind.CHECKIN, check_in(what))
        await world.say(Kind.CHECKIN, check_in("eased"))
        await world.decided(3)
        assert world.reasons == ["first", "answered", "eased"]


async def test_just_a_pause_is_a_label_and_the_next_stop_is_not_asked_about(world):
    async with world.alerting():
        stop = finding(FindingKind.CRAMP_STOP, Level.NOW)
        await world.find(stop)
        await world.say(Kind.ACK, answer(stop.id, Answer.PAUSE))
        await world.find(finding(FindingKind.CRAMP_STOP, Level.NOW))
        await world.decided(3)
        assert world.reasons == ["first", "answered", "paused"]
        assert '"answer":"pause"' in world.journal("SELECT body FROM fact WHERE kind = 'ack'")[0][0]


async def test_a_second_stop_four_minutes_after_a_no_is_asked_about_again(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.run_on()
        stop = finding(FindingKind.CRAMP_STOP, Level.NOW)
        await world.find(stop)
        await eventually(lambda: phone.felt, world.clock)
        await world.say(Kind.ACK, answer(stop.id, Answer.OK))
        await world.decided(2)
        await world.clock.advance(240)
        await world.find(finding(FindingKind.CRAMP_STOP, Level.NOW, at_ms=world.clock.now_ms()))
        await world.decided(3)
        await eventually(lambda: len(phone.felt) == 2, world.clock)
        assert world.reasons == ["first", "answered", "repeat_due"]


async def test_a_runner_who_says_cramp_gets_help_even_without_a_known_run(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.say(Kind.CHECKIN, check_in())
        await eventually(lambda: phone.felt, world.clock)
        assert phone.felt[0].alert.steps[0].id == "relief.stop"
        assert world.store.alerts == []


async def test_a_question_that_nobody_answers_expires(world):
    async with world.alerting():
        await world.run_on()
        await world.find(finding(FindingKind.CRAMP_STOP, Level.NOW))
        await world.decided(1)
        await eventually(lambda: world.clock.asleep(301))
        await world.clock.advance(301)
        await eventually(lambda: world.cleared == ["cramp"], world.clock)
        assert world.seen[-1] == ("cramp", "now", "expired")
