"""How the alerter is: what it owes, what is open, what is wrong, how long pushes take."""

from collections.abc import Sequence
from typing import Literal, Protocol

from crampwatch import __version__
from crampwatch.bus import Bus, LinkState
from crampwatch.clock import Clock
from crampwatch.events import ServiceStatus
from crampwatch.metrics import Counters, Gauge, Timings, Vitals

from .journal import Figures, Journal

KIND = "alerter"
#: From what an alert is about to when the first channel that a person hears took it, by the run's clock.
LATENCY = "alert_latency_seconds"
#: From handing a push to a channel to its word that it was taken, by the run's clock.
PUSH = "push_seconds"
#: How much of a problem the status topic carries.
PROBLEM_LETTERS = 300


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
        clock: dates the alerter's word on itself.
        counters: what happened so far.
    """

    def __init__(self, service: str, team: str, clock: Clock, counters: Counters) -> None:
        self._service = service
        self._team = team
        self._clock = clock
        self._counters = counters
        self._since_ms = clock.now_ms()
        self._taking = False
        self._figures = Figures()
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

    async def look(self, journal: Journal) -> None:
        """Read the journal's figures anew.

        Raises:
            Unavailable: it cannot be read now; the last figures stand.
        """
        self._figures = await journal.figures()

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

    def status(self, state: Literal["up", "down"], *, ended: bool = False) -> ServiceStatus:
        """The alerter's word on itself, small; ``ended``: it is an orderly end that is told, and no last will."""
        figures = self._figures
        detail: dict[str, str | int | float] = {
            "kind": KIND,
            "version": __version__,
            "team": self._team,
            "since_ms": self._since_ms,
            "ready": int(self._ready()),
            "alerts_open": figures.open,
            "pushes_owed": sum(figures.owed.values()),
            "alert_states_waiting": sum(figures.waiting.values()),
            "journal_facts": figures.facts,
            "refused": sum(n for name, n in self._counters.read().items() if name.partition(".")[0] == "refused"),
        }
        if ended:
            detail["ended"] = "in order"
        if problems := self._problems():
            detail["problem"] = problems[0][:PROBLEM_LETTERS]
        return ServiceStatus(service=self._service, state=state, at_ms=self._clock.now_ms(), detail=detail)

    def _ready(self) -> bool:
        return self._taking and self._bus is not None and self._bus.connected

    def _problems(self) -> tuple[str, ...]:
        said = [None if self._bus is None else self._bus.link.problem, *(one.problem for one in self._parts)]
        return tuple(one for one in said if one is not None)

    def _gauges(self) -> tuple[Gauge, ...]:
        figures, link = self._figures, LinkState() if self._bus is None else self._bus.link
        return (
            Gauge("link_reconnects", link.reconnects),
            Gauge("link_taken_over", link.taken_over),
            Gauge("alerts_open", figures.open),
            Gauge("journal_facts", figures.facts),
            *(Gauge("pushes_owed", owed, {"channel": name}) for name, owed in sorted(figures.owed.items())),
            *(Gauge("alert_states_waiting", n, {"to_be": way}) for way, n in sorted(figures.waiting.items())),
        )
