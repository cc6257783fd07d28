"""``crampwatch backtest``: a recording through the athlete machine, offline."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from crampwatch.cli import exits
from crampwatch.cli.console import clock_text, out, plain, progress, tell_refused
from crampwatch.cli.whose import Whose, profile_for
from crampwatch.errors import Refused
from crampwatch.settings import load
from crampwatch.units import SECOND_MS, Level


def backtest(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="recordings: fit, tcx, gpx, csv (or .gz)", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON line per finding")] = False,
    athlete: Whose = None,
) -> None:
    """Run recordings through the detectors offline: the same machine that watches live.

    Without --athlete it knows nothing of whose run it is. With it the run is weighed as if that athlete began it today:
    against what is usual across sessions (as `crampwatch baseline show` tells it), with the history of cramps and the
    sensitivity of the setting `athletes`. Answers given live are never known.

    With --json each finding is one line with `file`, `at_s` (seconds from the first sample), `kind`, `level` and
    `because`. A file that cannot be read is named on stderr, the others still run, and the exit code is 1.
    """
    settings = load(context.obj)
    from crampwatch.cli.offline import findings_of  # heavy: only when it is used
    from processor.plugins import athlete_with

    machines = athlete_with(settings.processor.detectors)
    profile = profile_for(settings, athlete)
    broken = 0
    with progress() as bar:
        for file in bar.track(files, description="backtest"):
            try:
                for row in findings_of(file, machines, profile):
                    typer.echo(json.dumps(row)) if as_json else _print(row)
            except Refused as refused:
                broken += 1
                tell_refused(refused)
    if broken:
        raise typer.Exit(exits.ERROR)


def _print(row: dict[str, Any]) -> None:
    level = "" if row["level"] == Level.OK else f" {row['level']}"
    moment, because = clock_text(int(row["at_s"] * SECOND_MS)), "; ".join(row["because"])
    out.print(Text.assemble(f"{moment}  {row['kind']}", (level, "bold"), "  ", plain(because, "dim")), soft_wrap=True)
