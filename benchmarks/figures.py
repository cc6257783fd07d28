"""Figures out of many measurements."""

import statistics
from collections.abc import Iterable, Sequence

from rich.console import Console


def quantile(values: Sequence[float], part: float) -> float:
    """The value that so great a part lies below: 0.99 is the 99th percentile; 0 when there are none.

    >>> quantile([3, 1, 2], 0.5), quantile(range(1, 101), 0.99)
    (2, 100)
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Count, median, 99th percentile and the most, all in the unit of the values, which is ms."""
    if not values:
        return {"n": 0}
    return {
        "n": len(values),
        "p50_ms": round(statistics.median(values), digits),
        "p99_ms": round(quantile(values, 0.99), digits),
        "max_ms": round(max(values), digits),
    }


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as the documentation holds it.

    >>> print(markdown(["what", "ms"], [["commit", 3.2]]))
    | what | ms |
    |---|---|
    | commit | 3.2 |
    """
    lines = [columns, None, *rows]
    return "\n".join(
        "|---" * len(columns) + "|" if line is None else f"| {' | '.join(map(str, line))} |" for line in lines
    )


def say(console: Console, text: str) -> None:
    """Print as it is, a table in one piece."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
