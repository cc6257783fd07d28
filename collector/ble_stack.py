"""Bluetooth as the collector needs it: scan, connect, subscribe, read. The only bleak import of the collector."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from crampwatch.errors import CrampwatchError, Misconfigured, Unavailable

log = logging.getLogger(__name__)

#: Wall seconds that a connection, with its discovery of services, may take.
CONNECT_TIMEOUT_S = 20.0
#: Wall seconds that any other operation may take: a read that needs pairing never returns on BlueZ.
OPERATION_TIMEOUT_S = 10.0

_SETTING = "bluetooth"
#: What bleak's backends let through when a link goes in the middle of a call.
_LEAKS = (AssertionError, AttributeError, KeyError)
_BASE_UUID = "-0000-1000-8000-00805f9b34fb"
_Reason = BleakBluetoothNotAvailableReason
_ON_MACOS = sys.platform == "darwin"
_ALLOW = (
    "allow Bluetooth for your terminal in System Settings, Privacy & Security, Bluetooth"
    if _ON_MACOS
    else "let this user talk to BlueZ: add it to the group `bluetooth`, or see the policy of your D-Bus"
)
_SWITCH_ON = (
    "switch Bluetooth on in the Control Centre"
    if _ON_MACOS
    else "switch the adapter on: `bluetoothctl power on` (after `rfkill unblock bluetooth` if it is blocked)"
)
_REMEDIES = {
    _Reason.NO_BLUETOOTH: "this machine has no Bluetooth adapter; plug one in, or try `crampwatch demo`",
    _Reason.NO_BLE_CENTRAL_ROLE: "the Bluetooth adapter cannot do Low Energy; plug in one that can (4.0 or later)",
    _Reason.POWERED_OFF: f"Bluetooth is off; {_SWITCH_ON}",
    _Reason.DENIED_BY_USER: f"Bluetooth is not allowed; {_ALLOW}",
    _Reason.DENIED_BY_SYSTEM: f"Bluetooth is not allowed; {_ALLOW}",
    _Reason.DENIED_BY_UNKNOWN: f"Bluetooth is not allowed; {_ALLOW}",
}
_DBUS_REMEDIES = {
    "org.bluez.Error.NotReady": f"the Bluetooth adapter is not ready; {_SWITCH_ON}",
    "org.bluez.Error.NotAuthorized": f"Bluetooth is not allowed; {_ALLOW}",
    "org.freedesktop.DBus.Error.AccessDenied": f"Bluetooth is not allowed; {_ALLOW}",
}
#: Who is missing while BlueZ is not running: it may be on its way, as after the start of the machine.
_NOT_RUNNING = "org.freedesktop.DBus.Error.ServiceUnknown"


class NotRunning(Unavailable):
    """BlueZ is not running; the message says how to start it."""


class Backend(Protocol):
    """A radio that bleak can use instead of the machine's own, such as the virtual adapter."""

    @property
    def scanner(self) -> type[BaseBleakScanner]:
        """Bleak's scanner backend."""
        ...

    @property
    def client(self) -> type[BaseBleakClient]:
        """Bleak's client backend."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """One advertisement. ``handle`` is what the stack connects with; nobody else looks into it."""

    address: str
    name: str | None
    services: frozenset[int]
    rssi_dbm: int
    handle: BLEDevice


class Link:
    """One connection to one sensor; made anew each time, because a used one may deliver everything twice.

    Args:
        sighting: where to connect to, as fresh as possible.
        backend: the radio, None for the machine's own.
        on_lost: called when the radio says that the link is gone. A hint: it may never come.
        connect_timeout_s: wall seconds for :meth:`open`.
        operation_timeout_s: wall seconds for every other call.
    """

    def __init__(
        self,
        sighting: Sighting,
        backend: Backend | None,
        on_lost: Callable[[], None],
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        operation_timeout_s: float = OPERATION_TIMEOUT_S,
    ) -> None:
        self._address = sighting.address
        self._connect_timeout_s = connect_timeout_s
        self._operation_timeout_s = operation_timeout_s
        self._client = BleakClient(
            sighting.handle,
            lambda _: on_lost(),
            timeout=connect_timeout_s,
            backend=None if backend is None else backend.client,
        )
        self._found: dict[int, BleakGATTCharacteristic] = {}
        self.services: frozenset[int] = frozenset()

    async def open(self) -> None:
        """Connect and learn what the sensor offers.

        Raises:
            Unavailable: it did not answer in time, or hung up; try again.
        """
        async with _operation(f"connecting to {self._address}", self._connect_timeout_s):
            await self._client.connect()
            # The first of two characteristics with one UUID is taken; handles differ between systems.
            for handle in sorted(self._client.services.characteristics, reverse=True):
                characteristic = self._client.services.characteristics[handle]
                if (number := _short(characteristic.uuid)) is not None:
                    self._found[number] = characteristic
            self.services = frozenset(
                number for one in self._client.services if (number := _short(one.uuid)) is not None
            )

    def offers(self, characteristic: int, what: str = "read") -> bool:
        """Whether the sensor has this characteristic with the property ``what`` ("read", "notify")."""
        found = self._found.get(characteristic)
        return found is not None and what in found.properties

    async def subscribe(self, characteristic: int, callback: Callable[[bytes], None]) -> None:
        """Have every notification handed to ``callback``.

        Raises:
            Unavailable: it could not be subscribed to now.
        """
        async with _operation(f"subscribing to 0x{characteristic:04x} of {self._address}", self._operation_timeout_s):
            await self._client.start_notify(self._found[characteristic], lambda _, payload: callback(bytes(payload)))

    async def read(self, characteristic: int) -> bytes:
        """Read a value.

        Raises:
            Unavailable: it could not be read now.
        """
        async with _operation(f"reading 0x{characteristic:04x} of {self._address}", self._operation_timeout_s):
            return bytes(await self._client.read_gatt_char(self._found[characteristic]))

    @property
    def up(self) -> bool:
        """What the radio thinks of the link; a dead BlueZ keeps saying yes."""
        return self._client.is_connected

    async def close(self) -> None:
        """Hang up. Never raises: after a lost link there may be nothing left to hang up."""
        try:
            async with _operation(f"hanging up {self._address}", self._operation_timeout_s):
                await self._client.disconnect()
        except CrampwatchError as error:
            log.debug("%s", error)


@contextlib.asynccontextmanager
async def scanning(on_sighting: Callable[[Sighting], None], backend: Backend | None) -> AsyncIterator[None]:
    """Listen to advertisements while the block runs.

    No filter by service: some bands advertise none (and are wanted by address), and filters differ per system.

    Raises:
        Misconfigured: there is no usable Bluetooth; the message says what to do.
        Unavailable: scanning could not begin now; try again.
    """

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        services = frozenset(number for uuid in data.service_uuids if (number := _short(uuid)) is not None)
        on_sighting(Sighting(device.address, data.local_name or device.name, services, data.rssi, device))

    with _translated("starting to scan"):
        scanner = BleakScanner(on_advertisement, backend=None if backend is None else backend.scanner)
    try:
        async with _operation("starting to scan", OPERATION_TIMEOUT_S):
            await scanner.start()
        yield
    finally:
        try:
            async with _operation("ending the scan", OPERATION_TIMEOUT_S):
                await scanner.stop()
        except CrampwatchError as error:
            log.debug("%s", error)


@contextlib.asynccontextmanager
async def _operation(doing: str, timeout_s: float) -> AsyncIterator[None]:
    task = asyncio.current_task()
    cancelled_before = task.cancelling() if task is not None else 0
    with _translated(doing):
        async with asyncio.timeout(timeout_s):
            yield
    if task is not None and task.cancelling() > cancelled_before:
        # asyncio.wait_for of Python 3.11, which backends use, swallows a cancellation that comes with the answer.
        raise asyncio.CancelledError


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Bleak's exceptions, and those it lets through from below, as ours; sorted by type."""
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        remedy = _REMEDIES.get(error.reason)
        if remedy is None:
            raise Unavailable(f"{doing}: {error}") from error
        raise Misconfigured(_SETTING, remedy) from error
    except BleakDBusError as error:
        if error.dbus_error == _NOT_RUNNING:
            raise NotRunning("BlueZ is not running; start it: `sudo systemctl start bluetooth`") from error
        remedy = _DBUS_REMEDIES.get(error.dbus_error)
        if remedy is None:
            raise Unavailable(f"{doing}: {error}") from error
        raise Misconfigured(_SETTING, remedy) from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise Misconfigured(
            _SETTING, "there is no D-Bus, so no BlueZ; install and start it: `sudo apt-get install bluez`"
        ) from error
    except PermissionError as error:
        raise Misconfigured(_SETTING, f"Bluetooth is not allowed; {_ALLOW}") from error
    except TimeoutError as error:
        raise Unavailable(f"{doing}: no answer in time") from error
    except (BleakError, OSError, EOFError, *_LEAKS) as error:
        raise Unavailable(f"{doing}: {error or type(error).__name__}") from error


def _short(uuid: str) -> int | None:
    """The 16-bit number of an assigned UUID, None for a vendor's own.

    >>> hex(_short("0000180d-0000-1000-8000-00805f9b34fb"))
    '0x180d'
    """
    lower = uuid.lower()
    return int(lower[4:8], 16) if lower.startswith("0000") and lower.endswith(_BASE_UUID) else None
