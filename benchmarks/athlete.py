"""Cost of one athlete-second in the detectors, the size of the state, and what beats add to both."""

import json
import statistics
import time

from rich.console import Console

from benchmarks.runs import samples_of_a_run
from processor.athlete import Athlete
from processor.features.beats import Beats
from processor.timeline import Moment

ROUNDS = 5
#: A hard run's beats: 60 / 0.353 s is 170 bpm.
RR_MS, BEAT_SECONDS = 353, 1_800
GOALS_US = {"without RR": 50, "with RR": 90}


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
        console.print(f"detectors, {name}: {cost_us:.1f} us per athlete-second (goal <= {GOALS_US[name]})")
    snapshot = machine.snapshot()
    beats = len(json.dumps(json.loads(snapshot)["parts"]["beats"], separators=(",", ":")))
    figures["snapshot bytes"] = len(snapshot)
    figures["snapshot bytes, of which beats"] = beats
    console.print(f"snapshot of an athlete: {len(snapshot)} bytes, {beats} of them its beats")
    cost_us = cost_of_beats()
    figures["us per athlete-second, beats at 170 bpm"] = round(cost_us, 1)
    console.print(f"beats at 170 bpm, artefacts corrected, alpha1 every 15 s: {cost_us:.1f} us per athlete-second")
    return figures


def cost_of_beats() -> float:
    """Microseconds per second of the beats of a hard run, 3 % of them artefacts."""
    told: dict[int, list[float]] = {}
    at_ms = 0
    for number in range(BEAT_SECONDS * 1_000 // RR_MS):
        rr_ms = RR_MS + (number * 7_919) % 11 - 5 + (number % 33 == 0) * 60
        at_ms += rr_ms
        told.setdefault(at_ms // 1_000, []).append(float(rr_ms))
    moments = [Moment(second * 1_000, 1.0, rr_ms=tuple(beats)) for second, beats in sorted(told.items())]
    costs = []
    for _ in range(ROUNDS):
        machine = Beats()
        begun = time.process_time()
        for moment in moments:
            machine.step(moment)
        costs.append((time.process_time() - begun) / len(moments) * 1e6)
    return statistics.median(costs)
