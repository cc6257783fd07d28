"""What every endpoint works with: the live board, the feed, the store and a way to publish. Made once per service."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from pydantic_core import to_json

from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.events import Alert, Message
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.topics import Topic

from .feed import AlertFeed
from .hub import Hub, frame
from .live import Board

log = logging.getLogger(__name__)


class Publisher(Protocol):
    """The part of a bus that answers need."""

    async def publish(self, topic: Topic, payload: bytes) -> None:
        """Hand one body to the broker; see :class:`crampwatch.bus.Bus`."""
        ...


@dataclass(slots=True)
class Site:
    """The parts behind the pages."""

    settings: Settings
    board: Board
    feed: AlertFeed
    store: Store
    clock: Clock
    bus: Publisher
    hub: Hub = field(default_factory=Hub)

    def encode(self, athlete: str | None) -> bytes:
        """The present frame: the board, or one athlete's page."""
        now_ms = self.clock.now_ms()
        view = self.board.view(now_ms) if athlete is None else self.board.runner_view(athlete, now_ms)
        return to_json(view)

    def encode_alert(self, athlete: str, alert: Alert) -> bytes:
        """One alert as pages show it."""
        return to_json(self.board.alert_view(athlete, alert, self.clock.now_ms()))

    async def tell(self, topic: Topic, message: Message) -> None:
        """Publish what a person said. Raises Unavailable while the broker is away."""
        await self.bus.publish(topic, encode(message))

    async def alerted(self, athlete: str, alert: Alert) -> None:
        """An alert changed: number it, show it, tell everybody whom it concerns."""
        self.board.alerted(athlete, alert)
        row = await self.feed.append(athlete, alert)
        if row is not None:
            self.hub.alert(row, athlete, self.encode_alert(athlete, alert))

    async def missed(self, seen: int, athlete: str | None) -> list[tuple[int, bytes]]:
        """Every alert state above row ``seen``, encoded."""
        rows = await self.feed.after(seen, athlete)
        return [(one.row, frame("alert", self.encode_alert(one.athlete, one.alert), one.row)) for one in rows]

    async def refresh_names(self) -> None:
        """Read the display names again: what was said on a page wins over the settings file."""
        named = {one.id: one.name for one in self.settings.athletes if one.name is not None}
        self.board.names = named | await self.store.names()

    def free_id(self, taken: Iterable[str]) -> str:
        """An id for a runner nobody has heard of: pseudonymous, never made from the name."""
        used = {*self.board.athletes, *self.board.names, *taken}
        number = 1
        while f"runner-{number}" in used:
            number += 1
        return f"runner-{number}"
