"""Frames from sensors over Bluetooth Low Energy: one scan, one task per wanted sensor, one stream."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, replace

from collector.cadence_unit import UnitState, observe
from collector.gatt.battery import decode_battery
from collector.gatt.rsc import RunningSpeedCadence, decode_rsc
from collector.source import BATTERY_LEVEL, RSC_MEASUREMENT, Arrival, Frame, SensorInfo, SensorSeen
from crampwatch.clock import Clock, WallClock
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.metrics import Counters
from crampwatch.trouble import Trouble
from crampwatch.units import CadenceUnit

from .ble_follow import Follower, Terms, backoff_s
from .ble_inbox import Inbox
from .ble_registry import MEASURING_SERVICES, NO_SECRET, Registry, pseudonym, service_words
from .ble_stack import CONNECT_TIMEOUT_S, OPERATION_TIMEOUT_S, Backend, NotRunning, scanning

__all__ = ["BleSource", "SensorReport", "pseudonym", "survey"]

log = logging.getLogger(__name__)

#: Twelve watches fill this in seven minutes of a reader that does not read.
INBOX_SIZE = 10_000
#: A scan that hears nothing at all for this long, in wall seconds, while a sensor is missing is begun anew: a
#: Bluetooth service that was restarted says nothing.
DEAF_S = 30.0


class BleSource:
    """A :class:`collector.source.Source` over Bluetooth.

    Args:
        clock: stamps arrivals, and times silence and pauses between attempts; the radio's own timeouts are wall time.
        adapter: a virtual adapter, or None for the machine's own Bluetooth.
        secret: what device ids are made with, at most 32 bytes (:func:`collector.secret.sensor_secret`), so that
            nobody finds an address by trying all; left out, the same addresses give the same ids everywhere.
        connections: how many connections may be opened at once; adapters fail when asked for many.
        silence_s: a connected sensor without a measurement for this long, in run time, is connected anew.
        rng: spreads the pauses between attempts.
        also: addresses and names of sensors to tell of though they advertise no heart rate, speed or cadence.
        everything: tell of every device in the air.
        counters: ``frames_dropped.inbox_full`` counts what a reader lost by not reading.
        inbox_size: how many frames may wait for the reader; when it is full new frames are dropped, counted and
            warned about.
        connect_timeout_s: wall seconds to connect and learn a sensor's services.
        operation_timeout_s: wall seconds for any other operation.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        adapter: Backend | None = None,
        secret: bytes = NO_SECRET,
        connections: int = 2,
        silence_s: float = 10.0,
        rng: random.Random | None = None,
        also: Collection[str] = (),
        everything: bool = False,
        counters: Counters | None = None,
        inbox_size: int = INBOX_SIZE,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        operation_timeout_s: float = OPERATION_TIMEOUT_S,
    ) -> None:
        self._clock = clock
        self._adapter = adapter
        self._rng = rng or random.Random()
        self._inbox = Inbox(inbox_size, counters or Counters())
        self._registry = Registry(self._seen, also, everything=everything, secret=secret)
        self._terms = Terms(
            clock=clock,
            registry=self._registry,
            inbox=self._inbox,
            backend=adapter,
            slots=asyncio.Semaphore(connections),
            rng=self._rng,
            silence_s=silence_s,
            connect_timeout_s=connect_timeout_s,
            operation_timeout_s=operation_timeout_s,
        )
        self._wanted: dict[str, None] = {}
        self._group: asyncio.TaskGroup | None = None
        self._deaf = Trouble(log, "Bluetooth cannot scan, trying until it can", "Bluetooth scans again")

    def want(self, device: str) -> None:
        """Connect to this sensor whenever it is there. May be called before it was seen, and twice."""
        if device in self._wanted:
            return
        self._wanted[device] = None
        self._registry.want(device)
        if self._group is not None:
            self._follow(self._group, device)

    def problems(self) -> Sequence[str]:
        """See :meth:`collector.source.Ailing.problems`."""
        return () if self._deaf.problem is None else (self._deaf.problem,)

    async def arrivals(self) -> AsyncGenerator[Arrival, None]:
        """The stream; it does not end by itself. Close it with ``aclose``: links and scan end with it.

        Raises:
            Misconfigured: there is no usable Bluetooth; the message says what to do.
            NotRunning: BlueZ is not running.
        """
        radio = asyncio.create_task(self._run(), name="bluetooth")
        radio.add_done_callback(lambda _: self._inbox.close())
        try:
            while (arrival := await self._inbox.get()) is not None:
                yield arrival
            await radio
        finally:
            radio.cancel()
            await asyncio.wait({radio})

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._scan(), name="bluetooth scan")
                for device in self._wanted:
                    self._follow(group, device)
        except* (Misconfigured, NotRunning) as wrong:
            raise wrong.exceptions[0] from None
        finally:
            self._group = None

    def _follow(self, group: asyncio.TaskGroup, device: str) -> None:
        group.create_task(Follower(device, self._terms).run(), name=f"bluetooth {device}")

    async def _scan(self) -> None:
        """Keep one scan going. What is wrong at the start is told; what goes wrong later is waited out."""
        failures, ever = 0, False
        while True:
            try:
                async with scanning(self._registry.hear, self._adapter):
                    self._deaf.ends(self._clock.now_ms())
                    failures, ever = 0, True
                    await self._until_deaf()
                log.debug("the scan heard nothing for %.0f s: beginning anew", DEAF_S)
                continue
            except (Misconfigured, NotRunning) as error:
                if not ever:
                    raise
                self._deaf.begins(self._clock.now_ms(), error)
            except Unavailable as error:
                self._deaf.begins(self._clock.now_ms(), error)
            failures += 1
            await self._clock.sleep(backoff_s(failures, self._rng))

    async def _until_deaf(self) -> None:
        heard = -1
        while heard != self._registry.heard or not self._registry.awaited:
            heard = self._registry.heard
            await asyncio.sleep(DEAF_S)

    def _seen(self, sensor: SensorInfo) -> None:
        self._inbox.put(SensorSeen(sensor, self._clock.now_ms()))


