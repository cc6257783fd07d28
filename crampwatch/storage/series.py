"""A run of any length as about so many points, for a page. Pure."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from crampwatch.storage import Series
from crampwatch.units import SECOND_MS

#: Columns over the same moments, which are in order: a number or None for each moment, by column name.
Lines = tuple[Sequence[int], Mapping[str, Sequence[Any]]]


def downsampled(
    measured: Iterable[Lines], started_ms: int, ended_ms: int, *, points: int, highest: Collection[str]
) -> Series:
    """Cut a run into equal spans of whole seconds, and put one value of each column into each span.

    Args:
        measured: what was measured.
        started_ms: where the first span begins.
        ended_ms: the last moment that lies in a span.
        points: about how many spans; fewer for a run of fewer seconds.
        highest: the columns of which a span shows the highest value; the others show the mean.
    """
    span_ms = max(1, ceil((ended_ms - started_ms + 1) / max(1, points) / SECOND_MS)) * SECOND_MS
    starts = range(started_ms, ended_ms + 1, span_ms)
    columns: dict[str, Sequence[float | None]] = {}
    for times, values in measured:
        cuts = _cuts(times, starts)
        for name, column in values.items():
            combine = max if name in highest else _mean
            columns[name] = _combined(column, cuts, combine) if None not in column else _sparse(column, cuts, combine)
    return Series(list(starts), columns)


def _cuts(times: Sequence[int], starts: range) -> list[int]:
    """Where in ``times`` each span begins, and where the last one ends."""
    cuts = [bisect_left(times, starts.start)]
    for start in starts:
        cuts.append(bisect_left(times, start + starts.step, cuts[-1]))
    return cuts


def _combined(
    values: Sequence[Any], cuts: Sequence[int], combine: Callable[[Sequence[Any]], float]
) -> list[float | None]:
    return [combine(values[begin:end]) if end > begin else None for begin, end in pairwise(cuts)]


def _sparse(
    values: Sequence[Any], cuts: Sequence[int], combine: Callable[[Sequence[Any]], float]
) -> list[float | None]:
    """The same where a reading may be missing: what is not there does not count."""
    spans = ([value for value in values[begin:end] if value is not None] for begin, end in pairwise(cuts))
    return [combine(span) if span else None for span in spans]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
