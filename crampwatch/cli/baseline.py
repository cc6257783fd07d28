"""``crampwatch baseline``: what is usual for an athlete, from which sessions, and a new beginning."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from crampwatch.cli.console import out, plain
from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured
from crampwatch.settings import Settings, load
from crampwatch.units import SECOND_MS
from processor.normals import Version
from processor.personal import LEARNING, NONE, Mean, Personal, longest_s, threshold_scale, usual_run_s
from processor.population import POPULATION, REFERENCE_MPS
from processor.shelf import Shelf
from processor.state import packed

app = typer.Typer(no_args_is_help=True, help="What is usual for an athlete across sessions.")

Who = Annotated[str, typer.Argument(metavar="ATHLETE", help="the athlete's id", show_default=False)]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is usual: what, the athlete's own, what runners on the whole have, and what is used."""

    what: str
    own: float | None
    sessions: int
    others: float | None
    used: float | None
    unit: str


@app.command()
def show(
    context: typer.Context,
    athlete: Who,
    as_json: Annotated[bool, typer.Option("--json", help="everything as one JSON document")] = False,
) -> None:
    """Show what is usual for an athlete: from how many sessions, which versions there are, how it differs from others.

    It is learned when a session is over, an hour after the last value came. Few sessions weigh little: what is used
    lies between the athlete's own and what runners on the whole have. A session keeps what was usual when it began.
    """
    settings = load(context.obj)
    versions = asyncio.run(_versions(settings, athlete))
    newest = versions[-1].personal if versions else Personal()
    now_ms = WallClock().now_ms()
    typer.echo(json.dumps(_told(athlete, newest, versions, now_ms), indent=2)) if as_json else _print(
        athlete, newest, versions, now_ms
    )


@app.command()
def reset(
    context: typer.Context,
    athlete: Who,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="begin anew without asking")] = False,
) -> None:
    """Begin anew: the next sessions know nothing of those before. The older versions are kept.

    For a new foot pod, a long break, or sessions that somebody else ran. A session that is under way keeps what it
    began with.
    """
    settings = load(context.obj)
    asyncio.run(_versions(settings, athlete))
    if not yes:
        typer.confirm(f"Forget what is usual for {athlete}, from the next session on?", abort=True)
    new = asyncio.run(_reset(settings, athlete))
    out.print(plain(f"{athlete} begins anew with version {new.version}; older versions are kept"))


async def _versions(settings: Settings, athlete: str) -> Sequence[Version]:
    """Every version of an athlete who is known: by the settings, or by a session that was learned from."""
    async with _shelf(settings, read_only=True) as shelf:
        versions = await shelf.versions(athlete)
        known = sorted({one.id for one in settings.athletes} | set(await shelf.athletes()))
        if athlete not in known:
            there = f"known are {', '.join(known)}" if known else "nobody is known yet"
            raise Misconfigured("ATHLETE", f"there is no athlete {athlete!r}; {there}")
        return versions


async def _reset(settings: Settings, athlete: str) -> Personal:
    async with _shelf(settings, read_only=False) as shelf:
        return await shelf.reset(athlete, WallClock().now_ms())


@contextlib.asynccontextmanager
async def _shelf(settings: Settings, *, read_only: bool) -> AsyncIterator[Shelf]:
    shelf = await Shelf(settings.state_dir, read_only=read_only).open()
    try:
        yield shelf
    finally:
        await shelf.close()


def _lines(personal: Personal) -> Sequence[Line]:
    """What is usual beside what others have, in the order in which people ask."""
    population = POPULATION
    rows = [
        _line(f"cadence at {REFERENCE_MPS:g} m/s", personal.reference_spm, population.spm, "spm"),
        _line("cadence without speed", personal.plain_spm, population.spm, "spm"),
        _line("cadence per speed", personal.slope, population.slope, "spm per m/s"),
        _line("spread of cadence", personal.sigma_spm, population.sigma_spm, "spm"),
        _line("spread over ten seconds", personal.block_sigma_spm, population.block_sigma_spm, "spm"),
    ]
    usual = population.drift_percent_per_h
    rows += [
        _line(f"heart-rate drift, {band if band == 'unknown' else f'{band} C'}", mean, usual, "%/h")
        for band, mean in sorted(personal.drift.items())
    ]
    return [row for row in rows if row.sessions]


def _line(what: str, own: Mean, others: float, unit: str) -> Line:
    value = None if own == NONE else round(own.value, 2)
    return Line(what, value, own.sessions, others, round(own.shrunk(others), 2), unit)


def _told(athlete: str, newest: Personal, versions: Sequence[Version], now_ms: int) -> dict[str, Any]:
    return {
        "athlete": athlete,
        "version": newest.version,
        "sessions": newest.sessions,
        "usual": [packed(line) for line in _lines(newest)],
        "longest_s": longest_s(newest, now_ms),
        "usual_run_s": usual_run_s(newest),
        "threshold_scale": threshold_scale(newest),
        "uneventful_sessions": newest.uneventful,
        "versions": [
            {
                "version": one.personal.version,
                "session": one.session,
                "at_ms": one.at_ms,
                "sessions": one.personal.sessions,
            }
            for one in versions
        ],
        "newest": packed(newest),
    }


def _print(athlete: str, newest: Personal, versions: Sequence[Version], now_ms: int) -> None:
    learned = f"from {newest.sessions} session{'s' if newest.sessions != 1 else ''}"
    out.print(plain(f"{athlete}: version {newest.version}, {learned}"))
    if not newest.sessions:
        out.print("  nothing is known yet: what runners on the whole have is used")
    for line in _lines(newest):
        own = f"{line.own:g} {line.unit} ({line.sessions} sessions; others {line.others:g}; used {line.used:g})"
        out.print(plain(f"  {line.what}: {own}"), soft_wrap=True)
    for words in _history(newest, now_ms):
        out.print(plain(f"  {words}"), soft_wrap=True)
    for one in versions:
        by = "reset" if one.session is None else f"session {one.session}"
        day = datetime.fromtimestamp(one.at_ms / SECOND_MS, UTC)
        out.print(plain(f"  version {one.personal.version}  {day:%Y-%m-%d %H:%M} UTC  {by}"), soft_wrap=True)


def _history(newest: Personal, now_ms: int) -> Sequence[str]:
    if not newest.sessions:
        return ()
    longest = longest_s(newest, now_ms)
    few = f"fewer than {LEARNING.known} runs in the last 30 days: how long this run is says nothing yet"
    words = [few if longest is None else f"longest run of the last 30 days: {longest / 60:.0f} min"]
    if len(newest.early_mps) < LEARNING.known:
        words.append(f"fewer than {LEARNING.known} first thirds with speed: early pace is not compared yet")
    scale = threshold_scale(newest)
    if newest.uneventful:
        higher = "higher" if scale > 1 else "lower"
        own = "as for others" if scale == 1 else f"{abs(scale - 1):.0%} {higher} than for others"
        words.append(f"thresholds {own}, from {newest.uneventful} uneventful sessions")
    return words
