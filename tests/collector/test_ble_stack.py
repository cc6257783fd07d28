"""What a radio that fails looks like to the rest of the collector: sorted by remedy, with the remedy in words."""

import asyncio
import contextlib
import random
from typing import Any, ClassVar

import pytest
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from collector.ble import BleSource
from collector.ble_follow import BACKOFF_MOST_S, backoff_s
from collector.ble_stack import _operation, scanning
from crampwatch.errors import Misconfigured, Unavailable
from tests.collector.radio.rig import nothing_left_running, turns, until
from tests.support.clocks import ManualClock

Reason = BleakBluetoothNotAvailableReason


class BrokenRadio:
    """A radio whose scan fails with the next of these errors, and works when they are used up."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.starts = 0
        self.scanning = False
        self.scanner: type[BaseBleakScanner] = type("BrokenScanner", (_BrokenScanner,), {"radio": self})

    @property
    def client(self) -> type[BaseBleakClient]:
        raise AssertionError("nobody connects here")


class _BrokenScanner(BaseBleakScanner):
    radio: ClassVar[BrokenRadio]

    def __init__(self, detection_callback: Any, service_uuids: Any, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.radio.starts += 1
        if self.radio.errors:
            raise self.radio.errors.pop(0)
        self.radio.scanning = True

    async def stop(self) -> None:
        self.radio.scanning = False


def not_available(reason: Reason) -> BleakError:
    return BleakBluetoothNotAvailableError("in bleak's words", reason)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (not_available(Reason.NO_BLUETOOTH), "no Bluetooth adapter; plug one in"),
        (not_available(Reason.NO_BLE_CENTRAL_ROLE), "cannot do Low Energy"),
        (not_available(Reason.POWERED_OFF), "Bluetooth is off; switch"),
        (not_available(Reason.DENIED_BY_USER), "not allowed; "),
        (not_available(Reason.DENIED_BY_SYSTEM), "not allowed; "),
        (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), "not ready; switch"),
        (FileNotFoundError(2, "No such file or directory"), "there is no D-Bus"),
        (PermissionError(13, "denied"), "not allowed; "),
    ],
)
async def test_a_machine_without_usable_bluetooth_is_told_what_to_do(error: Exception, remedy: str):
    async with nothing_left_running():
        stream = BleSource(clock=ManualClock(), adapter=BrokenRadio(error)).arrivals()
        with pytest.raises(Misconfigured, match=remedy) as wrong:
            await anext(stream)
        assert wrong.value.setting == "bluetooth"


GONE = BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["gone"])


async def test_without_bluez_a_command_ends_and_may_work_later():
    async with nothing_left_running():
        with pytest.raises(Unavailable, match="BlueZ is not running; start it"):
            await anext(BleSource(clock=ManualClock(), adapter=BrokenRadio(GONE)).arrivals())


async def test_a_scan_that_cannot_begin_is_a_problem_of_the_source_until_it_can():
    clock = ManualClock()
    source = BleSource(clock=clock, adapter=BrokenRadio(BleakError("no answer from the chip")), rng=random.Random(1))
    assert source.problems() == ()
    listener = asyncio.create_task(anext(source.arrivals()))
    try:
        await until(lambda: source.problems() != ())
        (problem,) = source.problems()
        assert problem.startswith("Bluetooth cannot scan, trying until it can: starting to scan: no answer from the")
    finally:
        listener.cancel()
        await asyncio.wait({listener})


@pytest.mark.parametrize(
    "error",
    [
        BleakDBusError("org.bluez.Error.InProgress", ["Operation already in progress"]),
        not_available(Reason.UNKNOWN),
        BleakError("any"),
        TimeoutError(),
        EOFError(),
        ConnectionResetError(),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_hiccup_of_the_radio_is_worth_another_try(error: Exception):
    radio = BrokenRadio(error)
    with pytest.raises(Unavailable, match="starting to scan"):
        async with scanning(lambda _: None, radio):
            pytest.fail("it cannot scan")


async def test_a_scan_that_does_not_begin_is_tried_again_warned_of_once_and_its_end_is_told(caplog):
    caplog.set_level("INFO")
    hiccup = BleakDBusError("org.bluez.Error.InProgress", ["busy"])
    radio, clock = BrokenRadio(hiccup, hiccup, hiccup), ManualClock()
    stream = BleSource(clock=clock, adapter=radio, rng=random.Random(3)).arrivals()
    reading = asyncio.create_task(anext(stream))
    while not radio.scanning:
        await clock.advance(1)
    assert radio.starts == 4
    assert [record.levelname for record in caplog.records if record.levelname != "DEBUG"] == ["WARNING", "INFO"]
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    await stream.aclose()
    assert not radio.scanning


async def test_a_cancellation_that_a_backend_swallows_still_cancels():
    async def swallowing() -> str:
        async with _operation("reading", 10.0):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return "went on as if nothing had happened"

    task = asyncio.create_task(swallowing())
    await turns(2)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_an_operation_that_takes_too_long_is_given_up():
    with pytest.raises(Unavailable, match="reading: no answer in time"):
        async with _operation("reading", 0.01):
            await asyncio.Event().wait()


def test_pauses_grow_with_failures_up_to_a_bound_and_are_spread():
    rng = random.Random(5)
    longest = [max(backoff_s(failures, rng) for _ in range(200)) for failures in range(12)]
    assert 0.9 < longest[0] <= 1.0
    assert longest[3] > 4.0
    assert max(longest) <= BACKOFF_MOST_S
    assert min(backoff_s(11, rng) for _ in range(200)) < 1.0
