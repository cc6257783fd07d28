"""Lately: the last seconds against the last minutes, for what comes on faster than a whole run changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.units import SECOND_MS
from processor.features.online import ewma
from processor.features.view import Baseline, View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class LatelySettings:
    """Science 3.4; all [E], chosen on training and tuning seeds of the simulator (docs/evaluation-fit.md).

    Attributes:
        rough_s: the wavering of so long; 60 s.
        rough_long_s: what it is held against; 600 s.
        quick_long_s: what the quick wavering of ``rough_s`` is held against; 1200 s, twice as long, because so small
            steps are noisier.
        quick_percent: a quick wavering counts for no more than this share of the usual cadence; 3 %.
        quick_floor_spm: added to a mean quick wavering before its logarithm; 0.2 spm.
        quick_from_share: it is told once so much of the last minute had it; 0.45, so that a value every 2 s is enough.
        quick_over_share: and no more below this; 0.3.
        short_s: the shortfall of cadence over so long; 20 s.
        short_long_s: what it is held against; 300 s.
        mean_s: the shortfall over so long; 90 s.
        mean_long_s: what it is held against; 900 s.
        low_percent: a shortfall counts for no less than this; -5 %.
        high_percent: and for no more, so that one dodge is no pattern; 8 %.
        dip_percent: so far below the long mean, in points of the usual cadence, a dip begins, and the short shortfall
            waits; 4 %.
        dip_over_share: a dip is over below this share of that; 0.5.
        dip_s: the shortfall waits for no longer: what lasts is no dip; 15 s, because bends last 4 to 13.
        dips: with so many hitches in the last two minutes dips are taken as they are: so many are no bends; 4.
        slowed_share: below this share of the mean speed over ``mean_long_s``, which begins at the usual one, nothing is
            said of shortfall and fall; 0.8. Build-ups are taken to cost no more than 15 % of the speed.
        common_sigma_spm: shortfalls are told in spreads, the geometric mean of the runner's own, of what wavering makes
            of one and of this: an uneven runner falls further by chance; 1.8 spm.
        wobble_share: the usual wavering times this is about a spread; 1.5.
        floor_spm: added to a wavering before its logarithm, because rounded cadence often wavers by 0; 0.5 spm.
        clip: a wavering counts for no more than this multiple of the usual one; 6 (as in ``unsteady``).
        step_s: the longest time that one second stands for; 10 s.
    """

    rough_s: float = 60.0
    rough_long_s: float = 600.0
    quick_long_s: float = 1_200.0
    quick_percent: float = 3.0
    quick_floor_spm: float = 0.2
    quick_from_share: float = 0.45
    quick_over_share: float = 0.3
    short_s: float = 20.0
    short_long_s: float = 300.0
    mean_s: float = 90.0
    mean_long_s: float = 900.0
    low_percent: float = -5.0
    high_percent: float = 8.0
    dip_percent: float = 4.0
    dip_over_share: float = 0.5
    dip_s: float = 15.0
    dips: int = 4
    slowed_share: float = 0.8
    common_sigma_spm: float = 1.8
    wobble_share: float = 1.5
    floor_spm: float = 0.5
    clip: float = 6.0
    step_s: float = 10.0


@dataclass(slots=True)
class LatelyState:
    """Mean logarithms of wavering, short and long, and for how long they were measured; mean shortfalls in percent;
    means of the quick wavering, for how long it was measured, of which share of the last minute, and whether it is
    told; since when cadence is in a dip; and the mean speed.
    """

    rough: float | None = None
    rough_long: float | None = None
    rough_for_s: float = 0.0
    short: float = 0.0
    short_long: float = 0.0
    mean: float = 0.0
    mean_long: float = 0.0
    quick_spm: float | None = None
    quick_long_spm: float | None = None
    quick_for_s: float = 0.0
    quick_share: float = 0.0
    quick_told: bool = False
    dip_at_ms: int | None = None
    mps: float | None = None


class Lately:
    """Compares the last seconds with the last minutes; writes ``roughening``, ``quick_roughening``,
    ``shortfall_sigma`` and ``falling_sigma``. It proves nothing itself.

    A rhythm roughens over 5 s and over 2 s. Where values come too seldom for the latter, the former stands for both, so
    that a coarse recording is judged by as many signs as a fine one.

    It goes on while the speed steps up or down. Standing still for these seconds would keep a bend's short dip, which
    the speed shows late, for half a minute longer. The short shortfall waits while a dip lasts: one bend is as deep as
    a build-up, and over before anybody could act on it. The fall of minutes takes dips as they are, because many of
    them are a sign. Who slows down by a fifth jogs, or is about to walk, and cadence follows no slope there: then
    neither is told.
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
        if view.residual_spm is not None:
            self._take(view, base)
        elif not view.settled:
            state.dip_at_ms = None
        if state.rough is not None and state.rough_long is not None:
            view.roughening = state.rough - state.rough_long
            view.quick_roughening = self._quick_roughening(view.roughening)
        if not self._slowed(view, base):
            spreads = self._spreads(base)
            view.shortfall_sigma = (state.short - state.short_long) * spreads
            view.falling_sigma = (state.mean - state.mean_long) * spreads
        return ()

    def snapshot(self) -> LatelyState:
        """The state, a copy."""
        return copied(self._state)

    def _take(self, view: View, base: Baseline) -> None:
        state, settings = self._state, self._settings
        dt_s = min(view.dt_s, settings.step_s)
        assert view.residual_spm is not None
        low = -100.0 * view.residual_spm / base.spm
        percent = min(settings.high_percent, max(settings.low_percent, low))
        waits = self._in_dip(low - state.short_long, view.at_ms)
        if not waits or view.hitches_lately >= settings.dips:
            state.short = ewma(state.short, percent, dt_s, settings.short_s)
            state.short_long = ewma(state.short_long, percent, dt_s, settings.short_long_s)
        state.mean = ewma(state.mean, percent, dt_s, settings.mean_s)
        state.mean_long = ewma(state.mean_long, percent, dt_s, settings.mean_long_s)
        if view.smooth_mps is not None:
            usual_mps = base.mps if state.mps is None else state.mps
            state.mps = ewma(usual_mps, view.smooth_mps, dt_s, settings.mean_long_s)
        self._take_wavering(view, base, dt_s)

    def _take_wavering(self, view: View, base: Baseline, dt_s: float) -> None:
        state, settings = self._state, self._settings
        if view.wobble_spm is not None:
            rough = math.log(min(view.wobble_spm, settings.clip * base.wobble_spm) + settings.floor_spm)
            state.rough_for_s += dt_s
            long_s = min(settings.rough_long_s, max(settings.rough_s, state.rough_for_s))
            state.rough = ewma(state.rough, rough, dt_s, settings.rough_s)
            state.rough_long = ewma(state.rough_long, rough, dt_s, long_s)
        measured = view.quick_wobble_spm is not None
        state.quick_share = ewma(state.quick_share, float(measured), dt_s, settings.rough_s)
        if view.quick_wobble_spm is not None:
            quick_spm = min(view.quick_wobble_spm, settings.quick_percent / 100.0 * base.spm)
            state.quick_for_s += dt_s
            long_s = min(settings.quick_long_s, max(settings.rough_s, state.quick_for_s))
            state.quick_spm = ewma(state.quick_spm, quick_spm, dt_s, settings.rough_s)
            state.quick_long_spm = ewma(state.quick_long_spm, quick_spm, dt_s, long_s)

    def _quick_roughening(self, slow: float) -> float:
        """How much rougher the rhythm is from step to step than it was; the slow one where too little is measured."""
        state, settings = self._state, self._settings
        border = settings.quick_over_share if state.quick_told else settings.quick_from_share
        state.quick_told = state.quick_share >= border
        if not state.quick_told or state.quick_spm is None or state.quick_long_spm is None:
            return slow
        floor_spm = settings.quick_floor_spm
        return math.log((state.quick_spm + floor_spm) / (state.quick_long_spm + floor_spm))

    def _in_dip(self, lower_percent: float, at_ms: int) -> bool:
        """Whether this second, so far below the long mean, belongs to a dip that is short so far."""
        state, settings = self._state, self._settings
        begins = settings.dip_percent
        if lower_percent < begins * settings.dip_over_share:
            state.dip_at_ms = None
        elif state.dip_at_ms is None and lower_percent > begins:
            state.dip_at_ms = at_ms
        return state.dip_at_ms is not None and at_ms - state.dip_at_ms < settings.dip_s * SECOND_MS

    def _slowed(self, view: View, base: Baseline) -> bool:
        """Whether the pace of this second's running is another one than that of the last minutes."""
        mps, mean_mps = view.smooth_mps, self._state.mps
        if view.residual_spm is None or mps is None or mean_mps is None or base.mps is None:
            return False
        return mps < self._settings.slowed_share * mean_mps

    def _spreads(self, base: Baseline) -> float:
        """One percent of the usual cadence, in spreads."""
        settings = self._settings
        spread = settings.common_sigma_spm * base.block_sigma_spm * settings.wobble_share * base.wobble_spm
        return base.spm / 100.0 / math.cbrt(spread)
