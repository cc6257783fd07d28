"""``crampwatch doctor``: what is wrong, and the fix, one line each."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from crampwatch.cli import exits
from crampwatch.cli.console import out, plain
from crampwatch.cli.locks import undelivered
from crampwatch.clock import WallClock
from crampwatch.errors import CrampwatchError, Misconfigured
from crampwatch.extras import as_installed, checkout
from crampwatch.settings import Settings, load
from crampwatch.storage.outbox import Outbox, found_in, service_of

#: What a season of runs needs at the least.
LOW_DISK_BYTES = 200 * 1024 * 1024

LISTEN_S = 2.0
HEALTH_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``fix`` is empty when it is well."""

    what: str
    seen: str
    fix: str = ""


def doctor(context: typer.Context) -> None:
    """Look at every part on this machine; say what is wrong and how to mend it.

    Folders and their disk, pages, weights, Bluetooth, broker, store, InfluxDB and what waits for it, pushes, health
    ports. How a house that runs is doing, `crampwatch status` says. The exit code is 1 when anything needs mending.
    """
    settings = load(context.obj)
    checks = asyncio.run(examine(settings))
    table = Table("", "what")
    for heading in ("seen", "what to do"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        mark = Text("mend", "red") if check.fix else Text("ok", "green")
        table.add_row(mark, check.what, plain(check.seen), plain(check.fix))
    out.print(table)
    if any(check.fix for check in checks):
        raise typer.Exit(exits.ERROR)


async def examine(settings: Settings, listen: Callable[[], Awaitable[int]] | None = None) -> list[Check]:
    """Every check, in the order in which a run needs them.

    Args:
        settings: what is examined.
        listen: hears how many sensors are in the air, or raises Misconfigured; None uses this machine's Bluetooth.
    """
    checks = [_python(), _folder("state folder", "state_dir", settings.state_dir), *_store_folder(settings), _pages()]
    looks: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("weights", _weights),
        ("Bluetooth", lambda: _bluetooth(listen or _hear)),
        ("broker", lambda: _broker(settings)),
    ]
    if settings.storage.backend != "influxdb":
        looks.append(("store", lambda: _store(settings)))
    if settings.storage.backend != "sqlite":
        looks.append(("InfluxDB", lambda: _influxdb(settings)))
    if settings.alerts.apprise:
        looks.append(("pushes", lambda: _pushes(settings)))
    for what, look in looks:
        checks.append(await _guarded(what, look))
    checks += await _outboxes(settings)
    checks += [await _port(settings.health_host, *one) for one in health_ports(settings)]
    if not settings.athletes:
        checks.append(Check("athletes", "none in the settings; sensors are offered on the page"))
    return checks


