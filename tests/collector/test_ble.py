"""The Bluetooth source against watches on a virtual radio: the real bleak, a real GATT server, no hardware."""

import asyncio
import contextlib
import logging
import random

import pytest

from collector.ble import BleSource, pseudonym
from collector.gatt.battery import decode_battery
from collector.gatt.heart_rate import decode_heart_rate
from collector.gatt.rsc import RunningSpeedCadence, decode_rsc, encode_rsc
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from collector.source import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, RSC_MEASUREMENT, Frame
from crampwatch.clock import PacedClock
from crampwatch.errors import Refused
from crampwatch.metrics import Counters
from tests.collector.field import CONNECTED, DEVICE, LOST, SEARCHING, Field
from tests.collector.radio.rig import ADDRESS, Reader, Steady, nothing_left_running, turns, until
from tests.support.clocks import START_MS


async def test_a_watch_in_the_air_is_told_with_its_name_and_services(field: Field):
    await field.watch(name="Anna's watch", rssi_dbm=-71)
    reader = await field.reader(wants=False)
    await reader.until(lambda: bool(reader.seen()))
    sensor = reader.seen()[-1].sensor
    assert (sensor.device, sensor.address, sensor.name) == (DEVICE, ADDRESS, "Anna's watch")
    assert {0x180D, 0x1814} <= sensor.services
    assert sensor.rssi_dbm == -71


async def test_a_sensor_is_told_once_however_often_it_advertises(field: Field):
    await field.watch()
    reader = await field.reader(wants=False)
    await reader.until(lambda: bool(reader.seen()))
    heard = field.adapter.device
    more = asyncio.Event()
    count = iter(range(5))
    heard.on("advertisement", lambda _: more.set() if next(count, None) is None else None)
    async with asyncio.timeout(10):
        await more.wait()
    assert len(reader.seen()) == 1


async def test_what_a_watch_measures_is_taken_second_by_second(field: Field):
    watch, reader = await field.running()
    await field.clock.advance(9)
    start_ms = watch.start_ms
    assert [decode_heart_rate(one.payload).bpm for one in reader.frames(HEART_RATE_MEASUREMENT)] == [
        100 + second for second in range(10)
    ]
    assert [decode_rsc(one.payload).distance_m for one in reader.frames(RSC_MEASUREMENT)] == [
        3.0 * second for second in range(10)
    ]
    for characteristic in (HEART_RATE_MEASUREMENT, RSC_MEASUREMENT):
        stamps = [one.at_ms - start_ms for one in reader.frames(characteristic)]
        assert stamps == [1_000 * second for second in range(10)]


async def test_a_link_comes_up_before_its_first_frame(field: Field):
    _, reader = await field.running()
    kinds = [type(one).__name__ for one in reader.arrivals]
    assert kinds.index("SensorChanged") < kinds.index("Frame")
    assert reader.states() == [SEARCHING, CONNECTED]


async def test_a_sensor_may_be_wanted_before_it_is_there(field: Field):
    source = field.source()
    source.want(DEVICE)
    source.want(DEVICE)
    reader = await field.reader(source)
    await reader.until(lambda: reader.states() == [SEARCHING])
    late = await field.watch()
    await reader.until(lambda: CONNECTED in reader.states())
    await field.first_second(late, reader)
    assert reader.states() == [SEARCHING, CONNECTED]


async def test_a_lost_link_is_taken_up_again_and_only_its_seconds_are_missing(field: Field):
    watch, reader = await field.running()
    await field.clock.advance(4)
    watch.lose_link()
    await reader.until(lambda: LOST in reader.states())
    await field.clock.advance(3)
    await reader.until(lambda: reader.states().count(CONNECTED) == 2)
    await until(lambda: watch.connected)
    await turns(400)
    await field.clock.advance(5)
    seconds = [decode_heart_rate(one.payload).bpm - 100 for one in reader.frames(HEART_RATE_MEASUREMENT)]
    assert seconds[:5] == [0, 1, 2, 3, 4]
    assert seconds[5:] == list(range(seconds[5], 13))
    assert seconds[5] in {7, 8}
    assert reader.taken() == watch.sent
    assert reader.whys() == ["the link was lost"]


async def test_a_watch_that_hangs_up_is_connected_again(field: Field):
    watch, reader = await field.running()
    await watch.hang_up()
    await reader.until(lambda: LOST in reader.states())
    await field.clock.advance(1)
    await reader.until(lambda: reader.states() == [SEARCHING, CONNECTED, LOST, CONNECTED])


