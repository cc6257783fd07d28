"""Put the parts of a process together: lock, broker, store and services, from settings."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from alerts.channels import Channel
from alerts.service import Alerter
from collector.forward import FRESH_S
from collector.service import Collector
from collector.source import Source
from crampwatch.bus import BusFactory
from crampwatch.bus.broker import find_or_start
from crampwatch.cli.locks import sole_user
from crampwatch.clock import Clock
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.storage.opening import open_store
from dashboard.service import Dashboard
from processor.plugins import athlete_with
from processor.worker import Processor

#: The services that use the store; the first of a process names its outbox.
STORING = ("processor", "alerter", "dashboard")
#: What a stall of the machine may cost before telemetry counts as backlog, wall seconds.
STALL_S = 2.0


def fresh_at(speed: float) -> float:
    """How old live telemetry may be, in run time, when a run goes ``speed`` times as fast as the wall."""
    return max(FRESH_S, STALL_S * speed)


@dataclass(frozen=True, slots=True)
class House:
    """What every service of this process shares.

    ``storing`` is the service whose outbox it is, so the one that tells what waits in it; None: nobody stores.
    ``counted`` are its counters, into which the store counts too.
    """

    settings: Settings
    buses: BusFactory
    clock: Clock
    kept: Store | None
    storing: str | None = None
    counted: Counters = field(default_factory=Counters)

    @property
    def store(self) -> Store:
        """The store, which is there unless this process only collects."""
        assert self.kept is not None, "a collector needs no store"
        return self.kept

    def processor(self) -> Processor:
        """The service that turns facts into findings."""
        return Processor(
            settings=self.settings,
            buses=self.buses,
            store=self.store,
            clock=self.clock,
            counters=self._counters("processor"),
            machines=athlete_with(self.settings.processor.detectors),
        )

    def alerter(self, channels: Sequence[Channel]) -> Alerter:
        """The service that turns findings into help."""
        return Alerter(
            settings=self.settings,
            buses=self.buses,
            store=self.store,
            clock=self.clock,
            channels=channels,
            counters=self._counters("alerter"),
            tells_store=self.storing == "alerter",
        )

    def dashboard(self) -> Dashboard:
        """The service that serves the pages."""
        return Dashboard(
            settings=self.settings,
            buses=self.buses,
            store=self.store,
            clock=self.clock,
            counters=self._counters("dashboard"),
        )

    def collector(self, source: Source, fresh_s: float = FRESH_S) -> Collector:
        """The service that turns sensors into facts; what is younger than ``fresh_s`` of run time is live."""
        return Collector(
            settings=self.settings,
            buses=self.buses,
            source=source,
            clock=self.clock,
            counters=Counters(),
            fresh_s=fresh_s,
        )

    def _counters(self, service: str) -> Counters:
        return self.counted if service == self.storing else Counters()


@contextlib.asynccontextmanager
async def house(settings: Settings, clock: Clock, services: Sequence[str]) -> AsyncIterator[House]:
    """Lock, broker and store; closed in reverse order."""
    storing = next((name for name in STORING if name in services), None)
    counted = Counters()
    with sole_user(settings.state_dir, services):
        async with contextlib.AsyncExitStack() as stack:
            buses = await stack.enter_async_context(find_or_start(settings.mqtt, settings.state_dir))
            kept = None
            if storing is not None:
                others = [name for name in STORING if name in services]
                opened = open_store(settings, storing, clock, others=others, counters=counted)
                kept = await stack.enter_async_context(opened)
            yield House(settings, buses, clock, kept, storing, counted)
