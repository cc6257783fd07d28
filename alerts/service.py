"""The alerter: what comes from the bus is decided, kept, and then brought to people."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from crampwatch.bus import Bus, BusFactory
from crampwatch.clock import Clock
from crampwatch.errors import Unavailable
from crampwatch.herald import Herald
from crampwatch.metrics import Counters, Vitals
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.storage.database import Database
from crampwatch.topics import SYSTEM, Kind, every
from crampwatch.trouble import Trouble
from crampwatch.units import SECOND_MS

from .channels import Channel
from .channels.mqtt import NAME as MQTT
from .channels.mqtt import MqttChannel
from .deliver import Courier
from .desk import Desk
from .guidance import load_guidance
from .journal import SCHEMA, Journal
from .levels import Levels
from .missed import Missed
from .outlet import Outlet, to_bus, to_store
from .policy import Rules
from .pulse import Pulse
from .push_log import PushLog
from .reception import Reception
from .room import Room
from .sight import Sight
from .tidy import Tidier
from .timekeeper import Timekeeper

log = logging.getLogger(__name__)

FILE_NAME = "alerts.db"
RETRY_S = 1.0


class Alerter:
    """Raises alerts from findings, faults and check-ins, and sees them through their life.

    Args:
        settings: ``team``, ``state_dir``, ``alerts``, ``processor.id`` and ``collector.session_gap_s`` are used.
        buses: links to the broker.
        store: where alerts are recorded, and where findings are read that the broker lost; while it is away alerts
            wait, and no push does.
        clock: the run's time.
        channels: ways to reach people beside the bus itself; closed when the alerter ends.
        counters: what happened, by reason.
        database: the journal's file; default: ``alerts.db`` in ``state_dir``.
        tells_store: what waits on the way into the store is the alerter's to tell, and not that of another service
            which shares the store.
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
        tells_store: bool = True,
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
        told = store if tells_store else None
        self._pulse = Pulse(settings.alerts.id, settings.team, clock, counters, told)
        self._herald = Herald(settings.alerts.id, self._pulse.vitals, clock, more=self._pulse.word)
        self._deaf = Trouble(
            log, "the journal cannot be written, nothing is taken meanwhile", "the journal is written again"
        )

    @property
    def name(self) -> str:
        """What the service is called."""
        return "alerter"

    @property
    def ready(self) -> asyncio.Event:
        """Set once findings are taken."""
        return self._ready

    @property
    def problem(self) -> str | None:
        """Why nothing is taken from the broker; None: it is."""
        return self._deaf.problem

    def vitals(self) -> Vitals:
        """See :meth:`crampwatch.service.Watched.vitals`; figures of the journal are a few seconds old."""
        return self._pulse.vitals()

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
                    self._pulse.takes(taking=False)
                    await self._herald.say(bus, "down")
        finally:
            self._ready.clear()
            for channel in self._channels:
                await channel.close()
            await self._database.close()

    def _link(self) -> contextlib.AbstractAsyncContextManager[Bus]:
        team = self._settings.team
        # Its own alerts too: only the broker knows what it still holds of them.
        kinds = (Kind.FINDING, Kind.ASSESSMENT, Kind.STATUS, Kind.ACK, Kind.CHECKIN, Kind.ALERT)
        filters = [one for kind in kinds for one in every(kind, team)]
        return self._buses(
            f"{team}-{self._settings.alerts.id}",
            subscribe=[*filters, *every(Kind.STATUS, SYSTEM)],
            will=self._herald.will,
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
        told = functools.partial(_wake, outlets)
        couriers = [Courier(one, pushes, *common, pulse=self._pulse, delivered=told) for one in channels]
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
        tidier = Tidier(journal, *common, rules.cooldown_ms)
        reception = Reception(
            room, self._counters, timekeeper.wake, instance=alerts.id, contradicted=self._herald.again
        )
        missed = Missed(self._store, team, *common)
        self._pulse.watch(bus, (self, *couriers, *outlets, timekeeper, tidier, self._herald, missed))
        async with asyncio.TaskGroup() as group:
            for outlet in outlets:
                group.create_task(outlet.run(), name=f"alerts-{outlet.way}")
            for courier in couriers:
                group.create_task(courier.run(), name=f"push-{courier.name}")
            group.create_task(timekeeper.run(), name="alerts-timekeeper")
            group.create_task(tidier.run(), name="alerts-tidy")
            group.create_task(self._herald.run(bus), name="alerts-status")
            group.create_task(self._pulse.follow(journal, self._herald.again), name="alerts-pulse")
            group.create_task(self._receive(bus, reception, missed), name="alerts-reception")
            self._pulse.takes(taking=True)
            await self._herald.say(bus, "up")
            self._ready.set()

    async def _recovered(self, journal: Journal, channels: Sequence[Channel]) -> PushLog:
        """Sort out what an earlier life of this alerter left."""
        pushes = PushLog(self._database)
        lost = await pushes.recover({one.name: one.repeatable for one in channels}, self._clock.now_ms())
        if lost:
            log.warning("pushes that a crash cut off are not repeated, they may have been felt: %d", lost)
        await journal.publish_again()
        return pushes

    async def _receive(self, bus: Bus, reception: Reception, missed: Missed) -> None:
        """Take message after message; the broker forgets one when it is safe here."""
        async for delivery in bus.deliveries():
            # Every new link brings something: at least our own word, which is said again.
            for athlete, finding in await missed.on(bus.link.reconnects):
                await self._insist(functools.partial(reception.take_fact, athlete, finding))
            await self._insist(functools.partial(reception.take, delivery))
            await delivery.ack()

    async def _insist(self, take: Callable[[], Awaitable[None]]) -> None:
        """Take something, however long the journal cannot be written."""
        while True:
            try:
                await take()
            except Unavailable as error:
                self._deaf.begins(self._clock.now_ms(), error)
                self._pulse.takes(taking=False)
                await self._clock.sleep(RETRY_S)
            else:
                self._deaf.ends(self._clock.now_ms())
                self._pulse.takes(taking=True)
                return


class _Sleeper(Protocol):
    def wake(self) -> None: ...


def _wake(sleepers: Iterable[_Sleeper]) -> None:
    for sleeper in sleepers:
        sleeper.wake()