async def test_a_runner_out_of_range_is_found_again_on_coming_back(field: Field):
    watch, reader = await field.running()
    watch.go_out_of_range()
    await reader.until(lambda: LOST in reader.states())
    await field.clock.advance(20)
    assert reader.states() == [SEARCHING, CONNECTED, LOST]
    watch.come_back()
    await reader.until(lambda: reader.states() == [SEARCHING, CONNECTED, LOST, CONNECTED])


async def test_a_silent_watch_is_connected_anew_though_its_link_is_up(field: Field):
    watch, reader = await field.running()
    watch.silent = True
    await field.clock.advance(9)
    assert LOST not in reader.states()
    await field.clock.advance(1)
    await reader.until(lambda: LOST in reader.states())
    assert reader.whys() == ["no data for 10 s"]
    watch.silent = False
    await field.clock.advance(2)
    await reader.until(lambda: reader.states()[-1] is CONNECTED)


async def test_what_a_leaked_link_still_delivers_after_its_end_is_not_taken(field: Field):
    leaked = []

    class Leaking(field.adapter.client):
        async def start_notify(self, characteristic, callback, **more):
            leaked.append(callback)
            await super().start_notify(characteristic, callback, **more)

    class Radio:
        scanner, client = field.adapter.scanner, Leaking

    watch = await field.watch()
    reader = await field.reader(BleSource(clock=field.clock, adapter=Radio(), rng=random.Random(7)))
    await reader.until(lambda: CONNECTED in reader.states())
    await field.first_second(watch, reader)
    watch.lose_link()
    await reader.until(lambda: LOST in reader.states())
    taken = len(reader.frames())
    for callback in leaked:
        callback(bytearray([0, 60]))
    await turns()
    assert len(reader.frames()) == taken


async def test_a_watch_that_does_not_answer_is_given_up_and_tried_again(field: Field, caplog):
    watch = await field.watch()
    watch.turn_deaf()
    reader = await field.reader(field.source(connect_timeout_s=0.3))
    await until(lambda: "no answer in time" in caplog.text)
    assert CONNECTED not in reader.states()
    watch.turn_deaf(deaf=False)
    async with asyncio.timeout(10):
        while CONNECTED not in reader.states():
            await field.clock.advance(1)
    told = [one for one in caplog.records if one.name.startswith("collector.") and one.levelno >= logging.WARNING]
    assert len(told) == 1, "the virtual radio's own stack may say more: an answer can come when nobody waits any more"


async def test_a_watch_that_does_not_answer_keeps_no_other_from_connecting(field: Field):
    deaf = await field.watch()
    deaf.turn_deaf()
    other = "C1:00:00:00:00:02"
    await field.watch(address=other)
    reader = await field.reader(field.source(connections=1, connect_timeout_s=0.3))
    async with asyncio.timeout(10):
        while CONNECTED not in reader.states(pseudonym(other)):
            await field.clock.advance(1)


async def test_a_read_that_never_returns_holds_up_no_data(field: Field):
    never = asyncio.Event()
    watch, reader = await field.running(before_read=never.wait)
    await field.clock.advance(5)
    assert reader.taken() == {HEART_RATE_MEASUREMENT: 6, RSC_MEASUREMENT: 6}
    assert watch.sent[HEART_RATE_MEASUREMENT] == 6
    assert reader.frames(BATTERY_LEVEL) == []
    never.set()
    await reader.until(lambda: bool(reader.frames(BATTERY_LEVEL)))


async def test_another_characteristics_payload_is_handed_through_and_refused_by_the_decoder(field: Field):
    watch, reader = await field.running()
    wrong = encode_rsc(RunningSpeedCadence(3.0, 86, stride_m=None, distance_m=100.0, running=True))
    await watch.send(HEART_RATE_MEASUREMENT, wrong)
    await reader.until(lambda: reader.frames(HEART_RATE_MEASUREMENT)[-1].payload == wrong)
    with pytest.raises(Refused, match="more than its flags announce"):
        decode_heart_rate(wrong)
    await field.clock.advance(1)
    assert decode_heart_rate(reader.frames(HEART_RATE_MEASUREMENT)[-1].payload).bpm == 101


async def test_battery_and_serial_number_become_known_while_data_flows(field: Field):
    watch, reader = await field.running(serial="SN-0042", battery_percent=61)
    await reader.until(lambda: reader.seen()[-1].sensor.serial == "SN-0042")
    assert [decode_battery(one.payload) for one in reader.frames(BATTERY_LEVEL)] == [61]
    await watch.set_battery(60)
    await reader.until(lambda: len(reader.frames(BATTERY_LEVEL)) == 2)
    assert decode_battery(reader.frames(BATTERY_LEVEL)[-1].payload) == 60


