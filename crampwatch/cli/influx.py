"""``crampwatch influx``: what InfluxDB needs before it can be the store."""

import asyncio
from typing import Annotated

import typer

from crampwatch.cli.console import out, plain
from crampwatch.settings import Settings, load

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "What InfluxDB 2 needs before it can be the store, or its mirror.\n\n"
        "`crampwatch influx setup` makes it and mends it; `--plan` shows what it would do. Then write\n"
        '`storage.backend = "both"` (or `"influxdb"`), and `crampwatch doctor` tells whether it can be used.'
    ),
)


@app.command()
def setup(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="only show what would be done")] = False,
) -> None:
    """Make the organisation, the buckets with their retention, and the downsampling tasks; mend what has changed.

    It takes them from the `influxdb` settings. Run it once with a token that may make them (an all-access token of
    the organisation, or the operator's for a new organisation), and again when a setting changes: what is as it should
    be stays untouched. The services need no more than a token that reads and writes the two buckets.
    """
    settings = load(context.obj)
    lines = asyncio.run(_set_up(settings, only_plan=plan))
    for line in lines:
        out.print(plain(f"{'would' if plan else 'done:'} {line}"), soft_wrap=True)
    if not lines:
        out.print(plain(f"nothing to do: InfluxDB at {settings.influxdb.url} is as it should be"), soft_wrap=True)
    if settings.storage.backend == "sqlite":
        out.print('nothing goes there yet: storage.backend is sqlite; write "both" or "influxdb"', soft_wrap=True)


async def _set_up(settings: Settings, *, only_plan: bool) -> list[str]:
    from crampwatch.storage.influx.edge import InfluxEdge
    from crampwatch.storage.influx.setup import set_up

    edge = InfluxEdge.connect(settings.influxdb)
    try:
        return [*await set_up(edge, settings.influxdb, only_plan=only_plan)]
    finally:
        await edge.close()
