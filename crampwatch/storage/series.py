"""A run of any length as about so many points, for a page. Pure."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from math import ceil
from typing import Any

from crampwatch.storage import Series
from crampwatch.units import SECOND_MS

#: One thing over time: moments in order, and a number or None for each.
Line = tuple[Sequence[int], Sequence[Any]]


def downsampled(
    lines: Mapping[str, Line], started_ms: int, ended_ms: int, *, points: int, highest: Collection[str]
) -> Series:
    """Cut a run into equal spans of whole seconds, and put one value of each line into each span.

    Args:
        lines: what was measured, by column name.
        started_ms: where the first span begins.
        ended_ms: the last moment that lies in a span.
        points: about how many spans; fewer for a run of fewer seconds.
        highest: the columns of which a span shows the highest value; the others show the mean.
    """
    span_ms = max(1, ceil((ended_ms - started_ms + 1) / max(1, points) / SECOND_MS)) * SECOND_MS
    starts = range(started_ms, ended_ms + 1, span_ms)
    return Series(
        list(starts),
        {name: _spans(line, starts, max if name in highest else _mean) for name, line in lines.items()},
    )


def _spans(line: Line, starts: range, combine: Callable[[Sequence[Any]], float]) -> list[float | None]:
    times, values = line
    if None in values:
        there = [(at_ms, value) for at_ms, value in zip(times, values, strict=True) if value is not None]
        times, values = [at_ms for at_ms, _ in there], [value for _, value in there]
    column: list[float | None] = []
    begin = bisect_left(times, starts.start)
    for start in starts:
        end = bisect_left(times, start + starts.step, begin)
        column.append(combine(values[begin:end]) if end > begin else None)
        begin = end
    return column


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
