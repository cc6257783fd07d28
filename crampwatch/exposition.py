"""Vitals as Prometheus reads them: names, labels and help of every metric."""

import asyncio
import platform
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from crampwatch import __version__
from crampwatch.meanings import MEANINGS
from crampwatch.metrics import Gauge, Vitals

PREFIX = "crampwatch"
_NO_LETTER = re.compile(r"[^a-zA-Z0-9_]+")


class Exposition(Collector):
    """A process's metrics as text, made anew from the vitals of its services each time it is asked.

    Args:
        ask: gives the vitals of every service of the process as they are now.
    """

    def __init__(self, ask: Callable[[], Sequence[Vitals]]) -> None:
        self._ask = ask
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """The exposition and its content type, in the newest format that ``accept`` names."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is, is known when it is asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family once, whatever the number of services."""
        vitals = self._ask()
        yield InfoMetricFamily(
            f"{PREFIX}_build",
            MEANINGS["build_info"],
            {"version": __version__, "python": platform.python_version()},
        )
        tasks = GaugeMetricFamily(f"{PREFIX}_tasks", MEANINGS["tasks"])
        tasks.add_metric([], len(asyncio.all_tasks()))
        yield tasks
        yield from _states(vitals)
        yield from _gauges(vitals)
        yield from _counters(vitals)
        yield from _histograms(vitals)


def metric_name(*parts: str) -> str:
    """The full name of a metric; what a name may not hold becomes an underscore.

    >>> metric_name("collector", "spool_rows")
    'crampwatch_collector_spool_rows'
    """
    return "_".join((PREFIX, *(_NO_LETTER.sub("_", part) for part in parts)))


def _states(vitals: Sequence[Vitals]) -> Iterator[Metric]:
    ready = GaugeMetricFamily(metric_name("ready"), MEANINGS["ready"], labels=("service", "kind"))
    problems = GaugeMetricFamily(metric_name("problems"), MEANINGS["problems"], labels=("service", "kind"))
    for one in vitals:
        ready.add_metric([one.service, one.kind], float(one.ready))
        problems.add_metric([one.service, one.kind], len(one.problems))
    yield ready
    yield problems


def _gauges(vitals: Sequence[Vitals]) -> Iterator[Metric]:
    families: dict[tuple[str, str], list[tuple[str, Gauge]]] = defaultdict(list)
    for one in vitals:
        for gauge in one.gauges:
            families[one.kind, gauge.name].append((one.service, gauge))
    for (kind, name), rows in sorted(families.items()):
        labels = tuple(sorted({label for _, gauge in rows for label in gauge.labels}))
        family = GaugeMetricFamily(metric_name(kind, name), _meaning(kind, name), labels=("service", *labels))
        for service, gauge in rows:
            family.add_metric([service, *(gauge.labels.get(label, "") for label in labels)], gauge.value)
        yield family


def _counters(vitals: Sequence[Vitals]) -> Iterator[Metric]:
    families: dict[tuple[str, str], list[tuple[str, str, int]]] = defaultdict(list)
    for one in vitals:
        for counted, figure in one.counters.read().items():
            name, _, reason = counted.partition(".")
            families[one.kind, name].append((one.service, reason, figure))
    for (kind, name), rows in sorted(families.items()):
        # A family that knows no reasons is told without the label; an empty one would only be noise.
        labels = ("service", "reason") if any(reason for _, reason, _ in rows) else ("service",)
        family = CounterMetricFamily(metric_name(kind, name), _meaning(kind, name), labels=labels)
        for service, reason, figure in rows:
            family.add_metric([service, reason][: len(labels)], figure)
        yield family


def _histograms(vitals: Sequence[Vitals]) -> Iterator[Metric]:
    """A histogram measures a stretch of the chain and is named for it, whichever kind of service measures."""
    families: dict[str, HistogramMetricFamily] = {}
    for one in vitals:
        for name, timings in one.timings.items():
            family = families.setdefault(
                name,
                HistogramMetricFamily(metric_name(name), _meaning(one.kind, name), labels=("service", "kind")),
            )
            buckets = [
                ("+Inf" if bound_s == float("inf") else str(bound_s), count) for bound_s, count in timings.cumulative()
            ]
            family.add_metric([one.service, one.kind], buckets, timings.sum_s)
    yield from (families[name] for name in sorted(families))


def _meaning(kind: str, name: str, meanings: Mapping[str, str] = MEANINGS) -> str:
    return meanings.get(f"{kind}_{name}") or meanings.get(name) or name.replace("_", " ")
