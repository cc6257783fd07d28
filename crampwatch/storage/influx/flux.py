"""Questions to InfluxDB as Flux text: pure builders, and the only place where a value is put into a query."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from crampwatch.storage import RunKey

MINUTE_US = 60_000_000
#: Behind every moment that a fact may have.
NEVER_US = 4_133_980_800_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\x24", "\x00": "\\x00"}
_PIVOT = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
_NEWEST_FIRST = 'sort(columns: ["_time"], desc: true)'
#: What every point carries that no reader asks for; without it an answer is a third smaller.
_SLIM = 'drop(columns: ["_start", "_stop", "_measurement", "group", "runner"])'


@dataclass(frozen=True, slots=True)
class Span:
    """A run and the whole minutes that hold its facts: ``first_us`` is in it, ``end_us`` is not."""

    run: RunKey
    first_us: int
    end_us: int

    @classmethod
    def of_marks(cls, run: RunKey, first_us: int, last_us: int) -> Self:
        """The span between the first and the last minute that a run is marked in."""
        return cls(run, floor_minute(first_us), floor_minute(last_us) + MINUTE_US)


def floor_minute(at_us: int) -> int:
    """The beginning of a moment's minute.

    >>> floor_minute(61_000_999)
    60000000
    """
    return at_us // MINUTE_US * MINUTE_US


def text(value: str) -> str:
    r"""A string literal that holds ``value`` and nothing else, whatever it is.

    >>> print(text('a"b${c}'))
    "a\"b\x24{c}"
    """
    return '"' + "".join(_ESCAPES.get(one, one) for one in value) + '"'


def moment(at_us: int) -> str:
    """A moment as Flux writes it.

    >>> moment(1_750_000_000_000_424)
    '2025-06-15T15:06:40.000424Z'
    """
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def pipe(*steps: str) -> str:
    """Steps one after the other."""
    return "\n  |> ".join(steps)


def points(
    bucket: str,
    *measurements: str,
    fields: Iterable[str] = (),
    start_us: int = 0,
    end_us: int = NEVER_US,
    team: str | None = None,
    athlete: str | None = None,
) -> str:
    """The points of measurements, narrowed by what InfluxDB looks up without reading them."""
    wanted = [_one_of("_measurement", measurements)]
    wanted += [equal(tag, value) for tag, value in (("group", team), ("runner", athlete)) if value is not None]
    if names := list(fields):
        wanted.append(_one_of("_field", names))
    span = f"range(start: {moment(start_us)}, stop: {moment(max(end_us, start_us + 1))})"
    return pipe(f"from(bucket: {text(bucket)})", span, where(" and ".join(wanted)))


def equal(column: str, value: str) -> str:
    """A condition on a column."""
    return f"r.{column} == {text(value)}"


def _one_of(column: str, values: Iterable[str]) -> str:
    return "(" + " or ".join(equal(column, value) for value in values) + ")"


def where(condition: str) -> str:
    """Keep the rows of a condition."""
    return f"filter(fn: (r) => {condition})"


def named(steps: str, name: str) -> str:
    """Hand out rows under a name, which stands in their column ``result``."""
    return pipe(steps, f"yield(name: {text(name)})")


# --- which runs there are -----------------------------------------------------------------------------------


def newest_runs(bucket: str, team: str | None, athlete: str | None, most: int) -> str:
    """The first mark of each run, the newest first: group, runner, ``_value`` (the session) and ``_time``."""
    marks = points(bucket, "run", fields=["session"], team=team, athlete=athlete)
    return pipe(marks, "unique()", "group()", _NEWEST_FIRST, f"limit(n: {most})", _keep_marks())


def last_marks(bucket: str, team: str | None, athlete: str | None, start_us: int) -> str:
    """The last mark of each run that has one since ``start_us``; columns as in :func:`newest_runs`."""
    marks = points(bucket, "run", fields=["session"], start_us=start_us, team=team, athlete=athlete)
    return pipe(marks, _NEWEST_FIRST, "unique()", _keep_marks())


def bounds(bucket: str, run: RunKey) -> str:
    """The first and the last mark of a run; nothing for a run that nobody knows."""
    marks = points(bucket, "run", fields=["session"], team=run.team, athlete=run.athlete)
    own = pipe(marks, where(equal("_value", run.session)))
    return "\n".join(named(pipe(own, f"{end}()", _keep_marks()), end) for end in ("first", "last"))


def _keep_marks() -> str:
    return 'keep(columns: ["_time", "_value", "group", "runner"])'


# --- what a run adds up to ----------------------------------------------------------------------------------


def own(bucket: str, spans: Sequence[Span]) -> str:
    """When the facts of each run's own session begin and end, and how many there are."""
    return _for_each(spans, lambda span: _own(bucket, span))


