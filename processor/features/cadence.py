"""Cadence made fit for detectors: drop-outs bridged, halves and doubles repaired, single spikes gone."""

from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS, Quality
from processor.timeline import Moment


@dataclass(frozen=True, slots=True)
class CadenceSettings:
    """Rules of science 2.5 and 3.2.

    Attributes:
        hold_s: a missing value is bridged for so long; 3 s, never interpolate more [E].
        none_spm: below this there are no steps; 30 spm [E].
        drop_mps: no steps above this speed is a drop-out of the sensor, not a stop; 1.5 m/s [E].
        highest_spm: more is no human cadence; 240 spm [E].
        repair_share: a half or double within this share of the baseline is repaired; 6 % [E].
        repair_s: without a speed that says "running" a repair is believed for so long; 30 s [E].
        running_share: a speed of this share of the baseline's says "running"; 0.8 [E].
        stride_spm: nobody runs at fewer steps than this, whoever seems to gives strides; 100 spm (science 2.5).
        stride_from_spm: but fewer than this are not strides either; 60 spm (science 2.5).
        stride_mps: at more than this speed; 1.9 m/s (science 2.5).
        wheels_mps: and at less than this, which is a bicycle; 6.5 m/s [E].
        unit_s: a unit that has looked wrong for so long, right seconds off, is wrong; 60 s, half of what science 2.5
            asks for, because a speed is asked for as well [E].
        step_s: the most time one value stands for; 8 s, the longest step of smart recording [E].
    """

    hold_s: float = 3.0
    none_spm: float = 30.0
    drop_mps: float = 1.5
    highest_spm: float = 240.0
    repair_share: float = 0.06
    repair_s: float = 30.0
    running_share: float = 0.8
    stride_spm: float = 100.0
    stride_from_spm: float = 60.0
    stride_mps: float = 1.9
    wheels_mps: float = 6.5
    unit_s: float = 60.0
    step_s: float = 8.0


@dataclass(slots=True)
class CadenceState:
    """The last two raw values for the median of three, the last trusted one, and what a value is multiplied by
    because its unit was wrong upstream, with for how long that has looked wrong.
    """

    before: list[float] = field(default_factory=list)
    trusted_spm: float | None = None
    trusted_at_ms: int = 0
    still_since_ms: int | None = None
    repaired_s: float = 0.0
    factor: float = 1.0
    doubt_s: float = 0.0


class Cadence:
    """Conditions one cadence value a moment.

    The unit was decided upstream. It is taken for wrong only where the body leaves no doubt: strides given as steps
    (85 a minute at running speed) and steps counted twice (340), for a minute on balance. The factor holds until the
    same says that it is wrong.
    """

    def __init__(self, settings: CadenceSettings | None = None, state: CadenceState | None = None) -> None:
        self._settings = settings or CadenceSettings()
        self.state = state or CadenceState()

    def step(
        self, moment: Moment, mps: float | None, base_spm: float | None, base_mps: float | None
    ) -> tuple[float | None, Quality]:
        """The cadence of this moment in steps/min and how far to trust it; None when it is missing."""
        raw = moment.spm
        if raw is not None:
            raw *= self.state.factor
            if raw < self._settings.stride_spm or raw > self._settings.highest_spm or self.state.doubt_s:
                self._doubt(raw, moment.dt_s, mps)
        if raw is None or raw > self._settings.highest_spm or self._dropped(moment, raw, mps):
            return self._held(moment)
        repaired, quality = self._repaired(raw, moment.dt_s, mps, base_spm, base_mps)
        value = self._smoothed(repaired, moment.dt_s)
        self.state.trusted_spm, self.state.trusted_at_ms = value, moment.at_ms
        return value, quality

    def _doubt(self, spm: float, dt_s: float, mps: float | None) -> None:
        """Whether the unit is wrong, by what legs can do; from the next value on."""
        state, settings = self.state, self._settings
        moves = mps is not None and settings.stride_mps < mps < settings.wheels_mps
        strides = moves and settings.stride_from_spm <= spm <= settings.stride_spm
        dt_s = min(dt_s, settings.step_s)
        if strides or spm > settings.highest_spm:
            state.doubt_s += dt_s
        elif spm > settings.stride_spm:
            state.doubt_s = max(0.0, state.doubt_s - dt_s)
        if state.doubt_s >= settings.unit_s:
            state.factor = min(2.0, max(0.5, state.factor * (2.0 if strides else 0.5)))
            state.doubt_s = 0.0

    def _dropped(self, moment: Moment, raw: float, mps: float | None) -> bool:
        """Whether "no steps" is the sensor's fault."""
        state, settings = self.state, self._settings
        if raw >= settings.none_spm:
            state.still_since_ms = None
            return False
        if state.still_since_ms is None:
            state.still_since_ms = moment.at_ms
        if mps is not None:
            return mps > settings.drop_mps
        return moment.at_ms - state.still_since_ms < settings.hold_s * SECOND_MS

    def _held(self, moment: Moment) -> tuple[float | None, Quality]:
        state = self.state
        if state.trusted_spm is not None and moment.at_ms - state.trusted_at_ms <= self._settings.hold_s * SECOND_MS:
            return state.trusted_spm, Quality.UNRELIABLE
        state.before = []
        return None, Quality.UNRELIABLE if moment.spm is not None else Quality.UNDEFINED

    def _repaired(
        self, raw: float, dt_s: float, mps: float | None, base_spm: float | None, base_mps: float | None
    ) -> tuple[float, Quality]:
        state, settings = self.state, self._settings
        if base_spm is None:
            return raw, Quality.GOOD
        room = settings.repair_share * base_spm
        if abs(raw - base_spm) > room:
            for value in (raw * 2, raw / 2):
                if abs(value - base_spm) < room and self._running(value > raw, mps, base_mps):
                    state.repaired_s += dt_s
                    return value, Quality.UNRELIABLE
        state.repaired_s = 0.0
        return raw, Quality.GOOD

    def _running(self, doubled: bool, mps: float | None, base_mps: float | None) -> bool:
        """Whether a repair is plausible: half the cadence may also be a slow walk."""
        if not doubled:
            return True
        if mps is not None and base_mps is not None:
            return mps >= self._settings.running_share * base_mps
        return self.state.repaired_s < self._settings.repair_s

    def _smoothed(self, value: float, dt_s: float) -> float:
        before = self.state.before
        # Over longer steps the median of three would delay by many seconds, and the watch has smoothed already.
        if dt_s > 2:
            before.clear()
        before.append(value)
        if len(before) < 3:
            return value
        result = sorted(before)[1]
        del before[0]
        return result
