"""``crampwatch explain``: why a run was given the levels that it was, second by second."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from crampwatch.cli.console import clock_text
from crampwatch.cli.whose import Whose, profile_for
from crampwatch.errors import Misconfigured
from crampwatch.settings import load
from crampwatch.units import SECOND_MS

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)", re.ASCII)


def explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a recording: fit, tcx, gpx, csv (or .gz)", show_default=False)],
    at: Annotated[str | None, typer.Option("--at", help="a time into the run: seconds, mm:ss or h:mm:ss")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON: one object for --at, else one line an event")] = False,
    athlete: Whose = None,
) -> None:
    """Say why: what was seen in a recorded run, what kept it quiet, and what each channel added to the scores.

    With --at it explains one second: each channel and how far it is trusted, the gates that held, the signs and what
    they weigh, the level with its two largest reasons, what the next level would have asked for, and the findings
    around it. Without --at it lists the run: findings, levels, gates and what could be seen, with their times. It reads
    the file as `crampwatch backtest` does. What signs weigh is a place on a scale, not a probability of anything.

    Without --athlete it knows nothing of whose run it is. With it the run is weighed as if that athlete began it today:
    against what is usual across sessions (as `crampwatch baseline show` tells it), with the history of cramps and the
    sensitivity of the setting `athletes`. Answers given live are never known.
    """
    at_s = None if at is None else seconds_of(at)
    settings = load(context.obj)
    from crampwatch.cli import explained, moments  # heavy: only when it is used
    from crampwatch.cli.offline import watched
    from processor.plugins import athlete_with

    runs = watched(file, athlete_with(settings.processor.detectors), profile_for(settings, athlete))
    if at_s is None:
        for run in runs:
            explained.timeline(run, as_json=as_json, named=len(runs) > 1)
        return
    found = [(run, index) for run in runs if (index := moments.index_at(run, at_s)) is not None]
    if not found:
        longest = max(run.duration_ms for run in runs)
        lasts = f"the run lasts {clock_text(longest)}"
        raise Misconfigured("--at", f"{clock_text(round(at_s * SECOND_MS))} is not in {file}: {lasts}")
    for run, index in found:
        if as_json:
            typer.echo(json.dumps(explained.explained(run, index)))
        else:
            explained.tell(run, index)


def seconds_of(text: str) -> float:
    """Seconds of ``90``, ``1:30`` or ``0:01:30``.

    >>> seconds_of("90"), seconds_of("1:30"), seconds_of("1:02:03")
    (90.0, 90.0, 3723.0)

    Raises:
        Misconfigured: it is no such time.
    """
    match = _TIME.fullmatch(text.strip())
    if match is not None:
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        if (match[2] is None or seconds < 60) and (match[1] is None or minutes < 60):
            return hours * 3600 + minutes * 60 + seconds
    raise Misconfigured("--at", f"{text!r} is no time; write seconds (750), mm:ss (12:30) or h:mm:ss (0:12:30)")
