"""The processor service over a broker in memory: what is acked is stored, twice changes nothing, trouble waits."""

from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus, StoredUpTo
from crampwatch.storage import RunKey
from crampwatch.topics import Kind, Topic
from processor.backtest import backtest
from tests.processor.desk import LATE, RUN, SPOOL, rows, story
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock
from tests.support.stories import Story


async def test_what_was_sent_is_stored_proved_and_marked(desk):
    messages = rows(story())
    async with desk.listening(), desk.processing():
        await desk.send(*messages)
        await desk.marked(len(messages) - 1)
        stored = await desk.store.samples(RUN)
    assert sorted((one.at_ms, one.device, one.seq) for one in story()) == [
        (one.at_ms, one.device, one.seq) for one in stored
    ]
    expected = [one for outcome in backtest("r7", "s1", story()) for one in outcome.findings]
    assert desk.findings == expected
    assert [one.kind for one in await desk.store.findings(RUN)] == [one.kind for one in expected]


async def test_backlog_is_stored_and_proved_but_marked_late(desk):
    messages = rows(story())
    async with desk.listening(), desk.processing():
        await desk.send(*messages, topic=LATE)
        await desk.marked(len(messages) - 1)
    assert desk.findings
    assert all(one.late for one in desk.findings)
    assert all(one.late for one in await desk.store.findings(RUN))


async def test_a_message_that_comes_twice_changes_nothing(desk):
    messages = rows(story())
    async with desk.listening(), desk.processing():
        await desk.send(*messages)
        await desk.marked(len(messages) - 1)
        before = list(desk.findings), await desk.store.samples(RUN)
        heard = len(desk.told(Kind.WATERMARK))
        await desk.send(*messages)
        await until(lambda: desk.counters.value("messages") == 2 * len(messages))
        await until(lambda: len(desk.told(Kind.WATERMARK)) > heard)
        assert (list(desk.findings), await desk.store.samples(RUN)) == before
    assert desk.counters.value("ignored", "duplicate") == len(story())


async def test_a_crash_between_record_and_ack_loses_nothing_and_doubles_nothing(desk):
    samples = story()
    messages = rows(samples)
    stop = next(index for index, message in enumerate(messages) if message.samples[-1].at_ms > START_MS + 630_000)
    async with desk.listening():
        async with desk.processing() as task:
            await desk.send(*messages[:stop])
            await desk.marked(stop - 1)
            desk.store.crash_after_record = True
            await desk.send(messages[stop])
            await until(task.done)
        lost = len(desk.findings)
        desk.store.crash_after_record = False
        desk.clock = ManualClock(START_MS + 700_000)
        async with desk.processing():
            await desk.send(*messages[stop + 1 :])
            await desk.marked(len(messages) - 1)
        stored = await desk.store.samples(RUN)
    expected = [one for outcome in backtest("r7", "s1", samples) for one in outcome.findings]
    assert lost < len(expected)
    assert len(stored) == len(samples)
    assert {one.id: one for one in desk.findings} == {one.id: one for one in expected}
    assert await desk.store.findings(RUN) == sorted(expected, key=lambda one: (one.at_ms, one.id))


async def test_a_restart_goes_on_from_snapshot_and_store(desk):
    samples = story()
    messages = rows(samples)
    for index, message in enumerate(messages):
        async with desk.listening(), desk.processing():
            await desk.send(message)
            await desk.marked(index)
    expected = [one for outcome in backtest("r7", "s1", samples) for one in outcome.findings]
    assert await desk.store.findings(RUN) == sorted(expected, key=lambda one: (one.at_ms, one.id))


async def test_old_findings_are_not_told_again_after_a_restart(desk):
    messages = rows(story())
    async with desk.processing():
        await desk.send(*messages[:-1])
        await desk.marked(len(messages) - 2)
    desk.clock = ManualClock(START_MS + 3_600_000)
    async with desk.listening(), desk.processing():
        await desk.send(messages[-1])
        await desk.marked(len(messages) - 1)
    assert len(await desk.store.findings(RUN)) > len(desk.findings)


async def test_a_store_that_is_away_holds_everything_and_says_it_once(desk, caplog):
    messages = rows(story())
    async with desk.processing():
        desk.store.away = True
        await desk.send(*messages)
        await until(lambda: desk.counters.value("held", "record") > 2)
        assert desk.mark is None
        desk.store.away = False
        await desk.marked(len(messages) - 1)
    assert len(await desk.store.samples(RUN)) == len(story())
    warnings = [one for one in caplog.records if one.levelname == "WARNING"]
    assert ["holding" in one.message for one in warnings] == [True]


