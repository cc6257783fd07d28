"""``crampwatch plot``: a recorded run as a picture of what was seen, what was kept quiet, and what was said."""

from pathlib import Path
from typing import Annotated

import typer

from crampwatch.cli.console import out, plain
from crampwatch.cli.whose import Whose, profile_for
from crampwatch.errors import Misconfigured
from crampwatch.extras import as_installed, checkout
from crampwatch.settings import load

_FORMATS = {".png", ".svg"}


def plot(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a recording: fit, tcx, gpx, csv (or .gz)", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="the picture, .png or .svg; default: beside you, named like the run"),
    ] = None,
    athlete: Whose = None,
) -> None:
    """Draw a recorded run: what was measured, what kept it quiet, the signs, and the levels.

    Panels share one time axis: heart rate, cadence with what was expected, speed; how far each channel was trusted and
    which gates held; the signs of the pattern; the fatigue index; the level with its findings. It reads the file as
    `crampwatch backtest` does, and needs the `plot` extra. A file of several runs gives a picture each.

    Without --athlete it knows nothing of whose run it is. With it the run is weighed as if that athlete began it today:
    against what is usual across sessions (as `crampwatch baseline show` tells it), with the history of cramps and the
    sensitivity of the setting `athletes`. Answers given live are never known.
    """
    if output is not None and output.suffix.lower() not in _FORMATS:
        raise Misconfigured("--output", f"{output} ends in {output.suffix or 'nothing'}; name a .png or a .svg")
    settings = load(context.obj)
    try:
        from crampwatch.cli import plotting  # heavy: only when it is used, and only there
    except ModuleNotFoundError as error:
        if error.name not in {"matplotlib", "numpy"}:
            raise
        advice = as_installed("pictures need the plot extra; run: pip install 'crampwatch[plot]'", checkout())
        raise Misconfigured("crampwatch plot", advice) from error
    from crampwatch.cli.offline import watched
    from processor.plugins import athlete_with

    runs = watched(file, athlete_with(settings.processor.detectors), profile_for(settings, athlete))
    for run in runs:
        path = output or Path(f"{run.name}.png")
        if len(runs) > 1 and output is not None:
            path = path.with_stem(f"{path.stem}-{runs.index(run) + 1}")
        try:
            plotting.draw(run, path)
        except OSError as error:
            raise Misconfigured("--output", f"{path} cannot be written: {error.strerror}") from error
        out.print(plain(f"wrote {path}"), soft_wrap=True)
