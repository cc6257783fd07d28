"""Cost of one athlete-second in the detectors, the size of the state, and backtest speed."""

import statistics
import time

from rich.console import Console

from benchmarks.runs import samples_of_a_run
from processor.athlete import Athlete

ROUNDS = 5


def measure(console: Console) -> dict[str, float]:
    """Run a simulated 40-minute run through the machine, with and without RR, as the worker does: tick by tick."""
    figures: dict[str, float] = {}
    for name, with_rr in (("without RR", False), ("with RR", True)):
        ticks, seconds = samples_of_a_run(with_rr=with_rr)
        costs = []
        for _ in range(ROUNDS):
            machine = Athlete("bench", "bench")
            begun = time.process_time()
            for tick in ticks:
                machine.observe(tick)
            machine.flush()
            costs.append((time.process_time() - begun) / seconds * 1e6)
        cost_us = statistics.median(costs)
        figures[f"us per athlete-second, {name}"] = round(cost_us, 1)
        console.print(f"detectors, {name}: {cost_us:.1f} us per athlete-second (goal without RR <= 50)")
    size = len(machine.snapshot())
    figures["snapshot bytes"] = size
    console.print(f"snapshot of an athlete: {size} bytes")
    return figures
