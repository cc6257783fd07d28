"""The collector from frames to a broker in memory, through everything that goes wrong on the way."""

import asyncio
import contextlib
import logging
import re

import pytest

from collector.service import Collector
from collector.source import Frame
from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import decode, encode
from crampwatch.errors import Misconfigured
from crampwatch.events import SensorClaimed, SensorState
from crampwatch.herald import EVERY_S
from crampwatch.metrics import Counters
from crampwatch.service import running
from crampwatch.settings import Settings
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.support.brokers import mosquitto, until
from tests.support.clocks import START_MS, ManualClock
from tests.support.sources import ScriptedSource, battery, gait, heart_rate, linked, seen, ticks
from tests.support.spools import MemorySpool
from tests.support.takers import Taker

ANN = {"id": "ann", "sensors": [{"name": "WATCH-1"}]}


async def brisk(seconds):
    """A wait that a test does not notice."""
    await asyncio.sleep(seconds / 100)


def links(broker):
    """The factory of buses of a broker in memory, or of a real one behind a cable."""
    return broker.links() if isinstance(broker, MemoryBroker) else broker.links


def returning(spool):
    async def opened(_path, _collector):
        return spool

    return opened


class House:
    """A collector with its broker and a processor that keeps everything."""

    def __init__(self, folder, source, *, broker=None, spool=None, clock=None, **settings):
        self.settings = Settings(state_dir=folder, athletes=settings.pop("athletes", [ANN]), **settings)
        self.broker = broker or MemoryBroker()
        self.source = source
        self.clock = clock or ManualClock(START_MS)
        self.counters = Counters()
        self.taker = Taker(links(self.broker))
        self.collector = Collector(
            settings=self.settings,
            buses=links(self.broker),
            source=source,
            clock=self.clock,
            counters=self.counters,
            wait=brisk,
            **({} if spool is None else {"open_spool": returning(spool)}),
        )

    @contextlib.asynccontextmanager
    async def open(self, *, taking=True):
        taker = asyncio.create_task(self.taker.run()) if taking else None
        await asyncio.sleep(0)
        try:
            async with running([self.collector]):
                yield self
        finally:
            if taker is not None:
                taker.cancel()
                await asyncio.wait({taker})

    def status(self, device="watch-1", athlete="ann"):
        payload = self.broker.retained(Topic("home", athlete, Kind.STATUS, device))
        return decode(Kind.STATUS, payload) if payload else None

    def offered(self, device="watch-1"):
        payload = self.broker.retained(Topic(SYSTEM, "collector-1", Kind.STATUS, device))
        return decode(Kind.STATUS, payload) if payload else None

    def service_status(self):
        payload = self.broker.retained(Topic(SYSTEM, "collector-1", Kind.STATUS))
        return decode(Kind.STATUS, payload) if payload else None


async def claim(broker, device, athlete):
    order = SensorClaimed(device=device, athlete=athlete, at_ms=START_MS)
    async with broker.links()("page") as bus:
        await bus.publish(Topic(SYSTEM, "collector-1", Kind.COMMAND), encode(order))


async def test_every_frame_of_a_run_reaches_the_processor_once_and_the_spool_empties(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=300), then_ends=True)
    async with House(tmp_path, source).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
        samples = house.taker.samples
    assert len(samples) == 300 * 3
    assert sorted(house.taker.rows) == list(range(len(house.taker.rows)))
    assert {athlete for athlete, *_ in samples} == {"ann"}
    assert house.service_status().state == "down"
    assert source.closed


