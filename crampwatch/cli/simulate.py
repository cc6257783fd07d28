"""``crampwatch simulate``: the collector alone, with simulated runners in the place of sensors."""

from typing import Annotated

import typer

from crampwatch.cli.console import set_up_logging
from crampwatch.cli.loop import run_in_order
from crampwatch.settings import load


def simulate(
    context: typer.Context,
    runners: Annotated[int, typer.Option(help="how many runners", min=1, max=100)] = 3,
    into: Annotated[float, typer.Option(help="minutes that they have run when it starts", min=0, max=30)] = 18.0,
    seed: Annotated[int, typer.Option(help="the same seed gives the same runners")] = 7,
) -> None:
    """Only collect, from simulated runners: to see services that run elsewhere work, without a sensor.

    They are under way already: the first minutes come as backlog, as from a sensor that was out of reach, and then
    life goes on at its own pace; by default a runner stops short after a minute. Started again in the middle, the
    runs go on where they are by now; when the last runner is home, they set out anew. Ctrl-C or SIGTERM ends it.
    """
    base = load(context.obj)
    set_up_logging(base.log_level, base, "collector")
    from crampwatch.cli.simulated_runs import serve

    run_in_order(serve(base, runners, into, seed))
