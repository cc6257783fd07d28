"""The alerter: what comes from the bus is decided, kept, and then brought to people."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from crampwatch.bus import Bus, BusFactory, Will
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.storage.database import Database
from crampwatch.topics import SYSTEM, Kind, Topic, every
from crampwatch.units import SECOND_MS

from .channels import Channel
from .channels.mqtt import NAME as MQTT
from .channels.mqtt import MqttChannel
from .deliver import Courier
from .desk import Desk
from .guidance import load_guidance
from .journal import SCHEMA, Journal
from .levels import Levels
from .outlet import Outlet, to_bus, to_store
from .policy import Rules
from .push_log import PushLog
from .reception import Reception
from .room import Room
from .sight import Sight
from .timekeeper import Timekeeper

log = logging.getLogger(__name__)

FILE_NAME = "alerts.db"
RETRY_S = 1.0


class Alerter:
    """Raises alerts from findings, faults and check-ins, and sees them through their life.

    Args:
        settings: ``team``, ``state_dir``, ``alerts``, ``processor.id`` and ``collector.session_gap_s`` are used.
        buses: links to the broker.
        store: where alerts are recorded; while it is away they wait, and no push does.
        clock: the run's time.
        channels: ways to reach people beside the bus itself; closed when the alerter ends.
        counters: what happened, by reason.
        database: the journal's file; default: ``alerts.db`` in ``state_dir``.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        buses: BusFactory,
        store: Store,
        clock: Clock,
        channels: Sequence[Channel] = (),
        counters: Counters,
        database: Database | None = None,
    ) -> None:
        names = [MQTT, *(channel.name for channel in channels)]
        if len(set(names)) != len(names):
            raise ValueError(f"channel names must differ: {', '.join(names)}")
        self._settings = settings
        self._buses = buses
        self._store = store
        self._clock = clock
        self._channels = tuple(channels)
        self._counters = counters
        self._database = database or Database(settings.state_dir / FILE_NAME, SCHEMA, "state_dir")
        self._ready = asyncio.Event()
        self._say_up = asyncio.Event()
        self._status = Topic(SYSTEM, settings.alerts.id, Kind.STATUS)

    @property
    def name(self) -> str:
        """What the service is called."""
        return "alerter"

    @property
    def ready(self) -> asyncio.Event:
        """Set once findings are taken."""
        return self._ready

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            Misconfigured: a setting, the journal's file or the guidance cannot work.
        """
        await self._database.open()
        try:
            async with self._link() as bus:
                try:
                    await self._serve(bus)
                finally:
                    with contextlib.suppress(Unavailable, Refused):
                        await bus.publish(self._status, encode(self._word("down")))
        finally:
            self._ready.clear()
            for channel in self._channels:
                await channel.close()
            await self._database.close()

    def _link(self) -> contextlib.AbstractAsyncContextManager[Bus]:
        team = self._settings.team
        kinds = (Kind.FINDING, Kind.ASSESSMENT, Kind.STATUS, Kind.ACK, Kind.CHECKIN)
        filters = [one for kind in kinds for one in every(kind, team)]
        return self._buses(
            f"{team}-{self._settings.alerts.id}",
            subscribe=[*filters, *every(Kind.STATUS, SYSTEM)],
            will=Will(self._status, self._word("down")),
            persistent=True,
        )

    async def _serve(self, bus: Bus) -> None:
        """Put the parts together and let them run."""
        alerts, team, common = self._settings.alerts, self._settings.team, (self._clock, self._counters)
        rules = Rules(int(alerts.cooldown_s * SECOND_MS), int(alerts.deadline_s * SECOND_MS))
        channels = (MqttChannel(bus, team, self._clock), *self._channels)
        journal = Journal(self._database, {one.name: one.audible for one in channels}, rules.cooldown_ms)
        pushes = await self._recovered(journal, channels)
        outlets = (
            Outlet("published", to_bus(bus, team), journal, *common),
            Outlet("recorded", to_store(self._store, team), journal, *common),
        )
        couriers = [Courier(one, pushes, *common, delivered=lambda: _wake(outlets)) for one in channels]
        patience_ms, gap_s = int(alerts.signal_lost_s * SECOND_MS), self._settings.collector.session_gap_s
        room = Room(
            journal=journal,
            desk=Desk(load_guidance(), rules),
            levels=Levels(rules.deadline_ms),
            sight=Sight(
                patience_ms,
                int(gap_s * SECOND_MS),
                processor=self._settings.processor.id,
                runs=await journal.runs(),
                gone=await journal.gone_services(),
            ),
            clock=self._clock,
            changed=lambda: _wake((*outlets, *couriers)),
        )
        timekeeper = Timekeeper(room, patience_ms)
        reception = Reception(room, self._counters, timekeeper.wake, instance=alerts.id, contradicted=self._say_up.set)
        async with asyncio.TaskGroup() as group:
            for outlet in outlets:
                group.create_task(outlet.run(), name=f"alerts-{outlet.way}")
            for courier in couriers:
                group.create_task(courier.run(), name=f"push-{courier.name}")
            group.create_task(timekeeper.run(), name="alerts-timekeeper")
            group.create_task(self._announce(bus), name="alerts-status")
            group.create_task(self._receive(bus, reception), name="alerts-reception")

    async def _recovered(self, journal: Journal, channels: Sequence[Channel]) -> PushLog:
        """Sort out what an earlier life of this alerter left."""
        pushes = PushLog(self._database)
        lost = await pushes.recover({one.name: one.repeatable for one in channels}, self._clock.now_ms())
        if lost:
            log.warning("%d pushes were cut off by a crash and are not repeated: they may have been felt", lost)
        await journal.publish_again()
        return pushes

    async def _receive(self, bus: Bus, reception: Reception) -> None:
        """Take message after message; the broker forgets one when it is safe here."""
        async for delivery in bus.deliveries():
            failing = False
            while True:
                try:
                    await reception.take(delivery)
                except Unavailable as error:
                    level = logging.DEBUG if failing else logging.WARNING
                    log.log(level, "the journal cannot be written, nothing is taken meanwhile: %s", error)
                    failing = True
                    await self._clock.sleep(RETRY_S)
                else:
                    break
            await delivery.ack()

    async def _announce(self, bus: Bus) -> None:
        """Say that this alerter is up, and say it again when its last will was told while it lives.

        A broker that never takes it (its access list may say so) is no reason not to serve.
        """
        refused = False
        while True:
            self._say_up.clear()
            try:
                await bus.publish(self._status, encode(self._word("up")))
            except Unavailable as error:
                log.debug("cannot say that the alerter is up, trying again: %s", error)
                await self._clock.sleep(RETRY_S)
                continue
            except Refused as error:
                log.log(
                    logging.DEBUG if refused else logging.WARNING, "pages cannot see that the alerter is up: %s", error
                )
                refused = True
            self._ready.set()
            await self._say_up.wait()

    def _word(self, state: Literal["up", "down"]) -> ServiceStatus:
        return ServiceStatus(service=self._settings.alerts.id, state=state, at_ms=self._clock.now_ms())


class _Sleeper(Protocol):
    def wake(self) -> None: ...


def _wake(sleepers: Iterable[_Sleeper]) -> None:
    for sleeper in sleepers:
        sleeper.wake()
