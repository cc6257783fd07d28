"""Speed made fit for detectors: held over short gaps, smoothed, impossible and blind values dropped, steps noticed."""

from dataclasses import dataclass

from crampwatch.units import SECOND_MS, Quality
from processor.timeline import Moment

from .online import ewma


@dataclass(frozen=True, slots=True)
class SpeedSettings:
    """How speed is read.

    Attributes:
        hold_s: a missing value is bridged for so long; 10 s, GPS and smart recording leave such gaps [E].
        highest_mps: more is no runner; 12.5 m/s [E].
        tau_s: smoothing; 8 s [E].
        slow_tau_s: smoothing of the mean that a speed step is measured against; 60 s [E].
        step_share: leaving that mean by this share is a speed step; 10 % (science 2.1).
        moving_share: leaving it by this share the speed is on its way from one to another; 6 %, chosen on training and
            tuning seeds of the simulator.
        still_mps: slower is standing; 0.5 m/s [E].
        still_s: while running that is believed for so long, above the lag of GPS (science 2.4); then there is no
            speed, as from a watch without a fix or a pod that counts steps only; 30 s [E].
    """

    hold_s: float = 10.0
    highest_mps: float = 12.5
    tau_s: float = 8.0
    slow_tau_s: float = 60.0
    step_share: float = 0.10
    moving_share: float = 0.06
    still_mps: float = 0.5
    still_s: float = 30.0


@dataclass(slots=True)
class SpeedState:
    """The last value, its fast and slow mean, when the last speed step was seen, and for how long legs ran at none."""

    mps: float | None = None
    at_ms: int = 0
    smooth_mps: float | None = None
    slow_mps: float | None = None
    stepped_at_ms: int = 0
    still_s: float = 0.0
    blind: bool = False


class Speed:
    """Conditions one speed a moment."""

    def __init__(self, settings: SpeedSettings | None = None, state: SpeedState | None = None) -> None:
        self._settings = settings or SpeedSettings()
        self.state = state or SpeedState()

    def step(self, moment: Moment, *, running: bool) -> tuple[float | None, Quality]:
        """The speed now in m/s, unsmoothed, and how far to trust it. ``running`` is what the legs did until now."""
        state, settings = self.state, self._settings
        mps = moment.mps
        self._watch_blindness(mps, moment.dt_s, running=running)
        if state.blind:
            state.mps = state.smooth_mps = None
            return None, Quality.UNDEFINED
        if mps is None or mps > settings.highest_mps:
            if state.mps is not None and moment.at_ms - state.at_ms <= settings.hold_s * SECOND_MS:
                return state.mps, Quality.UNRELIABLE
            state.mps = state.smooth_mps = None
            return None, Quality.UNDEFINED if mps is None else Quality.UNRELIABLE
        state.mps, state.at_ms = mps, moment.at_ms
        state.smooth_mps = ewma(state.smooth_mps, mps, moment.dt_s, settings.tau_s)
        state.slow_mps = ewma(state.slow_mps, mps, moment.dt_s, settings.slow_tau_s)
        if abs(state.smooth_mps - state.slow_mps) > settings.step_share * state.slow_mps:
            state.stepped_at_ms = moment.at_ms
        return mps, Quality.GOOD

    @property
    def steps(self) -> bool:
        """Whether the speed is on its way from one to another: what follows from it cannot be said just now."""
        smooth_mps, slow_mps = self.state.smooth_mps, self.state.slow_mps
        if smooth_mps is None or slow_mps is None:
            return False
        return abs(smooth_mps - slow_mps) > self._settings.moving_share * max(slow_mps, 1.0)

    def _watch_blindness(self, mps: float | None, dt_s: float, *, running: bool) -> None:
        """A speed of none while the legs run is no speed, until one is measured; at rest it says that one stands."""
        state, settings = self.state, self._settings
        if mps is None:
            return
        if mps >= settings.still_mps:
            state.still_s, state.blind = 0.0, False
        elif running:
            state.still_s += min(dt_s, settings.hold_s)
            state.blind = state.blind or state.still_s > settings.still_s
        else:
            state.still_s = 0.0