async def test_heart_rate_and_cadence_of_one_tick_make_one_message(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        for second in range(3):
            source.send(heart_rate(at_ms=START_MS + second * 1_000), gait(at_ms=START_MS + second * 1_000))
            await until(lambda rows=second + 1: len(house.taker.rows) == rows)
        kinds = [[sample.kind for sample in message.samples] for _, message in house.taker.rows.values()]
    assert kinds == [["heart_rate", "cadence", "speed"]] * 3


async def test_what_arrives_while_the_broker_is_away_is_kept_and_sent_as_backlog_once_it_is_old(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        house.broker.stop()
        source.send(*ticks(seconds=60))
        await until(lambda: house.counters.value("samples") == 180)
        await house.clock.advance(60)
        house.broker.start(keep_state=False)
        source.end()
        await asyncio.wait_for(house.collector.drained(), 10)
        assert len(house.taker.samples) == 180
        assert {kind for _, kind in house.taker.kinds} == {Kind.BACKLOG}


async def test_a_collector_without_a_broker_collects_and_delivers_when_one_comes(tmp_path):
    broker = MemoryBroker()
    broker.stop()
    source = ScriptedSource(seen(), linked(), *ticks(seconds=20), then_ends=True)
    house = House(tmp_path, source, broker=broker)
    async with running([house.collector]):
        await until(lambda: house.counters.value("samples") == 60)
        broker.start()
        taker = asyncio.create_task(house.taker.run())
        await asyncio.wait_for(house.collector.drained(), 10)
        taker.cancel()
    assert len(house.taker.samples) == 60


async def test_a_message_the_broker_took_but_nobody_stored_is_sent_again_unchanged(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5), then_ends=True)
    house = House(tmp_path, source)
    async with running([house.collector]):
        await until(lambda: house.counters.value("sent") >= 1)
        taker = asyncio.create_task(house.taker.run())
        await asyncio.wait_for(house.collector.drained(), 10)
        taker.cancel()
    assert house.counters.value("resends") >= 1
    assert len(house.taker.samples) == 15


async def test_a_restart_goes_on_in_the_same_session_with_the_next_numbers(tmp_path):
    first = House(tmp_path, ScriptedSource(seen(), linked(), *ticks(seconds=10), then_ends=True))
    async with first.open():
        await asyncio.wait_for(first.collector.drained(), 10)
    later = START_MS + 60_000
    second = House(tmp_path, ScriptedSource(seen(), linked(), *ticks(seconds=10, start_ms=later), then_ends=True))
    second.broker, second.taker = first.broker, first.taker
    second.collector = Collector(
        settings=second.settings,
        buses=first.broker.links(),
        source=second.source,
        clock=second.clock,
        counters=second.counters,
        wait=brisk,
    )
    async with second.open():
        await asyncio.wait_for(second.collector.drained(), 10)
    samples = second.taker.samples
    assert len(samples) == 60
    assert len({session for _, session, *_ in samples}) == 1
    assert sorted(seq for *_, seq in samples) == list(range(60))


async def test_a_new_spool_is_stored_though_the_processor_knows_more_rows_of_the_old_one(tmp_path):
    first = House(tmp_path / "lost", ScriptedSource(seen(), linked(), *ticks(seconds=10), then_ends=True))
    async with first.open():
        await asyncio.wait_for(first.collector.drained(), 10)
    old = first.taker.spool
    later = START_MS + 7_200_000
    source = ScriptedSource(seen(), linked(), *ticks(seconds=10, start_ms=later), then_ends=True)
    second = House(tmp_path / "new", source, broker=first.broker)
    second.taker = first.taker
    async with second.open():
        await asyncio.wait_for(second.collector.drained(), 10)
    assert first.taker.spool != old
    assert len(first.taker.samples) == 60


async def test_a_processor_that_lost_its_memory_goes_on_where_the_collector_has_forgotten(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=10))
    async with House(tmp_path, source).open() as house:
        await until(lambda: len(house.taker.samples) == 30)
        await until(lambda: house.counters.value("sent") > 0 and house.collector.waiting == 0)
    known = house.taker.watermark
    later = START_MS + 60_000
    again = House(
        tmp_path,
        ScriptedSource(seen(), linked(), *ticks(seconds=10, start_ms=later), then_ends=True),
        broker=MemoryBroker(),
    )
    async with again.open():
        await asyncio.wait_for(again.collector.drained(), 10)
    assert min(again.taker.rows) > known
    assert len(again.taker.samples) == 30
    assert again.counters.value("resends") == 0


async def test_a_processor_that_is_new_while_the_link_stands_is_heard_after_the_next_resend(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=10))
    async with House(tmp_path, source).open(taking=False) as house:
        first = asyncio.create_task(house.taker.run())
        await until(lambda: len(house.taker.samples) == 30 and house.collector.waiting == 0)
        first.cancel()
        await asyncio.wait({first})
        house.taker = Taker(links(house.broker))
        second = asyncio.create_task(house.taker.run())
        source.send(*ticks(seconds=10, start_ms=START_MS + 60_000))
        source.end()
        await asyncio.wait_for(house.collector.drained(), 10)
        second.cancel()
        await asyncio.wait({second})
    assert len(house.taker.samples) == 30


