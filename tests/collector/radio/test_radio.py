"""The virtual radio does what a radio does: seen through bleak, as a collector would."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble.att import ATT_Error, ErrorCode

from collector.gatt.heart_rate import decode_heart_rate
from collector.gatt.rsc import decode_rsc
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from collector.source import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, RSC_MEASUREMENT
from collector.wearer import Reading
from crampwatch.clock import PacedClock
from crampwatch.units import CadenceUnit
from tests.collector.radio.rig import ADDRESS, SOON_MS, Scripted, Steady, nothing_left_running, turns, until
from tests.support.clocks import START_MS, ManualClock

#: PacedClock stands still for 25 turns after an appointment; a notification must have crossed well before.
SETTLE_TURNS = 25


def number(characteristic: int) -> str:
    return f"0000{characteristic:04x}-0000-1000-8000-00805f9b34fb"


class Field:
    """An air with an adapter, a clock that the test turns, and bleak on top."""

    def __init__(self, air: Air, adapter: VirtualAdapter, stack: contextlib.AsyncExitStack) -> None:
        self.air, self.adapter, self._stack = air, adapter, stack
        self.clock = ManualClock()

    async def watch(self, wearer: Steady | Scripted | None = None, address: str = ADDRESS, **more: object) -> Watch:
        made = Watch(self.air, wearer or Steady(), address, self.clock, advertising_ms=SOON_MS, **more)
        return await self._stack.enter_async_context(made)

    async def find(self, address: str = ADDRESS, timeout: float = 5.0) -> BLEDevice | None:
        return await BleakScanner.find_device_by_address(address, timeout=timeout, backend=self.adapter.scanner)

    async def client(self, **more: object) -> BleakClient:
        found = await self.find()
        assert found is not None
        return await self._stack.enter_async_context(BleakClient(found, backend=self.adapter.client, **more))

    async def subscribed(self, client: BleakClient, *characteristics: int) -> list[tuple[int, bytes]]:
        """Take the notifications of these characteristics; the list fills as they come."""
        taken: list[tuple[int, bytes]] = []
        for one in characteristics:
            await client.start_notify(number(one), lambda _, payload, one=one: taken.append((one, bytes(payload))))
        return taken


@pytest.fixture
async def field() -> AsyncIterator[Field]:
    async with nothing_left_running(), contextlib.AsyncExitStack() as stack:
        air = Air()
        adapter = await stack.enter_async_context(VirtualAdapter(air))
        yield Field(air, adapter, stack)


BOTH = (HEART_RATE_MEASUREMENT, RSC_MEASUREMENT)


async def test_name_and_services_come_in_advertisement_and_scan_response(field: Field):
    await field.watch(name="Ünïcode wàtch that has a very long name", rssi_dbm=-88)
    heard: asyncio.Future[AdvertisementData] = asyncio.get_running_loop().create_future()

    def on_advertisement(_: BLEDevice, data: AdvertisementData) -> None:
        if data.local_name and not heard.done():
            heard.set_result(data)

    async with BleakScanner(on_advertisement, backend=field.adapter.scanner):
        data = await heard
    assert data.local_name == "Ünïcode wàtch that has a v"
    assert set(data.service_uuids) == {number(0x180D), number(0x1814), number(0x180F)}
    assert data.rssi == -88


async def test_a_watch_is_a_whole_gatt_server(field: Field):
    watch = await field.watch(serial="SN-7", battery_percent=42)
    client = await field.client()
    assert {number(one) for one in (0x180D, 0x1814, 0x180F, 0x180A, 0x1802)} <= {one.uuid for one in client.services}
    assert await client.read_gatt_char(number(BATTERY_LEVEL)) == bytes([42])
    assert await client.read_gatt_char(number(0x2A25)) == b"SN-7"
    await client.write_gatt_char(number(0x2A06), b"\x02", response=False)
    await until(lambda: watch.alerts == [2])


async def test_the_wearer_starts_to_run_when_everything_is_subscribed(field: Field):
    watch = await field.watch()
    client = await field.client()
    first = await field.subscribed(client, HEART_RATE_MEASUREMENT)
    await field.clock.advance(30)
    assert watch.start_ms is None
    assert first == []
    second = await field.subscribed(client, RSC_MEASUREMENT)
    await field.clock.advance(2)
    assert watch.start_ms == START_MS + 30_000
    assert [decode_heart_rate(payload).bpm for _, payload in first] == [100, 101, 102]
    assert len(second) == 3


async def test_a_central_that_wants_only_the_heart_rate_gets_it_after_a_while(field: Field):
    watch = await field.watch()
    taken = await field.subscribed(await field.client(), HEART_RATE_MEASUREMENT)
    await field.clock.advance(62)
    assert len(taken) == watch.sent[HEART_RATE_MEASUREMENT] == 3
    assert watch.sent[RSC_MEASUREMENT] == 0


async def test_a_chest_strap_has_no_cadence_and_waits_for_no_subscription_to_it(field: Field):
    await field.watch(services=(0x180D,))
    client = await field.client()
    taken = await field.subscribed(client, HEART_RATE_MEASUREMENT)
    assert client.services.get_characteristic(number(RSC_MEASUREMENT)) is None
    await field.clock.advance(1)
    assert len(taken) == 2


async def test_seconds_in_which_nobody_listens_are_not_sent_and_the_run_goes_on(field: Field):
    watch = await field.watch()
    client = await field.client()
    taken = await field.subscribed(client, *BOTH)
    await field.clock.advance(2)
    await client.stop_notify(number(HEART_RATE_MEASUREMENT))
    await field.clock.advance(3)
    again = await field.subscribed(client, HEART_RATE_MEASUREMENT)
    await field.clock.advance(1)
    assert [decode_heart_rate(payload).bpm for one, payload in taken if one == HEART_RATE_MEASUREMENT] == [
        100,
        101,
        102,
    ]
    assert [decode_heart_rate(payload).bpm for _, payload in again] == [106]
    assert watch.sent == {HEART_RATE_MEASUREMENT: 4, RSC_MEASUREMENT: 7}


async def test_what_a_body_does_not_measure_is_not_sent(field: Field):
    whole = Reading(bpm=150, cadence_per_min=170, speed_mps=3.0, running=True)
    watch = await field.watch(
        Scripted(
            (
                Reading(bpm=None, cadence_per_min=170, speed_mps=3.0),
                Reading(bpm=150, cadence_per_min=None, speed_mps=3.0),
                Reading(bpm=150, cadence_per_min=170, speed_mps=None),
                Reading(bpm=150, cadence_per_min=0, speed_mps=0.0),
                whole,
            )
        )
    )
    taken = await field.subscribed(await field.client(), *BOTH)
    await field.clock.advance(3)
    assert watch.sent == {HEART_RATE_MEASUREMENT: 3, RSC_MEASUREMENT: 2}
    assert decode_rsc(taken[-1][1]).cadence_per_min == 0
    assert watch.unsendable == 0


async def test_what_does_not_fit_on_the_wire_is_counted_and_never_clipped(field: Field):
    watch = await field.watch(
        Scripted(
            (
                Reading(bpm=150, cadence_per_min=255, speed_mps=3.0),
                Reading(bpm=301, cadence_per_min=170, speed_mps=3.0, distance_m=2e7),
                Reading(bpm=150, cadence_per_min=170, speed_mps=3.0, rr_ms=(99_000.0,)),
                Reading(bpm=150, cadence_per_min=170, speed_mps=3.0),
            )
        )
    )
    taken = await field.subscribed(await field.client(), *BOTH)
    await field.clock.advance(2)
    assert watch.unsendable == 4
    assert watch.sent == {HEART_RATE_MEASUREMENT: 2, RSC_MEASUREMENT: 2}
    assert decode_rsc(taken[1][1]).distance_m is None
    assert decode_heart_rate(taken[2][1]).rr_ms == ()


async def test_a_watch_that_counts_strides_sends_half(field: Field):
    await field.watch(cadence_counts=CadenceUnit.STRIDES)
    taken = await field.subscribed(await field.client(), *BOTH)
    await field.clock.advance(0)
    assert decode_rsc(taken[1][1]).cadence_per_min == 85


def test_a_watch_has_to_know_what_it_counts():
    with pytest.raises(ValueError, match="steps or strides"):
        Watch(Air(), Steady(), ADDRESS, ManualClock(), cadence_counts=CadenceUnit.UNDECIDED)


async def test_at_the_end_of_the_run_the_last_second_arrives_and_the_broadcast_ends(field: Field):
    watch = await field.watch(Steady(5))
    client = await field.client()
    taken = await field.subscribed(client, *BOTH)
    await field.clock.advance(10)
    await watch.finished.wait()
    await turns()
    assert len(taken) == 10
    assert not client.is_connected
    assert await field.find(timeout=0.05) is None


async def test_heart_rate_and_cadence_of_a_second_cross_before_a_paced_clock_moves_on(field: Field):
    watch = await field.watch()
    taken = await field.subscribed(await field.client(), *BOTH)
    await field.clock.advance(0)
    taken.clear()
    await asyncio.gather(watch.send(HEART_RATE_MEASUREMENT, b"\0\1"), watch.send(RSC_MEASUREMENT, b"\0\0\0\0"))
    crossed = 0
    while len(taken) < 2:
        await turns(1)
        crossed += 1
    assert crossed <= SETTLE_TURNS // 3


async def test_a_lost_link_is_noticed_on_both_sides_and_the_watch_advertises_again(field: Field):
    watch = await field.watch()
    gone = asyncio.Event()
    client = await field.client(disconnected_callback=lambda _: gone.set())
    watch.lose_link()
    await gone.wait()
    assert not client.is_connected
    await until(lambda: not watch.connected)
    assert await field.find() is not None


async def test_out_of_range_nothing_is_heard_until_the_runner_comes_back(field: Field):
    watch = await field.watch()
    assert await field.find() is not None
    watch.go_out_of_range()
    assert await field.find(timeout=0.05) is None
    watch.come_back()
    assert await field.find() is not None


async def test_a_connection_attempt_that_times_out_leaves_the_adapter_free_for_the_next(field: Field):
    watch = await field.watch()
    found = await field.find()
    watch.turn_deaf()
    with pytest.raises(TimeoutError):
        await BleakClient(found, backend=field.adapter.client, timeout=0.05).connect()
    watch.turn_deaf(deaf=False)
    client = await field.client()
    assert client.is_connected
    assert field.adapter.links == 1


async def test_an_attempt_that_is_cancelled_at_any_turn_leaves_the_adapter_usable(field: Field):
    watch = await field.watch()
    found = await field.find()
    for after in range(0, 100, 3):
        attempt = asyncio.create_task(BleakClient(found, backend=field.adapter.client).connect())
        await turns(after)
        attempt.cancel()
        await asyncio.wait({attempt})
        await until(lambda: field.adapter.links == 0 and not watch.connected)
    client = await field.client()
    assert await client.read_gatt_char(number(BATTERY_LEVEL))


async def test_a_full_adapter_says_that_it_is_full(field: Field):
    field.adapter.slots = 1
    await field.watch()
    other = "C1:00:00:00:00:02"
    await field.watch(address=other)
    await field.client()
    second = await field.find(other)
    with pytest.raises(BleakError, match="no connection slot left: the adapter holds 1"):
        await BleakClient(second, backend=field.adapter.client).connect()


async def test_an_address_that_no_scan_has_found_cannot_be_connected_to(field: Field):
    with pytest.raises(BleakDeviceNotFoundError):
        await BleakClient(ADDRESS, backend=field.adapter.client).connect()


async def test_a_hang_up_during_a_read_is_an_error_of_that_read(field: Field):
    asked, never = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        asked.set()
        await never.wait()

    watch = await field.watch(before_read=stall)
    client = await field.client()
    read = asyncio.create_task(client.read_gatt_char(number(BATTERY_LEVEL)))
    await asked.wait()
    await watch.hang_up()
    with pytest.raises(BleakError, match="disconnected during a request"):
        await read
    never.set()


async def test_a_read_that_the_watch_refuses_says_why(field: Field):
    async def refuse() -> None:
        raise ATT_Error(ErrorCode.INSUFFICIENT_AUTHENTICATION)

    await field.watch(before_read=refuse)
    client = await field.client()
    with pytest.raises(BleakGATTProtocolError, match="Insufficient Authentication"):
        await client.read_gatt_char(number(BATTERY_LEVEL))


async def test_a_silent_watch_stays_connected(field: Field):
    watch = await field.watch()
    client = await field.client()
    taken = await field.subscribed(client, *BOTH)
    watch.silent = True
    await field.clock.advance(5)
    assert taken == []
    assert client.is_connected


async def test_a_paced_run_is_as_long_as_itself_on_its_clock(field: Field):
    clock = PacedClock(1_000, START_MS)
    async with clock.running(), Watch(field.air, Steady(300), ADDRESS, clock, advertising_ms=SOON_MS) as watch:
        await field.subscribed(await field.client(), *BOTH)
        await watch.finished.wait()
        assert watch.start_ms is not None
        assert 0 <= clock.now_ms() - watch.start_ms - 299_000 < 60_000
        assert watch.sent == {HEART_RATE_MEASUREMENT: 300, RSC_MEASUREMENT: 300}
