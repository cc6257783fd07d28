"""What can be seen of an athlete just now, and how high a level that allows (science 3.7)."""

from crampwatch.units import Level, Mode
from processor.features.view import View

#: The highest level that each mode allows.
CEILING: dict[Mode, Level] = dict.fromkeys(Mode, Level.IMMINENT) | {
    Mode.CADENCE_LOST: Level.WATCH,
    Mode.HEART_ONLY: Level.WATCH,
    Mode.BLIND: Level.OK,
}


def mode_of(view: View) -> Mode:
    """The mode of a second, from the quality of its channels."""
    return Mode.FULL if view.bpm is not None else Mode.NO_HEART
