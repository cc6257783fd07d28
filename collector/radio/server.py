"""The GATT server of a virtual watch: its services, who is subscribed, and its advertisement."""

import asyncio
import contextlib
import functools
import struct
from collections.abc import Awaitable, Callable, Collection

from bumble import hci
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from collector.gatt.battery import encode_battery
from collector.gatt.strings import encode_string
from collector.source import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, RSC_MEASUREMENT

from .air import Radio

HEART_RATE_SERVICE = 0x180D
RSC_SERVICE = 0x1814
BATTERY_SERVICE = 0x180F
DEVICE_INFORMATION_SERVICE = 0x180A
IMMEDIATE_ALERT_SERVICE = 0x1802
ALERT_LEVEL = 0x2A06

#: What each measuring service notifies.
MEASURED_BY = {HEART_RATE_SERVICE: HEART_RATE_MEASUREMENT, RSC_SERVICE: RSC_MEASUREMENT}

_BODY_SENSOR_LOCATION = 0x2A38
_ON_THE_WRIST = b"\x02"
_RSC_FEATURE = 0x2A54
_DISTANCE_AND_GAIT = struct.pack("<H", 0b110)
_MODEL_NUMBER, _SERIAL_NUMBER, _FIRMWARE_REVISION, _MANUFACTURER_NAME = 0x2A24, 0x2A25, 0x2A26, 0x2A29
_SPORTS_WATCH = struct.pack("<H", 0x00C1)
_GENERAL_DISCOVERABLE_LE_ONLY = b"\x06"
_LONGEST_NAME = 29
_SLOT_MS = 0.625
_AD = AdvertisingData.Type


