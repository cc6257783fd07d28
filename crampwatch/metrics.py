"""Counters that say how often something happened, by a bounded reason."""

from collections import Counter
from collections.abc import Mapping


class Counters:
    """Counts of one service. ``counters.add("refused", "truncated_frame")``; read them with :meth:`read`."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, reason: str = "", by: int = 1) -> int:
        """Count, and return the new figure: 1 means that this is the first, worth a warning."""
        self._counts[name, reason] += by
        return self._counts[name, reason]

    def value(self, name: str, reason: str = "") -> int:
        """How often ``name`` happened for ``reason``."""
        return self._counts[name, reason]

    def read(self) -> Mapping[str, int]:
        """Everything counted, ``name`` or ``name.reason`` to figure."""
        return {f"{name}.{reason}" if reason else name: n for (name, reason), n in sorted(self._counts.items())}