def _own(bucket: str, span: Span) -> Iterable[tuple[str, str]]:
    own = pipe(_sessions(bucket, span), where(equal("_value", span.run.session)))
    for figure in ("first", "last", "count"):
        yield figure, pipe(own, f"{figure}()")


def figures(bucket: str, spans: Sequence[Span]) -> str:
    """What each span adds up to, of whatever session: InfluxDB works these out without handing out a point."""
    return _for_each(spans, lambda span: _figures(bucket, span))


def _figures(bucket: str, span: Span) -> Iterable[tuple[str, str]]:
    moved = _part(bucket, ["telemetry"], span, ["distance_m"])
    yield "all", pipe(_sessions(bucket, span), "count()")
    yield "sum", pipe(_part(bucket, ["telemetry"], span, ["bpm", "spm"]), "sum()")
    yield "bpm", pipe(_part(bucket, ["telemetry"], span, ["bpm"]), "count()")
    yield "moving", pipe(_part(bucket, ["telemetry"], span, ["spm"]), where("r._value > 0.0"), "count()")
    yield "low", pipe(moved, "min()")
    yield "high", pipe(moved, "max()")
    yield "worst", pipe(_part(bucket, ["assessment"], span, ["level_rank"]), "max()")


def _for_each(spans: Sequence[Span], of_one: Callable[[Span], Iterable[tuple[str, str]]]) -> str:
    """The same questions about each span; a row's ``result`` is the place in ``spans`` and the figure."""
    return "\n".join(
        named(steps, f"{place} {figure}") for place, span in enumerate(spans) for figure, steps in of_one(span)
    )


def _sessions(bucket: str, span: Span) -> str:
    return _part(bucket, ["telemetry", "assessment"], span, ["session"])


def _part(bucket: str, measurements: Sequence[str], span: Span, fields: Iterable[str]) -> str:
    run, (start_us, end_us) = span.run, (span.first_us, span.end_us)
    return points(
        bucket, *measurements, fields=fields, start_us=start_us, end_us=end_us, team=run.team, athlete=run.athlete
    )


# --- the facts of a run -------------------------------------------------------------------------------------


def facts(bucket: str, measurement: str, span: Span, fields: Sequence[str] = ()) -> str:
    """A run's facts of one measurement, a row each, in the order of time within a series."""
    return pipe(
        _part(bucket, [measurement], span, fields and ["session", *fields]),
        _PIVOT,
        where(equal("session", span.run.session)),
        _SLIM,
    )


def notes(
    bucket: str, measurement: str, fields: Sequence[str], *, team: str | None, athlete: str | None, start_us: int = 0
) -> str:
    """Findings or alerts of everybody who is not narrowed out, with group and runner."""
    return pipe(
        points(bucket, measurement, fields=fields, start_us=start_us, team=team, athlete=athlete),
        _PIVOT,
        'drop(columns: ["_start", "_stop", "_measurement"])',
    )


def display_names(bucket: str) -> str:
    """The newest display name of each athlete: runner and ``_value``."""
    return pipe(points(bucket, "athlete", fields=["display_name"]), "last()")
