"""The ``crampwatch`` command: one app, one module per command, errors as one line that says what to do."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crampwatch import __version__
from crampwatch.cli import (
    backtest,
    baseline,
    config,
    demo,
    doctor,
    evaluate,
    evaluate_fit,
    exits,
    explain,
    influx,
    outbox,
    plot,
    replay,
    run,
    scan,
    simulate,
    status,
)
from crampwatch.cli.console import errors, out, say_all, tell_error
from crampwatch.errors import CrampwatchError, Misconfigured, Unavailable, first_of

app = typer.Typer(
    name="crampwatch",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Live fatigue patterns and cadence breaks from heart rate and cadence, with relief steps when a runner "
        "needs them.\n\n"
        "**Start here:** `crampwatch demo` plays a simulated run over a virtual Bluetooth radio; "
        "`crampwatch scan` shows the sensors around you; `crampwatch run` watches for real; "
        "`crampwatch status` asks a running house how it is; `crampwatch doctor` says what is missing.\n\n"
        "Settings come from `crampwatch.toml` (here or in your config folder), then `CRAMPWATCH_*` environment "
        "variables; `crampwatch config` shows what is in force.\n\n"
        "Not a medical device: it cannot detect or rule out a cramp or any illness, it will miss some and warn falsely."
    ),
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"crampwatch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="the settings file (default: crampwatch.toml here, else yours)"),
    ] = None,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    context.obj = config_file


app.command()(demo.demo)
app.command()(run.run)
app.command()(run.collect)
app.command()(run.process)
app.command()(run.alert)
app.command()(run.serve)
app.command()(scan.scan)
app.command()(simulate.simulate)
app.command()(replay.replay)
app.command()(backtest.backtest)
app.command()(explain.explain)
app.command()(plot.plot)
app.command()(status.status)
app.command()(outbox.outbox)
app.command()(doctor.doctor)
app.command("config")(config.config)
app.add_typer(influx.app, name="influx")
app.add_typer(baseline.app, name="baseline")
evaluate.app.command()(evaluate_fit.fit)
app.add_typer(evaluate.app, name="evaluate")


def _exit_code(error: CrampwatchError) -> int:
    if isinstance(error, Misconfigured):
        return exits.MISCONFIGURED
    return exits.UNAVAILABLE if isinstance(error, Unavailable) else exits.ERROR


def main() -> None:
    """Run the command line; a known error ends as one line and its exit code."""
    for console in (out, errors):
        say_all(console)
    try:
        app()
    except (CrampwatchError, BaseExceptionGroup) as error:
        known = first_of(error, CrampwatchError)
        if known is None:
            raise
        tell_error(known)
        sys.exit(_exit_code(known))
