"""``crampwatch replay``: publish recordings again, through the collector's own spool."""

from pathlib import Path
from typing import Annotated

import typer

from crampwatch.cli import exits
from crampwatch.cli.console import errors, plain, set_up_logging
from crampwatch.cli.loop import run_in_order
from crampwatch.errors import Misconfigured
from crampwatch.settings import load


def replay(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="recordings: fit, tcx, gpx, csv (or .gz)", show_default=False)],
    athlete: Annotated[str, typer.Option(help="whose run it is (an athlete id)")] = "replay",
    speed: Annotated[
        float, typer.Option(help="times faster than life, as if it happened now; 0 imports it as history", min=0)
    ] = 0.0,
    wait: Annotated[
        float, typer.Option(help="seconds to wait for the processor's word that everything is stored", min=1)
    ] = 30.0,
) -> None:
    """Publish recordings again, so that a running processor stores them and finds what it would have found.

    With --speed 0 (the default) they go out as backlog, as fast as they are taken: stored and shown, never a live
    alert. With a speed they go out as if they happened now, alerts and all. Waits until the processor has
    confirmed the last row; unconfirmed rows are kept and sent again by the next replay, and the exit code is 3.
    A file that cannot be read is named on stderr, the others still go out, and the exit code is 1.
    """
    base = load(context.obj)
    set_up_logging(base.log_level, base)
    from crampwatch.cli.resend import publish, readable, replay_settings

    recordings, refused = readable(files)
    if not recordings:
        raise Misconfigured("FILES", "none of them could be read as a recording")
    stored = True
    for recording in recordings:
        settings = replay_settings(base, athlete, recording)
        confirmed = run_in_order(publish(settings, recording, speed, patience_s=wait))
        if confirmed is None:
            errors.print(plain(f"{recording.name}: stopped half-way; replay it again for the rest"), soft_wrap=True)
            raise typer.Exit(exits.ERROR)
        stored = stored and confirmed
    if not stored:
        raise typer.Exit(exits.UNAVAILABLE)
    if refused:
        raise typer.Exit(exits.ERROR)
