"""The collector as a service: states, orders, vitals, and how it ends."""

import asyncio
import logging

import pytest

from collector.source import Frame
from crampwatch.errors import Misconfigured
from crampwatch.events import SensorState
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.collector.house import House, claim
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.sources import ScriptedSource, battery, heart_rate, linked, seen, ticks
from tests.support.spools import MemorySpool


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
