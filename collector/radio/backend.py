"""bleak's scanner and client over a virtual adapter.

bleak calls its backend interface unstable: tests/canary names what we lean on.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Peer

from .air import whole

if TYPE_CHECKING:
    from .adapter import VirtualAdapter  # it makes its own classes of these

_MTU = 247
_DEFAULT_MTU = 23
_ATT_HEADER = 3
_AD = AdvertisingData.Type
_UUID_LISTS = (
    _AD.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    _AD.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    _AD.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    _AD.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)
_T = TypeVar("_T")


class Scanner(BaseBleakScanner):
    """bleak's scanner over the adapter."""

    adapter: ClassVar["VirtualAdapter"]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: Literal["active", "passive"] = "active",
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"
        self._scanning = False
        # Devices repeat themselves ten times a second, and bumble parses slowly.
        self._parsed: dict[str, tuple[list[tuple[AdvertisingData.Type, bytes]], AdvertisementData]] = {}

    async def start(self) -> None:
        """Begin to scan."""
        self.seen_devices = {}
        self._scanning = True
        self.adapter.device.on("advertisement", self._on_advertisement)
        await self.adapter.scan(active=self._active)

    async def stop(self) -> None:
        """End the scan; others may go on. Nothing happens when it was not begun."""
        if not self._scanning:
            return
        self._scanning = False
        self.adapter.device.remove_listener("advertisement", self._on_advertisement)
        await self.adapter.end_scan()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        address = advertisement.address.to_string(with_type_qualifier=False)
        structures = advertisement.data.ad_structures
        known = self._parsed.get(address)
        if known is None or known[0] != structures:
            known = self._parsed[address] = structures, _parse(advertisement)
        found = known[1]._replace(rssi=advertisement.rssi, platform_data=(advertisement,))
        if self.is_allowed_uuid(found.service_uuids):
            device = self.create_or_update_device(address, address, found.local_name, advertisement.address, found)
            self.call_detection_callbacks(device, found)


class Client(BaseBleakClient):
    """bleak's client over the adapter."""

    adapter: ClassVar["VirtualAdapter"]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The advertised name, else the address as bleak writes it."""
        known = self._device.name if self._device else None
        return known or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """The negotiated MTU, bytes."""
        return self._peer.gatt_client.mtu if self._peer else _DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        """Connect to a device that a scan has found, and discover all it has."""
        if pair:
            raise BleakError("the virtual radio does not pair")
        if self.is_connected:
            raise BleakError("Client is already connected")
        if self._device is None:
            # Handles are the scanner's, and it is the caller's job to have one (see bleak on BLEDevice or address).
            raise BleakDeviceNotFoundError(self.address, f"{self.address} was not found by a scan")
        async with asyncio.timeout(self._timeout):
            connection = await self.adapter.connect(cast("hci.Address", self._device.details))
            self._connection, self._peer = connection, Peer(connection)
            connection.on("disconnection", self._on_disconnection)
            try:
                await self._discover()
            except BaseException:
                await self._hang_up_silently()
                raise

    async def disconnect(self) -> None:
        """Hang up; nothing happens without a link."""
        if self._connection is not None:
            with contextlib.suppress(hci.HCI_Error, core.BaseBumbleError):
                await whole(self._connection.disconnect(hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR))

    async def pair(self, *_: Any, **__: Any) -> None:
        """Refused: no virtual watch asks for it."""
        raise BleakError("the virtual radio does not pair")

    async def unpair(self) -> None:
        """Refused: no virtual watch asks for it."""
        raise BleakError("the virtual radio does not pair")

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """Read a characteristic; nothing is cached."""
        del use_cached
        return bytearray(await self._call(lambda peer: peer.read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """Read a descriptor; nothing is cached."""
        del use_cached
        return bytearray(await self._call(lambda peer: peer.read_value(descriptor.obj)))

    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,
    ) -> None:
        """Write a characteristic."""
        await self._call(lambda peer: peer.write_value(characteristic.obj, bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        await self._call(lambda peer: peer.write_value(descriptor.obj, bytes(data), with_response=True))

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any) -> None:
        """Subscribe; the callback is known before the watch may send."""

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        self._subscribers[characteristic.handle] = subscriber
        await self._call(lambda peer: peer.subscribe(characteristic.obj, subscriber))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        subscriber = self._subscribers.pop(characteristic.handle, None)
        await self._call(lambda peer: peer.unsubscribe(characteristic.obj, subscriber))

    async def _discover(self) -> None:
        await self._call(lambda peer: peer.request_mtu(_MTU))
        await self._call(lambda peer: peer.discover_all())  # type: ignore[no-untyped-call] # bumble leaves it untyped
        found = BleakGATTServiceCollection()
        for service in self._peer.services if self._peer else ():
            ours = BleakGATTService(service, service.handle, _text(service.uuid))
            found.add_service(ours)
            for one in service.characteristics:
                properties = list(gatt_char_props_to_strs(one.properties))
                characteristic = BleakGATTCharacteristic(
                    one, one.handle, _text(one.uuid), properties, lambda: self.mtu_size - _ATT_HEADER, ours
                )
                found.add_characteristic(characteristic)
                for descriptor in one.descriptors:
                    kind = _text(descriptor.type)
                    found.add_descriptor(BleakGATTDescriptor(descriptor, descriptor.handle, kind, characteristic))
        self.services = found

    async def _hang_up_silently(self) -> None:
        self._disconnected_callback = None
        with contextlib.suppress(BleakError):
            await self.disconnect()

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = self._peer = self.services = None
        self._subscribers.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def _call(self, procedure: Callable[[Peer], Awaitable[_T]]) -> _T:
        """Run one GATT procedure, its failures as bleak's own."""
        task = asyncio.current_task()
        cancelled_before = task.cancelling() if task is not None else 0
        if self._peer is None:
            raise BleakError("Not connected")
        try:
            result = await procedure(self._peer)
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except core.TimeoutError as error:
            raise TimeoutError(str(error)) from error
        except asyncio.CancelledError:
            # bumble cancels its pending request when the link goes: that is not our task being cancelled.
            if self._connection is None and task is not None and not task.cancelling():
                raise BleakError("disconnected during a request") from None
            raise
        if task is not None and task.cancelling() > cancelled_before:
            raise asyncio.CancelledError  # swallowed by bumble's wait_for, as Python 3.11's does beside an answer
        return result


def _text(value: UUID) -> str:
    """A UUID as bleak writes it: 128 bits, lower case."""
    return str(uuid.UUID(bytes=bytes(reversed(value.to_bytes(force_128=True)))))


def _parse(advertisement: Advertisement) -> AdvertisementData:
    data = advertisement.data
    lists = [cast("list[UUID]", many) for kind in _UUID_LISTS for many in data.get_all(kind)]
    return AdvertisementData(
        local_name=data.get(_AD.COMPLETE_LOCAL_NAME) or data.get(_AD.SHORTENED_LOCAL_NAME),
        manufacturer_data=dict(data.get_all(_AD.MANUFACTURER_SPECIFIC_DATA)),
        service_data={},
        service_uuids=[_text(one) for many in lists for one in many],
        tx_power=data.get(_AD.TX_POWER_LEVEL),
        rssi=advertisement.rssi,
        platform_data=(advertisement,),
    )
