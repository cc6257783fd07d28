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
    """

    hold_s: float = 3.0
    none_spm: float = 30.0
    drop_mps: float = 1.5
    highest_spm: float = 240.0
    repair_share: float = 0.06
    repair_s: float = 30.0
    running_share: float = 0.8


@dataclass(slots=True)
class CadenceState:
    """The last two raw values for the median of three, and the last trusted one."""

    before: list[float] = field(default_factory=list)
    trusted_spm: float | None = None
    trusted_at_ms: int = 0
    still_since_ms: int | None = None
    repaired_s: float = 0.0


class Cadence:
    """Conditions one cadence value a moment. The unit was decided upstream and is not touched here."""

    def __init__(self, settings: CadenceSettings | None = None, state: CadenceState | None = None) -> None:
        self._settings = settings or CadenceSettings()
        self.state = state or CadenceState()

    def step(
        self, moment: Moment, mps: float | None, base_spm: float | None, base_mps: float | None
    ) -> tuple[float | None, Quality]:
        """The cadence of this moment in steps/min and how far to trust it; None when it is missing."""
        raw = moment.spm
        if raw is None or raw > self._settings.highest_spm or self._dropped(moment, raw, mps):
            return self._held(moment)
        repaired, quality = self._repaired(raw, moment.dt_s, mps, base_spm, base_mps)
        value = self._smoothed(repaired, moment.dt_s)
        self.state.trusted_spm, self.state.trusted_at_ms = value, moment.at_ms
        return value, quality

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
