"""The alerter while others are away, after its own restart, and beside a broker that forgot."""

import pytest

from crampwatch.codec import decode
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.events import AlertState, FindingKind, SensorState
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import Level
from tests.alerts.builders import MemoryChannel, assessed, eventually, finding
from tests.alerts.world import TEAM


async def test_a_lost_sensor_is_a_fault_after_its_patience_and_clears_at_once(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.run_on()
        await world.sensor(SensorState.CONNECTED)
        await world.clock.advance(20)
        await world.sensor(SensorState.LOST)
        await world.statuses(2)
        await eventually(lambda: world.clock.asleep(20))
        await world.clock.advance(19)
        assert world.states == []
        await eventually(lambda: world.clock.asleep(1))
        await world.clock.advance(1)
        await world.decided(1)
        assert world.seen == [("fault", "watch", "raised")]
        assert "Strap" in world.states[0].because[0]
        await world.sensor(SensorState.CONNECTED)
        await eventually(lambda: world.cleared == ["fault"], world.clock)
        assert world.reasons == ["fault_shown", "recovered"]
        assert phone.felt == []


async def test_a_date_far_ahead_does_not_keep_a_lost_sensor_from_being_missed(world):
    async with world.alerting(MemoryChannel()):
        await world.say(Kind.ASSESSMENT, assessed(at_ms=4_000_000_000_000))
        await world.run_on()
        await world.sensor(SensorState.CONNECTED)
        await world.clock.advance(20)
        await world.sensor(SensorState.LOST)
        await world.statuses(2)
        await eventually(lambda: world.clock.asleep(20))
        await world.clock.advance(20)
        await world.decided(1)
        assert world.seen == [("fault", "watch", "raised")]


async def test_a_service_that_stops_is_one_fault_for_every_runner_who_is_out(world):
    async with world.alerting():
        for athlete in ("ada", "bo"):
            await world.run_on(athlete)
        await world.service("up")
        await world.service("down")
        await world.statuses(2)
        await eventually(lambda: world.clock.asleep(20))
        await world.clock.advance(20)
        await world.decided(2)
        assert world.seen == [("fault", "watch", "raised")] * 2
        await world.service("up")
        await eventually(lambda: world.cleared == ["fault", "fault"], world.clock)


async def test_a_collector_that_died_in_the_run_is_still_missed_after_a_restart_of_the_alerter(world):
    linked_ms = world.clock.now_ms()  # which is how its will is dated
    await world.clock.advance(60)
    async with world.alerting():
        await world.run_on()
        await world.sensor(SensorState.CONNECTED)
        await world.service("up", "collector-1")
        await world.clock.advance(60)
        await world.service("down", "collector-1", at_ms=linked_ms)
        await world.statuses(3)
        await eventually(lambda: world.clock.asleep(20))
        await world.clock.advance(20)
        await world.decided(1)
        assert world.states[-1].because == ("collector-1 has stopped",)
    async with world.alerting():
        await world.run_on()
        await world.statuses(5)
        await eventually(lambda: world.clock.asleep(21))
        await world.clock.advance(21)
        # It has looked when it waits for the end of the run, half an hour on, or when it has decided something.
        await eventually(lambda: world.clock.asleep(1_900) or len(world.reasons) > 1)
        assert world.reasons == ["fault_shown"]
        await world.service("up", "collector-1")
        await eventually(lambda: world.cleared == ["fault"], world.clock)


async def test_a_store_that_is_away_delays_no_push_and_gets_everything_later(world):
    phone = MemoryChannel()
    world.store.away = True
    async with world.alerting(phone):
        await world.run_on()
        await world.find(finding())
        await eventually(lambda: phone.felt and len(world.states) == 2, world.clock)
        assert world.store.alerts == []
        world.store.away = False
        await eventually(lambda: world.clock.asleep(31))
        await world.clock.advance(31)
        await eventually(lambda: len(world.store.alerts) == 2, world.clock)


async def test_poison_is_counted_and_warned_about_once_and_the_next_message_is_taken(world, caplog):
    async with world.alerting():
        for payload in (b"\xff\x00", b"not json", b'{"v":1,"kind":"pattern"}', b'{"v":9}'):
            await world.bus.publish(Topic(TEAM, "ada", Kind.FINDING), payload)
        await world.find(finding())
        await world.decided(1)
        assert world.counters.value("refused", "not_json") == 2
        assert world.counters.value("refused", "schema_version") == 1
        assert sum("left out" in one.message for one in caplog.records if one.levelname == "WARNING") == 3


async def test_an_alerter_that_is_restarted_remembers_what_is_open_and_what_it_pushed(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.run_on()
        await world.find(finding())
        await world.decided(1)
    async with world.alerting(phone):
        await world.find(finding())
        await world.decided(2)
        await world.find(finding(level=Level.OK))
        await eventually(lambda: world.cleared == ["pattern"], world.clock)
        assert world.reasons == ["first", "cooling_down", "ended"]
        assert len(phone.felt) == 1


async def test_what_was_said_while_the_alerter_was_away_is_decided_when_it_is_back(world):
    async with world.alerting():
        pass
    told = finding(at_ms=world.clock.now_ms())
    await world.find(told)
    await world.find(finding(FindingKind.HITCH, Level.OK))
    await world.clock.advance(30)
    async with world.alerting():
        await world.decided(2)
        assert [one.alert_id for one in world.deliveries] == [told.id]


async def test_a_broker_that_forgot_everything_is_told_what_is_open(world):
    async with world.alerting():
        await world.find(finding())
        await world.decided(1)
    world.broker.restart(keep_state=False)
    async with world.alerting():
        await eventually(lambda: world.broker.retained(Topic(TEAM, "ada", Kind.ALERT, "pattern")), world.clock)


async def test_it_says_that_it_is_up_and_again_when_its_last_will_was_told(world):
    topic = Topic(SYSTEM, "alerter-1", Kind.STATUS)

    def state():
        kept = world.broker.retained(topic)
        return decode(Kind.STATUS, kept).state if kept else None

    async with world.alerting():
        assert state() == "up"
        world.broker.cut(f"{TEAM}-alerter-1")
        assert state() == "down"
        world.broker.mend(f"{TEAM}-alerter-1")
        await eventually(lambda: state() == "up", world.clock)
    assert state() == "down"


async def test_an_alerter_that_may_not_say_that_it_is_up_serves_all_the_same(world, caplog):
    forbidden = Refused("not_authorized", "no such topic for you")
    with world.broker.refusing(forbidden, matching=f"crampwatch/v1/{SYSTEM}/+/status"):
        async with world.alerting():
            await world.find(finding())
            await world.decided(1)
    assert world.reasons == ["first"]
    assert sum("no such topic for you" in one.message for one in caplog.records if one.levelname == "WARNING") == 1


async def test_channels_are_closed_at_the_end_and_must_have_names_of_their_own(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        pass
    assert phone.closed
    with pytest.raises(ValueError, match="must differ"):
        world.alerter(phone, MemoryChannel())


async def test_a_folder_that_cannot_be_used_stops_it_with_the_setting_named(world):
    (world.folder / "alerts.db").write_text("this is no database, and it is long enough to be read as a file header")
    with pytest.raises(Misconfigured, match="state_dir"):
        await world.alerter().run()


async def test_a_broker_that_takes_no_push_is_asked_again_within_the_deadline(world):
    async with world.alerting():
        with world.broker.refusing(Unavailable("away"), matching=f"crampwatch/v1/{TEAM}/+/delivery"):
            await world.find(finding())
            await eventually(lambda: world.counters.value("push_failed", "mqtt") and world.clock.asleep(2))
        await world.clock.advance(2)
        await eventually(lambda: world.deliveries, world.clock)
        assert len(world.deliveries) == 1


async def test_a_push_that_nobody_took_in_time_expires_and_the_next_one_is_not_cooling_down(world):
    async with world.alerting():
        with world.broker.refusing(Unavailable("away"), matching=f"crampwatch/v1/{TEAM}/+/delivery"):
            await world.find(finding())
            await eventually(lambda: world.counters.value("push_failed", "mqtt") and world.clock.asleep(2))
            await world.clock.advance(61)
            await eventually(lambda: world.cleared == ["pattern"], world.clock)
        assert world.seen[-1] == ("pattern", "warning", "expired")
        await world.find(finding(at_ms=world.clock.now_ms()))
        await eventually(lambda: world.deliveries, world.clock)
        assert world.reasons == ["first", "expired", "first"]


def alert_topic(kind="pattern"):
    return Topic(TEAM, "ada", Kind.ALERT, kind)


async def test_a_broker_that_forgot_the_end_of_an_alert_is_told_it_again(world):
    async with world.alerting():
        await world.find(finding())
        await world.decided(1)
        stale = world.broker.retained(alert_topic())
        await world.find(finding(level=Level.OK))
        await eventually(lambda: world.cleared == ["pattern"], world.clock)
        await world.bus.publish(alert_topic(), stale)  # what a broker kept that was killed before it wrote the end
        world.broker.cut(f"{TEAM}-alerter-1")
        world.broker.mend(f"{TEAM}-alerter-1")
        await eventually(lambda: world.broker.retained(alert_topic()) is None, world.clock)
        await world.calm()
    assert world.states[-1].state == "cleared"
    assert world.counters.value("corrected") == 1


async def test_a_broker_that_holds_an_older_state_of_an_open_alert_is_told_the_present_one(world):
    async with world.alerting():
        await world.find(finding())
        await world.decided(1)
        now = world.broker.retained(alert_topic())
        older = decode(Kind.ALERT, now).model_copy(update={"state": AlertState.RAISED})
        await world.say(Kind.ALERT, older, device="pattern")
        world.broker.cut(f"{TEAM}-alerter-1")
        world.broker.mend(f"{TEAM}-alerter-1")
        await eventually(lambda: world.broker.retained(alert_topic()) == now, world.clock)


async def test_an_alert_of_a_journal_that_was_lost_is_closed_on_the_page_and_in_the_store(world):
    async with world.alerting():
        await world.run_on()
        await world.find(finding())
        await world.decided(1)
    for part in ("alerts.db", "alerts.db-wal", "alerts.db-shm"):
        (world.folder / part).unlink(missing_ok=True)
    async with world.alerting():
        await eventually(lambda: world.cleared == ["pattern"], world.clock)
        await world.calm()
    assert world.store.alerts[-1] == ("run-1", "cleared")


async def test_an_alerter_that_was_away_for_an_hour_shows_what_it_missed_and_pushes_nothing(world):
    phone = MemoryChannel()
    async with world.alerting(phone):
        await world.run_on()
        with world.broker.refusing(Unavailable("away"), matching=f"crampwatch/v1/{TEAM}/+/delivery"):
            phone.failures = [Unavailable("away")] * 99
            owed = finding(name="owed")
            await world.find(owed)
            await eventually(lambda: len(world.states) == 1 and phone.attempts, world.clock)
    phone.failures = []
    missed = finding(FindingKind.CRAMP_STOP, Level.NOW, name="missed")
    await world.find(missed)
    await world.clock.advance(3_600)
    async with world.alerting(phone):
        await eventually(lambda: len(world.reasons) == 3, world.clock)
        await eventually(lambda: "pattern" in world.cleared, world.clock)
        await world.calm()
    assert (phone.felt, world.deliveries) == ([], [])
    kept = {alert.id: alert.state.value for batch in world.store.batches for alert in batch.alerts}
    assert kept["owed"] == "expired"
    assert sorted(world.reasons) == ["expired", "first", "too_late"]
    states = dict(world.journal("SELECT channel, state FROM push WHERE alert = 'owed'"))
    assert states == {"mqtt": "too_late", "phone": "too_late"}
