"""``crampwatch baseline``: what is usual for an athlete, from which sessions, and a new beginning."""

import asyncio
import json
from typing import Annotated

import typer

from crampwatch.cli.console import out, plain
from crampwatch.settings import load

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "What is usual for an athlete across sessions.\n\n"
        "Every session that is over teaches something: cadence at a speed, how steady it is, how long runs are. The\n"
        "next session is compared with that; few sessions weigh little."
    ),
)

Who = Annotated[str, typer.Argument(metavar="ATHLETE", help="the athlete's id", show_default=False)]


@app.command()
def show(
    context: typer.Context,
    athlete: Who,
    as_json: Annotated[bool, typer.Option("--json", help="everything as one JSON document")] = False,
) -> None:
    """Show what is usual for an athlete: from how many sessions, which versions there are, what others have.

    It is learned when a session has been over for an hour, or when the next one begins. What is used of it lies between
    the athlete's own and what runners on the whole have. A session keeps what was usual when it began.
    """
    from crampwatch.cli import usual  # heavy: only when it is used

    versions = asyncio.run(usual.versions_of(load(context.obj), athlete))
    if as_json:
        typer.echo(json.dumps(usual.document(athlete, versions), indent=2))
        return
    for line in usual.lines(athlete, versions):
        out.print(plain(line), soft_wrap=True)


@app.command()
def reset(
    context: typer.Context,
    athlete: Who,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="begin anew without asking")] = False,
) -> None:
    """Begin anew: the next sessions know nothing of those before. The older versions are kept.

    For a new foot pod, after a long break, or when somebody else ran with these sensors. A session that is under way
    keeps what it began with; neither it nor any other that began before teaches anything.
    """
    from crampwatch.cli import usual  # heavy: only when it is used

    settings = load(context.obj)
    asyncio.run(usual.versions_of(settings, athlete))
    if not yes:
        typer.confirm(f"Forget what is usual for {athlete}, from the next session on?", abort=True)
    new = asyncio.run(usual.begin_anew(settings, athlete))
    out.print(plain(f"{athlete} begins anew with version {new.version}; older versions are kept"))
