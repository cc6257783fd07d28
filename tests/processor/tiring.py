"""Seconds of a run as the fatigue index reads them, and a detector that knows what is usual."""

from crampwatch.units import Motion, Quality
from processor.detect.fatigue import Fatigue
from processor.features.view import Baseline, View
from tests.support.clocks import START_MS

BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)
GOOD = {"heart_rate": Quality.GOOD, "cadence": Quality.GOOD, "speed": Quality.GOOD}


def second(at_s, *, bpm=150, mps=3.0, gates=(), quality=GOOD, base=BASE, run_s=None, **rest):
    """A settled second of steady running, 600 s into the run at the start."""
    return View(
        at_ms=START_MS + round(at_s * 1_000),
        dt_s=rest.pop("dt_s", 1.0),
        motion=Motion.RUN,
        run_s=600.0 + at_s if run_s is None else run_s,
        settled=True,
        heart_settled=True,
        spm=170.0,
        bpm=bpm,
        mps=mps,
        smooth_mps=mps,
        quality=quality,
        base=base,
        gates=list(gates),
        **rest,
    )


def told(detector, *views):
    for view in views:
        detector.observe(view)
    return views[-1]


def learned(**rest):
    """A detector that knows what is usual: eight minutes at 150 bpm and 3 m/s."""
    detector = Fatigue()
    told(detector, *(second(at_s, **rest) for at_s in range(500)))
    return detector
