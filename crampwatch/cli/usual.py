"""What is usual for an athlete, read from the processor's file and put into words."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured
from crampwatch.settings import Settings
from crampwatch.units import SECOND_MS
from processor.normals import Version
from processor.personal import LEARNING, Mean, Personal, longest_s, threshold_scale, usual_run_s
from processor.population import POPULATION, REFERENCE_MPS
from processor.profile import Asked, profile_of
from processor.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is usual: what, the athlete's own, what runners on the whole have, and what is used of it in the
    next session: None when nothing is.
    """

    what: str
    own: float
    sessions: int
    others: float
    used: float | None
    unit: str


async def versions_of(settings: Settings, athlete: str, given_as: str = "ATHLETE") -> Sequence[Version]:
    """Every version of an athlete who is known: by the setting ``athletes``, or by a session that was learned from.

    Raises:
        Misconfigured: nobody is known by that id, which was ``given_as`` this.
    """
    async with _shelf(settings, read_only=True) as shelf:
        versions = await shelf.versions(athlete)
        known = sorted({one.id for one in settings.athletes} | set(await shelf.athletes()))
        if athlete not in known:
            there = f"known are {', '.join(known)}" if known else "nobody is known yet"
            more = "the setting athletes makes others known"
            raise Misconfigured(given_as, f"there is no athlete {athlete!r}; {there}; {more}")
        return versions


async def begin_anew(settings: Settings, athlete: str) -> Personal:
    """The version that knows nothing, which the next sessions begin with."""
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
    others, used = POPULATION, profile_of(Asked(), personal, WallClock().now_ms()).usual
    rows = [
        _line(f"cadence at {REFERENCE_MPS:g} m/s", personal.reference_spm, others.spm, None, "spm"),
        _line("cadence without speed", personal.plain_spm, others.spm, None, "spm"),
        _line("cadence per speed", personal.slope, others.slope, used.slope, "spm per m/s"),
        _line("spread of cadence", personal.sigma_spm, others.sigma_spm, used.sigma_spm, "spm"),
        _line("spread over ten seconds", personal.block_sigma_spm, others.block_sigma_spm, used.block_sigma_spm, "spm"),
        _line("heart-rate drift", personal.drift, others.drift_percent_per_h, None, "%/h"),
    ]
    return [row for row in rows if row.sessions]


def _line(what: str, own: Mean, others: float, used: float | None, unit: str) -> Line:
    return Line(what, round(own.value, 2), own.sessions, others, None if used is None else round(used, 2), unit)


def _words(line: Line) -> str:
    used = "" if line.used is None else f"; used {'as the least ' if 'spread' in line.what else ''}{line.used:g}"
    return f"{line.what}: {line.own:g} {line.unit} ({line.sessions} sessions; others {line.others:g}{used})"


def document(athlete: str, versions: Sequence[Version]) -> dict[str, Any]:
    """Everything that is known of an athlete, for programs."""
    newest = _newest(versions)
    return {
        "athlete": athlete,
        "version": newest.version,
        "sessions": newest.sessions,
        "usual": [asdict(line) for line in _lines(newest)],
        "longest_s": longest_s(newest, WallClock().now_ms()),
        "usual_run_s": usual_run_s(newest, WallClock().now_ms()),
        "threshold_scale": threshold_scale(newest),
        "uneventful_sessions": newest.uneventful,
        "confirmed_sessions": newest.confirmed,
        "versions": [
            {
                "version": one.personal.version,
                "session": one.session,
                "at_ms": one.at_ms,
                "sessions": one.personal.sessions,
            }
            for one in versions
        ],
        "newest": asdict(newest),
    }


def lines(athlete: str, versions: Sequence[Version]) -> Sequence[str]:
    """The same in words, one line a thing."""
    newest = _newest(versions)
    learned = f"from {newest.sessions} session{'s' if newest.sessions != 1 else ''}"
    said = [f"{athlete}: version {newest.version}, {learned}"]
    if not newest.sessions:
        said.append("  nothing is known yet: what runners on the whole have is used")
    said += [f"  {_words(line)}" for line in _lines(newest)]
    said += [f"  {words}" for words in _history(newest, WallClock().now_ms())]
    for one in versions:
        by = "reset" if one.session is None else f"session {one.session}"
        by += "" if one.readable else "  cannot be read: it counts as knowing nothing"
        day = datetime.fromtimestamp(one.at_ms / SECOND_MS, UTC)
        said.append(f"  version {one.personal.version}  {day:%Y-%m-%d %H:%M} UTC  {by}")
    return said


def _newest(versions: Sequence[Version]) -> Personal:
    return versions[-1].personal if versions else Personal()


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
        confirmed = f"in {newest.confirmed} of which somebody said that it was no cramp"
        words.append(f"thresholds {own}, from {newest.uneventful} uneventful sessions, {confirmed}")
    return words
