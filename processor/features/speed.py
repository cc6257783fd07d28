"""Speed made fit for detectors: held over short gaps, smoothed, impossible values dropped, speed steps noticed."""

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
    """

    hold_s: float = 10.0
    highest_mps: float = 12.5
    tau_s: float = 8.0
    slow_tau_s: float = 60.0
    step_share: float = 0.10


@dataclass(slots=True)
class SpeedState:
    """The last value, its fast and slow mean, and when the last speed step was seen."""

    mps: float | None = None
    at_ms: int = 0
    smooth_mps: float | None = None
    slow_mps: float | None = None
    stepped_at_ms: int = 0


class Speed:
    """Conditions one speed a moment."""

    def __init__(self, settings: SpeedSettings | None = None, state: SpeedState | None = None) -> None:
        self._settings = settings or SpeedSettings()
        self.state = state or SpeedState()

    def step(self, moment: Moment) -> tuple[float | None, Quality]:
        """The speed now in m/s, unsmoothed, and how far to trust it."""
        state, settings = self.state, self._settings
        mps = moment.mps
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
