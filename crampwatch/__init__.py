"""The language that every crampwatch service speaks, and the edges they share."""

__version__ = "0.1.0"
