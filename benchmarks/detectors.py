"""The machine of an athlete beside river's rolling statistics and change detector, on the same seconds."""

import gc
import pickle
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console

from benchmarks.figures import markdown, say
from benchmarks.runs import samples_of_a_run
from crampwatch.events import CadenceMeasured, HeartRateMeasured, Sample, SpeedMeasured
from crampwatch.units import HOUR_MS
from processor.athlete import Athlete

ROUNDS = 5
DAY_H = 24
WINDOW = 60
COLUMNS = ("", "us per athlete-second", "bytes of state", "run-hours judged in a second")
Ticks = Sequence[tuple[Sample, ...]]


class Rolling:
    """What river offers for such seconds: a rolling mean and variance and Page-Hinkley of each channel.

    It finds that a mean has moved. It knows no gap, no gate, no unit and no fault of a sensor, and says nothing in
    words: it is no detector of fatigue, but the price of plain statistics per second.
    """

    def __init__(self) -> None:
        from river import drift, stats, utils

        self._channels: dict[type, tuple[Any, Any, Any]] = {
            kind: (utils.Rolling(stats.Mean(), WINDOW), utils.Rolling(stats.Var(), WINDOW), drift.PageHinkley())
            for kind in (HeartRateMeasured, CadenceMeasured, SpeedMeasured)
        }

    def observe(self, tick: Iterable[Sample]) -> int:
        """Take a second; how many channels have drifted."""
        drifted = 0
        for sample in tick:
            value = _value(sample)
            if value is not None:
                mean, spread, page = self._channels[type(sample)]
                mean.update(value)
                spread.update(value)
                page.update(value)
                drifted += page.drift_detected
        return drifted

    def snapshot(self) -> bytes:
        """The state; river has no other form than a pickle."""
        return pickle.dumps(self._channels)


def measure(console: Console) -> dict[str, dict[str, float]]:
    """Print the table, and how the state and the memory of the machine grow in a run of 24 h."""
    ticks, seconds = samples_of_a_run(with_rr=False)
    makers: dict[str, Callable[[], Any]] = {"crampwatch": lambda: Athlete("bench", "bench")}
    try:
        Rolling()
        makers["river: rolling mean, variance, Page-Hinkley"] = Rolling
    except ImportError:
        say(console, "river is not there: pip install -e .[benchmark]")
    figures: dict[str, dict[str, float]] = {}
    for name, make in makers.items():
        cost_us, state = _cost(make, ticks, seconds)
        figures[name] = {"us": round(cost_us, 1), "bytes": state, "run_hours_per_s": round(1e6 / cost_us / 3_600, 1)}
    say(console, markdown(COLUMNS, ((name, *values.values()) for name, values in figures.items())))
    figures["24 h"] = _day(console, ticks)
    return figures


def _value(sample: Sample) -> float | None:
    if isinstance(sample, HeartRateMeasured):
        return sample.bpm
    if isinstance(sample, CadenceMeasured):
        return sample.spm
    return sample.mps if isinstance(sample, SpeedMeasured) else None


def _cost(make: Callable[[], Any], ticks: Ticks, seconds: int) -> tuple[float, int]:
    """The median cost of a second in us, and the size of the state at the end."""
    costs = []
    for _ in range(ROUNDS):
        machine = make()
        begun = time.process_time()
        for tick in ticks:
            machine.observe(tick)
        costs.append((time.process_time() - begun) / seconds * 1e6)
    return statistics.median(costs), len(machine.snapshot())


def _day(console: Console, ticks: Ticks) -> dict[str, float]:
    """The same run over and over for 24 h: what stays in memory and in the state."""
    machine = Athlete("bench", "day")
    length_ms = ticks[-1][0].at_ms - ticks[0][0].at_ms + 1_000
    sizes, memory_kb = [], []
    for lap in range(DAY_H * HOUR_MS // length_ms):
        for tick in ticks:
            machine.observe(_later(sample, lap, length_ms, len(ticks)) for sample in tick)
        gc.collect()
        sizes.append(len(machine.snapshot()))
        memory_kb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    grown_kb = memory_kb[-1] - memory_kb[0]
    console.print(
        f"24 h in one session: state {sizes[0]} bytes after a run, {sizes[-1]} at the end, {max(sizes)} at most; "
        f"memory grew by {grown_kb} KB"
    )
    return {"first bytes": sizes[0], "last bytes": sizes[-1], "most bytes": max(sizes), "grown KB": grown_kb}


def _later(sample: Sample, lap: int, length_ms: int, ticks: int) -> Sample:
    moved = {"at_ms": sample.at_ms + lap * length_ms, "seq": sample.seq + lap * 10 * ticks}
    return sample.model_copy(update=moved)
