"""``crampwatch replay``: publish recordings again, through the collector's own spool."""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer

from collector.recorded import RecordedSource
from collector.recordings import Recording
from collector.recordings import load as load_recordings
from collector.service import Collector
from crampwatch.bus.broker import find_or_start
from crampwatch.cli.compose import fresh_at, sole_user
from crampwatch.cli.console import errors, out, progress, set_up_logging
from crampwatch.clock import PacedClock, WallClock
from crampwatch.errors import Misconfigured, Refused
from crampwatch.metrics import Counters
from crampwatch.settings import Athlete, Sensor, Settings, load

#: How long to wait for the processor's word that the last row is stored, wall seconds.
CONFIRM_S = 30.0


def replay(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="recordings: fit, tcx, gpx, csv (or .gz)", show_default=False)],
    athlete: Annotated[str, typer.Option(help="whose run it is (an athlete id)")] = "replay",
    speed: Annotated[
        float, typer.Option(help="times faster than life, as if it happened now; 0 imports it as history", min=0)
    ] = 0.0,
) -> None:
    """Publish recordings again, so that a running processor stores them and finds what it would have found.

    With --speed 0 (the default) they go out as backlog, as fast as they are taken: stored and shown, never a live
    alert. With a speed they go out as if they happened now, alerts and all. Waits until the processor has
    confirmed the last row.
    """
    base = load(context.obj)
    set_up_logging(base.log_level)
    recordings: list[Recording] = []
    for file in files:
        try:
            recordings.extend(load_recordings(file))
        except Refused as refused:
            errors.print(f"[red]refused[/] ({refused.reason}): {refused}", highlight=False)
    if not recordings:
        raise Misconfigured("FILES", "none of them could be read as a recording")
    for number, recording in enumerate(recordings, start=1):
        settings = replay_settings(base, athlete, number)
        asyncio.run(_publish(settings, recording, speed))
    if len(recordings) < len(files):
        raise typer.Exit(1)


def replay_settings(base: Settings, athlete: str, number: int) -> Settings:
    """The user's settings with a collector of its own, so that a live collector's spool is left alone."""
    sensors = (Sensor(name=f"replay-{number}"),)
    known = [one for one in base.athletes if one.id != athlete]
    mine = next((one for one in base.athletes if one.id == athlete), Athlete(id=athlete))
    return base.model_copy(
        update={
            "athletes": (*known, mine.model_copy(update={"sensors": sensors})),
            "collector": base.collector.model_copy(update={"id": "replay", "claim": "off"}),
        }
    )


async def _publish(settings: Settings, recording: Recording, speed: float) -> None:
    now_ms = WallClock().now_ms()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(sole_user(settings.state_dir, ("replay",)))
        start_ms = recording.started_ms or now_ms - int(recording.duration_s * 1_000)
        clock: WallClock | PacedClock = WallClock()
        if speed > 0:
            start_ms = now_ms
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
            fresh_s=fresh_at(speed),
        )
        await _drain(collector, recording.name)


async def _drain(collector: Collector, name: str) -> None:
    with progress() as bar:
        bar.add_task(f"replay {name}", total=None)
        serving = asyncio.create_task(collector.run(), name="collector")
        ended = asyncio.create_task(collector.ended.wait(), name="replay-ended")
        try:
            await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving  # it can never work: say why
            async with asyncio.timeout(CONFIRM_S):
                await collector.drained()
            out.print(f"{name}: stored")
        except TimeoutError:
            errors.print(
                f"{name}: published, but no processor has confirmed it within {CONFIRM_S:g} s; "
                "is `crampwatch run` or `crampwatch process` up on this broker? It is kept and sent again next time."
            )
        finally:
            ended.cancel()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
