"""Services over this machine's own Bluetooth: all in one process, or one alone."""

from collections.abc import Callable

import typer

from alerts.channels import Channel
from collector.ble import BleSource
from collector.secret import sensor_secret
from crampwatch.cli.compose import House, house
from crampwatch.cli.console import Screen, out, plain
from crampwatch.cli.monitor import Monitor
from crampwatch.clock import Clock, WallClock
from crampwatch.service import Service, running, until_stopped
from crampwatch.settings import Settings
from dashboard.service import Dashboard


def bluetooth(settings: Settings, clock: Clock) -> BleSource:
    """This machine's own radio as a source; sensors that are only known by name or address are told of too."""
    known = [
        one for athlete in settings.athletes for sensor in athlete.sensors for one in (sensor.name, sensor.address)
    ]
    return BleSource(
        clock=clock,
        secret=sensor_secret(settings.state_dir),
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


async def everything(settings: Settings, *, open_page: bool) -> None:
    """All services until stopped, with the live lines in the terminal."""
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
        out.print(plain(f"stopped; runs are kept in {settings.store_path}"), soft_wrap=True)


async def alone(settings: Settings, name: str, make: Callable[[House], Service]) -> None:
    """One service until stopped."""
    async with house(settings, WallClock(), (name,)) as home:
        service = make(home)
        async with running((service,)):
            where = f" at {service.url}" if isinstance(service, Dashboard) else ""
            out.print(f"{name} is up{where} (Ctrl-C ends it)", soft_wrap=True)
            await until_stopped()


async def collector(settings: Settings) -> None:
    """The collector alone."""
    await alone(settings, "collector", lambda home: home.collector(bluetooth(settings, home.clock)))


async def processor(settings: Settings) -> None:
    """The processor alone."""
    await alone(settings, "processor", lambda home: home.processor())


async def alerter(settings: Settings) -> None:
    """The alerter alone."""
    await alone(settings, "alerter", lambda home: home.alerter(channels(settings)))


async def dashboard(settings: Settings) -> None:
    """The pages alone."""
    await alone(settings, "dashboard", lambda home: home.dashboard())
