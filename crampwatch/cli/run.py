"""``crampwatch run`` and its parts: all services in one process, or each alone."""

from typing import Annotated

import typer

from crampwatch.cli.console import set_up_logging
from crampwatch.cli.loop import run_in_order
from crampwatch.settings import Settings, load

# The services are imported by the command that starts them: `crampwatch --help` need not wait for them.


def run(
    context: typer.Context, open_page: Annotated[bool, typer.Option("--open", help="open the page")] = False
) -> None:
    """Watch for real: all services in one process, sensors over this machine's Bluetooth.

    Without a settings file it starts a broker of its own, keeps runs on this machine and offers every heart-rate
    or foot sensor it sees on the page, to be claimed by a runner. Ctrl-C ends it.
    """
    settings = _settings(context)
    from crampwatch.cli import serving

    run_in_order(serving.everything(settings, open_page=open_page))


def collect(context: typer.Context) -> None:
    """Only collect: sensors over Bluetooth into the broker (a Raspberry Pi at the track).

    Every reading is kept on this machine until a processor has stored it, so the broker or the network may be away
    for hours. Set `mqtt.url` to the broker that all parts share. Ctrl-C or SIGTERM ends it.
    """
    settings = _settings(context, "collector")
    from crampwatch.cli import serving

    run_in_order(serving.collector(settings))


def process(context: typer.Context) -> None:
    """Only process: telemetry from the broker to findings, and into the store.

    Cadence breaks and fatigue patterns are found here; they go back to the broker, where `crampwatch alert` and
    the pages take them up. Ctrl-C or SIGTERM ends it; what comes meanwhile waits in the broker.
    """
    settings = _settings(context, "processor")
    from crampwatch.cli import serving

    run_in_order(serving.processor(settings))


def alert(context: typer.Context) -> None:
    """Only alert: findings from the broker to pushes and alert states.

    Decides who is disturbed and why, brings the relief steps to the channels of `alerts.apprise` and to the pages,
    and says when a sensor or a service is lost. Ctrl-C or SIGTERM ends it; findings wait in the broker.
    """
    settings = _settings(context, "alerts")
    from crampwatch.cli import serving

    run_in_order(serving.alerter(settings))


def serve(context: typer.Context) -> None:
    """Only serve the pages: live from the broker, past runs from the store.

    Listens on this machine only; `dashboard.host = "0.0.0.0"` lets phones on the network in. It reads the store
    that the processor writes, so both need the same `storage.path`. Ctrl-C or SIGTERM ends it.
    """
    settings = _settings(context, "dashboard")
    from crampwatch.cli import serving

    run_in_order(serving.dashboard(settings))


def _settings(context: typer.Context, process: str = "crampwatch") -> Settings:
    settings = load(context.obj)
    set_up_logging(settings.log_level, settings, process)
    return settings
