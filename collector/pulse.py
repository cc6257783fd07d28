"""How a collector is: what waits on its disk, how many sensors it hears, what is wrong."""

from collections.abc import Callable, Sequence
from typing import Literal

from collector.desk import Desk
from collector.forward import Forwarder
from crampwatch import __version__
from crampwatch.bus import Bus, LinkState
from crampwatch.clock import Clock
from crampwatch.events import ServiceStatus
from crampwatch.metrics import Counters, Gauge, Vitals
from crampwatch.trouble import Trouble
from crampwatch.units import SECOND_MS

KIND = "collector"
#: The longest problem that fits into a status.
PROBLEM_LETTERS = 300


class Pulse:
    """Gathers what the parts of a collector say of themselves.

    Args:
        collector: its id.
        team: its team.
        clock: dates the statuses.
        counters: what happened so far.
        troubles: what may be wrong with the service itself.
        ready: whether it takes frames.
    """

    def __init__(
        self,
        *,
        collector: str,
        team: str,
        clock: Clock,
        counters: Counters,
        troubles: Sequence[Trouble],
        ready: Callable[[], bool],
    ) -> None:
        self._collector = collector
        self._team = team
        self._clock = clock
        self._counters = counters
        self._troubles = tuple(troubles)
        self._ready = ready
        self._since_ms = clock.now_ms()
        self._parts: tuple[Desk, Forwarder] | None = None
        self.bus: Bus | None = None

    def watch(self, desk: Desk, forwarder: Forwarder) -> None:
        """The parts of this life are made."""
        self._parts = (desk, forwarder)

    def vitals(self) -> Vitals:
        """See :meth:`crampwatch.service.Watched.vitals`."""
        return Vitals(
            service=self._collector,
            kind=KIND,
            ready=self._ready(),
            problems=self._problems(),
            gauges=self._gauges(),
            counters=self._counters,
        )

    def status(self, state: Literal["up", "down"], *, ended: bool = False) -> ServiceStatus:
        """The service's word on itself, small; ``ended``: it is an orderly end that is told, and no last will."""
        counted = self._counters.read()
        detail: dict[str, str | int | float] = {
            "kind": KIND,
            "version": __version__,
            "team": self._team,
            "since_ms": self._since_ms,
            "ready": int(self._ready()),
            **{gauge.name: round(gauge.value, 3) for gauge in self._gauges()},
            "refused": sum(n for name, n in counted.items() if name.partition(".")[0] == "refused"),
            **{name: counted.get(name, 0) for name in ("frames", "samples", "reconnects", "resends")},
        }
        if self._parts is not None:
            detail["spool"] = self._parts[1].spool
        if ended:
            detail["ended"] = "in order"
        if problems := self._problems():
            detail["problem"] = problems[0][:PROBLEM_LETTERS]
        return ServiceStatus(service=self._collector, state=state, at_ms=self._clock.now_ms(), detail=detail)

    def _gauges(self) -> Sequence[Gauge]:
        if self._parts is None:
            return ()
        desk, forwarder = self._parts
        link = LinkState() if self.bus is None else self.bus.link
        oldest_ms = forwarder.oldest_ms
        age_s = 0.0 if oldest_ms is None else max(0, self._clock.now_ms() - oldest_ms) / SECOND_MS
        return (
            Gauge("spool_rows", forwarder.waiting),
            Gauge("spool_oldest_seconds", age_s),
            Gauge("connected_sensors", desk.connected),
            Gauge("link_reconnects", link.reconnects),
            Gauge("link_taken_over", link.taken_over),
        )

    def _problems(self) -> Sequence[str]:
        said = [one.problem for one in self._troubles]
        if self.bus is not None:
            said.append(self.bus.link.problem)
        if self._parts is not None:
            said += self._parts[1].problems(self._clock.now_ms())
        return [one for one in said if one is not None]
