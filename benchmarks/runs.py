"""Runs to measure with: a simulated runner through the collector's intake."""

from collections.abc import Iterator
from dataclasses import replace

from collector.gatt.heart_rate import HeartRate, encode_heart_rate
from collector.gatt.rsc import RunningSpeedCadence, encode_rsc
from collector.intake import Intake
from collector.simulated import SimulatedRunner
from collector.source import HEART_RATE_MEASUREMENT, RSC_MEASUREMENT, Frame
from collector.wearer import Reading
from crampwatch.events import Sample

START_MS = 1_760_000_000_000


def frames_at(reading: Reading, device: str, at_ms: int) -> Iterator[Frame]:
    """The two notifications that a watch sends for one reading."""
    if reading.bpm is not None:
        payload = encode_heart_rate(HeartRate(reading.bpm, contact=True, rr_ms=reading.rr_ms))
        yield Frame(device, HEART_RATE_MEASUREMENT, payload, at_ms)
    if reading.cadence_per_min is not None and reading.speed_mps is not None:
        gait = RunningSpeedCadence(
            reading.speed_mps, reading.cadence_per_min, None, reading.distance_m, reading.running
        )
        yield Frame(device, RSC_MEASUREMENT, encode_rsc(gait), at_ms)


def samples_of_a_run(*, with_rr: bool) -> tuple[list[tuple[Sample, ...]], int]:
    """A simulated run tick by tick, and its length in seconds."""
    intake = Intake()
    ticks: list[tuple[Sample, ...]] = []
    for at_s, reading in SimulatedRunner(3, "fatigue_then_cramp", "Bench").readings():
        told = reading if with_rr else replace(reading, rr_ms=())
        at_ms = START_MS + round(at_s * 1_000)
        ticks.append(
            tuple(one for frame in frames_at(told, "watch", at_ms) for one in intake.take("bench", frame).samples)
        )
    return ticks, len(ticks)
