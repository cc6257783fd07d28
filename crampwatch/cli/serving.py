"""Services over this machine's own Bluetooth: all in one process, or one alone."""

from collections.abc import Callable, Sequence

import typer

from alerts.channels import Channel
from collector.ble import BleSource
from collector.secret import sensor_secret
from crampwatch.cli.compose import House, house
from crampwatch.cli.console import Screen, out, plain
from crampwatch.cli.monitor import Monitor
from crampwatch.clock import Clock, WallClock
from crampwatch.health import Health, HealthServer
from crampwatch.service import Service, running, spare_collections, until_stopped
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
        watched = (home.processor(), home.alerter(channels(settings)), home.collector(bluetooth(settings, clock)))
        dashboard.health.watch(*watched)
        with Screen() as screen:
            services = in_order(*watched, dashboard, Monitor(settings, home.buses, clock, screen))
            async with running(services, dashboard.health.ended):
                out.print(f"watching; pages at [bold]{dashboard.url}[/]  (Ctrl-C ends it)")
                if open_page:
                    typer.launch(dashboard.url)
                spare_collections()
                await until_stopped()
        out.print(plain(f"stopped; runs are kept in {settings.store_path}"), soft_wrap=True)


def in_order(
    processor: Service, alerter: Service, collector: Service, dashboard: Service, monitor: Service
) -> Sequence[Service]:
    """The services of a whole house as they start: whoever speaks finds the listeners there."""
    return (processor, alerter, dashboard, monitor, collector)


async def alone(settings: Settings, name: str, make: Callable[[House], Service]) -> None:
    """One service until stopped, and its health on the port of its section."""
    async with house(settings, WallClock(), (name,)) as home:
        service = make(home)
        health, others = _health_of(settings, name, service, home.clock)
        async with running([*others, service], health.ended):
            where = f" at {service.url}" if isinstance(service, Dashboard) else ""
            out.print(f"{name} is up{where} (Ctrl-C ends it)", soft_wrap=True)
            spare_collections()
            await until_stopped()


def _health_of(settings: Settings, name: str, service: Service, clock: Clock) -> tuple[Health, Sequence[Service]]:
    """What answers for a service that runs alone: the pages on their own port, the others on one for that."""
    if isinstance(service, Dashboard):
        return service.health, ()
    section, port = {
        "collector": ("collector", settings.collector.health_port),
        "processor": ("processor", settings.processor.health_port),
        "alerter": ("alerts", settings.alerts.health_port),
    }[name]
    health = Health()
    health.watch(service)
    if port < 0:
        return health, ()
    server = HealthServer(health, settings.health_host, port, setting=f"{section}.health_port", clock=clock)
    return health, (server,)


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
