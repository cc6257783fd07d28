"""Frames to samples: decoded, in steps/min, in strict order, numbered, sorted into sessions. No I/O, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from collector import cadence_unit
from collector.cadence_unit import UnitState
from collector.gatt.battery import decode_battery
from collector.gatt.heart_rate import HeartRate, decode_heart_rate
from collector.gatt.rsc import RunningSpeedCadence, decode_rsc
from collector.source import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, RSC_MEASUREMENT, Frame
from crampwatch.errors import Refused
from crampwatch.events import BatteryReported, CadenceMeasured, HeartRateMeasured, Sample, SpeedMeasured
from crampwatch.metrics import Counters
from crampwatch.units import SECOND_MS, CadenceUnit, Count, EpochMs, Id

#: A device that was silent longer than this has a gap in its series.
GAP_MS = 3 * SECOND_MS
#: Links of one athlete reorder arrivals by less than this. A longer step back is another clock, so another session.
STEP_BACK_MS = 10 * SECOND_MS
SESSION_GAP_S = 1_800.0

_ATHLETE, _UNIT = "athlete/", "unit/"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one frame became. ``samples`` is empty for a battery level outside of a session."""

    athlete: str
    session: str
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class DeviceProgress:
    """How far one device is within its athlete's session."""

    next_seq: Count
    last_at_ms: EpochMs


@dataclass(slots=True)
class Progress:
    """How far one athlete is: what a restart needs to go on in the same session, in the same order."""

    session: Id
    last_at_ms: EpochMs
    measured_at_ms: EpochMs
    devices: dict[Id, DeviceProgress] = field(default_factory=dict)
    v: Literal[1] = 1


_PROGRESS = TypeAdapter(Progress)
_UNIT_STATE = TypeAdapter(UnitState)


def session_id(at_ms: int) -> str:
    """The id of a session that begins at ``at_ms``, UTC.

    >>> session_id(1_795_285_805_000)
    '20261121t183005'
    """
    return datetime.fromtimestamp(at_ms / SECOND_MS, UTC).strftime("%Y%m%dt%H%M%S")