async def test_a_band_that_keeps_its_services_back_is_told_when_it_is_asked_for_by_name(field: Field):
    await field.watch(name="Amazfit Band", advertises=False)
    reader = await field.reader(field.source(also=("amazfit band",)))
    await reader.until(lambda: CONNECTED in reader.states())
    await reader.until(lambda: 0x180D in reader.seen()[-1].sensor.services)


async def test_a_band_that_keeps_its_services_back_is_nobodys_business_otherwise(field: Field):
    await field.watch(advertises=False)
    await field.watch(address="C1:00:00:00:00:02")
    reader = await field.reader(wants=False)
    await reader.until(lambda: bool(reader.seen()))
    heard = asyncio.Event()
    field.adapter.device.on("advertisement", lambda one: heard.set() if ADDRESS in str(one.address) else None)
    await heard.wait()
    assert {one.sensor.address for one in reader.seen()} == {"C1:00:00:00:00:02"}


async def test_every_frame_of_a_dozen_watches_is_taken(field: Field):
    wearers = [Steady(30, name=f"Runner {number}") for number in range(12)]
    watches = [await field.watch(wearer, f"C1:00:00:00:01:{number:02X}") for number, wearer in enumerate(wearers)]
    reader = await field.reader(field.source(connections=4))
    async with asyncio.timeout(30):
        while not all(watch.finished.is_set() for watch in watches):
            await field.clock.advance(1)
    await turns()
    for watch in watches:
        device = pseudonym(watch.address)
        for characteristic in (HEART_RATE_MEASUREMENT, RSC_MEASUREMENT):
            taken = [one for one in reader.frames(characteristic) if one.device == device]
            assert len(taken) == watch.sent[characteristic] == 30


@pytest.mark.parametrize(("pace", "number", "seconds"), [(100, 12, 60), (1_000, 1, 600)])
async def test_whatever_the_pace_each_second_is_stamped_in_its_second(pace: float, number: int, seconds: int):
    clock, air = PacedClock(pace, START_MS), Air()
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(clock.running())
        adapter = await stack.enter_async_context(VirtualAdapter(air))
        watches = [
            await stack.enter_async_context(Watch(air, Steady(seconds), f"C1:00:00:00:02:{one:02X}", clock))
            for one in range(number)
        ]
        source = BleSource(clock=clock, adapter=adapter, connections=4, rng=random.Random(7))
        reader = await stack.enter_async_context(Reader(source))
        for watch in watches:
            await watch.finished.wait()
        await turns()
        for watch in watches:
            stamps = {
                characteristic: [
                    one.at_ms - watch.start_ms
                    for one in reader.frames(characteristic)
                    if one.device == pseudonym(watch.address)
                ]
                for characteristic in (HEART_RATE_MEASUREMENT, RSC_MEASUREMENT)
            }
            expected = [1_000 * second for second in range(seconds)]
            assert stamps == {HEART_RATE_MEASUREMENT: expected, RSC_MEASUREMENT: expected}


async def test_closing_the_stream_leaves_no_link_no_scan_and_no_task(field: Field):
    watch = await field.watch()
    async with nothing_left_running():
        async with Reader(field.source()) as reader:
            await reader.until(lambda: CONNECTED in reader.states())
        await turns()
    assert field.adapter.links == 0
    assert not field.adapter.scanning
    assert not watch.connected


async def test_closing_the_stream_during_an_attempt_leaves_the_adapter_usable(field: Field):
    watch = await field.watch()
    watch.turn_deaf()
    async with Reader(field.source()) as reader:
        await reader.until(lambda: SEARCHING in reader.states())
        await until(lambda: field.adapter.radio.pending_le_connection is not None)
    watch.turn_deaf(deaf=False)
    again = await field.reader()
    await again.until(lambda: CONNECTED in again.states())


async def test_a_reader_that_does_not_read_loses_new_frames_counted_and_warned_of_once(field: Field, caplog):
    counters = Counters()
    watch = await field.watch()
    source = field.source(inbox_size=8, counters=counters)
    source.want(DEVICE)
    stream = source.arrivals()
    first = await anext(stream)
    async with asyncio.timeout(10):
        while watch.sent[RSC_MEASUREMENT] < 20:
            await field.clock.advance(1)
    rest = []
    async with asyncio.timeout(10):
        while sum(isinstance(one, Frame) for one in rest) < 1:
            rest.append(await anext(stream))
    await stream.aclose()
    assert not isinstance(first, Frame)
    assert counters.value("frames_dropped", "inbox_full") >= 30
    assert sum("dropping new ones" in record.message for record in caplog.records) == 1
