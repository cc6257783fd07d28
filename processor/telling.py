"""Which assessments are worth a message: a page needs changes at once and a sign of life now and then."""

from dataclasses import dataclass

from crampwatch.events import Assessed
from crampwatch.units import Level, Motion


@dataclass(frozen=True, slots=True)
class TellingSettings:
    """When an assessment is told.

    Attributes:
        moved: the score has moved by this much; 0.02 [E].
        every_ms: or this much run time has passed; 5000 ms [E].
    """

    moved: float = 0.02
    every_ms: int = 5_000


class Telling:
    """Remembers what was last told of one athlete."""

    def __init__(self, settings: TellingSettings | None = None) -> None:
        self._settings = settings or TellingSettings()
        self._at_ms: int | None = None
        self._level = Level.OK
        self._motion = Motion.UNKNOWN
        self._score = 0.0
        self._settled = False

    def tells(self, one: Assessed) -> bool:
        """Whether this one is worth a message; if so it is remembered as told."""
        if (
            self._at_ms is not None
            and one.level == self._level
            and one.motion == self._motion
            and one.settled == self._settled
            and abs(one.score - self._score) < self._settings.moved
            and 0 <= one.at_ms - self._at_ms < self._settings.every_ms
        ):
            return False
        self._at_ms, self._level, self._motion, self._score = one.at_ms, one.level, one.motion, one.score
        self._settled = one.settled
        return True
