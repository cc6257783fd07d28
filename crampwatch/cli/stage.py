"""The stage of ``crampwatch demo``: a cast of runners, a virtual watch on each wrist, and every part around them."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from collector.ble import BleSource
from collector.generated import cadence_counts, generated
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from collector.recordings import load as load_recordings
from collector.simulated import group
from collector.wearer import Wearer
from crampwatch.cli.compose import fresh_at, house
from crampwatch.cli.console import Screen, out, plain
from crampwatch.cli.guarded import one_file
from crampwatch.cli.monitor import Monitor
from crampwatch.cli.serving import in_order
from crampwatch.clock import Clock, PacedClock, WallClock
from crampwatch.service import running, spare_collections, until_stopped
from crampwatch.settings import Athlete, Dashboard, Sensor, Settings
from crampwatch.storage import Store

SERVICES = ("collector", "processor", "alerter", "dashboard")
#: Adverts and links of a group must not all fall on one instant.
STAGGER_S = 0.3


@dataclass(frozen=True, slots=True)
class Runner:
    """One wearer of the demo and the address of the virtual watch."""

    athlete: str
    address: str
    wearer: Wearer


def the_cast(runners: int, run: Path | None, seed: int, kind: str | None = None) -> tuple[Runner, ...]:
    """Who runs: the recording first when there is one, simulated runners for the rest, of a kind if one is named."""
    wearers: list[Wearer] = []
    if run is not None:
        with one_file(run):
            wearers.append(load_recordings(run)[0])
    others = runners - len(wearers)
    wearers.extend(group(others, seed) if kind is None else generated(others, kind, seed))
    return tuple(
        Runner(f"runner-{number:02}", f"C1:00:00:00:{number >> 8:02X}:{number & 255:02X}", wearer)
        for number, wearer in enumerate(wearers, start=1)
    )


def demo_settings(base: Settings, cast: Sequence[Runner], port: int | None) -> Settings:
    """The user's settings with the demo's own team, state folder and runners; the port given up when taken."""
    athletes = tuple(
        Athlete(id=one.athlete, name=one.wearer.name, sensors=(Sensor(address=one.address),)) for one in cast
    )
    wanted = base.dashboard.port if port is None else port
    pages = base.dashboard.model_copy(update={"port": wanted if port is not None or _free(base.dashboard) else 0})
    return base.model_copy(
        update={
            "team": "demo",
            "state_dir": base.state_dir / "demo",
            "athletes": athletes,
            "dashboard": pages,
            "storage": base.storage.model_copy(update={"path": None}),
        }
    )


def _free(pages: Dashboard) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((pages.host, pages.port))
        except OSError:
            return False
    return True


def length_s(cast: Sequence[Runner]) -> float:
    """How long the longest run of the cast is."""
    return max((at_s for one in cast for at_s, _ in one.wearer.readings()), default=0.0)


@contextlib.asynccontextmanager
async def radio(cast: Sequence[Runner], clock: Clock) -> AsyncIterator[tuple[VirtualAdapter, list[Watch]]]:
    """The virtual radio with a watch on each wrist, and this machine's virtual adapter."""
    air = Air()
    watches: list[Watch] = []
    adapter = await VirtualAdapter(air).start()
    try:
        for one in cast:
            name, counts = f"Watch of {one.wearer.name}"[:26], cadence_counts(one.wearer)
            watch = Watch(air, one.wearer, one.address, clock, name=name, cadence_counts=counts)
            await watch.start()
            watches.append(watch)
        yield adapter, watches
    finally:
        for watch in watches:
            await watch.stop()
        await adapter.stop()


async def play(settings: Settings, cast: Sequence[Runner], speed: float, *, open_page: bool, until_end: bool) -> None:
    """Run the whole house on the virtual radio, ``speed`` times as fast as life, until stopped or over."""
    duration_s = length_s(cast)
    # The run ends about now, so that what is stored never lies in the future.
    start_ms = WallClock().now_ms() - int(duration_s * 1_000)
    async with (
        PacedClock(speed, start_ms).running() as clock,
        house(settings, clock, SERVICES) as home,
        radio(cast, clock) as (adapter, watches),
    ):
        source = BleSource(clock=clock, adapter=adapter, connections=4, rng=random.Random(1))
        dashboard = home.dashboard()
        watched = (home.processor(), home.alerter(()), home.collector(source, fresh_at(speed)))
        dashboard.health.watch(*watched)
        with Screen() as screen:
            services = in_order(*watched, dashboard, Monitor(settings, home.buses, clock, screen))
            async with running(services, dashboard.health.ended):
                page = f"{dashboard.url}/live/{cast[0].athlete}" if len(cast) == 1 else f"{dashboard.url}/board"
                screen.say(f"live page: [bold]{page}[/]")
                screen.say(f"a run of {duration_s / 60:.0f} min at {speed:g}x; Ctrl-C ends it")
                if open_page:
                    typer.launch(page)
                spare_collections()
                await _until_over(watches, screen, until_end=until_end)
        out.print(plain(await _where(settings, home.store)), soft_wrap=True)


async def _until_over(watches: Sequence[Watch], screen: Screen, *, until_end: bool) -> None:
    """Until Ctrl-C, or with ``until_end`` until the last runner has finished."""
    stopped = asyncio.create_task(until_stopped(), name="until-stopped")
    over = asyncio.create_task(_finished(watches), name="until-over")
    try:
        await asyncio.wait({stopped, over}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done() and not until_end:
            screen.say("the run is over; the pages stay up until Ctrl-C")
            await stopped
    finally:
        stopped.cancel()
        over.cancel()


async def _finished(watches: Sequence[Watch]) -> None:
    for watch in watches:
        await watch.finished.wait()


async def _where(settings: Settings, store: Store) -> str:
    """One line on where the run is."""
    runs = await store.runs(team=settings.team, limit=1)
    if not runs:
        return f"nothing was recorded; the store is {settings.store_path}"
    key = runs[0].run
    return f"kept in {settings.store_path}; review it on the next start at /runs/{key.team}/{key.athlete}/{key.session}"