class Intake:
    """Turns the frames of any number of athletes into samples; live, replay and backtest use this same one.

    Promises: within a session of an athlete ``at_ms`` of one frame's samples is above that of the frame before,
    ``seq`` counts each device's samples without a hole, and the same frames after the same state give the same
    samples. A session ends with ``session_gap_s`` of silence, or when time steps back by more than 10 s. Battery
    frames are recorded within a session; they neither begin nor prolong one.

    Args:
        session_gap_s: a pause longer than this begins a new session.
        counters: where ``samples``, ``gaps`` and ``refused`` (by reason) are counted.
        state: what :meth:`changes` gave, merged over time; a restart goes on from there. Other keys are ignored.

    Raises:
        Refused: ``bad_state``, the state cannot be read.
    """

    def __init__(
        self,
        session_gap_s: float = SESSION_GAP_S,
        *,
        counters: Counters | None = None,
        state: Mapping[str, bytes] | None = None,
    ) -> None:
        self._session_gap_ms = round(session_gap_s * SECOND_MS)
        self._counters = counters if counters is not None else Counters()
        self._progress: dict[str, Progress] = {}
        self._units: dict[str, UnitState] = {}
        self._changed: set[str] = set()
        for key, value in (state or {}).items():
            self._resume(key, value)

    @property
    def newest_ms(self) -> int:
        """The newest moment that was given to a sample; -1 before the first."""
        return max((progress.last_at_ms for progress in self._progress.values()), default=-1)

    def override_unit(self, device: str, unit: CadenceUnit) -> None:
        """Somebody has set what this device's cadence counts; no evidence changes it.

        It lives in the settings and is not part of :meth:`changes`: taken out there, the device is judged again.
        """
        self._units[device] = cadence_unit.overridden(unit)

    def unit_of(self, device: str) -> CadenceUnit:
        """What this device's cadence is known to count."""
        return self._units.get(device, UnitState()).unit

    def take(self, athlete: str, frame: Frame) -> Taken:
        """Turn one frame of an athlete's sensor into samples.

        Raises:
            Refused: ``unknown_characteristic``, ``out_of_bounds``, or the reason the decoder gives. The frame is
                counted and left out; nothing else has changed.
        """
        try:
            return self._take(athlete, frame)
        except Refused as refusal:
            self._counters.add("refused", refusal.reason)
            raise

    def changes(self) -> dict[str, bytes]:
        """What changed since the last call, by key: to be kept in one transaction with the samples."""
        changed = {key: self._dump(key) for key in sorted(self._changed)}
        self._changed.clear()
        return changed

    def _take(self, athlete: str, frame: Frame) -> Taken:
        decoded = _decode(frame)
        progress = self._progress.get(athlete)
        if progress is None or self._is_over(progress, frame.at_ms):
            if isinstance(decoded, int):
                return Taken(athlete, "", ())
            progress = Progress(session_id(frame.at_ms), frame.at_ms - 1, frame.at_ms)
        device = progress.devices.get(frame.device)
        unit = self._units.get(frame.device, UnitState())
        if device is None:
            device = DeviceProgress(0, frame.at_ms)
            unit = cadence_unit.next_session(unit)
        at_ms = max(frame.at_ms, progress.last_at_ms + 1)
        if isinstance(decoded, RunningSpeedCadence) and decoded.cadence_per_min is not None:
            unit = cadence_unit.observe(unit, at_ms, decoded.cadence_per_min, decoded.running, decoded.speed_mps)
        try:
            samples = _samples(decoded, frame.device, at_ms, device.next_seq, unit)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refused("out_of_bounds", f"{frame.device}: {where}: {first['msg']}") from None
        # From here on nothing fails: a refused frame leaves no trace.
        if at_ms - device.last_at_ms > GAP_MS and not isinstance(decoded, int):
            self._counters.add("gaps")
        self._counters.add("samples", by=len(samples))
        self._keep(athlete, progress, frame.device, unit)
        progress.devices[frame.device] = DeviceProgress(device.next_seq + len(samples), at_ms)
        progress.last_at_ms = at_ms
        if not isinstance(decoded, int):
            progress.measured_at_ms = at_ms
        return Taken(athlete, progress.session, samples)

    def _is_over(self, progress: Progress, at_ms: int) -> bool:
        silent_ms = at_ms - progress.measured_at_ms
        return silent_ms > self._session_gap_ms or at_ms < progress.last_at_ms - STEP_BACK_MS

    def _keep(self, athlete: str, progress: Progress, device: str, unit: UnitState) -> None:
        self._progress[athlete] = progress
        self._changed.add(_ATHLETE + athlete)
        if self._units.get(device) is not unit:
            self._units[device] = unit
            self._changed.add(_UNIT + device)

    def _dump(self, key: str) -> bytes:
        if key.startswith(_ATHLETE):
            return _PROGRESS.dump_json(self._progress[key.removeprefix(_ATHLETE)])
        return _UNIT_STATE.dump_json(self._units[key.removeprefix(_UNIT)])

    def _resume(self, key: str, value: bytes) -> None:
        try:
            if key.startswith(_ATHLETE):
                self._progress[key.removeprefix(_ATHLETE)] = _PROGRESS.validate_json(value)
            elif key.startswith(_UNIT):
                self._units[key.removeprefix(_UNIT)] = _UNIT_STATE.validate_json(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise Refused("bad_state", f"the kept state {key} cannot be read: {first['msg']}") from None


_DECODERS: Mapping[int, Callable[[bytes], HeartRate | RunningSpeedCadence | int]] = {
    HEART_RATE_MEASUREMENT: decode_heart_rate,
    RSC_MEASUREMENT: decode_rsc,
    BATTERY_LEVEL: decode_battery,
}


def _decode(frame: Frame) -> HeartRate | RunningSpeedCadence | int:
    decoder = _DECODERS.get(frame.characteristic)
    if decoder is None:
        raise Refused(
            "unknown_characteristic",
            f"{frame.device} sent characteristic 0x{frame.characteristic:04X}, which nothing here reads",
        )
    return decoder(frame.payload)


def _samples(
    decoded: HeartRate | RunningSpeedCadence | int, device: str, at_ms: int, seq: int, unit: UnitState
) -> tuple[Sample, ...]:
    if isinstance(decoded, int):
        return (BatteryReported(at_ms=at_ms, device=device, seq=seq, percent=decoded),)
    if isinstance(decoded, HeartRate):
        return (
            HeartRateMeasured(
                at_ms=at_ms, device=device, seq=seq, bpm=decoded.bpm, contact=decoded.contact, rr_ms=decoded.rr_ms
            ),
        )
    if decoded.cadence_per_min is None:
        # Missing is missing: the speed alone is a sample.
        return (_speed(decoded, device, at_ms, seq),)
    raw = float(decoded.cadence_per_min)
    cadence = CadenceMeasured(
        at_ms=at_ms,
        device=device,
        seq=seq,
        spm=cadence_unit.steps_per_min(unit.unit, raw),
        raw_per_min=raw,
        unit=unit.unit,
        decided_by=unit.decided_by,
        running=decoded.running,
    )
    return cadence, _speed(decoded, device, at_ms, seq + 1)


def _speed(decoded: RunningSpeedCadence, device: str, at_ms: int, seq: int) -> SpeedMeasured:
    return SpeedMeasured(at_ms=at_ms, device=device, seq=seq, mps=decoded.speed_mps, distance_m=decoded.distance_m)
