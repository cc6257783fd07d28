"""A virtual sports watch: a real GATT server on the air that sends what its wearer's body does."""

import asyncio
import contextlib
import logging
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Self

from bumble import hci
from bumble.att import Attribute
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from collector.gatt.battery import encode_battery
from collector.source import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, RSC_MEASUREMENT
from collector.wearer import Reading, Wearer
from crampwatch.clock import Clock
from crampwatch.units import CadenceUnit

from .air import USUAL_RSSI_DBM, Air, Radio
from .payloads import payloads

log = logging.getLogger(__name__)

HEART_RATE_SERVICE = 0x180D
RSC_SERVICE = 0x1814
BATTERY_SERVICE = 0x180F
DEVICE_INFORMATION_SERVICE = 0x180A
IMMEDIATE_ALERT_SERVICE = 0x1802
ALERT_LEVEL = 0x2A06

#: A central that wants only one of two measurements must not wait for ever, seconds of run time.
PATIENCE_S = 60.0
_MEASURED_BY = {HEART_RATE_SERVICE: HEART_RATE_MEASUREMENT, RSC_SERVICE: RSC_MEASUREMENT}
_WRIST = 0x02
_APPEARANCE_SPORTS_WATCH = 0x00C1
_GENERAL_DISCOVERABLE_LE_ONLY = b"\x06"
_LONGEST_NAME = 29
_AD = AdvertisingData.Type
_SLOT_MS = 0.625