@dataclass(frozen=True, slots=True)
class SensorReport:
    """What a survey saw of one sensor.

    Attributes:
        device: its pseudonym.
        services: what it offers, in words.
        running: its running speed and cadence readings with their moments, as sent.
    """

    device: str
    name: str
    address: str
    services: tuple[str, ...]
    rssi_dbm: int | None = None
    serial: str | None = None
    battery_percent: int | None = None
    running: tuple[tuple[int, RunningSpeedCadence], ...] = ()

    @property
    def cadence_guess(self) -> str:
        """Steps or strides, and because of what."""
        if not self.running:
            return ""
        state = UnitState()
        for at_ms, one in self.running:
            if one.cadence_per_min is not None:
                state = observe(state, at_ms, one.cadence_per_min, one.running, one.speed_mps)
        if state.unit is CadenceUnit.UNDECIDED:
            return "undecided: run a few steps while it listens"
        return f"{state.unit.partition('_')[0]} ({state.decided_by})"


async def survey(
    seconds: float, adapter: Backend | None = None, *, everything: bool = False, connections: int = 2
) -> list[SensorReport]:
    """Listen for a while, connect to each sensor that measures, and tell what was seen, in the order it was seen.

    Args:
        seconds: how long, wall seconds; what has not answered by then is told without its details.
        adapter: a virtual adapter, or None for the machine's own Bluetooth.
        everything: tell of every device in the air, also those that advertise no heart rate, speed or cadence.
        connections: how many connections may be opened at once.

    Raises:
        Misconfigured: there is no usable Bluetooth; the message says what to do.
        NotRunning: BlueZ is not running.
    """
    source = BleSource(clock=WallClock(), adapter=adapter, connections=connections, everything=everything)
    reports: dict[str, SensorReport] = {}
    arrivals = source.arrivals()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for arrival in arrivals:
                    _note(reports, arrival)
                    if isinstance(arrival, SensorSeen) and arrival.sensor.services & MEASURING_SERVICES:
                        source.want(arrival.sensor.device)
    finally:
        await arrivals.aclose()
    return list(reports.values())


def _note(reports: dict[str, SensorReport], arrival: Arrival) -> None:
    """Put one arrival into its sensor's report; a frame that cannot be read tells nothing."""
    if isinstance(arrival, SensorSeen):
        sensor = arrival.sensor
        words = tuple(service_words(one) for one in sorted(sensor.services))
        before = reports.get(sensor.device, SensorReport(sensor.device, "", sensor.address, ()))
        reports[sensor.device] = replace(
            before, name=sensor.name, services=words, rssi_dbm=sensor.rssi_dbm, serial=sensor.serial
        )
    elif isinstance(arrival, Frame):
        report = reports[arrival.device]
        with contextlib.suppress(Refused):
            if arrival.characteristic == BATTERY_LEVEL:
                report = replace(report, battery_percent=decode_battery(arrival.payload))
            elif arrival.characteristic == RSC_MEASUREMENT:
                report = replace(report, running=(*report.running, (arrival.at_ms, decode_rsc(arrival.payload))))
        reports[arrival.device] = report
