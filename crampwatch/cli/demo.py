"""``crampwatch demo``: a simulated or recorded run over a virtual Bluetooth radio, through every real part."""

from pathlib import Path
from typing import Annotated

import typer

from crampwatch.cli.console import set_up_logging
from crampwatch.cli.kinds import known_kind
from crampwatch.cli.loop import run_in_order
from crampwatch.settings import load


def demo(
    context: typer.Context,
    speed: Annotated[float, typer.Option(help="how many times faster than life", min=0.1, max=100)] = 20.0,
    runners: Annotated[int, typer.Option(help="how many runners", min=1, max=100)] = 1,
    run: Annotated[Path | None, typer.Option(help="play this recording instead (fit, tcx, gpx, csv)")] = None,
    kind: Annotated[
        str | None, typer.Option(help="runners of the generator of this kind (see `crampwatch simulate --list`)")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same runners")] = 7,
    port: Annotated[
        int | None, typer.Option(help="port of the pages (default: dashboard.port, else a free one)", min=0, max=65_535)
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="open the page")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="stop when the run is over")] = False,
) -> None:
    """See it work: virtual watches as real GATT servers, the collector finds and reads them, every part is real.

    A simulated runner tires, shows a fatigue pattern and stops short; the relief steps come to the page and to
    this terminal. Time runs faster; what is stored looks like the run itself. Ctrl-C ends it, and the run stays
    for the review page of the next start.
    """
    base = load(context.obj)
    if kind is not None:
        known_kind(kind)
    # Here and not above: the radio's library alone takes half a second, which `crampwatch --help` need not.
    from crampwatch.cli.stage import demo_settings, play, the_cast

    set_up_logging("warning" if base.log_level == "info" else base.log_level, base)
    cast = the_cast(runners, run, seed, kind)
    settings = demo_settings(base, cast, port)
    run_in_order(play(settings, cast, speed, open_page=open_page, until_end=until_end))
