"""Facts as flat rows and back: what SQLite keeps of a sample or of an assessment.

A row is ``(second, run, device, seq, at_ms, kind, a, b, c, d, e)``; what a to e hold depends on the kind:

========== ======== ============= ============ ============ =========
kind       a        b             c            d            e
========== ======== ============= ============ ============ =========
HEART_RATE bpm      contact       rr_ms        -            -
CADENCE    spm      raw_per_min   unit         decided_by   running
SPEED      mps      distance_m    -            -            -
BATTERY    percent  -             -            -            -
ASSESSMENT score    fatigue       level        motion       -
========== ======== ============= ============ ============ =========

Scores are internal and drawn, never counted on: they are kept in whole 1/10,000, fatigue in whole 1/100.
"""

from enum import IntEnum
from typing import Any

from crampwatch.events import (
    Assessed,
    BatteryReported,
    CadenceMeasured,
    HeartRateMeasured,
    Sample,
    SpeedMeasured,
)
from crampwatch.storage.columns import Value, bytes_to_floats, floats_to_bytes
from crampwatch.units import SECOND_MS, CadenceUnit

#: One fact as SQLite keeps it. Any: the types of a to e follow from the kind.
Row = tuple[Any, ...]

#: Where in a row stands what.
SECOND, RUN, DEVICE, SEQ, AT_MS, KIND, FIRST = range(7)
SCORE_STEPS = 10_000
FATIGUE_STEPS = 100


class Kind(IntEnum):
    """The kinds of rows. The numbers stand in files: never change one."""

    HEART_RATE = 1
    CADENCE = 2
    SPEED = 3
    BATTERY = 4
    ASSESSMENT = 5


_HEART_RATE, _CADENCE, _SPEED, _BATTERY, _ASSESSMENT = (kind.value for kind in Kind)

#: How many of a to e a kind uses, and how many of those, from the left, pages draw.
USED = {Kind.HEART_RATE: 3, Kind.CADENCE: 5, Kind.SPEED: 2, Kind.BATTERY: 1, Kind.ASSESSMENT: 4}
DRAWN = {Kind.HEART_RATE: 1, Kind.CADENCE: 1, Kind.SPEED: 1, Kind.BATTERY: 0, Kind.ASSESSMENT: 3}


def order(row: Row) -> tuple[int, str, int]:
    """The order in which samples are handed out: (at_ms, device, seq)."""
    return row[AT_MS], row[DEVICE], row[SEQ]


def sample_row(run: int, sample: Sample) -> Row:
    """A sample as a row, of plain values only: anything else SQLite's driver would have to adapt, one by one."""
    head = (sample.at_ms // SECOND_MS, run, sample.device, sample.seq, sample.at_ms)
    if sample.kind == "heart_rate":
        beats = floats_to_bytes(sample.rr_ms) if sample.rr_ms else None
        return (*head, _HEART_RATE, sample.bpm, _number(sample.contact), beats, None, None)
    if sample.kind == "cadence":
        words = (sample.unit.value, sample.decided_by, _number(sample.running))
        return (*head, _CADENCE, sample.spm, sample.raw_per_min, *words)
    if sample.kind == "speed":
        return (*head, _SPEED, sample.mps, sample.distance_m, None, None, None)
    return (*head, _BATTERY, sample.percent, None, None, None, None)


def assessment_row(run: int, assessed: Assessed) -> Row:
    """An assessment as a row: it is named by its moment alone, so it has no device, and its moment is its sequence."""
    at_ms = assessed.at_ms
    fatigue = None if assessed.fatigue is None else round(assessed.fatigue * FATIGUE_STEPS)
    score = round(assessed.score * SCORE_STEPS)
    words = (assessed.level.value, assessed.motion.value)
    return (at_ms // SECOND_MS, run, "", at_ms, at_ms, _ASSESSMENT, score, fatigue, *words, None)


def sample_of(row: Row) -> Sample:
    """The sample that a row was made of."""
    _, _, device, seq, at_ms, kind, a, b, c, d, e = row
    match kind:
        case Kind.HEART_RATE:
            beats = () if c is None else bytes_to_floats(c)
            return HeartRateMeasured(at_ms=at_ms, device=device, seq=seq, bpm=a, contact=_flag(b), rr_ms=beats)
        case Kind.CADENCE:
            return CadenceMeasured(
                at_ms=at_ms,
                device=device,
                seq=seq,
                spm=a,
                raw_per_min=b,
                unit=CadenceUnit(c),
                decided_by=d,
                running=_flag(e),
            )
        case Kind.SPEED:
            return SpeedMeasured(at_ms=at_ms, device=device, seq=seq, mps=a, distance_m=b)
        case Kind.BATTERY:
            return BatteryReported(at_ms=at_ms, device=device, seq=seq, percent=a)
        case _:
            raise ValueError(f"a row of kind {kind} is no sample")


def _number(flag: bool | None) -> int | None:
    return None if flag is None else int(flag)


def _flag(value: Value) -> bool | None:
    return None if value is None else bool(value)
