"""What a service measures of itself: counts by a bounded reason, present values, and how long things took."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class Counters:
    """Counts of one service. ``counters.add("refused", "truncated_frame")``; read them with :meth:`read`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, reason: str = "", by: int = 1) -> int:
        """Count, and return the new figure: 1 means that this is the first, worth a warning."""
        self._counts[name, reason] += by
        return self._counts[name, reason]

    def value(self, name: str, reason: str = "") -> int:
        """How often ``name`` happened for ``reason``."""
        return self._counts[name, reason]

    def read(self) -> Mapping[str, int]:
        """Everything counted, ``name`` or ``name.reason`` to figure."""
        return {f"{name}.{reason}" if reason else name: n for (name, reason), n in sorted(self._counts.items())}


#: Upper bounds of a histogram of waits, in seconds: from a millisecond to a minute.
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Timings:
    """How long things took, as a histogram. ``timings.observe(0.017)``."""

    def __init__(self, bounds_s: Sequence[float] = BOUNDS_S) -> None:
        self._bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(self._bounds_s) + 1)
        self._sum_s = 0.0

    @property
    def sum_s(self) -> float:
        """Everything observed, added up."""
        return self._sum_s

    def observe(self, seconds: float) -> None:
        """Count one wait."""
        self._counts[bisect_left(self._bounds_s, seconds)] += 1
        self._sum_s += seconds

    def cumulative(self) -> Sequence[tuple[float, int]]:
        """How many took at most so long, bound by bound; the last bound is infinite."""
        total, rows = 0, []
        for bound_s, count in zip((*self._bounds_s, float("inf")), self._counts, strict=True):
            total += count
            rows.append((bound_s, total))
        return rows


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value at present. ``name`` ends with its unit (``_seconds``, ``_rows``, ``_bytes``); labels are bounded."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a service is, at the moment it was asked. What /readyz, /metrics and its status topic say, comes from here.

    Attributes:
        service: its id.
        kind: ``collector``, ``processor``, ``alerter`` or ``dashboard``.
        ready: it takes what it is there to take.
        problems: what is wrong now and what to do, one line each; empty when all is well. A service with problems
            may still be ready: it holds on and says so.
        gauges: present values.
        counters: what happened so far.
        timings: histograms by name, which ends with ``_seconds``.
    """

    service: str
    kind: str
    ready: bool
    problems: Sequence[str] = ()
    gauges: Sequence[Gauge] = ()
    counters: Counters = field(default_factory=Counters)
    timings: Mapping[str, Timings] = field(default_factory=dict)
