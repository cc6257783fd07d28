"""From what a parser found to a recording: time made to ascend, missing made missing, speed and cadence settled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import NamedTuple

from collector.wearer import Reading
from crampwatch.errors import Refused
from crampwatch.units import SECOND_MS, CadenceUnit

from .cadence import decide_unit
from .recording import Mark, MarkKind, Note, Recording, UnitDecision

#: A step back further than this is a clock that was set, not a late point; a step ahead further than
#: ``_SET_AHEAD_S`` likewise (watches start in 1989 until they see a satellite).
_SET_BACK_S = 30.0
_SET_AHEAD_S = 43_200.0
#: No run is longer (the longest stage races take a file a day); what says so has a broken clock.
_LONGEST_S = 7 * 86_400.0
#: What a date may be: from 1990, when FIT's clock begins, up to 2100, which every moment of ours is below. A watch
#: that never saw a satellite says 1989.
_EARLIEST_S, _LATEST_S = 631_152_000.0, 4_102_444_800.0
#: What a clock that was set is taken to have cost.
_SET_COSTS_S = 1.0

_MISSING_BPM = 255
_FASTEST_MPS = 50.0
_LONGEST_RR_MS = 64_000.0
_HIGHEST_PER_MIN = 510.0
#: Speed from an odometer is the mean over this long before a moment: what a watch could have shown then.
_ODOMETER_WINDOW_S = 5.0
_ODOMETER_GAP_S = 30.0
#: What a body runs at: the reading's walking or running flag.
_RUNNING_SPM = 140
_RUNNING_MPS = 2.2
#: Nobody runs a file at this median speed: it is a ride.
_RIDE_MPS = 6.5
_RUNNING = "running"
UNKNOWN = "unknown"


@dataclass(slots=True)
class Point:
    """One record of a file as written; ``at_s`` is on the file's own clock, cadence in the file's own unit."""

    at_s: float
    bpm: float | None = None
    cadence: float | None = None
    speed_mps: float | None = None
    distance_m: float | None = None
    rr_ms: tuple[float, ...] = ()


@dataclass(slots=True)
class Draft:
    """What a parser gathers of one run.

    ``dated`` says that ``at_s`` counts from 1970, ``damage`` where and how the file breaks.
    """

    sport: str = UNKNOWN
    points: list[Point] = field(default_factory=list)
    marks: list[tuple[float, MarkKind]] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    dated: bool = True
    damage: str | None = None


class _Stretch(NamedTuple):
    """Points between two settings of the clock: t_s = at_s - ``zero_s``."""

    first_s: float
    last_s: float
    zero_s: float


def assemble(draft: Draft, name: str, file: str) -> Recording:
    """Make a recording of what was found.

    Raises:
        Refused: ``empty``, ``no_signal`` (neither heart rate nor cadence), ``damaged`` (nor before the damage),
            ``too_long`` or ``not_running``.
    """
    if not draft.points:
        raise Refused("empty", f"{file} holds no measurements: record the run again or export it once more")
    found = Counter(draft.found)
    if draft.damage is not None:
        found[f"damage in the file ({draft.damage}), what came before it was taken"] += 1
    points, stretches = _ascending([_clean(point, found) for point in draft.points], draft.dated, found)
    if points[-1].at_s > _LONGEST_S:
        raise Refused("too_long", f"{file} ends {points[-1].at_s / 86_400:.3g} days after its start: mend its times")
    if not any(point.bpm or point.cadence for point in points):
        raise _without_signal(draft, file)
    if all(point.speed_mps is None for point in points) and any(point.distance_m for point in points):
        points = _speed_from_odometer(points)
        found["speeds derived from the distance"] += sum(point.speed_mps is not None for point in points)
    _refuse_a_ride(draft.sport, points, file)
    decision = decide_unit((point.cadence, point.speed_mps) for point in points)
    return Recording(
        name=name,
        file=file,
        sport=draft.sport,
        started_ms=_started_ms(stretches[-1].zero_s, points[-1].at_s, found) if draft.dated else None,
        points=tuple((point.at_s, _reading(point, decision)) for point in points),
        marks=_marks(draft, stretches, points[-1].at_s),
        notes=tuple(Note(what, count) for what, count in found.items() if count),
        cadence=decision,
    )


def _started_ms(zero_s: float, duration_s: float, found: Counter[str]) -> int | None:
    """The moment of second 0, or None for a date that no watch can have meant."""
    if _EARLIEST_S <= zero_s <= _LATEST_S - duration_s:
        return round(zero_s * SECOND_MS)
    found["date before 1990 or after 2099, left out"] += 1
    return None


def _without_signal(draft: Draft, file: str) -> Refused:
    if draft.damage is None:
        return Refused("no_signal", f"{file} holds neither heart rate nor cadence: export it with both, if it has them")
    what = f"{file} is damaged ({draft.damage}), and what is readable holds neither heart rate nor cadence"
    return Refused("damaged", f"{what}: copy or export it once more")


def _clean(point: Point, found: Counter[str]) -> Point:
    """Missing where the file says missing: HR 0 or 0xFF; and where no sensor can have meant it."""

    def kept(value: float | None, what: str, low: float, high: float) -> float | None:
        if value is None or (isfinite(value) and low <= value <= high):
            return value
        found[f"{what} beyond any sensor, taken as missing"] += 1
        return None

    bpm = None if point.bpm in {0, _MISSING_BPM} else point.bpm
    rr_ms = tuple(rr for rr in point.rr_ms if isfinite(rr) and 0 < rr <= _LONGEST_RR_MS)
    found["beat intervals beyond any sensor, left out"] += len(point.rr_ms) - len(rr_ms)
    return Point(
        at_s=point.at_s,
        bpm=kept(bpm, "heart rates", 1, _MISSING_BPM - 1),
        cadence=kept(point.cadence, "cadences", 0, _HIGHEST_PER_MIN),
        speed_mps=kept(point.speed_mps, "speeds", 0, _FASTEST_MPS),
        distance_m=kept(point.distance_m, "distances", 0, 1e7),
        rr_ms=rr_ms,
    )


def _ascending(points: Sequence[Point], dated: bool, found: Counter[str]) -> tuple[list[Point], list[_Stretch]]:
    """Points in seconds since the start, strictly ascending.

    A repeated time (lap borders) is one point, the later word wins where it says something. A point that is late
    by less than ``_SET_BACK_S`` is left out. Where the clock was set the run goes on a second later.
    """
    zero_s = points[0].at_s if dated else 0.0
    stretch = _Stretch(points[0].at_s, points[0].at_s, zero_s)
    stretches: list[_Stretch] = []
    taken: list[Point] = []
    for point in points:
        step_s = point.at_s - stretch.last_s
        if step_s < -_SET_BACK_S or step_s > _SET_AHEAD_S:
            found["clock settings during the run, bridged"] += 1
            stretches.append(stretch)
            t_s = stretch.last_s - stretch.zero_s + _SET_COSTS_S
            stretch = _Stretch(point.at_s, point.at_s, point.at_s - t_s)
        elif step_s < 0:
            found["points that go back in time, left out"] += 1
            continue
        stretch = stretch._replace(last_s=point.at_s)
        # The file's own milliseconds, without the dust of subtracting large numbers.
        now = replace(point, at_s=round(point.at_s - stretch.zero_s, 3))
        if taken and now.at_s <= taken[-1].at_s:
            found["points with a repeated time, merged"] += 1
            taken[-1] = _merged(taken[-1], now)
        else:
            taken.append(now)
    return taken, [*stretches, stretch]


def _merged(first: Point, second: Point) -> Point:
    def later(old: float | None, new: float | None) -> float | None:
        return old if new is None else new

    return Point(
        at_s=first.at_s,
        bpm=later(first.bpm, second.bpm),
        cadence=later(first.cadence, second.cadence),
        speed_mps=later(first.speed_mps, second.speed_mps),
        distance_m=later(first.distance_m, second.distance_m),
        rr_ms=first.rr_ms + second.rr_ms,
    )


def _speed_from_odometer(points: Sequence[Point]) -> list[Point]:
    """Speed as the mean over the last seconds; none across a gap, where the mean would hide a rest."""
    result: list[Point] = []
    start = 0
    known = [point for point in points if point.distance_m is not None]
    speeds: dict[float, float] = {}
    for index, point in enumerate(known[1:], start=1):
        while start + 1 < index and known[start + 1].at_s <= point.at_s - _ODOMETER_WINDOW_S:
            start += 1
        if point.at_s - known[index - 1].at_s > _ODOMETER_GAP_S:
            start = index
            continue
        metres = (point.distance_m or 0.0) - (known[start].distance_m or 0.0)
        speeds[point.at_s] = max(0.0, metres / (point.at_s - known[start].at_s))
    for point in points:
        speed = speeds.get(point.at_s)
        result.append(replace(point, speed_mps=speed if speed is not None and speed <= _FASTEST_MPS else None))
    return result


def _refuse_a_ride(sport: str, points: Sequence[Point], file: str) -> None:
    moving = sorted(point.speed_mps for point in points if point.speed_mps is not None and point.speed_mps > 1.0)
    if sport != _RUNNING and moving and moving[len(moving) // 2] > _RIDE_MPS:
        speed = moving[len(moving) // 2]
        raise Refused("not_running", f"{file} does not name its sport and goes {speed:.1f} m/s: that is no run")


def _reading(point: Point, decision: UnitDecision) -> Reading:
    cadence = point.cadence
    if cadence is not None and decision.unit is CadenceUnit.STRIDES:
        cadence *= 2
    steps = None if cadence is None else round(cadence)
    return Reading(
        bpm=None if point.bpm is None else round(point.bpm),
        cadence_per_min=steps,
        speed_mps=point.speed_mps,
        distance_m=point.distance_m,
        rr_ms=point.rr_ms,
        running=steps >= _RUNNING_SPM if steps is not None else (point.speed_mps or 0.0) >= _RUNNING_MPS,
    )


def _marks(draft: Draft, stretches: Sequence[_Stretch], end_s: float) -> tuple[Mark, ...]:
    """Marks on the recording's clock; one that lies outside the run (a summary lap of another day) says nothing."""
    marks = set()
    for at_s, kind in draft.marks:
        for stretch in reversed(stretches):
            if stretch.first_s - 1.0 <= at_s <= stretch.last_s + _SET_BACK_S:
                marks.add(Mark(round(min(max(at_s - stretch.zero_s, 0.0), end_s), 3), kind))
                break
    return tuple(sorted(marks, key=lambda mark: (mark.t_s, mark.kind)))
