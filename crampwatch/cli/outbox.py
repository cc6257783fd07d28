"""``crampwatch outbox``: what waits for InfluxDB on this machine, what it refused, and another chance for that."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crampwatch.cli.console import errors, out, plain
from crampwatch.cli.locks import undelivered
from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.settings import Settings, load
from crampwatch.storage.outbox import Outbox, found_in, service_of
from crampwatch.storage.outbox_parts import ALL, DAMAGED, DeadLetter, Depth, Held
from crampwatch.units import SECOND_MS

EVERY = "all"
SHOWN_LETTERS = 20
#: Digits: what SQLite numbers its rows by has no more.
LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Look:
    """One service's outbox as it is now."""

    service: str
    path: Path
    depth: Depth
    held: Sequence[Held]
    letters: Sequence[DeadLetter]


def outbox(
    context: typer.Context,
    retry: Annotated[
        str | None, typer.Option(metavar="ID|all", help="put refused lines back into the queue, to be sent again")
    ] = None,
    drop: Annotated[str | None, typer.Option(metavar="ID|all", help="delete refused lines for good")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="delete without asking")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="everything as one JSON document")] = False,
) -> None:
    """Show what waits for InfluxDB, what holds it up, and what InfluxDB refused (dead letters).

    Works while the services run and when they do not. An ID names its service, like `processor:3`. Retry once you have
    mended why the lines were refused; what is refused again comes back to this list.
    """
    settings = load(context.obj)
    if retry is not None:
        count = asyncio.run(_each(settings, retry, "--retry", drop=False))
        out.print(f"put back: {count}")
        if lost := asyncio.run(_damaged(settings.state_dir)):
            out.print(f"{lost} damaged stay: nobody can read them, check the disk and --drop them", soft_wrap=True)
    if drop is not None:
        if not yes:
            typer.confirm(f"Delete {'every dead letter' if drop == EVERY else drop} for good?", abort=True)
        count = asyncio.run(_each(settings, drop, "--drop", drop=True))
        out.print(f"deleted: {count}")
    if retry is None and drop is None:
        looks = asyncio.run(_looks(settings.state_dir))
        typer.echo(json.dumps([_told(look) for look in looks], indent=2)) if as_json else _print(looks, settings)


async def _looks(state_dir: Path) -> Sequence[Look]:
    """Every outbox that can be read; one that cannot is named on stderr and hides no other."""
    looks = []
    for path in found_in(state_dir):
        try:
            async with _opened(path, read_only=True) as box:
                service = service_of(path)
                looks.append(Look(service, path, box.depth, await box.troubles(), await box.dead_letters()))
        except (Misconfigured, Unavailable) as error:
            errors.print(plain(f"{path.name}: {error}"), soft_wrap=True)
    return looks


async def _each(settings: Settings, which: str, option: str, *, drop: bool) -> int:
    """Put back or delete one dead letter, or all of every outbox; how many there were."""
    service, _, number = which.partition(":")
    paths = {service_of(path): path for path in found_in(settings.state_dir)}
    wanted: int | None = None
    if which != EVERY:
        if not (number.isdecimal() and len(number) <= LONGEST_ID and service in paths):
            raise Misconfigured(option, f"there is no {which!r}; `crampwatch outbox` lists the ids, or write {EVERY}")
        paths, wanted = {service: paths[service]}, int(number)
    count = 0
    for path in paths.values():
        async with _opened(path) as box:
            count += await (box.drop(wanted) if drop else box.retry(wanted))
    if wanted is not None and not count:
        if not drop and await _damaged(settings.state_dir, which):
            raise Misconfigured(option, f"{which} is damaged and cannot be sent; check the disk, then --drop it")
        raise Misconfigured(option, f"there is no {which!r} any more; `crampwatch outbox` lists what there is")
    return count


async def _damaged(state_dir: Path, which: str = EVERY) -> int:
    """How many dead letters nobody can read."""
    letters = [(f"{look.service}:{one.id}", one.reason) for look in await _looks(state_dir) for one in look.letters]
    return sum(reason == DAMAGED and which in {EVERY, name} for name, reason in letters)


@contextlib.asynccontextmanager
async def _opened(path: Path, *, read_only: bool = False) -> AsyncIterator[Outbox]:
    box = await Outbox.open(path, WallClock(), read_only=read_only)
    try:
        yield box
    finally:
        await box.close()


def _told(look: Look) -> dict[str, Any]:
    depth = look.depth
    return {
        "service": look.service,
        "path": str(look.path),
        "points": depth.points,
        "blocks": depth.blocks,
        "bytes": depth.bytes,
        "oldest_at_ms": depth.oldest_ms,
        "held": [asdict(one) | {"bucket": one.bucket or None} for one in look.held],
        "refused_points": depth.dead,
        "dead_letters": [asdict(one) | {"id": f"{look.service}:{one.id}"} for one in look.letters],
    }


def _print(looks: Sequence[Look], settings: Settings) -> None:
    if not looks:
        backend = settings.storage.backend
        out.print(plain(f"no outbox in {settings.state_dir}: storage.backend is {backend}, or nothing ran yet"))
    now_ms = WallClock().now_ms()
    for look in looks:
        for line in _lines(look, now_ms, undelivered(settings, look.service)):
            out.print(plain(line), soft_wrap=True)


def _lines(look: Look, now_ms: int, advice: str) -> Sequence[str]:
    depth = look.depth
    waits = "nothing waits"
    if depth.oldest_ms is not None:
        waited_s = max(0, now_ms - depth.oldest_ms) / SECOND_MS
        waits = f"{depth.points} points wait ({depth.bytes / 1e6:.1f} MB), the oldest for {waited_s:.0f} s"
    lines = [f"{look.service}: {waits}; {depth.dead} points were refused"]
    if depth.points and advice:
        lines.append(f"  {advice}")
    for held in look.held:
        bucket = "" if held.bucket == ALL else f"{held.bucket}: "
        lines.append(f"  held up since {_moment(held.since_ms)}: {bucket}{held.message}")
    for letter in look.letters[:SHOWN_LETTERS]:
        what = f"{letter.points} to {letter.bucket}, {letter.reason}"
        lines.append(f"  {look.service}:{letter.id}  {_moment(letter.at_ms)}  {what}: {letter.message}")
        lines.append(f"      {letter.first_line}")
    if (more := len(look.letters) - SHOWN_LETTERS) > 0:
        lines.append(f"  and {more} more, see --json")
    return lines


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / SECOND_MS, UTC):%Y-%m-%d %H:%M:%S} UTC"
