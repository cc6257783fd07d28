"""A run told in stretches before the detector that holds the last seconds against the last minutes."""

import math

from crampwatch.units import Motion
from processor.detect.lately import Lately
from processor.features.view import Baseline, View
from tests.support.clocks import START_MS

BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)
EVEN_SPM = 0.8
#: What two values 2 s apart differ by, and the most that counts: 3 % of this runner's cadence.
QUICK_SPM = 0.4
MOST_QUICK_SPM = 0.03 * BASE.spm
#: One percent of this runner's cadence, in spreads.
PERCENT = 1.70 / math.cbrt(1.8 * BASE.block_sigma_spm * 1.5 * BASE.wobble_spm)


class Run:
    """Seconds of a run, told in stretches, before a detector; what it wrote is read from the last."""

    def __init__(self, detector=None, step_s=1, at_s=0):
        self.detector = detector or Lately()
        self.views = []
        self._step_s, self.at_s = step_s, at_s

    def running(self, seconds, lower_percent=0.0, wobble_spm=EVEN_SPM, **channels):
        """Cadence so much below what was expected, wavering by so much in five seconds."""
        return self.told(
            seconds, residual_spm=-BASE.spm * lower_percent / 100, wobble_spm=wobble_spm, settled=True, **channels
        )

    def standing(self, seconds):
        return self.told(seconds, motion=Motion.STOP, spm=0.0)

    def told(self, seconds, base=BASE, **channels):
        for _ in range(0, seconds, self._step_s):
            self.at_s += self._step_s
            at_ms = START_MS + self.at_s * 1_000
            view = View(at_ms=at_ms, dt_s=float(self._step_s), motion=Motion.RUN, motion_before=Motion.RUN, base=base)
            for name, value in channels.items():
                setattr(view, name, value)
            assert self.detector.observe(view) == ()
            self.views.append(view)
        return self

    @property
    def last(self):
        """Roughening, shortfall and fall of the last second."""
        return written(self.views[-1])

    @property
    def quick(self):
        """Quick roughening in the last second."""
        return self.views[-1].quick_roughening


def written(view):
    return view.roughening, view.shortfall_sigma, view.falling_sigma
