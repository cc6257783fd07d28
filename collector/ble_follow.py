"""Follow one wanted sensor: connect whenever it is heard, notice when it falls silent, begin again."""

import asyncio
import functools
import logging
import random
from dataclasses import dataclass
from typing import Literal

from collector.gatt.strings import decode_string
from collector.source import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, RSC_MEASUREMENT, Frame, SensorChanged
from crampwatch.clock import Clock
from crampwatch.errors import CrampwatchError, Unavailable
from crampwatch.events import SensorState
from crampwatch.trouble import Trouble

from .ble_inbox import Inbox
from .ble_registry import Registry
from .ble_stack import CONNECT_TIMEOUT_S, OPERATION_TIMEOUT_S, Backend, Link, Sighting

log = logging.getLogger(__name__)

MEASUREMENTS = (HEART_RATE_MEASUREMENT, RSC_MEASUREMENT)
SERIAL_NUMBER = 0x2A25
MODEL_NUMBER = 0x2A24
BACKOFF_FIRST_S = 1.0
BACKOFF_MOST_S = 30.0
_DOUBLINGS = 10
LinkState = Literal[SensorState.SEARCHING, SensorState.CONNECTED, SensorState.LOST]


def backoff_s(failures: int, rng: random.Random) -> float:
    """How long to wait after so many failures in a row.

    Exponential with full jitter: sensors that were lost together do not come back together.
    """
    return rng.uniform(0, min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2 ** min(failures, _DOUBLINGS)))


@dataclass(frozen=True, slots=True)
class Terms:
    """What every follower of one source shares.

    Attributes:
        backend: the radio, None for the machine's own.
        slots: as many connections may be opened at once as it lets through.
        silence_s: a connected sensor that sends no measurement for this long, in run time, is connected anew.
        connect_timeout_s: wall seconds to connect.
        operation_timeout_s: wall seconds for any other operation.
    """

    clock: Clock
    registry: Registry
    inbox: Inbox
    backend: Backend | None
    slots: asyncio.Semaphore
    rng: random.Random
    silence_s: float
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    operation_timeout_s: float = OPERATION_TIMEOUT_S


class Follower:
    """One task's work for one device. It ends only by being cancelled, and then hangs up."""

    def __init__(self, device: str, terms: Terms) -> None:
        self._device = device
        self._terms = terms
        self._trouble = Trouble(log, f"sensor {device} is away, trying again", f"sensor {device} is back")
        self._failures = 0

    async def run(self) -> None:
        """Follow the sensor until cancelled."""
        self._tell(SensorState.SEARCHING)
        while True:
            sighting = await self._terms.registry.next_sighting(self._device)
            await self._visit(sighting)
            await self._terms.clock.sleep(backoff_s(self._failures, self._terms.rng))

    async def _visit(self, sighting: Sighting) -> None:
        """One connection from the attempt to its end, whatever ends it."""
        visit = Visit(self._device, sighting, self._terms, self._trouble)
        connected = False
        try:
            async with self._terms.slots:
                await visit.link.open()
            connected = True
            self._tell(SensorState.CONNECTED)
            self._terms.registry.learn(self._device, services=visit.link.services)
            why = await visit.listen()
        except CrampwatchError as error:
            why = str(error)
        finally:
            await visit.end()
        if connected:
            self._tell(SensorState.LOST, why)
        self._failures = 0 if visit.had_data else self._failures + 1
        self._trouble.begins(self._terms.clock.now_ms(), why)

    def _tell(self, state: LinkState, why: str = "") -> None:
        self._terms.inbox.put(SensorChanged(self._device, state, self._terms.clock.now_ms(), why))


class Visit:
    """One connection to one sensor. What arrives after its end is not taken: a link that the system has leaked
    may go on delivering beside its successor (bleak issue 2002).
    """

    def __init__(self, device: str, sighting: Sighting, terms: Terms, trouble: Trouble) -> None:
        self._device = device
        self._terms = terms
        self._clock = terms.clock
        self._trouble = trouble
        self._lost = asyncio.Event()
        self._over = False
        self._last_data_ms = 0
        self.had_data = False
        self.link = Link(sighting, terms.backend, self._lost.set, terms.connect_timeout_s, terms.operation_timeout_s)

    async def listen(self) -> str:
        """Take what the sensor sends until the link is lost or nothing comes any more; says which.

        Raises:
            Unavailable: it could not be subscribed to.
        """
        offered = [one for one in MEASUREMENTS if self.link.offers(one, "notify")]
        if not offered:
            raise Unavailable("it offers neither heart rate nor running speed and cadence")
        for characteristic in offered:
            await self.link.subscribe(characteristic, functools.partial(self._take_measurement, characteristic))
        self._last_data_ms = max(self._last_data_ms, self._clock.now_ms())
        async with asyncio.TaskGroup() as group:
            silent = group.create_task(self._until_silent(), name=f"{self._device} watchdog")
            gone = group.create_task(self._lost.wait(), name=f"{self._device} hint")
            details = group.create_task(self._ask_details(), name=f"{self._device} details")
            await asyncio.wait({silent, gone}, return_when=asyncio.FIRST_COMPLETED)
            for task in (silent, gone, details):
                task.cancel()
        return "the link was lost" if self._lost.is_set() else f"no data for {self._terms.silence_s:g} s"

    async def end(self) -> None:
        """Hang up and take nothing more."""
        self._over = True
        await self.link.close()

    async def _until_silent(self) -> None:
        """The watchdog: the only one to be believed about whether data still comes."""
        silence_ms = self._terms.silence_s * 1_000
        while (left_ms := self._last_data_ms + silence_ms - self._clock.now_ms()) > 0:
            await self._clock.sleep(left_ms / 1_000)

    async def _ask_details(self) -> None:
        """Battery, model and serial number, while data flows already; a sensor without them is as good."""
        for ask in (self._read_battery, self._subscribe_battery, self._read_model, self._read_serial):
            try:
                await ask()
            except CrampwatchError as error:
                log.debug("%s: %s", self._device, error)

    async def _read_battery(self) -> None:
        if self.link.offers(BATTERY_LEVEL):
            self._take(BATTERY_LEVEL, await self.link.read(BATTERY_LEVEL))

    async def _subscribe_battery(self) -> None:
        # After the read: BlueZ hands the answer to a read to the subscriber as well.
        if self.link.offers(BATTERY_LEVEL, "notify"):
            await self.link.subscribe(BATTERY_LEVEL, functools.partial(self._take, BATTERY_LEVEL))

    async def _read_model(self) -> None:
        if self.link.offers(MODEL_NUMBER):
            model = decode_string(await self.link.read(MODEL_NUMBER))
            # Some makers leave a bare number there, which tells a person nothing.
            self._terms.registry.learn(self._device, model=model if any(map(str.isalpha, model)) else None)

    async def _read_serial(self) -> None:
        if self.link.offers(SERIAL_NUMBER):
            serial = decode_string(await self.link.read(SERIAL_NUMBER))
            self._terms.registry.learn(self._device, serial=serial)

    def _take_measurement(self, characteristic: int, payload: bytes) -> None:
        if not self._over:
            self._last_data_ms = self._clock.now_ms()
            if not self.had_data:
                self.had_data = True
                self._trouble.ends(self._last_data_ms)
            self._take(characteristic, payload)

    def _take(self, characteristic: int, payload: bytes) -> None:
        if not self._over:
            self._terms.inbox.put(Frame(self._device, characteristic, payload, self._clock.now_ms()))
