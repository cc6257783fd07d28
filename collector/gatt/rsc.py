"""RSC Measurement, 0x2A53 (Running Speed and Cadence Service 1.0, 3.1)."""

from dataclasses import dataclass

from crampwatch.errors import Refused

from .layout import OUT_OF_RANGE, Fields, packed

_STRIDE = 0b001
_DISTANCE = 0b010
_RUNNING = 0b100

_NO_CADENCE = 0xFF
_NO_DISTANCE = 0xFFFF_FFFF
_SPEED_PER_MPS = 256
_STRIDE_PER_M = 100
_DISTANCE_PER_M = 10
_LONGEST_M = 10_000_000


@dataclass(frozen=True, slots=True)
class RunningSpeedCadence:
    """One notification of a foot pod or watch.

    Attributes:
        speed_mps: instantaneous speed, steps of 1/256 m/s.
        cadence_per_min: as sent. The clause says "1/min" without saying of what: some devices count steps,
            some strides. None where the device has no reading (0xFF).
        stride_m: stride length in whole centimetres; None where it is not sent.
        distance_m: odometer in whole decimetres, up to 10,000 km; None where it is not sent.
        running: what the device itself takes the gait for; false is walking.
    """

    speed_mps: float
    cadence_per_min: int | None
    stride_m: float | None
    distance_m: float | None
    running: bool


def decode_rsc(frame: bytes) -> RunningSpeedCadence:
    """Decode an RSC Measurement value (RSCS 1.0, 3.1). Reserved flags are ignored as the clause asks.

    Raises:
        Refused: ``truncated_frame``, ``trailing_bytes``, or ``out_of_range`` for a distance over 10,000 km.

    >>> decode_rsc(bytes([0b110, 0x00, 0x03, 86, 0xD2, 0x04, 0x00, 0x00]))
    RunningSpeedCadence(speed_mps=3.0, cadence_per_min=86, stride_m=None, distance_m=123.4, running=True)
    """
    fields = Fields(frame, "running speed and cadence")
    flags = fields.uint(1, "flags")
    speed = fields.uint(2, "speed")
    cadence = fields.uint(1, "cadence")
    stride = fields.uint(2, "stride length") if flags & _STRIDE else None
    distance = fields.uint(4, "total distance") if flags & _DISTANCE else None
    fields.end()
    if distance == _NO_DISTANCE:
        distance = None
    if distance is not None and distance > _LONGEST_M * _DISTANCE_PER_M:
        raise fields.out_of_range("total distance in dm", distance)
    return RunningSpeedCadence(
        speed_mps=speed / _SPEED_PER_MPS,
        cadence_per_min=None if cadence == _NO_CADENCE else cadence,
        stride_m=None if stride is None else stride / _STRIDE_PER_M,
        distance_m=None if distance is None else distance / _DISTANCE_PER_M,
        running=bool(flags & _RUNNING),
    )


def encode_rsc(reading: RunningSpeedCadence) -> bytes:
    """Encode what :func:`decode_rsc` reads back, each value rounded to its field's step.

    Raises:
        Refused: ``out_of_range``, a value does not fit into its field.

    >>> encode_rsc(RunningSpeedCadence(3.0, 86, stride_m=None, distance_m=123.4, running=True)).hex(" ")
    '06 00 03 56 d2 04 00 00'
    """
    cadence = _NO_CADENCE if reading.cadence_per_min is None else reading.cadence_per_min
    if reading.cadence_per_min is not None and not 0 <= cadence < _NO_CADENCE:
        raise Refused(OUT_OF_RANGE, f"running speed and cadence: cadence {cadence} is out of range")
    flags = _RUNNING if reading.running else 0
    body = packed(round(reading.speed_mps * _SPEED_PER_MPS), 2, "speed") + packed(cadence, 1, "cadence")
    if reading.stride_m is not None:
        flags |= _STRIDE
        body += packed(round(reading.stride_m * _STRIDE_PER_M), 2, "stride length")
    if reading.distance_m is not None:
        if not 0 <= reading.distance_m <= _LONGEST_M:
            raise Refused(OUT_OF_RANGE, f"running speed and cadence: distance {reading.distance_m} m is out of range")
        flags |= _DISTANCE
        body += packed(round(reading.distance_m * _DISTANCE_PER_M), 4, "total distance")
    return bytes([flags]) + body
