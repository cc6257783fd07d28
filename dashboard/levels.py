"""Pure: how a level looks. One table, so that shape, word and colour cannot disagree between pages."""

from crampwatch.units import Level

from .context import Tone

TONES: dict[Level, Tone] = {
    Level.OK: "ok",
    Level.WATCH: "watch",
    Level.WARNING: "high",
    Level.IMMINENT: "high",
    Level.NOW: "high",
}

#: Bands of the level bar: low, raised, high, strong.
BANDS = 4


def band(level: Level) -> int:
    """The band of the level bar that a level owns, 0 to 3."""
    return min(level.rank, BANDS - 1)


def gauge(level: Level, score: float) -> float:
    """Where the marker stands, 0 to 1: the level chooses the band, the score (0 to 1) moves inside it.

    >>> gauge(Level.WATCH, 0.5)
    0.375
    """
    return (band(level) + min(1.0, max(0.0, score))) / BANDS


def in_band(level: Level, score: float) -> float:
    """The same on a chart whose axis counts bands, 0 to 4, never touching the next band."""
    return round(band(level) + min(0.96, max(0.04, score)), 3)
