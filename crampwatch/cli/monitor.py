"""Watches the bus for the terminal: a live line per runner, and each alert once, as it is delivered."""

import asyncio
import os
from collections.abc import Callable

from crampwatch.bus import BusFactory, Delivery
from crampwatch.cli.console import Line, Screen, alert_panel
from crampwatch.clock import Clock
from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.events import Alert, AlertKind, AlertState, Assessed, CadenceMeasured, HeartRateMeasured, Telemetry
from crampwatch.settings import Settings
from crampwatch.topics import Kind, Topic, every
from crampwatch.units import Level

#: Terminal refresh, wall seconds.
REFRESH_S = 0.5
WATCHED = (Kind.TELEMETRY, Kind.ASSESSMENT, Kind.ALERT)


class Monitor:
    """Keeps the lines of a team's runners and prints alerts above them.

    Args:
        on_alert: told of each alert after it was printed, for who counts them.
    """

    name = "monitor"

    def __init__(
        self,
        settings: Settings,
        buses: BusFactory,
        clock: Clock,
        screen: Screen,
        on_alert: Callable[[Alert], None] = lambda _alert: None,
    ) -> None:
        self._team = settings.team
        self._buses = buses
        self._clock = clock
        self._screen = screen
        self._on_alert = on_alert
        self._names = {athlete.id: athlete.name or athlete.id for athlete in settings.athletes}
        self._lines = {athlete: Line(name) for athlete, name in self._names.items()}
        self._told: set[str] = set()
        self._standing: dict[tuple[str, AlertKind], Level] = {}
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        filters = [one for kind in WATCHED for one in every(kind, self._team)]
        async with self._buses(f"monitor-{os.getpid()}", subscribe=filters) as bus, asyncio.TaskGroup() as group:
            group.create_task(self._refresh(), name="monitor-refresh")
            self.ready.set()
            async for delivery in bus.deliveries():
                self._take(delivery)
                await delivery.ack()

    async def _refresh(self) -> None:
        while True:
            self._screen.show(self._lines.values(), self._clock.now_ms())
            await asyncio.sleep(REFRESH_S)

    def _take(self, delivery: Delivery) -> None:
        if delivery.retained or not delivery.payload:
            return
        try:
            topic = Topic.parse(delivery.topic)
            message = decode(topic.kind, delivery.payload)
        except Refused:
            return  # The services count and name what is refused; the terminal only shows what is sound.
        line = self._lines.setdefault(topic.athlete, Line(self._names.get(topic.athlete, topic.athlete)))
        if isinstance(message, Telemetry):
            self._telemetry(line, message)
        elif isinstance(message, Assessed):
            line.level, line.motion = message.level, message.motion
        elif isinstance(message, Alert):
            self._alert(line, message)

    @staticmethod
    def _telemetry(line: Line, message: Telemetry) -> None:
        for sample in message.samples:
            line.at_ms = sample.at_ms
            line.started_ms = line.started_ms or sample.at_ms
            if isinstance(sample, HeartRateMeasured):
                line.bpm = sample.bpm
            elif isinstance(sample, CadenceMeasured):
                line.spm = sample.spm

    def _alert(self, line: Line, alert: Alert) -> None:
        line.because = alert.because[0] if alert.because and alert.state.open else ""
        slot = (line.name, alert.kind)
        before = self._standing.get(slot, Level.OK)
        self._standing[slot] = alert.level if alert.state.open else Level.OK
        # A quiet alert is told when its level is new; a pushed one when it was delivered. On the way down: no news.
        quiet = alert.state is AlertState.RAISED and alert.level is Level.WATCH and before is Level.OK
        if alert.id in self._told or not (quiet or alert.state is AlertState.DELIVERED):
            return
        self._told.add(alert.id)
        started_ms = line.started_ms or alert.raised_at_ms
        self._screen.say(alert_panel(alert, line.name, alert.raised_at_ms - started_ms))
        self._on_alert(alert)
