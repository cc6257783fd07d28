"""A virtual sports watch: it sends over the air what its wearer's body does."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Self

from collector.gatt.battery import encode_battery
from collector.source import BATTERY_LEVEL
from collector.wearer import Reading, Wearer
from crampwatch.clock import Clock
from crampwatch.units import CadenceUnit

from .air import USUAL_RSSI_DBM, Air, Radio
from .payloads import payloads
from .server import HEART_RATE_SERVICE, MEASURED_BY, RSC_SERVICE, GattServer

log = logging.getLogger(__name__)

#: A central that wants only one of two measurements must not wait for ever, seconds of run time.
PATIENCE_S = 60.0


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
        advertises: whether they stand in its advertisement; some bands keep them back.
        rssi_dbm: how strong it is heard.
        advertising_ms: how often it advertises, wall milliseconds.
        before_read: awaited before every read is answered; a test stalls or refuses reads with it.

    Attributes:
        sent: notifications sent to a subscriber, by characteristic.
        unsendable: readings (parts) that do not fit their characteristic and were not sent.
        silent: while true it stays connected and sends nothing.
        start_ms: when the wearer started to run, None before.
        finished: set after the last reading.
    """

    unsendable = 0
    silent = False
    start_ms: int | None = None
    _off = False
    _advertises: asyncio.Task[None] | None = None
    _worn: asyncio.Task[None] | None = None

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
        advertises: bool = True,
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
        self.finished = asyncio.Event()
        self._air, self._wearer, self._clock = air, wearer, clock
        self._cadence_counts, self._battery_percent = cadence_counts, battery_percent
        self._measures = {MEASURED_BY[service] for service in services}
        self._advertising_ms = advertising_ms
        self._radio = Radio(self.name, air)
        air.rssi_dbm[self._radio] = rssi_dbm
        self._server = GattServer(
            self._radio,
            self.name,
            address,
            services=services,
            advertises=advertises,
            serial=self.serial,
            battery_percent=lambda: self._battery_percent,
            before_read=before_read,
        )

    async def start(self) -> Self:
        """Switch on and advertise."""
        await self._server.power_on()
        self._advertises = asyncio.create_task(self._advertise_when_free(), name=f"{self.name} advertises")
        self._worn = asyncio.create_task(self._be_worn(), name=f"{self.name} is worn")
        return self

    async def stop(self) -> None:
        """Switch off: nothing is sent any more, the link is closed, the watch leaves the air."""
        if self._worn is not None:
            self._worn.cancel()
            await asyncio.wait({self._worn})
        await self._end_advertising()
        await self._server.power_off()
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
        await self._server.hang_up()

    async def set_battery(self, percent: int) -> None:
        """Change the battery level and notify it."""
        self._battery_percent = percent
        await self.send(BATTERY_LEVEL, encode_battery(percent))

    async def send(self, characteristic: int, payload: bytes) -> bool:
        """Notify ``payload`` as it is; whether somebody is subscribed to it."""
        sent = await self._server.notify(characteristic, payload)
        if sent:
            self.sent[characteristic] += 1
        return sent

    @property
    def connected(self) -> bool:
        """Whether a central holds a link."""
        return self._server.connected

    @property
    def alerts(self) -> list[int]:
        """The levels written to Immediate Alert, in order."""
        return self._server.alerts

    async def _be_worn(self) -> None:
        await self._until_listened_to()
        await self._clock.sleep(0)  # an appointment: a paced clock stands still at it, so that the start is exact
        self.start_ms = self._clock.now_ms()
        for t_s, reading in self._wearer.readings():
            due_ms = self.start_ms + t_s * 1_000
            await self._clock.sleep((due_ms - self._clock.now_ms()) / 1_000)
            await self._send_reading(reading)
        await self._end_advertising()
        await self._server.fall_silent()
        self.finished.set()
        log.debug("%s: the run is over, sent %s", self.name, dict(self.sent))

    async def _advertise_when_free(self) -> None:
        while True:
            await self._server.free.wait()
            self._server.free.clear()
            if self._off:
                return
            await self._server.advertise(self._advertising_ms)

    async def _end_advertising(self) -> None:
        """Asked to end rather than cancelled: half a command would confuse bumble's host."""
        self._off = True
        self._server.free.set()
        if self._advertises is not None:
            await asyncio.wait({self._advertises})

    async def _until_listened_to(self) -> None:
        """Until everything it measures is subscribed, or something has been for longer than a central needs."""
        deadline: asyncio.Task[None] | None = None
        try:
            while not self._measures <= self._server.subscribed:
                if deadline is None and self._measures & self._server.subscribed:
                    deadline = asyncio.create_task(self._clock.sleep(PATIENCE_S), name=f"{self.name} waits")
                    deadline.add_done_callback(lambda _: self._server.news.set())
                self._server.news.clear()
                await self._server.news.wait()
                if deadline is not None and deadline.done() and self._measures & self._server.subscribed:
                    return
        finally:
            if deadline is not None:
                deadline.cancel()

    async def _send_reading(self, reading: Reading) -> None:
        """Heart rate and cadence back to back, in one turn of the loop: one second is one moment."""
        if self.silent:
            return
        frames, unsendable = payloads(reading, self._cadence_counts)
        self.unsendable += unsendable
        for characteristic, payload in frames:
            await self.send(characteristic, payload)
