"""A recorded run as the rest of crampwatch sees it, whatever file it came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from collector.wearer import Reading
from crampwatch.units import CadenceUnit


class MarkKind(StrEnum):
    """What the runner's watch noted beside the measurements."""

    LAP = "lap"
    TIMER_STOP = "timer_stop"
    TIMER_START = "timer_start"


@dataclass(frozen=True, slots=True)
class Mark:
    """A lap's end, or the timer being stopped or started, in seconds since the start."""

    t_s: float
    kind: MarkKind


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was repaired or left out of a file, and how often."""

    what: str
    count: int

    def __str__(self) -> str:
        return f"{self.what} ({self.count}x)"


@dataclass(frozen=True, slots=True)
class UnitDecision:
    """What a file's cadence counts, and why that was concluded."""

    unit: CadenceUnit
    why: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded run; a :class:`collector.wearer.Wearer`.

    Attributes:
        name: the file's name without its ending, with the session's number when the file holds several runs.
        file: the path it was read from.
        sport: ``running``, or ``unknown`` where the file does not say.
        started_ms: the moment of second 0, UTC; None for a file without a date, or with one
            that no watch can have meant; the caller then decides.
        points: (seconds since the start, reading), strictly ascending; cadence in steps/min as ``cadence`` decided.
        marks: laps and timer stops, ascending.
        notes: what was repaired or skipped on the way.
        cadence: the unit that the file counts in.
    """

    name: str
    file: str
    sport: str
    started_ms: int | None
    points: tuple[tuple[float, Reading], ...]
    marks: tuple[Mark, ...]
    notes: tuple[Note, ...]
    cadence: UnitDecision

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the last reading."""
        return self.points[-1][0]

    def readings(self) -> Iterator[tuple[float, Reading]]:
        """(seconds since the start, reading), ascending, from the start each time."""
        return iter(self.points)