async def test_a_bad_frame_gives_one_clear_warning_and_is_counted(tmp_path, caplog):
    bad = [Frame("watch-1", 0x2A37, b"\x01", START_MS + n) for n in range(5)]
    wrong = Frame("watch-1", 0x2A6E, b"\x00\x01", START_MS)
    source = ScriptedSource(seen(), linked(), *bad, wrong, heart_rate(at_ms=START_MS + 9), then_ends=True)
    with caplog.at_level(logging.WARNING):
        async with House(tmp_path, source).open() as house:
            await asyncio.wait_for(house.collector.drained(), 10)
    assert house.counters.value("refused", "truncated_frame") == 5
    assert house.counters.value("refused", "unknown_characteristic") == 1
    warnings = [
        record.getMessage() for record in caplog.records if "left out a frame of watch-1" in record.getMessage()
    ]
    assert len(warnings) == 2
    assert "0x2A6E" in warnings[1]
    assert len(house.taker.samples) == 1


async def test_a_bad_order_is_counted_and_the_collector_goes_on(tmp_path, caplog):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        async with house.broker.links()("stranger") as bus:
            await bus.publish(Topic(SYSTEM, "collector-1", Kind.COMMAND), b"{nonsense")
        await until(lambda: house.counters.value("refused", "not_json") == 1)
        source.send(heart_rate())
        await until(lambda: len(house.taker.samples) == 1)


async def test_a_claimed_sensor_is_wanted_recorded_and_remembered(tmp_path):
    source = ScriptedSource(seen())
    async with House(tmp_path, source, athletes=[]).open() as house:
        await until(lambda: house.offered() is not None)
        assert house.offered().state is SensorState.UNCLAIMED
        assert source.wanted == []
        await claim(house.broker, "watch-1", "bea")
        await until(lambda: source.wanted == ["watch-1"])
        await until(lambda: house.offered() is None and house.status(athlete="bea") is not None)
        source.send(heart_rate())
        await until(lambda: len(house.taker.samples) == 1)
    again = House(tmp_path, ScriptedSource(), athletes=[])
    async with again.open():
        await until(lambda: again.source.wanted == ["watch-1"])


async def test_sensor_states_are_retained_with_battery_and_unit(tmp_path):
    source = ScriptedSource(seen(rssi_dbm=-60), linked(), battery(percent=77), *ticks(seconds=12))
    async with House(tmp_path, source).open() as house:
        await until(lambda: house.status() is not None and house.status().cadence_unit != "undecided")
        status = house.status()
        assert (status.state, status.battery_percent, status.rssi_dbm) == (SensorState.CONNECTED, 77, -60)
        assert status.measures == ("heart_rate", "cadence")
        source.send(linked(at_ms=START_MS + 20_000, state=SensorState.LOST))
        await until(lambda: house.status().state is SensorState.LOST)
        source.send(linked(at_ms=START_MS + 30_000))
        await until(lambda: house.status().state is SensorState.CONNECTED)
        assert house.counters.value("reconnects") == 1


