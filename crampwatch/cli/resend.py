"""A recording on its way through a collector of its own into a running house."""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from collector.recorded import RecordedSource
from collector.recordings import Recording
from collector.recordings import load as load_recordings
from collector.secret import sensor_secret
from collector.service import Collector
from crampwatch.bus import BusFactory
from crampwatch.bus.broker import find_or_start
from crampwatch.cli.compose import fresh_at
from crampwatch.cli.console import errors, out, plain, progress, tell_refused
from crampwatch.cli.guarded import one_file
from crampwatch.cli.locks import sole_user
from crampwatch.clock import PacedClock, WallClock
from crampwatch.errors import CrampwatchError, Misconfigured, Refused
from crampwatch.metrics import Counters
from crampwatch.settings import Athlete, Sensor, Settings
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import SECOND_MS

#: Wall seconds that a goodbye may take.
LEAVE_S = 2.0


def readable(files: Sequence[Path]) -> tuple[list[Recording], int]:
    """The recordings of all files that can be read, and how many files cannot; these are named on stderr."""
    recordings: list[Recording] = []
    refused = 0
    for file in files:
        try:
            with one_file(file):
                recordings.extend(load_recordings(file))
        except Refused as reason:
            refused += 1
            tell_refused(reason)
    return recordings, refused


def replay_settings(base: Settings, athlete: str, recording: Recording) -> Settings:
    """The user's settings with a collector and a sensor of its own.

    A live collector's spool is left alone, and so is that of a replay from another state folder on the same broker.
    The sensor belongs to what was recorded, whatever the file is called: what one recording's cadence counts says
    nothing of another's, and the same run sent again is the same run.

    Raises:
        Misconfigured: ``athlete`` is no id, or the state folder cannot be used.
    """
    sensors = (Sensor(name=_name("replay", repr(recording.points).encode())),)
    known = [one for one in base.athletes if one.id != athlete]
    mine = next((one for one in base.athletes if one.id == athlete), None) or _stranger(athlete)
    collector = _name("replay", sensor_secret(base.state_dir))
    return base.model_copy(
        update={
            "athletes": (*known, mine.model_copy(update={"sensors": sensors})),
            "collector": base.collector.model_copy(update={"id": collector, "claim": "off"}),
        }
    )


def _stranger(athlete: str) -> Athlete:
    try:
        return Athlete(id=athlete)
    except ValidationError:
        raise Misconfigured("--athlete", f"{athlete!r} is no id: write a-z, 0-9 and inner -") from None


def _name(kind: str, of: bytes) -> str:
    return f"{kind}-{hashlib.blake2s(of, digest_size=5).hexdigest()}"


async def publish(settings: Settings, recording: Recording, speed: float, *, patience_s: float) -> bool:
    """Send one recording and wait for the processor's word.

    Args:
        settings: from :func:`replay_settings`.
        recording: the run.
        speed: times faster than life, as if it began now; 0 sends it as history, as fast as it is taken.
        patience_s: how long to wait for the word after the last frame, wall seconds.

    Returns:
        Whether a processor has stored everything.
    """
    now_ms = WallClock().now_ms()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(sole_user(settings.state_dir, ("replay",)))
        # Seconds are judged as the clock cuts them: begun on a full one, an undated run is cut as in the backtest.
        start_ms = recording.started_ms or _full_second(now_ms - int(recording.duration_s * SECOND_MS))
        clock: WallClock | PacedClock = WallClock()
        if speed > 0:
            start_ms = _full_second(now_ms) + SECOND_MS
            clock = await stack.enter_async_context(PacedClock(speed, now_ms).running())
        buses = await stack.enter_async_context(find_or_start(settings.mqtt, settings.state_dir))
        name = settings.athletes[-1].sensors[0].name or recording.name
        source = RecordedSource([(name, recording)], start_ms=start_ms, clock=clock if speed > 0 else None)
        collector = Collector(
            settings=settings,
            buses=buses,
            source=source,
            clock=clock,
            counters=Counters(),
            # History is backlog to its last second, also where an undated run is taken to have ended just now.
            fresh_s=fresh_at(speed) if speed > 0 else 0.0,
        )
        try:
            return await _drained(collector, recording.name, patience_s)
        finally:
            await _leave(settings, buses, name)


async def _leave(settings: Settings, buses: BusFactory, device: str) -> None:
    """Take back what the broker keeps of this replay: it has come to its end, and nobody should miss it."""
    team, collector, athlete = settings.team, settings.collector.id, settings.athletes[-1].id
    with contextlib.suppress(CrampwatchError, TimeoutError):
        async with asyncio.timeout(LEAVE_S), buses(f"{team}_{collector}") as bus:
            await bus.publish(Topic(team, athlete, Kind.STATUS, device), b"")
            await bus.publish(Topic(SYSTEM, collector, Kind.STATUS), b"")


def _full_second(at_ms: int) -> int:
    return at_ms - at_ms % SECOND_MS


async def _drained(collector: Collector, name: str, patience_s: float) -> bool:
    with progress() as bar:
        bar.add_task(plain(f"replay {name}").plain, total=None)
        serving = asyncio.create_task(collector.run(), name="collector")
        ended = asyncio.create_task(collector.ended.wait(), name="replay-ended")
        try:
            await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving  # it can never work: say why
            async with asyncio.timeout(patience_s):
                await collector.drained()
        except TimeoutError:
            what = (
                f"{name}: published, but no processor has confirmed it within {patience_s:g} s; "
                "is `crampwatch run` or `crampwatch process` up on this broker? It is kept and sent again next time."
            )
            errors.print(plain(what), soft_wrap=True)
            return False
        finally:
            ended.cancel()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
    out.print(plain(f"{name}: stored"), soft_wrap=True)
    return True
