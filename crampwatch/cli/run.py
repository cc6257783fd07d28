"""``crampwatch run`` and its parts: all services in one process, or each alone."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from alerts.channels import Channel
from collector.ble import BleSource
from crampwatch.cli.compose import House, house
from crampwatch.cli.console import Screen, out, set_up_logging
from crampwatch.cli.monitor import Monitor
from crampwatch.clock import Clock, WallClock
from crampwatch.service import Service, running, until_stopped
from crampwatch.settings import Settings, load


def run(
    context: typer.Context, open_page: Annotated[bool, typer.Option("--open", help="open the page")] = False
) -> None:
    """Watch for real: all services in one process, sensors over this machine's Bluetooth.

    Without a settings file it starts a broker of its own, keeps runs on this machine and offers every heart-rate
    or foot sensor it sees on the page, to be claimed by a runner. Ctrl-C ends it.
    """
    settings = _settings(context)
    asyncio.run(_run(settings, open_page))


def collect(context: typer.Context) -> None:
    """Only collect: sensors over Bluetooth into the broker (a Raspberry Pi at the track)."""
    _alone(context, "collector", lambda home: home.collector(bluetooth(home.settings, home.clock)))


def process(context: typer.Context) -> None:
    """Only process: telemetry from the broker to findings, and into the store."""
    _alone(context, "processor", lambda home: home.processor())


def alert(context: typer.Context) -> None:
    """Only alert: findings from the broker to pushes and alert states."""
    _alone(context, "alerter", lambda home: home.alerter(channels(home.settings)))


def serve(context: typer.Context) -> None:
    """Only serve the pages: live from the broker, past runs from the store."""
    _alone(context, "dashboard", lambda home: home.dashboard())


def bluetooth(settings: Settings, clock: Clock) -> BleSource:
    """This machine's own radio as a source; sensors that are only known by name or address are told of too."""
    known = [
        one for athlete in settings.athletes for sensor in athlete.sensors for one in (sensor.name, sensor.address)
    ]
    return BleSource(
        clock=clock,
        connections=settings.collector.connections,
        silence_s=settings.collector.silence_s,
        also=[one for one in known if one is not None],
    )


def channels(settings: Settings) -> list[Channel]:
    """The pushes that the settings ask for; the broker's own is the alerter's."""
    if not settings.alerts.apprise:
        return []
    from alerts.channels.apprise import apprise_channels

    return [*apprise_channels(settings.alerts.apprise)]


def _settings(context: typer.Context) -> Settings:
    settings = load(context.obj)
    set_up_logging(settings.log_level)
    return settings


async def _run(settings: Settings, open_page: bool) -> None:
    clock = WallClock()
    wanted = ("collector", "processor", "alerter", "dashboard")
    async with house(settings, clock, wanted) as home:
        dashboard = home.dashboard()
        with Screen() as screen:
            services: list[Service] = [
                home.processor(),
                home.alerter(channels(settings)),
                dashboard,
                Monitor(settings, home.buses, clock, screen),
                home.collector(bluetooth(settings, clock)),
            ]
            async with running(services):
                out.print(f"watching; pages at [bold]{dashboard.url}[/]  (Ctrl-C ends it)")
                if open_page:
                    typer.launch(dashboard.url)
                await until_stopped()
        out.print(f"stopped; runs are kept in {settings.store_path}")


def _alone(context: typer.Context, name: str, make: Callable[[House], Service]) -> None:
    settings = _settings(context)

    async def serve_one() -> None:
        async with house(settings, WallClock(), (name,)) as home:
            service = make(home)
            async with running(_one(service)):
                where = getattr(service, "url", "")
                out.print(f"{name} is up {where}  (Ctrl-C ends it)".replace("  ", " "))
                await until_stopped()

    asyncio.run(serve_one())


def _one(service: Service) -> Sequence[Service]:
    return (service,)