async def test_states_stand_again_at_a_broker_that_forgot_them(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        await until(lambda: house.status() is not None)
        house.broker.restart(keep_state=False)
        assert house.status() is None
        await until(lambda: house.status() is not None and house.service_status().state == "up")


async def test_a_last_will_that_was_said_too_early_is_put_right_at_once(tmp_path):
    async with House(tmp_path, ScriptedSource()).open() as house:
        await until(lambda: house.service_status() is not None)
        house.broker.cut("home_collector-1")
        assert house.service_status().state == "down"
        house.broker.mend("home_collector-1")
        await until(lambda: house.service_status().state == "up", within_s=5)


async def test_the_service_says_how_it_is_every_ten_seconds_of_the_run(tmp_path):
    source = ScriptedSource(seen(), linked(), heart_rate())
    async with House(tmp_path, source).open(taking=False) as house:
        await until(lambda: house.counters.value("sent") == 1)
        await house.clock.advance(10)
        await until(lambda: house.service_status().detail["frames"] == 1)
        detail = house.service_status().detail
    assert (detail["kind"], detail["ready"], detail["team"]) == ("collector", 1, "home")
    assert (detail["spool_rows"], detail["spool_oldest_seconds"], detail["connected_sensors"]) == (1, 10, 1)
    assert "problem" not in detail
    assert house.service_status().detail["ended"] == "in order"


async def test_its_vitals_say_what_waits_and_what_is_wrong(tmp_path):
    source = ScriptedSource(seen(), linked(), heart_rate())
    async with House(tmp_path, source).open(taking=False) as house:
        await until(lambda: house.counters.value("sent") == 1)
        vitals = house.collector.vitals()
        assert (vitals.service, vitals.kind, vitals.ready, list(vitals.problems)) == (
            "collector-1",
            "collector",
            True,
            [],
        )
        house.broker.stop()
        await until(lambda: any("no link to the broker" in one for one in house.collector.vitals().problems))
        source.send(*ticks(seconds=3))
        await until(lambda: gauges(house)["spool_rows"] > 1)
        assert house.collector.vitals().ready
        house.broker.start()
        await until(lambda: not house.collector.vitals().problems)
        assert gauges(house)["link_reconnects"] == 1


def gauges(house):
    return {one.name: one.value for one in house.collector.vitals().gauges}


async def test_a_source_that_cannot_work_ends_the_service_with_the_remedy(tmp_path):
    source = ScriptedSource()
    source.break_with(Misconfigured("bluetooth", "is off; switch it on"))
    house = House(tmp_path, source)
    with pytest.raises(Misconfigured, match="switch it on"):
        await asyncio.wait_for(house.collector.run(), 5)


async def test_an_orderly_end_sends_what_has_just_arrived(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with House(tmp_path, source).open() as house:
        source.send(*ticks(seconds=100))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(house.taker.samples) == house.counters.value("samples")


async def test_a_full_disk_stops_the_taking_says_so_once_and_loses_nothing(tmp_path, caplog):
    spool = MemorySpool()
    source = ScriptedSource(seen(), linked())
    house = House(tmp_path, source, spool=spool)
    with caplog.at_level(logging.DEBUG, logger="collector"):
        async with house.open():
            source.send(heart_rate())
            await until(lambda: len(house.taker.samples) == 1)
            spool.full = True
            source.send(*ticks(seconds=600, start_ms=START_MS + 1_000))
            await until(lambda: sum("nothing can be taken" in line for line in caplog.messages) >= 3)
            spool.full = False
            await until(lambda: len(house.taker.samples) == 1_801)
    told = [record.levelname for record in caplog.records if record.levelno >= logging.INFO]
    assert told == ["WARNING", "INFO"]


async def test_over_a_real_broker_a_pulled_cable_costs_no_sample_and_doubles_none(tmp_path):
    source = ScriptedSource(seen(), linked())
    async with mosquitto(tmp_path / "broker") as world:
        house = House(tmp_path / "state", source, broker=world)
        async with house.open():
            for minute in range(3):
                start_ms = START_MS + minute * 60_000
                source.send(*ticks(seconds=30, start_ms=start_ms))
                await until(lambda rows=(minute + 1) * 90 + minute: house.counters.value("samples") == rows)
                world.pull()
                source.send(heart_rate(at_ms=start_ms + 40_000))
                await until(lambda rows=(minute + 1) * 91: house.counters.value("samples") == rows)
                world.plug()
            source.end()
            await asyncio.wait_for(house.collector.drained(), 30)
    assert len(house.taker.samples) == house.counters.value("samples") == 273


async def test_two_teams_on_one_broker_keep_their_links_and_are_told_to_take_ids_of_their_own(tmp_path, caplog):
    mine = House(tmp_path / "mine", ScriptedSource(seen(), linked(), heart_rate()))
    async with mine.open(taking=False):
        await until(lambda: mine.service_status() is not None)
        theirs = House(
            tmp_path / "theirs", ScriptedSource(seen(), linked(), heart_rate()), broker=mine.broker, team="club"
        )
        with caplog.at_level(logging.WARNING):
            async with theirs.open(taking=False):
                await until(lambda: mine.counters.value("sent") == theirs.counters.value("sent") == 1)
                for house in (mine, theirs):
                    await house.clock.advance(EVERY_S)
                await until(lambda: len(doubles(caplog)) == 2)
    (other, own), (own_too, other_too) = doubles(caplog)
    assert (other, own) == (other_too, own_too)


def doubles(caplog):
    """What collectors warned of: the other spool of their id, and their own."""
    found = [
        re.search(r"another spool \((\w+), ours is (\w+)\) .* collector.id of its own", one) for one in caplog.messages
    ]
    return [one.groups() for one in found if one is not None]


async def test_two_collectors_of_one_machine_keep_their_rows_apart(tmp_path):
    live = House(tmp_path, ScriptedSource(seen(), linked(), heart_rate()))
    async with live.open(taking=False):
        await until(lambda: live.counters.value("sent") == 1)
        replayed = House(
            tmp_path, ScriptedSource(seen(), *ticks(seconds=5), then_ends=True), collector={"id": "replay"}
        )
        replayed.taker = Taker(links(replayed.broker), collector="replay")
        async with replayed.open():
            await asyncio.wait_for(replayed.collector.drained(), 10)
    assert len(replayed.taker.samples) == 15


async def test_after_a_restart_with_a_clock_that_was_set_back_no_moment_is_given_again(tmp_path, caplog):
    async with House(tmp_path, ScriptedSource(seen(), linked(), *ticks(seconds=10), then_ends=True)).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
        newest_ms = max(one.at_ms for one in house.taker.samples.values())
    behind = House(tmp_path, ScriptedSource(seen(), linked()), clock=ManualClock(START_MS - 3_600_000))
    with caplog.at_level(logging.WARNING):
        async with behind.open():
            assert behind.clock.now_ms() == newest_ms + 1
            behind.source.send(*ticks(seconds=5, start_ms=behind.clock.now_ms()))
            await until(lambda: len(behind.taker.samples) == 15)
    assert min(one.at_ms for one in behind.taker.samples.values()) > newest_ms
    assert behind.counters.value("clock_behind") == 1
    assert [line for line in caplog.messages if "the host's clock is 36" in line]


async def test_samples_from_a_far_future_do_not_pull_the_clock_along(tmp_path):
    far_ms = START_MS + 3 * 86_400_000
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5, start_ms=far_ms), then_ends=True)
    async with House(tmp_path, source).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
    async with House(tmp_path, ScriptedSource()).open() as house:
        assert house.clock.now_ms() < far_ms


