"""How a processor is: how old each athlete's data is, how long storing takes, what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.herald import link_gauges
from crampwatch.metrics import Counters, Gauge, Timings, Vitals
from crampwatch.units import MINUTE_MS, SECOND_MS

from .marks import Marks

KIND = "processor"
#: From the arrival of a message to the commit that stored it, in wall seconds.
STORED = "stored_seconds"
#: An athlete of whom nothing was heard for so long is not running any more.
HEARD_MS = 30 * MINUTE_MS


@dataclass(slots=True)
class _Heard:
    """When something last came of an athlete, and of when the newest sample is that is stored."""

    by_host_ms: int
    newest_ms: int


class Pulse:
    """Keeps the figures of a processor.

    Args:
        processor: its id.
        team: its team.
        clock: what is recent is so by the run's clock.
        counters: what happened so far.
        ready: whether it takes telemetry.
        troubles: what is wrong at this moment, a line each.
        sizes: how many ``sessions`` there are, how many messages wait (``queue_messages``).
        stored: what waits on the way into the store.
    """

    def __init__(
        self,
        *,
        processor: str,
        team: str,
        clock: Clock,
        counters: Counters,
        ready: Callable[[], bool],
        troubles: Callable[[], Sequence[str]],
        sizes: Callable[[], Mapping[str, int]],
        stored: Callable[[], Sequence[Gauge]] = tuple,
    ) -> None:
        self._processor = processor
        self._team = team
        self._clock = clock
        self._counters = counters
        self._ready = ready
        self._troubles = troubles
        self._sizes = sizes
        self._store_gauges = stored
        self._heard: dict[str, _Heard] = {}
        self.stored_s = Timings()
        self.marks = Marks()
        self.bus: Bus | None = None

    def stored(self, athlete: str, newest_ms: int, now_ms: int) -> None:
        """Samples of an athlete up to this moment are in the store."""
        heard = self._heard.get(athlete)
        if heard is None:
            self._heard[athlete] = _Heard(now_ms, newest_ms)
        else:
            heard.by_host_ms, heard.newest_ms = now_ms, max(heard.newest_ms, newest_ms)

    def vitals(self) -> Vitals:
        """See :meth:`crampwatch.service.Watched.vitals`."""
        lags_s = self._lags_s()
        return Vitals(
            service=self._processor,
            kind=KIND,
            ready=self._ready(),
            problems=self._problems(),
            gauges=(
                *self._figures(lags_s),
                *(Gauge("lag_seconds", lag_s, {"athlete": athlete}) for athlete, lag_s in lags_s.items()),
                *(Gauge("watermark_rows", row, {"collector": one}) for one, row in self.marks.newest().items()),
            ),
            counters=self._counters,
            timings={STORED: self.stored_s},
        )

    def word(self) -> Mapping[str, str | int | float]:
        """What the processor's status holds beside its gauges without labels."""
        counted = self._counters.read()
        return {"team": self._team, **{name: counted.get(name, 0) for name in ("messages", "samples")}}

    def _figures(self, lags_s: Mapping[str, float]) -> Sequence[Gauge]:
        return (
            *(Gauge(name, size) for name, size in self._sizes().items()),
            Gauge("slowest_lag_seconds", max(lags_s.values(), default=0.0)),
            *link_gauges(self.bus),
            *self._store_gauges(),
        )

    def _lags_s(self) -> Mapping[str, float]:
        """Athlete to how old their newest stored sample is; those who rest for long are let go."""
        now_ms = self._clock.now_ms()
        self._heard = {who: one for who, one in self._heard.items() if now_ms - one.by_host_ms <= HEARD_MS}
        return {who: max(0, now_ms - one.newest_ms) / SECOND_MS for who, one in sorted(self._heard.items())}

    def _problems(self) -> Sequence[str]:
        link = None if self.bus is None else self.bus.link.problem
        return [*([link] if link else []), *self._troubles()]
