"""Put the parts of a process together: lock, broker, store and services, from settings."""

import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alerts.channels import Channel
from alerts.service import Alerter
from collector.forward import FRESH_S
from collector.service import Collector
from collector.source import Source
from crampwatch.bus import BusFactory
from crampwatch.bus.broker import find_or_start
from crampwatch.clock import Clock
from crampwatch.errors import Misconfigured
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.storage.opening import open_store
from dashboard.service import Dashboard
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
    """What every service of this process shares."""

    settings: Settings
    buses: BusFactory
    clock: Clock
    kept: Store | None

    @property
    def store(self) -> Store:
        """The store, which is there unless this process only collects."""
        assert self.kept is not None, "a collector needs no store"
        return self.kept

    def processor(self) -> Processor:
        """The service that turns facts into findings."""
        return Processor(
            settings=self.settings, buses=self.buses, store=self.store, clock=self.clock, counters=Counters()
        )

    def alerter(self, channels: Sequence[Channel]) -> Alerter:
        """The service that turns findings into help."""
        return Alerter(
            settings=self.settings,
            buses=self.buses,
            store=self.store,
            clock=self.clock,
            channels=channels,
            counters=Counters(),
        )

    def dashboard(self) -> Dashboard:
        """The service that serves the pages."""
        return Dashboard(
            settings=self.settings, buses=self.buses, store=self.store, clock=self.clock, counters=Counters()
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


@contextlib.contextmanager
def sole_user(state_dir: Path, services: Sequence[str]) -> Iterator[None]:
    """Hold a lock per service in ``state_dir``, so that two processes never share one queue.

    Raises:
        Misconfigured: another process holds one, or the folder cannot be used.
    """
    with contextlib.ExitStack() as stack:
        for service in services:
            path = state_dir / f"{service}.lock"
            try:
                state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                handle = stack.enter_context(path.open("w"))
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Misconfigured(
                    "state_dir", f"another crampwatch {service} uses {state_dir}; stop it or set another state_dir"
                ) from None
            except OSError as error:
                raise Misconfigured("state_dir", f"cannot write in {state_dir}: {error}") from error
        yield


@contextlib.asynccontextmanager
async def house(settings: Settings, clock: Clock, services: Sequence[str]) -> AsyncIterator[House]:
    """Lock, broker and store; closed in reverse order."""
    storing = next((name for name in STORING if name in services), None)
    with sole_user(settings.state_dir, services):
        async with contextlib.AsyncExitStack() as stack:
            buses = await stack.enter_async_context(find_or_start(settings.mqtt, settings.state_dir))
            kept = None
            if storing is not None:
                kept = await stack.enter_async_context(open_store(settings, storing, clock))
            yield House(settings, buses, clock, kept)