async def test_a_step_of_the_clock_forward_begins_a_new_session_and_loses_nothing(tmp_path):
    later_ms = START_MS + 7_200_000
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5), *ticks(seconds=5, start_ms=later_ms), then_ends=True)
    async with House(tmp_path, source).open() as house:
        await asyncio.wait_for(house.collector.drained(), 10)
    stored = house.taker.samples
    assert len(stored) == 30
    assert len({session for _, session, *_ in stored}) == 2


async def test_a_broker_that_forgot_everything_costs_no_sample(tmp_path):
    source = ScriptedSource(seen(), linked(), *ticks(seconds=5))
    async with House(tmp_path, source).open(taking=False) as house:
        await until(lambda: house.counters.value("sent") >= 1 and house.collector.waiting > 0)
        house.broker.restart(keep_state=False)
        source.send(*ticks(seconds=5, start_ms=START_MS + 60_000))
        source.end()
        taker = asyncio.create_task(house.taker.run())
        await asyncio.wait_for(house.collector.drained(), 20)
        taker.cancel()
    assert len(house.taker.samples) == 30


async def test_what_is_wrong_with_its_source_is_told(tmp_path):
    class Radio(ScriptedSource):
        trouble = ("Bluetooth cannot scan, trying until it can: it is off",)

        def problems(self):
            return self.trouble

    radio = Radio(seen())
    async with House(tmp_path, radio).open() as house:
        assert list(house.collector.vitals().problems) == list(Radio.trouble)
        await house.clock.advance(10)
        await until(lambda: house.service_status().detail.get("problem") == Radio.trouble[0])
        radio.trouble = ()
        assert not house.collector.vitals().problems
