"""What a watch puts on the air for one reading."""

from dataclasses import replace

from collector.gatt.heart_rate import HeartRate, encode_heart_rate
from collector.gatt.rsc import RunningSpeedCadence, encode_rsc
from collector.source import HEART_RATE_MEASUREMENT, RSC_MEASUREMENT
from collector.wearer import Reading
from crampwatch.errors import Refused
from crampwatch.units import CadenceUnit


def payloads(reading: Reading, cadence_counts: CadenceUnit) -> tuple[list[tuple[int, bytes]], int]:
    """The notifications of one reading, and how many of its parts do not fit on the wire.

    No heart rate makes no heart-rate notification, no cadence or no speed makes no running one: missing is
    missing, never 0. A value that does not fit its field is missing too, never clipped; an odometer or intervals
    that do not fit go without taking the rest along.

    Args:
        reading: what the watch measured; its cadence counts steps.
        cadence_counts: strides halve the cadence.
    """
    frames: list[tuple[int, bytes]] = []
    unsendable = 0
    for characteristic, encoded in (
        (HEART_RATE_MEASUREMENT, _heart_rate(reading)),
        (RSC_MEASUREMENT, _running(reading, cadence_counts)),
    ):
        payload, dropped = encoded
        unsendable += dropped
        if payload is not None:
            frames.append((characteristic, payload))
    return frames, unsendable


def _heart_rate(reading: Reading) -> tuple[bytes | None, int]:
    if reading.bpm is None:
        return None, 0
    rate = HeartRate(bpm=reading.bpm, contact=True, rr_ms=reading.rr_ms)
    for dropped, attempt in enumerate((rate, replace(rate, rr_ms=()))):
        try:
            return encode_heart_rate(attempt), dropped
        except Refused:
            continue
    return None, 1


def _running(reading: Reading, cadence_counts: CadenceUnit) -> tuple[bytes | None, int]:
    if reading.cadence_per_min is None or reading.speed_mps is None:
        return None, 0
    strides = cadence_counts is CadenceUnit.STRIDES
    whole = RunningSpeedCadence(
        speed_mps=reading.speed_mps,
        cadence_per_min=round(reading.cadence_per_min / 2) if strides else reading.cadence_per_min,
        stride_m=None,
        distance_m=reading.distance_m,
        running=reading.running,
    )
    for dropped, attempt in enumerate((whole, replace(whole, distance_m=None))):
        try:
            return encode_rsc(attempt), dropped
        except Refused:
            continue
    return None, 1
