"""``crampwatch backtest``: a recording through the athlete machine, offline."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.intake import Intake
from collector.recorded import frames_of
from collector.recordings import Recording, load
from crampwatch.cli.console import clock_text, errors, out, progress
from crampwatch.errors import Refused
from crampwatch.events import Finding, Sample
from crampwatch.units import Level
from processor.backtest import backtest as through_the_machine

#: Recordings without a date begin here (2001-09-09T01:46:40Z); findings are told from the first sample anyway.
UNDATED_MS = 1_000_000_000_000
ATHLETE = "backtest"
DEVICE = "recording"


def backtest(
    files: Annotated[list[Path], typer.Argument(help="recordings: fit, tcx, gpx, csv (or .gz)", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON line per finding")] = False,
) -> None:
    """Run recordings through the detectors offline: the same machine that watches live.

    With --json each finding is one line with `file`, `at_s` (seconds from the first sample), `kind`, `level` and
    `because`. A file that cannot be read is named on stderr, the others still run, and the exit code is 1.
    """
    broken = 0
    with progress() as bar:
        for file in bar.track(files, description="backtest"):
            try:
                for row in findings_of(file):
                    typer.echo(json.dumps(row)) if as_json else _print(row)
            except Refused as refused:
                broken += 1
                errors.print(f"[red]refused[/] ({refused.reason}): {refused}", highlight=False)
    if broken:
        raise typer.Exit(1)


def findings_of(file: Path) -> Iterator[dict[str, Any]]:
    """Each finding of each running session in a file.

    Raises:
        Refused: the file cannot be read as a recording.
    """
    for recording in load(file):
        samples = samples_of(recording)
        if not samples:
            continue
        first_ms = samples[0].at_ms
        for outcome in through_the_machine(ATHLETE, "backtest", samples):
            for finding in outcome.findings:
                yield _row(file, finding, first_ms)


def samples_of(recording: Recording) -> list[Sample]:
    """A recording as the collector would have told it: the same frames, the same intake."""
    intake = Intake()
    start_ms = recording.started_ms or UNDATED_MS
    samples: list[Sample] = []
    for frame in frames_of(recording, DEVICE, start_ms):
        with contextlib.suppress(Refused):  # as live: that frame is left out, the rest is kept
            samples.extend(intake.take(ATHLETE, frame).samples)
    return samples


def _row(file: Path, finding: Finding, first_ms: int) -> dict[str, Any]:
    return {
        "file": str(file),
        "at_s": (finding.at_ms - first_ms) / 1_000,
        "kind": str(finding.kind),
        "level": str(finding.level),
        "because": list(finding.because),
    }


def _print(row: dict[str, Any]) -> None:
    mark = "" if row["level"] == Level.OK else f" [bold]{row['level']}[/]"
    out.print(f"{clock_text(int(row['at_s'] * 1000))}  {row['kind']}{mark}  [dim]{'; '.join(row['because'])}[/]")
