"""How the alerter is: what it owes, what is open, what is wrong, how long pushes take."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.errors import Unavailable
from crampwatch.herald import EVERY_S, link_gauges
from crampwatch.metrics import Counters, Gauge, Timings, Vitals
from crampwatch.storage import Store
from crampwatch.trouble import Trouble

from .journal import Figures, Journal

log = logging.getLogger(__name__)

KIND = "alerter"
#: From what an alert is about to when the first channel that a person hears took it, by the run's clock.
LATENCY = "alert_latency_seconds"
#: From handing a push to a channel to its word that it was taken, by the run's clock.
PUSH = "push_seconds"


class Ailing(Protocol):
    """A part that may have trouble."""

    @property
    def problem(self) -> str | None:
        """What is wrong now and what to do, in a line; None: nothing is."""
        ...


class Pulse:
    """Keeps the figures of the journal as last read, and gathers what the parts say of themselves.

    Args:
        service: the alerter's id.
        team: whose alerts it raises.
        clock: how often the journal's figures are read is by it.
        counters: what happened so far.
        store: what waits on the way into it is told too; None: somebody else tells it.
    """

    def __init__(self, service: str, team: str, clock: Clock, counters: Counters, store: Store | None = None) -> None:
        self._service = service
        self._team = team
        self._clock = clock
        self._counters = counters
        self._stores = () if store is None else (store,)
        self._taking = False
        self._figures = Figures()
        self._unread = Trouble(log, "the journal cannot be read", "the journal is read again")
        self._bus: Bus | None = None
        self._parts: Sequence[Ailing] = ()
        self.latency = Timings()
        self.push = Timings()

    def watch(self, bus: Bus, parts: Sequence[Ailing]) -> None:
        """The parts of this life are made."""
        self._bus = bus
        self._parts = tuple(parts)

    def takes(self, *, taking: bool) -> None:
        """Findings are taken from now on, or no longer."""
        self._taking = taking

    async def follow(self, journal: Journal, fresh: Callable[[], None]) -> None:
        """Read the journal's figures every few seconds until cancelled, and call ``fresh`` each time.

        While the journal cannot be read the last figures stand.
        """
        while True:
            try:
                self._figures = await journal.figures()
                self._unread.ends(self._clock.now_ms())
            except Unavailable as error:
                self._unread.begins(self._clock.now_ms(), error)
            fresh()
            await self._clock.sleep(EVERY_S)

    def vitals(self) -> Vitals:
        """See :meth:`crampwatch.service.Watched.vitals`."""
        return Vitals(
            service=self._service,
            kind=KIND,
            ready=self._ready(),
            problems=self._problems(),
            gauges=self._gauges(),
            counters=self._counters,
            timings={LATENCY: self.latency, PUSH: self.push},
        )

    def word(self) -> Mapping[str, str | int | float]:
        """What the alerter's status holds beside the gauges without labels: those that have some, added up."""
        figures = self._figures
        return {
            "team": self._team,
            "pushes_owed": sum(figures.owed.values()),
            "alert_states_waiting": sum(figures.waiting.values()),
        }

    def _ready(self) -> bool:
        return self._taking and self._bus is not None and self._bus.connected

    def _problems(self) -> tuple[str, ...]:
        link = None if self._bus is None else self._bus.link.problem
        said = [link, *(one.problem for one in self._parts), self._unread.problem]
        stores = (problem for store in self._stores for problem in store.problems())
        return (*(one for one in said if one is not None), *stores)

    def _gauges(self) -> tuple[Gauge, ...]:
        figures = self._figures
        return (
            *link_gauges(self._bus),
            Gauge("alerts_open", figures.open),
            Gauge("journal_facts", figures.facts),
            *(Gauge("pushes_owed", owed, {"channel": name}) for name, owed in sorted(figures.owed.items())),
            *(Gauge("alert_states_waiting", n, {"to_be": way}) for way, n in sorted(figures.waiting.items())),
            *(gauge for store in self._stores for gauge in store.gauges()),
        )
