"""Settled seconds of running as a detector late in the line sees them."""

from crampwatch.units import Motion
from processor.features.view import Baseline, View
from tests.support.clocks import START_MS

BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)


def second(at_s, **channels):
    """A settled second of running; what is not said is as usual."""
    view = View(
        at_ms=START_MS + at_s * 1_000,
        dt_s=1.0,
        motion=Motion.RUN,
        motion_before=Motion.RUN,
        run_s=600.0 + at_s,
        settled=True,
        heart_settled=True,
        spm=170.0,
        mps=3.0,
        smooth_mps=3.0,
        bpm=150,
        base=BASE,
        expected_spm=170.0,
        residual_spm=0.0,
        unsteadiness=1.0,
        deficit_sigma=0.0,
    )
    for name, value in channels.items():
        setattr(view, name, value)
    if channels.get("hitches"):
        view.hitch_at_ms = view.at_ms
    return view
