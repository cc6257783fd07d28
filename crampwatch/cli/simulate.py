"""``crampwatch simulate``: runs that never took place, as a collector's sensors or as files with the truth."""

from pathlib import Path
from typing import Annotated

import typer

from crampwatch.cli.console import out, plain, progress, set_up_logging
from crampwatch.cli.kinds import kinds_table, known_kind
from crampwatch.cli.loop import run_in_order
from crampwatch.cli.simulated_files import Format, Order, write
from crampwatch.errors import Misconfigured
from crampwatch.settings import load
from simulator.draw import Generator
from simulator.kinds import ALL

_LIVE, _FILES = "Live", "Files (with --to)"
#: Which options say nothing with --to, and which nothing without it.
_ONLY_LIVE, _ONLY_FILES = ("runners", "into"), ("count", "form", "beats", "force")


_Kind = Annotated[
    str | None,
    typer.Option(help="runs of the generator of this kind, or all; without it a scripted group (live), all (files)"),
]
_Into = Annotated[
    float, typer.Option(help="minutes that they have run when it starts", min=0, max=30, rich_help_panel=_LIVE)
]
_To = Annotated[Path | None, typer.Option(help="write files into this folder instead", rich_help_panel=_FILES)]
_Count = Annotated[
    int, typer.Option(help="runs of each kind, seeds counting up", min=1, max=100_000, rich_help_panel=_FILES)
]
_Force = Annotated[bool, typer.Option("--force", help="overwrite runs of the same name", rich_help_panel=_FILES)]


def simulate(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="the same seed gives the same runs")] = 7,
    kind: _Kind = None,
    generator: Annotated[Generator, typer.Option(help="whose premises about what comes before a cramp")] = "main",
    list_kinds: Annotated[bool, typer.Option("--list", help="say what every kind is")] = False,
    runners: Annotated[int, typer.Option(help="how many runners", min=1, max=100, rich_help_panel=_LIVE)] = 3,
    into: _Into = 18.0,
    to: _To = None,
    count: _Count = 1,
    form: Annotated[Format, typer.Option("--format", help="of the runs", rich_help_panel=_FILES)] = "csv",
    beats: Annotated[bool, typer.Option("--beats", help="with every heartbeat", rich_help_panel=_FILES)] = False,
    force: _Force = False,
) -> None:
    """Only collect, from simulated runners: to see services that run elsewhere work, without a sensor.

    They are under way already: the first minutes come as backlog, as from a sensor that was out of reach, and then
    life goes on at its own pace; by default a runner stops short after a minute. Started again in the middle, the
    runs go on where they are by now; when the last runner is home, they set out anew. Ctrl-C or SIGTERM ends it.

    With --kind the runs come from the generator (`--list` says what there is); what comes before a cramp in them is
    a premise, not a finding. With --to nothing is collected: each run becomes `KIND-SEED.csv` or `.fit`, beside it
    `KIND-SEED.truth.json`, which says what was made to happen.
    """
    if list_kinds:
        out.print(kinds_table())
        return
    _refuse_contradictions(context, files=to is not None, generated=to is not None or kind is not None)
    if kind is not None:
        known_kind(kind)
    if to is not None:
        _write(Order(to, kind or ALL, count, seed, generator, form, beats, force))
        return
    base = load(context.obj)
    set_up_logging(base.log_level, base, "collector")
    from collector.generated import generated
    from collector.simulated import group
    from crampwatch.cli.simulated_runs import serve

    wearers = group(runners, seed) if kind is None else generated(runners, kind, seed, generator)
    run_in_order(serve(base, wearers, into))


def _refuse_contradictions(context: typer.Context, *, files: bool, generated: bool) -> None:
    """An option that would say nothing is named instead of passed over."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = {name for name, source in sources.items() if source is not None and source.name != "DEFAULT"}
    for name in _ONLY_LIVE if files else _ONLY_FILES:
        if name in given:
            option = "--format" if name == "form" else f"--{name}"
            why = "is for runners that are collected from; leave it out with --to" if files else "needs --to FOLDER"
            raise Misconfigured(option, why)
    if "generator" in given and not generated:
        raise Misconfigured("--generator", "the scripted group has none; add --kind")


def _write(order: Order) -> None:
    with progress() as bar:
        names = list(bar.track(write(order), total=len(order.runs()), description="simulate"))
    out.print(plain(f"wrote {len(names)} runs to {order.folder}"), soft_wrap=True)