class GattServer:
    """Heart Rate, Running Speed and Cadence, Battery, Device Information and Immediate Alert on one radio.

    Args:
        radio: its controller on the air.
        name: advertised in the scan response, cut to 29 bytes.
        address: random static address.
        services: which measuring services it offers.
        advertises: whether they stand in its advertisement; some bands keep them back.
        serial: its serial number.
        battery_percent: asked whenever the level is read.
        before_read: awaited before every read is answered.

    Attributes:
        subscribed: the characteristics that the central has asked to be notified of.
        alerts: levels written to Immediate Alert, in order.
        news: set when a subscription comes or goes.
        free: set when there is no link (any more), so that it may advertise.
    """

    def __init__(
        self,
        radio: Radio,
        name: str,
        address: str,
        *,
        services: Collection[int],
        advertises: bool,
        serial: str,
        battery_percent: Callable[[], int],
        before_read: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self.subscribed: set[int] = set()
        self.alerts: list[int] = []
        self.news = asyncio.Event()
        self.free = asyncio.Event()
        self._before_read = before_read
        self._notifying: dict[int, Characteristic[bytes]] = {}
        config = DeviceConfiguration(name=name, address=hci.Address(address), keystore=None)
        self._device = Device(config=config, host=Host(radio, AsyncPipeSink(radio)))
        self._device.add_services(self._make_services(services, serial, battery_percent))
        self._device.advertising_data = _advertisement((*services, BATTERY_SERVICE) if advertises else ())
        self._device.scan_response_data = _scan_response(name)
        self._device.on("connection", self._on_connection)

    @property
    def connected(self) -> bool:
        """Whether a central holds a link."""
        return bool(self._device.connections)

    async def power_on(self) -> None:
        """Switch the radio on; nothing is sent yet."""
        await self._device.power_on()
        self.free.set()

    async def power_off(self) -> None:
        """Hang up, fall silent and switch the radio off."""
        await self.fall_silent()
        await self._device.power_off()

    async def advertise(self, every_ms: float) -> None:
        """Advertise until a central connects."""
        interval_ms = every_ms * _SLOT_MS  # the virtual controller counts slots as if they were milliseconds
        await self._device.start_advertising(advertising_interval_min=interval_ms, advertising_interval_max=interval_ms)

    async def fall_silent(self) -> None:
        """Stop advertising and close the link."""
        with contextlib.suppress(BaseBumbleError, hci.HCI_Error):
            await self._device.stop_advertising()
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close the link in order; what was sent before still arrives."""
        for connection in list(self._device.connections.values()):
            with contextlib.suppress(BaseBumbleError, hci.HCI_Error):
                await connection.disconnect()

    async def notify(self, characteristic: int, payload: bytes) -> bool:
        """Send one notification, in this turn of the loop; whether anybody is subscribed."""
        if characteristic not in self.subscribed:
            return False
        for connection in list(self._device.connections.values()):
            await self._device.notify_subscriber(connection, self._notifying[characteristic], payload)
        return True

    def _make_services(
        self, services: Collection[int], serial: str, battery_percent: Callable[[], int]
    ) -> list[Service]:
        texts = {
            _MANUFACTURER_NAME: "crampwatch",
            _MODEL_NUMBER: "Virtual Watch",
            _SERIAL_NUMBER: serial,
            _FIRMWARE_REVISION: "1.0",
        }
        made: dict[int, list[Characteristic[bytes]]] = {
            BATTERY_SERVICE: [self._readable(BATTERY_LEVEL, lambda: encode_battery(battery_percent()), notify=True)],
            DEVICE_INFORMATION_SERVICE: [
                self._readable(uuid, functools.partial(encode_string, text)) for uuid, text in texts.items()
            ],
            IMMEDIATE_ALERT_SERVICE: [self._alert_level()],
        }
        if HEART_RATE_SERVICE in services:
            location = self._readable(_BODY_SENSOR_LOCATION, lambda: _ON_THE_WRIST)
            made[HEART_RATE_SERVICE] = [self._notified(HEART_RATE_MEASUREMENT), location]
        if RSC_SERVICE in services:
            features = self._readable(_RSC_FEATURE, lambda: _DISTANCE_AND_GAIT)
            made[RSC_SERVICE] = [self._notified(RSC_MEASUREMENT), features]
        return [Service(UUID.from_16_bits(service), characteristics) for service, characteristics in made.items()]

    def _readable(self, uuid: int, value: Callable[[], bytes], *, notify: bool = False) -> Characteristic[bytes]:
        async def read(_connection: object) -> bytes:
            if self._before_read is not None:
                await self._before_read()
            return value()

        properties = Characteristic.Properties.READ
        if notify:
            properties |= Characteristic.Properties.NOTIFY
        made: Characteristic[bytes] = Characteristic(
            UUID.from_16_bits(uuid), properties, Characteristic.READABLE, CharacteristicValue(read=read)
        )
        return self._watched(uuid, made) if notify else made

    def _notified(self, uuid: int) -> Characteristic[bytes]:
        properties = Characteristic.Properties.NOTIFY
        made: Characteristic[bytes] = Characteristic(
            UUID.from_16_bits(uuid), properties, Characteristic.Permissions(0), b""
        )
        return self._watched(uuid, made)

    def _alert_level(self) -> Characteristic[bytes]:
        return Characteristic(
            UUID.from_16_bits(ALERT_LEVEL),
            Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
            Characteristic.WRITEABLE,
            CharacteristicValue(write=lambda _connection, value: self.alerts.extend(value[:1])),
        )

    def _watched(self, uuid: int, made: Characteristic[bytes]) -> Characteristic[bytes]:
        def on_subscription(_connection: object, notify: bool, _indicate: bool) -> None:
            (self.subscribed.add if notify else self.subscribed.discard)(uuid)
            self.news.set()

        made.on(Characteristic.EVENT_SUBSCRIPTION, on_subscription)
        self._notifying[uuid] = made
        return made

    def _on_connection(self, connection: Connection) -> None:
        connection.on("disconnection", self._on_disconnection)

    def _on_disconnection(self, _reason: int) -> None:
        self.subscribed.clear()
        self.news.set()
        self.free.set()


def _advertisement(services: Collection[int]) -> bytes:
    parts = [(_AD.FLAGS, _GENERAL_DISCOVERABLE_LE_ONLY), (_AD.APPEARANCE, _SPORTS_WATCH)]
    if services:
        uuids = struct.pack(f"<{len(services)}H", *services)
        parts.append((_AD.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, uuids))
    return bytes(AdvertisingData(parts))


def _scan_response(name: str) -> bytes:
    whole_letters = name.encode()[:_LONGEST_NAME].decode(errors="ignore").encode()
    return bytes(AdvertisingData([(_AD.COMPLETE_LOCAL_NAME, whole_letters)]))
