"""``crampwatch status``: who is up, how old each athlete's newest reading is, and what waits where."""

import asyncio
import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from crampwatch.bus import Bus
from crampwatch.cli import exits
from crampwatch.cli.console import clock_text, out, plain, set_up_logging
from crampwatch.cli.loop import run_in_order
from crampwatch.cli.report import Ear, Report
from crampwatch.clock import WallClock
from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.roll import LOSSES, Entry, Standing, queued
from crampwatch.settings import Settings, load
from crampwatch.topics import SYSTEM, Kind, Topic, every
from crampwatch.units import SECOND_MS

#: A reading older than this is told as old.
FRESH_S = 15.0
#: Shape and colour of a standing, the same as on the pages: never colour alone.
LOOKS = {
    Standing.UP: ("●", "#3E8FD0"),
    Standing.TROUBLE: ("◆", "#F5C542"),
    Standing.SILENT: ("○", "dim"),
    Standing.DOWN: ("▲", "#FF5C7A"),
}


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object (with --watch one a line)")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="keep looking until Ctrl-C")] = False,
    listen: Annotated[float, typer.Option(help="seconds to listen before telling", min=0.5, max=60)] = 3.0,
    demo: Annotated[bool, typer.Option("--demo", help="ask a running `crampwatch demo`")] = False,
) -> None:
    """Ask a running house how it is: who is up, whose data is how old, what waits to be stored or told.

    Only the broker is asked: the one of `mqtt.url`, else the one that a crampwatch with the same state folder runs
    for itself. Ends with 0 when all is well, 1 when a service is down, silent or in trouble, 3 when there is no broker.
    """
    settings = load(context.obj)
    if demo:
        settings = settings.model_copy(update={"team": "demo", "state_dir": settings.state_dir / "demo"})
    set_up_logging("error" if settings.log_level == "info" else settings.log_level, settings)
    with _screen(as_json=as_json, watch=watch) as tell:
        report = run_in_order(look(settings, listen, tell, watch=watch))
    if report is None or not report.well:
        raise typer.Exit(0 if watch else exits.ERROR)


async def look(settings: Settings, listen_s: float, tell: Callable[[Report], None], *, watch: bool = False) -> Report:
    """Listen, tell, and with ``watch`` go on until cancelled; the last report.

    Raises:
        Unavailable: no broker answers.
    """
    # Here and not above: the MQTT library takes time that `crampwatch --help` need not wait for.
    from crampwatch.bus.broker import find

    broker = await find(settings.mqtt, settings.state_dir)
    kinds = (Kind.TELEMETRY, Kind.ALERT)
    filters = [*every(Kind.STATUS, SYSTEM), *(one for kind in kinds for one in every(kind, settings.team))]
    ear, clock = Ear(settings.service_kinds, {one.id: one.name or one.id for one in settings.athletes}), WallClock()
    async with broker(f"status-{os.getpid()}", subscribe=filters) as bus:
        hearing = asyncio.create_task(_hear(bus, ear, clock), name="status-hear")
        try:
            while True:
                await asyncio.wait({hearing}, timeout=listen_s)
                if hearing.done():
                    hearing.result()
                report = ear.report(broker.describe(), clock.now_ms())
                tell(report)
                if not watch:
                    return report
        finally:
            hearing.cancel()


async def _hear(bus: Bus, ear: Ear, clock: WallClock) -> None:
    async for delivery in bus.deliveries():
        try:
            topic = Topic.parse(delivery.topic)
            message = decode(topic.kind, delivery.payload) if delivery.payload else None
        except Refused:
            pass  # The services count and name what is refused; here only what is sound is shown.
        else:
            ear.heard(topic, message, clock.now_ms(), retained=delivery.retained)
        await delivery.ack()


@contextlib.contextmanager
def _screen(*, as_json: bool, watch: bool) -> Iterator[Callable[[Report], None]]:
    """Where reports go: one after the other, or on a terminal that is watched each in the place of the last."""
    if as_json:
        yield lambda report: typer.echo(json.dumps(as_dict(report), indent=None if watch else 2))
    elif watch and out.is_terminal:
        with Live(console=out, auto_refresh=False, screen=True) as live:
            yield lambda report: live.update(drawn(report), refresh=True)
    else:
        yield lambda report: out.print(drawn(report))


def as_dict(report: Report) -> dict[str, object]:
    """The report as JSON has it."""
    return {"well": report.well, **dataclasses.asdict(report)}


def drawn(report: Report) -> Group:
    """The report as a terminal shows it."""
    now_ms = WallClock().now_ms()
    table = Table(box=None, pad_edge=False)
    for heading in ("service", "is", "for", "last word", "waiting", "says"):
        table.add_column(heading, overflow="fold")
    for one in report.services:
        table.add_row(*_row(one, now_ms))
    ages = [Text.assemble(plain(one.athlete, "bold"), "  ", _age(one.age_s)) for one in report.athletes]
    problems = [Text.assemble(("▲ ", "#FF5C7A"), plain(one)) for one in report.problems]
    verdict = [Text("all is well", "green")] if report.well else problems
    newest = [Text(""), Text("newest reading of", "dim"), *ages] if ages else []
    return Group(plain(report.broker, "dim"), table, *newest, Text(""), *verdict)


def _row(one: Entry, now_ms: int) -> tuple[Text, ...]:
    shape, colour = LOOKS[one.standing]
    skew_ms = one.skew_ms or 0
    lasts = "?" if one.since_ms is None else clock_text(now_ms + skew_ms - one.since_ms)
    waiting = ", ".join(f"{n} {what}" for n, what in (*queued(one), *queued(one, LOSSES)))
    name = one.id if one.kind in one.id else f"{one.id} ({one.kind})"
    return (
        plain(name, "bold"),
        Text(f"{shape} {one.standing}", colour),
        Text(lasts),
        Text(f"{one.quiet_s} s ago"),
        plain(waiting or "-"),
        plain(one.problem or ""),
    )


def _age(age_s: float | None) -> Text:
    if age_s is None:
        return Text("nothing came while we listened", "dim")
    if age_s <= FRESH_S:
        return Text(f"{age_s:.1f} s ago")
    return Text(f"{clock_text(int(age_s * SECOND_MS))} ago", "#F5C542")
