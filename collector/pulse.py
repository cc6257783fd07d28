"""How a collector is: what waits on its disk, how many sensors it hears, what is wrong."""

from collections.abc import Callable, Mapping, Sequence

from collector.desk import Desk
from collector.forward import Forwarder
from collector.source import Ailing, Source
from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.herald import link_gauges
from crampwatch.metrics import Counters, Gauge, Vitals
from crampwatch.trouble import Trouble
from crampwatch.units import SECOND_MS

KIND = "collector"


class Pulse:
    """Gathers what the parts of a collector say of themselves.

    Args:
        collector: its id.
        team: its team.
        clock: says how old things are.
        counters: what happened so far.
        troubles: what may be wrong with the service itself.
        ready: whether it takes frames.
        source: may have trouble of its own.
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
        source: Source,
    ) -> None:
        self._collector = collector
        self._team = team
        self._clock = clock
        self._counters = counters
        self._troubles = tuple(troubles)
        self._ready = ready
        self._source = source
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

    def word(self) -> Mapping[str, str | int | float]:
        """What the collector's status holds beside its gauges."""
        counted = self._counters.read()
        spool = {} if self._parts is None else {"spool": self._parts[1].spool}
        figures = {name: counted.get(name, 0) for name in ("frames", "samples", "reconnects", "resends")}
        return {"team": self._team, **figures, **spool}

    def _gauges(self) -> Sequence[Gauge]:
        if self._parts is None:
            return ()
        desk, forwarder = self._parts
        oldest_ms = forwarder.oldest_ms
        age_s = 0.0 if oldest_ms is None else max(0, self._clock.now_ms() - oldest_ms) / SECOND_MS
        return (
            Gauge("spool_rows", forwarder.waiting),
            Gauge("spool_oldest_seconds", age_s),
            Gauge("connected_sensors", desk.connected),
            *link_gauges(self.bus),
        )

    def _problems(self) -> Sequence[str]:
        said = [one.problem for one in self._troubles]
        if self.bus is not None:
            said.append(self.bus.link.problem)
        if self._parts is not None:
            said += self._parts[1].problems(self._clock.now_ms())
        if isinstance(self._source, Ailing):
            said += self._source.problems()
        return [one for one in said if one is not None]