async def test_a_broker_that_dies_in_between_gets_every_finding_later(desk):
    messages = rows(story())
    async with desk.listening(), desk.processing():
        await desk.send(*messages[:3])
        await desk.marked(2)
        with desk.broker.refusing(Unavailable("away"), "crampwatch/v1/home/+/finding"):
            await desk.send(*messages[3:])
            await until(lambda: desk.counters.value("held", "publish") > 1)
        await desk.marked(len(messages) - 1)
    assert desk.findings == [one for outcome in backtest("r7", "s1", story()) for one in outcome.findings]


async def test_a_finding_that_the_broker_refuses_for_ever_stops_nobody(desk):
    messages = rows(story())
    async with desk.processing():
        with desk.broker.refusing(Refused("too_large", "no"), "crampwatch/v1/home/+/finding"):
            await desk.send(*messages)
            await desk.marked(len(messages) - 1)
    assert desk.counters.value("unpublished", "too_large") > 0
    assert await desk.store.findings(RUN)


async def test_poison_is_counted_named_once_and_never_stops_the_others(desk, caplog):
    good = rows(Story().running(10).samples)
    poison = b'{"v":1,"kind":"telemetry","collector":"collector-1","spool":"a1b2c3","row":1,"samples":"no"}'
    async with desk.processing():
        await desk.send(good[0], poison, b"\x00", b"\x01")
        await desk.send(*rows(Story().running(10).samples, first=2))
        await desk.marked(2)
    assert desk.counters.value("refused", "not_json") == 2
    assert desk.counters.value("refused", "invalid_field") == 1
    assert sum("left out a message" in one.message for one in caplog.records if one.levelname == "WARNING") == 2


async def test_another_team_s_telemetry_is_refused(desk):
    await desk.store.names()
    other = Topic("away", "r7", Kind.TELEMETRY)
    async with desk.processing():
        await desk.send(*rows(Story().running(5).samples), topic=other)
        await desk.send(*rows(Story().running(5).samples))
        await desk.marked(0)
    assert await desk.store.run(RunKey("away", "r7", "s1")) is None


async def test_two_sessions_of_one_athlete_are_two_machines(desk):
    samples = story()
    async with desk.listening(), desk.processing():
        await desk.send(*rows(samples, session="s1"), *rows(samples, session="s2", first=100))
        await until(lambda: desk.counters.value("messages") == 2 * len(rows(samples)))
        await until(lambda: {one.session for one in desk.findings} == {"s1", "s2"})
        expected = [one for outcome in backtest("r7", "s2", samples) for one in outcome.findings]
        await until(lambda: [one for one in desk.findings if one.session == "s2"] == expected)


async def test_a_lost_shelf_goes_on_from_the_broker_s_retained_mark(desk):
    samples = Story().running(30).samples
    async with desk.processing():
        await desk.send(*rows(samples, size=9))
        await desk.marked(9)
    for file in desk.settings.state_dir.glob("processor.db*"):
        file.unlink()
    async with desk.processing():
        await desk.send(*rows(Story().running(40).samples, size=9)[10:12])
        await desk.marked(11)


async def test_a_processor_that_knows_nothing_says_nothing(desk):
    async with desk.listening(), desk.processing():
        await desk.send(*rows(Story().running(5).samples, first=7))
        await until(lambda: desk.counters.value("messages") == 1)
        await until(lambda: bool(desk.told(Kind.ASSESSMENT)))
    assert desk.told(Kind.WATERMARK) == []


async def test_a_page_is_told_changes_at_once_and_a_sign_of_life_now_and_then(desk):
    samples = Story().running(60).samples
    async with desk.listening(), desk.processing():
        await desk.send(*rows(samples))
        await desk.marked(len(rows(samples)) - 1)
        await until(lambda: len(desk.told(Kind.ASSESSMENT)) >= 10)
    told = desk.told(Kind.ASSESSMENT)
    assert 10 <= len(told) <= 20


async def test_the_service_says_that_it_is_up_with_its_counters_and_down_when_it_ends(desk):
    async with desk.listening():
        async with desk.processing():
            await desk.send(*rows(Story().running(5).samples))
            await desk.marked(0)
        await until(lambda: any(one.state == "down" for one in desk.told(Kind.STATUS)))
    statuses = [one for one in desk.told(Kind.STATUS) if isinstance(one, ServiceStatus)]
    assert statuses[0].state == "up"
    assert statuses[-1].state == "down"
    assert statuses[-1].detail["samples"] == 15
    assert (statuses[-1].detail["kind"], statuses[-1].detail["ended"]) == ("processor", "in order")


async def test_every_mark_names_its_collector(desk):
    async with desk.listening(), desk.processing():
        await desk.send(*rows(Story().running(5).samples))
        await until(lambda: bool(desk.told(Kind.WATERMARK)))
    assert desk.told(Kind.WATERMARK)[0] == StoredUpTo(collector="collector-1", spool=SPOOL, row=0)
