"""``crampwatch doctor``: what is wrong, and the fix, one line each."""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from crampwatch.cli import exits
from crampwatch.cli.console import out, plain
from crampwatch.errors import CrampwatchError
from crampwatch.settings import Settings, load

#: What a season of runs needs at the least.
LOW_DISK_BYTES = 200 * 1024 * 1024

LISTEN_S = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``fix`` is empty when it is well."""

    what: str
    seen: str
    fix: str = ""


def doctor(context: typer.Context) -> None:
    """Look at settings, Bluetooth, broker, store and pages; say what is wrong and how to mend it.

    The exit code is 1 when anything needs mending.
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
    checks = [_python(), _folder(settings.state_dir), _pages()]
    looks: Sequence[tuple[str, Callable[[], Awaitable[str]]]] = (
        ("Bluetooth", lambda: _bluetooth(listen or _hear)),
        ("broker", lambda: _broker(settings)),
        ("store", lambda: _store(settings)),
    )
    for what, look in looks:
        checks.append(await _guarded(what, look))
    if not settings.athletes:
        checks.append(Check("athletes", "none in the settings; sensors are offered on the page"))
    return checks


async def _guarded(what: str, look: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(what, await look())
    except CrampwatchError as error:
        return Check(what, "not usable", str(error))


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", version)


def _folder(state_dir: Path) -> Check:
    existing = next(parent for parent in (state_dir, *state_dir.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Check(
            "state folder", f"{state_dir} cannot be written", "give it to this user, or set state_dir elsewhere"
        )
    free = shutil.disk_usage(existing).free
    if free < LOW_DISK_BYTES:
        return Check("state folder", f"{free // 2**20} MB free for {state_dir}", "free some space: runs are kept there")
    return Check("state folder", f"{state_dir} ({free // 2**30} GB free)")


def _pages() -> Check:
    from dashboard.build import ASSETS

    if any(ASSETS.glob("*.js")):
        return Check("pages", "built")
    return Check("pages", "not built", "run: python -m dashboard.build --install (a released wheel holds them already)")


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