class Watch:
    """A watch on a wrist. It advertises until a central comes, sends while one is subscribed, and ends with the run.

    The wearer stands still until the first central has subscribed to everything the watch measures (or
    :data:`PATIENCE_S` after its first subscription), then starts to run: nothing is lost before that. From then
    on the reading of second ``t_s`` goes out at ``start + t_s`` of ``clock``, whatever happened before; a second in
    which nobody is subscribed is not sent, as a lost link loses it. After the last reading the link is closed
    and the watch stops advertising; :attr:`finished` is set.

    Args:
        air: where it sends.
        wearer: whose readings it sends; their cadence counts steps.
        address: its random static address, such as ``C1:00:00:00:00:01``.
        clock: the run's time.
        name: advertised name, cut to 29 bytes; the wearer's name when None.
        cadence_counts: what the watch sends as cadence: steps as they are, or strides, which are half as many.
        battery_percent: its battery level.
        serial: its Device Information serial number; made from the address when None.
        services: which of heart rate (0x180D) and running speed and cadence (0x1814) it offers.
        rssi_dbm: how strong it is heard.
        advertising_ms: how often it advertises, wall milliseconds.
        before_read: awaited before every read is answered; a test stalls or refuses reads with it.

    Attributes:
        sent: notifications sent to a subscriber, by characteristic.
        unsendable: readings (parts) that do not fit their characteristic and were not sent.
        alerts: levels written to Immediate Alert, in order.
        silent: while true it stays connected and sends nothing.
        start_ms: when the wearer started to run, None before.
        finished: set after the last reading.
    """

    def __init__(
        self,
        air: Air,
        wearer: Wearer,
        address: str,
        clock: Clock,
        *,
        name: str | None = None,
        cadence_counts: CadenceUnit = CadenceUnit.STEPS,
        battery_percent: int = 87,
        serial: str | None = None,
        services: Collection[int] = (HEART_RATE_SERVICE, RSC_SERVICE),
        rssi_dbm: int = USUAL_RSSI_DBM,
        advertising_ms: float = 100.0,
        before_read: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        if cadence_counts is CadenceUnit.UNDECIDED:
            raise ValueError("a watch counts steps or strides")
        self.name = wearer.name if name is None else name
        self.address = address
        self.serial = f"CW-{address.replace(':', '')[-6:]}" if serial is None else serial
        self.sent: Counter[int] = Counter()
        self.unsendable = 0
        self.alerts: list[int] = []
        self.silent = False
        self.start_ms: int | None = None
        self.finished = asyncio.Event()
        self._air, self._wearer, self._clock = air, wearer, clock
        self._cadence_counts = cadence_counts
        self._battery_percent = battery_percent
        self._services = tuple(service for service in _MEASURED_BY if service in services)
        self._advertising_ms = advertising_ms
        self._before_read = before_read
        self._subscribed: set[int] = set()
        self._news = asyncio.Event()
        self._free = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._notifying: dict[int, Characteristic[bytes]] = {}
        self._radio = Radio(self.name, air)
        air.rssi_dbm[self._radio] = rssi_dbm
        self._device = self._make_device()

    # --- life ---

    async def start(self) -> Self:
        """Switch on and advertise."""
        await self._device.power_on()
        self._free.set()
        self._tasks = [
            asyncio.create_task(self._advertise_when_free(), name=f"{self.name} advertises"),
            asyncio.create_task(self._wear(), name=f"{self.name} is worn"),
        ]
        return self

    async def stop(self) -> None:
        """Switch off: nothing is sent any more, the link is closed, the watch leaves the air."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []
        with contextlib.suppress(BaseBumbleError):
            await self._device.stop_advertising()
            await self.hang_up()
        await self._device.power_off()
        self._air.forget(self._radio)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- what happens to a watch ---

    def lose_link(self) -> None:
        """Lose the link without a word, as after a supervision timeout; it advertises again at once."""
        self._air.lose_link(self._radio)

    def go_out_of_range(self) -> None:
        """Walk away: the link is lost and nothing is heard any more."""
        self._air.leave(self._radio)

    def come_back(self) -> None:
        """Walk into range again."""
        self._air.come_back(self._radio)

    def turn_deaf(self, *, deaf: bool = True) -> None:
        """Advertise on, but answer no attempt to connect."""
        self._air.turn_deaf(self._radio, deaf=deaf)

    async def hang_up(self) -> None:
        """Close the link in order, as when the user stops the broadcast for a moment."""
        for connection in list(self._device.connections.values()):
            with contextlib.suppress(BaseBumbleError, hci.HCI_Error):
                await connection.disconnect()

    async def set_battery(self, percent: int) -> None:
        """Change the battery level and notify it."""
        self._battery_percent = percent
        await self.send(BATTERY_LEVEL, encode_battery(percent))

    async def send(self, characteristic: int, payload: bytes) -> bool:
        """Notify ``payload`` as it is; whether somebody is subscribed to it."""
        if characteristic not in self._subscribed:
            return False
        for connection in list(self._device.connections.values()):
            await self._device.notify_subscriber(connection, self._notifying[characteristic], payload)
        self.sent[characteristic] += 1
        return True

    @property
    def connected(self) -> bool:
        """Whether a central holds a link."""
        return bool(self._device.connections)

    # --- inside ---

    async def _wear(self) -> None:
        await self._until_listened_to()
        await self._clock.sleep(0)  # an appointment: a paced clock stands still at it, so that the start is exact
        self.start_ms = self._clock.now_ms()
        for t_s, reading in self._wearer.readings():
            due_ms = self.start_ms + t_s * 1_000
            await self._clock.sleep((due_ms - self._clock.now_ms()) / 1_000)
            await self._send_reading(reading)
        self._tasks[0].cancel()
        await self._device.stop_advertising()
        await self.hang_up()
        self.finished.set()
        log.debug("%s: the run is over, sent %s", self.name, dict(self.sent))

    async def _until_listened_to(self) -> None:
        wanted = {_MEASURED_BY[service] for service in self._services}
        patience: asyncio.Task[None] | None = None
        try:
            while not wanted <= self._subscribed and not (patience and patience.done() and self._subscribed & wanted):
                if patience is None and self._subscribed & wanted:
                    patience = asyncio.create_task(self._clock.sleep(PATIENCE_S), name=f"{self.name} waits")
                    patience.add_done_callback(lambda _: self._news.set())
                self._news.clear()
                await self._news.wait()
        finally:
            if patience is not None:
                patience.cancel()

    async def _send_reading(self, reading: Reading) -> None:
        """Heart rate and cadence back to back, in one turn of the loop: one second is one moment."""
        if self.silent:
            return
        frames, unsendable = payloads(reading, self._cadence_counts)
        self.unsendable += unsendable
        for characteristic, payload in frames:
            if characteristic in self._notifying:
                await self.send(characteristic, payload)

    async def _advertise_when_free(self) -> None:
        interval_ms = self._advertising_ms * _SLOT_MS  # the controller takes slots for milliseconds
        while True:
            await self._free.wait()
            self._free.clear()
            await self._device.start_advertising(
                advertising_interval_min=interval_ms, advertising_interval_max=interval_ms
            )

    def _on_connection(self, connection: Connection) -> None:
        connection.on("disconnection", self._on_disconnection)

    def _on_disconnection(self, _reason: int) -> None:
        self._subscribed.clear()
        self._free.set()

    def _make_device(self) -> Device:
        config = DeviceConfiguration(name=self.name, address=hci.Address(self.address), keystore=None)
        device = Device(config=config, host=Host(self._radio, AsyncPipeSink(self._radio)))
        device.add_services(self._make_services())
        uuids = (*self._services, BATTERY_SERVICE)
        device.advertising_data = bytes(
            AdvertisingData(
                [
                    (_AD.FLAGS, _GENERAL_DISCOVERABLE_LE_ONLY),
                    (_AD.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, struct.pack(f"<{len(uuids)}H", *uuids)),
                    (_AD.APPEARANCE, struct.pack("<H", _APPEARANCE_SPORTS_WATCH)),
                ]
            )
        )
        name = self.name.encode()[:_LONGEST_NAME].decode(errors="ignore").encode()
        device.scan_response_data = bytes(AdvertisingData([(_AD.COMPLETE_LOCAL_NAME, name)]))
        device.on("connection", self._on_connection)
        return device

    def _make_services(self) -> list[Service]:
        battery = self._readable(BATTERY_LEVEL, lambda: encode_battery(self._battery_percent), notify=True)
        texts = ((0x2A29, "crampwatch"), (0x2A24, "Virtual Watch"), (0x2A25, self.serial), (0x2A26, "1.0"))
        alert: Characteristic[bytes] = Characteristic(
            UUID.from_16_bits(ALERT_LEVEL),
            Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
            Characteristic.WRITEABLE,
            CharacteristicValue(write=lambda _connection, value: self.alerts.extend(value[:1])),
        )
        made: dict[int, list[Characteristic[bytes]]] = {
            BATTERY_SERVICE: [battery],
            DEVICE_INFORMATION_SERVICE: [self._readable(one, text.encode) for one, text in texts],
            IMMEDIATE_ALERT_SERVICE: [alert],
        }
        if HEART_RATE_SERVICE in self._services:
            location = self._readable(0x2A38, lambda: bytes([_WRIST]))
            made[HEART_RATE_SERVICE] = [self._notified(HEART_RATE_MEASUREMENT), location]
        if RSC_SERVICE in self._services:
            features = self._readable(0x2A54, lambda: struct.pack("<H", 0b110))
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
            UUID.from_16_bits(uuid), properties, Attribute.READABLE, CharacteristicValue(read=read)
        )
        return self._remember(uuid, made) if notify else made

    def _notified(self, uuid: int) -> Characteristic[bytes]:
        properties = Characteristic.Properties.NOTIFY
        made: Characteristic[bytes] = Characteristic(UUID.from_16_bits(uuid), properties, Attribute.Permissions(0), b"")
        return self._remember(uuid, made)

    def _remember(self, uuid: int, made: Characteristic[bytes]) -> Characteristic[bytes]:
        def on_subscription(_connection: object, notify: bool, _indicate: bool) -> None:
            (self._subscribed.add if notify else self._subscribed.discard)(uuid)
            self._news.set()

        made.on(Characteristic.EVENT_SUBSCRIPTION, on_subscription)
        self._notifying[uuid] = made
        return made
