"""Lately: the last seconds against the last ten minutes, for what comes on faster than a whole run changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from processor.features.online import ewma
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class LatelySettings:
    """Science 3.4; all [E], chosen on training and tuning seeds of the simulator (docs/evaluation-fit.md).

    Attributes:
        rough_s: the wavering of so long; 60 s.
        short_s: the shortfall of cadence over so long; 20 s.
        mean_s: the same over so long, against the long one; 45 s.
        long_s: what it is held against; 600 s.
        low_percent: a shortfall counts for no less than this; -5 %.
        high_percent: and for no more, so that one dodge is no pattern; 8 %.
        floor_spm: added to a wavering before its logarithm, because rounded cadence often wavers by 0; 0.5 spm.
        clip: a wavering counts for no more than this multiple of the usual one; 6 (as in ``unsteady``).
        step_s: the longest time that one second stands for; 10 s.
    """

    rough_s: float = 60.0
    short_s: float = 20.0
    mean_s: float = 45.0
    long_s: float = 600.0
    low_percent: float = -5.0
    high_percent: float = 8.0
    floor_spm: float = 0.5
    clip: float = 6.0
    step_s: float = 10.0


@dataclass(slots=True)
class LatelyState:
    """Mean logarithms of wavering, short and long, and for how long they were measured; mean shortfalls in percent."""

    rough: float | None = None
    rough_long: float | None = None
    rough_for_s: float = 0.0
    short: float = 0.0
    mean: float = 0.0
    long: float = 0.0


class Lately:
    """Compares the last seconds with the last ten minutes; writes ``roughening``, ``shortfall_percent`` and
    ``falling_percent``. It proves nothing itself.

    While the speed steps up or down, nothing is taken: cadence follows, and no speed sensor is fast enough to say how.
    """

    name: ClassVar[str] = "lately"
    state_type: ClassVar[type] = LatelyState

    def __init__(self, settings: LatelySettings | None = None, state: LatelyState | None = None) -> None:
        self._settings = settings or LatelySettings()
        self._state = state or LatelyState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Take one second."""
        base = view.base
        if base is None:
            self._state = LatelyState()
            return ()
        state = self._state
        if view.residual_spm is not None and not view.speed_steps:
            self._take(view, base.spm, base.wobble_spm)
        if state.rough is not None and state.rough_long is not None:
            view.roughening = state.rough - state.rough_long
        view.shortfall_percent, view.falling_percent = state.short, state.mean - state.long
        return ()

    def snapshot(self) -> LatelyState:
        """The state, a copy."""
        return copied(self._state)

    def _take(self, view: View, usual_spm: float, usual_wobble_spm: float) -> None:
        state, settings = self._state, self._settings
        dt_s = min(view.dt_s, settings.step_s)
        assert view.residual_spm is not None
        percent = -100.0 * view.residual_spm / usual_spm
        percent = min(settings.high_percent, max(settings.low_percent, percent))
        state.short = ewma(state.short, percent, dt_s, settings.short_s)
        state.mean = ewma(state.mean, percent, dt_s, settings.mean_s)
        state.long = ewma(state.long, percent, dt_s, settings.long_s)
        if view.wobble_spm is None:
            return
        state.rough_for_s += dt_s
        rough = math.log(min(view.wobble_spm, settings.clip * usual_wobble_spm) + settings.floor_spm)
        # Until it has seen enough, the long mean is that of all it saw.
        long_s = min(settings.long_s, max(settings.rough_s, state.rough_for_s))
        state.rough = ewma(state.rough, rough, dt_s, settings.rough_s)
        state.rough_long = ewma(state.rough_long, rough, dt_s, long_s)
