"""What is usual for this athlete today: learned over the first minutes of running, adapted slowly afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS

from .online import Histogram, ewma, mad_sigma
from .view import Baseline, View


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """Science 3.3.

    Attributes:
        skip_s: running time that is left out at the start; 60 s [E].
        learn_s: running time at which the baseline stands; 480 s (drift begins after about 10 min, Coyle and
            Gonzalez-Alonso 2001; 8 min [E]).
        relearn_s: running time after a silence of over ``forget_s``, or with another sensor; 180 s [E].
        forget_s: a silence longer than this asks for a new baseline; 900 s [E].
        sigma_spm: floor of the spread per second; 1.2 spm [E].
        block_s: length of a block; 10 s [E].
        block_sigma_spm: floor of the spread of block means; 1 spm [E].
        wobble_spm: floor of the usual unsteadiness; 0.5 spm. Steady runners waver by less than
            the 1 spm of science 3.3, which hides a change; on the recorded runs 0.5 sets off no more warnings.
        wobble_lag_s: unsteadiness compares values so far apart, longer than watches hold a value; 5 s [E].
        quick_lag_s: the quick unsteadiness compares values that were read, not held, exactly so far apart; 2 s [E].
        step_s: the most time one value stands for; 8 s, the longest step of smart recording [E].
        low_spm: a usual cadence below this is none of running and is learned anew; 120 spm, where running ends at
            the latest (science 3.2).
        low_mps: a usual speed below this is none of running and counts as no speed; 1.2 m/s [E].
        slope: cadence per speed; 6 spm per m/s (5.6, PubMed 30543498; 6.6, PubMed 31284825).
        slope_low: it is learned online, but not below 2 [E].
        slope_high: and not above 12 spm per m/s [E].
        slope_prior: weight of the prior in (m/s)^2 s; 30, two minutes at 0.5 m/s [E].
        slope_tau_s: memory of the slope; 1200 s [E].
        adapt_s: time constant of the slow adaptation; 1200 s [E].
        adapt_share: adaptation goes no further than this; 2 %, so that a decline is not learned away [E].
        reach_spm: the most that speed may move the expectation; 15 spm [E].
    """

    skip_s: float = 60.0
    learn_s: float = 480.0
    relearn_s: float = 180.0
    forget_s: float = 900.0
    sigma_spm: float = 1.2
    block_s: float = 10.0
    block_sigma_spm: float = 1.0
    wobble_spm: float = 0.5
    wobble_lag_s: float = 5.0
    quick_lag_s: float = 2.0
    step_s: float = 8.0
    low_spm: float = 120.0
    low_mps: float = 1.2
    slope: float = 6.0
    slope_low: float = 2.0
    slope_high: float = 12.0
    slope_prior: float = 30.0
    slope_tau_s: float = 1_200.0
    adapt_s: float = 1_200.0
    adapt_share: float = 0.02
    reach_spm: float = 15.0


@dataclass(slots=True)
class BaselineState:
    """Histograms while learning; the baseline, its adaptation and the slope afterwards."""

    run_s: float = 0.0
    due_s: float = 0.0
    spm: dict[str, float] = field(default_factory=dict)
    mps: dict[str, float] = field(default_factory=dict)
    bpm: dict[str, float] = field(default_factory=dict)
    blocks: list[float] = field(default_factory=list)
    block_sum: float = 0.0
    block_s: float = 0.0
    wobble_sum: float = 0.0
    wobble_s: float = 0.0
    recent_ms: list[int] = field(default_factory=list)
    recent_spm: list[float] = field(default_factory=list)
    base: list[float | None] | None = None
    adapted_spm: float = 0.0
    slope_xy: float = 0.0
    slope_xx: float = 0.0
    near_ms: list[int] = field(default_factory=list)
    near_spm: list[float] = field(default_factory=list)


class SessionBaseline:
    """Learns what is usual, then says for each second what was to be expected."""

    def __init__(self, settings: BaselineSettings | None = None, state: BaselineState | None = None) -> None:
        self._settings = settings or BaselineSettings()
        self._lag_ms = self._settings.wobble_lag_s * SECOND_MS
        self._quick_ms = round(self._settings.quick_lag_s * SECOND_MS)
        self.state = state or BaselineState()
        if self.state.due_s == 0.0:
            self.state.due_s = self._settings.learn_s
        self._base = self._current()

    @property
    def base(self) -> Baseline | None:
        """What is usual now, adaptation included; None while it is being learned."""
        return self._base

    def run(self, dt_s: float) -> float:
        """Count running time; return all of it in seconds."""
        self.state.run_s += min(dt_s, self._settings.step_s)
        return self.state.run_s

    def interrupt(self, silence_s: float) -> None:
        """Nothing recent may be compared across a silence; a long one asks for a new baseline."""
        state = self.state
        self._forget_recent()
        state.block_sum = state.block_s = 0.0
        if silence_s >= self._settings.forget_s and state.base is not None:
            self.begin_anew()

    def begin_anew(self) -> None:
        """What was learned is of another time or another sensor: learn anew."""
        run_s = self.state.run_s
        due_s = run_s + self._settings.relearn_s
        if self.state.base is None:
            due_s = max(self.state.due_s, due_s)
        self.state = BaselineState(run_s=run_s, due_s=due_s)
        self._base = None

    def take_back(self, heart: Iterable[tuple[int, int]]) -> None:
        """These heart rates (bpm, seconds) were wrong: unlearn them. A baseline that stands is kept."""
        if self._base is None:
            usual = Histogram(1.0, self.state.bpm)
            for bpm, seconds in heart:
                usual.take_back(bpm, seconds)

    def observe(self, view: View, *, calm: bool) -> None:
        """Fill in what is usual and how this second differs; learn from it when it is settled running.

        Args:
            view: the second; its ``base``, ``expected_spm``, ``residual_spm``, ``wobble_spm`` and
                ``quick_wobble_spm`` are written.
            calm: no level stands, so slow adaptation is allowed. The slope goes on being learned: one that stood
                still would keep a level up on every climb, and so itself.
        """
        spm = view.spm
        if spm is None or not view.settled:
            self._forget_recent()
            view.base = self._base
            if self._base is not None and spm is not None:
                view.expected_spm = self._expect(view.smooth_mps)
            return
        self._measure_wobble(view, spm)
        if self._base is None:
            self._learn(view, spm)
            view.base = self._base
            return
        expected = self._expect(view.smooth_mps)
        view.base, view.expected_spm, view.residual_spm = self._base, expected, spm - expected
        if spm - expected > -3 * self._base.sigma_spm:
            self._learn_slope(view, spm)
            if calm:
                self._adapt(view, spm - expected)

    def _expect(self, mps: float | None) -> float:
        base, settings, state = self._base, self._settings, self.state
        assert base is not None
        if mps is None or base.mps is None:
            return base.spm
        # The prior slope, moved by what was seen: a ridge estimate, clipped.
        slope = (state.slope_xy + settings.slope * settings.slope_prior) / (state.slope_xx + settings.slope_prior)
        slope = min(settings.slope_high, max(settings.slope_low, slope))
        reach = settings.reach_spm
        return base.spm + min(reach, max(-reach, slope * (mps - base.mps)))

    def _measure_wobble(self, view: View, spm: float) -> None:
        times, values, at_ms, lag_ms = self.state.recent_ms, self.state.recent_spm, view.at_ms, self._lag_ms
        while len(times) > 1 and at_ms - times[1] >= lag_ms:
            del times[0], values[0]
        if times and lag_ms <= at_ms - times[0] <= 2 * lag_ms:
            view.wobble_spm = abs(spm - values[0])
        times.append(at_ms)
        values.append(spm)
        if view.read_at_ms == at_ms:
            self._measure_quick_wobble(view, spm)

    def _measure_quick_wobble(self, view: View, spm: float) -> None:
        times, values, then_ms = self.state.near_ms, self.state.near_spm, view.at_ms - self._quick_ms
        while times and times[0] < then_ms:
            del times[0], values[0]
        if times and times[0] == then_ms:
            view.quick_wobble_spm = abs(spm - values[0])
        times.append(view.at_ms)
        values.append(spm)

    def _forget_recent(self) -> None:
        if self.state.recent_ms:
            self.state.recent_ms, self.state.recent_spm = [], []
        if self.state.near_ms:
            self.state.near_ms, self.state.near_spm = [], []

    def _learn(self, view: View, spm: float) -> None:
        state, settings = self.state, self._settings
        weight = min(view.dt_s, settings.step_s)
        if state.run_s < settings.skip_s:
            return
        Histogram(0.5, state.spm).add(spm, weight)
        if view.smooth_mps is not None:
            Histogram(0.05, state.mps).add(view.smooth_mps, weight)
        if view.bpm is not None:
            Histogram(1.0, state.bpm).add(view.bpm, weight)
        if view.wobble_spm is not None:
            state.wobble_sum += view.wobble_spm * weight
            state.wobble_s += weight
        state.block_sum += spm * weight
        state.block_s += weight
        if state.block_s >= settings.block_s:
            state.blocks.append(round(state.block_sum / state.block_s, 2))
            state.block_sum = state.block_s = 0.0
        if state.run_s >= state.due_s:
            self._settle()

    def _settle(self) -> None:
        """Enough was seen: the histograms become the baseline and are let go."""
        state, settings = self.state, self._settings
        cadence = Histogram(0.5, state.spm)
        if cadence.median() < settings.low_spm:
            self.state = BaselineState(run_s=state.run_s, due_s=state.run_s + settings.relearn_s)
            return
        spread = mad_sigma(state.blocks) if len(state.blocks) >= 6 else 0.0
        usual = state.wobble_sum / state.wobble_s if state.wobble_s else 0.0
        mps = self._mostly(Histogram(0.05, state.mps), state.mps, state.spm)
        state.base = [
            cadence.median(),
            max(settings.sigma_spm, cadence.sigma()),
            max(settings.block_sigma_spm, spread),
            max(settings.wobble_spm, usual),
            mps if mps is not None and mps >= settings.low_mps else None,
            self._mostly(Histogram(1.0, state.bpm), state.bpm, state.spm),
        ]
        state.spm, state.mps, state.bpm, state.blocks = {}, {}, {}, []
        self._base = self._current()

    @staticmethod
    def _mostly(histogram: Histogram, counts: dict[str, float], reference: dict[str, float]) -> float | None:
        """The median of a channel that was there for at least half the time, else None."""
        return histogram.median() if sum(counts.values()) >= 0.5 * sum(reference.values()) else None

    def _learn_slope(self, view: View, spm: float) -> None:
        state, settings, base, mps = self.state, self._settings, self._base, view.smooth_mps
        assert base is not None
        if mps is None or mps < settings.low_mps or base.mps is None:
            return
        keep = 1.0 - min(1.0, view.dt_s / settings.slope_tau_s)
        faster, weight = mps - base.mps, min(view.dt_s, settings.step_s)
        state.slope_xy = state.slope_xy * keep + faster * (spm - base.spm) * weight
        state.slope_xx = state.slope_xx * keep + faster * faster * weight

    def _adapt(self, view: View, residual_spm: float) -> None:
        state, settings, base = self.state, self._settings, self._base
        assert base is not None
        assert state.base is not None
        learned = state.base[0] or 0.0
        limit = settings.adapt_share * learned
        moved = ewma(state.adapted_spm, residual_spm + state.adapted_spm, view.dt_s, settings.adapt_s)
        state.adapted_spm = min(limit, max(-limit, moved))
        self._base = Baseline(learned + state.adapted_spm, *base[1:])

    def _current(self) -> Baseline | None:
        values = self.state.base
        if values is None:
            return None
        spm, sigma, block, wobble, mps, bpm = values
        assert spm is not None
        assert sigma is not None
        assert block is not None
        assert wobble is not None
        return Baseline(spm + self.state.adapted_spm, sigma, block, wobble, mps, bpm)
