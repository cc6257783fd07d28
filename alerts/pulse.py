"""How the alerter is: what it owes, what is open, what is wrong, how long pushes take."""

from collections.abc import Sequence
from typing import Protocol

from crampwatch.bus import Bus
from crampwatch.metrics import Counters, Gauge, Timings, Vitals

from .journal import Figures, Journal

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
        counters: what happened so far.
    """

    def __init__(self, service: str, counters: Counters) -> None:
        self._service = service
        self._counters = counters
        self._figures = Figures()
        self._bus: Bus | None = None
        self._parts: Sequence[Ailing] = ()
        self.latency = Timings()
        self.push = Timings()

    def watch(self, bus: Bus, parts: Sequence[Ailing]) -> None:
        """The parts of this life are made."""
        self._bus = bus
        self._parts = tuple(parts)

    async def look(self, journal: Journal) -> None:
        """Read the journal's figures anew.

        Raises:
            Unavailable: it cannot be read now; the last figures stand.
        """
        self._figures = await journal.figures()

    def vitals(self, *, ready: bool) -> Vitals:
        """See :meth:`crampwatch.service.Watched.vitals`; ``ready``: findings are taken."""
        linked = self._bus is not None and self._bus.connected
        return Vitals(
            service=self._service,
            kind=KIND,
            ready=ready and linked,
            problems=self._problems(linked=linked),
            gauges=self._gauges(),
            counters=self._counters,
            timings={LATENCY: self.latency, PUSH: self.push},
        )

    def detail(self) -> dict[str, str | int | float]:
        """A few figures for the status topic."""
        refused = sum(n for name, n in self._counters.read().items() if name.partition(".")[0] == "refused")
        return {
            "alerts_open": self._figures.open,
            "pushes_owed": sum(self._figures.owed.values()),
            "refused": refused,
        }

    def _problems(self, *, linked: bool) -> tuple[str, ...]:
        said = [] if linked else ["the link to the broker is down; it is dialled again until it answers"]
        return (*said, *(one.problem for one in self._parts if one.problem is not None))

    def _gauges(self) -> tuple[Gauge, ...]:
        figures = self._figures
        return (
            Gauge("alerts_open", figures.open),
            Gauge("journal_facts", figures.facts),
            *(Gauge("pushes_owed", owed, {"channel": name}) for name, owed in sorted(figures.owed.items())),
            *(Gauge("alert_states_waiting", n, {"to_be": way}) for way, n in sorted(figures.waiting.items())),
        )