async def _guarded(what: str, look: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(what, await look())
    except CrampwatchError as error:
        return Check(what, "not usable", as_installed(str(error), checkout()))


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", version)


def _folder(what: str, setting: str, folder: Path) -> Check:
    try:
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    except OSError as error:
        return Check(what, f"{folder} cannot be read: {error}", "run this as the user whose it is (sudo -u crampwatch)")
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Check(what, f"{folder} cannot be written", f"give it to this user, or set {setting} elsewhere")
    free = shutil.disk_usage(existing).free
    if free < LOW_DISK_BYTES:
        return Check(what, f"{free // 2**20} MB free for {folder}", "free some space: runs are kept there")
    return Check(what, f"{folder} ({free // 2**30} GB free)")


def _store_folder(settings: Settings) -> Sequence[Check]:
    """The folder of the SQLite file, where it is another one."""
    folder = settings.store_path.parent
    ours = settings.storage.backend == "influxdb" or folder == settings.state_dir
    return () if ours else (_folder("store folder", "storage.path", folder),)


def _pages() -> Check:
    from dashboard.build import ASSETS, FRONT, STAMP, sources_stamp

    stamp = ASSETS / STAMP
    if not any(ASSETS.glob("*.js")):
        return Check("pages", "not built", f"run: {sys.executable} -m dashboard.build")
    # A wheel brings the assets without their sources.
    behind = FRONT.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") != sources_stamp()
    if behind:
        return Check("pages", "built from older sources", f"run: {sys.executable} -m dashboard.build")
    return Check("pages", "built")


async def _weights() -> str:
    from processor.weights import shipped

    made_by = shipped().made_by
    return f"made by {made_by.get('command', 'somebody')}, {made_by.get('date', 'at no known date')}"


async def _bluetooth(listen: Callable[[], Awaitable[int]]) -> str:
    heard = await listen()
    return f"usable; {heard} sensor{'' if heard == 1 else 's'} heard in {LISTEN_S:g} s"


async def _hear() -> int:
    from collector.ble import survey

    return len(await survey(LISTEN_S))


async def _broker(settings: Settings) -> str:
    from crampwatch.bus.broker import find_or_start

    async with find_or_start(settings.mqtt, settings.state_dir) as buses, buses("doctor"):
        return buses.describe()


async def _store(settings: Settings) -> str:
    from crampwatch.storage.sqlite import SqliteStore

    store = await SqliteStore.open(settings.store_path)
    try:
        runs = await store.runs(limit=1_000)
    finally:
        await store.close()
    return f"{settings.store_path}: {len(runs)} runs"


async def _influxdb(settings: Settings) -> str:
    from crampwatch.storage.influx.look import look

    return await look(settings)


async def _pushes(settings: Settings) -> str:
    from alerts.channels.apprise import apprise_channels

    made = [*apprise_channels(settings.alerts.apprise)]
    for one in made:
        await one.close()
    return f"{len(made)} of alerts.apprise can be used; nothing was sent"


async def _outboxes(settings: Settings) -> Sequence[Check]:
    try:
        paths = found_in(settings.state_dir)
    except Misconfigured as error:
        return [Check("outboxes", "not readable", str(error))]
    return [await _outbox(settings, path) for path in paths]


async def _outbox(settings: Settings, path: Path) -> Check:
    """What waits in one outbox. What InfluxDB refused for good, and what nobody delivers, needs a person."""
    what = path.stem
    try:
        outbox = await Outbox.open(path, WallClock(), read_only=True)
    except CrampwatchError as error:
        return Check(what, "not readable", str(error))
    depth = outbox.depth
    await outbox.close()
    if depth.dead:
        fix = "`crampwatch outbox` shows why; mend that, then `crampwatch outbox --retry all`"
        return Check(what, f"InfluxDB refused {depth.dead} points for good, {depth.points} wait", fix)
    fix = undelivered(settings, service_of(path)) if depth.points else ""
    return Check(what, f"{depth.points} points wait for InfluxDB", fix)


def health_ports(settings: Settings) -> Sequence[tuple[str, int]]:
    """The settings of ports for health that a service alone would take, and the ports."""
    ports = {
        "collector.health_port": settings.collector.health_port,
        "processor.health_port": settings.processor.health_port,
        "alerts.health_port": settings.alerts.health_port,
    }
    return [(setting, port) for setting, port in ports.items() if port > 0]


async def _port(host: str, setting: str, port: int) -> Check:
    """Whether a health port is free, or a crampwatch answers there."""
    from crampwatch.web import listening

    try:
        with listening(host, port):
            return Check(setting, f"{host}:{port} is free")
    except OSError as error:
        taken = error
    answer = await asyncio.to_thread(_alive_at, host, port)
    if answer is not None:
        return Check(setting, f"{host}:{port} answers for {answer}")
    fix = f"set {setting} to a free port (-1 serves none), or health_host to an address of this machine"
    return Check(setting, f"cannot listen on {host}:{port}: {taken}", fix)


def _alive_at(host: str, port: int) -> str | None:
    """The services that a crampwatch on a port answers for; None when it is something else."""
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    try:
        connection = HTTPConnection(asked, port, timeout=HEALTH_WITHIN_S)
        with contextlib.closing(connection):
            connection.request("GET", "/healthz")
            body = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    services = body.get("services") if isinstance(body, dict) else None
    return ", ".join(services) if isinstance(services, dict) else None
