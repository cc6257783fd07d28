"""What every endpoint works with: the live board, the feed, the store and a way to publish. Made once per service."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from pydantic_core import to_json

from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.events import Alert, Delivered, Message
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.topics import TERMS, Kind, Topic
from crampwatch.units import SECOND_MS

from .context import PushView
from .feed import AlertFeed, News, event_of
from .hub import Hub, frame
from .live import Board

log = logging.getLogger(__name__)

#: A page that comes back hears a push that it missed while the push would still be delivered, and not later.
HEARD_MS = (TERMS[Kind.DELIVERY].expiry_s or 0) * SECOND_MS


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
    #: Seconds on the wall, from any beginning: a service is given them to speak, whatever the pace of the run.
    stopwatch: Callable[[], float] = time.monotonic

    def encode(self, athlete: str | None) -> bytes:
        """The present frame: the board, or one athlete's page."""
        now_ms, now_s = self.clock.now_ms(), self.stopwatch()
        if athlete is None:
            return to_json(self.board.view(now_ms, now_s))
        return to_json(self.board.runner_view(athlete, now_ms, now_s))

    def encode_news(self, athlete: str, news: News) -> bytes:
        """One alert as pages show it, or one push as they hear it."""
        if isinstance(news, Delivered):
            return to_json(PushView(news.alert_id, athlete, news.level.value, news.at_ms))
        return to_json(self.board.alert_view(athlete, news, self.clock.now_ms()))

    async def tell(self, topic: Topic, message: Message) -> None:
        """Publish what a person said. Raises Unavailable while the broker is away."""
        await self.bus.publish(topic, encode(message))

    async def alerted(self, athlete: str, alert: Alert) -> None:
        """An alert changed: number it, show it, tell everybody whom it concerns."""
        self.board.alerted(athlete, alert)
        await self._spread(athlete, alert)

    async def pushed(self, athlete: str, push: Delivered) -> None:
        """An alert was pushed to a person: its pages sound, once for each level."""
        await self._spread(athlete, push)

    async def _spread(self, athlete: str, news: News) -> None:
        row = await self.feed.append(athlete, news)
        if row is not None:
            self.hub.tell(event_of(news), row, athlete, self.encode_news(athlete, news))

    async def missed(self, seen: int, athlete: str | None) -> list[tuple[int, bytes]]:
        """Every alert state above row ``seen``, and every push that is not too old to be heard, encoded."""
        heard_since_ms = self.clock.now_ms() - HEARD_MS
        return [
            (one.row, frame(event_of(one.news), self.encode_news(one.athlete, one.news), one.row))
            for one in await self.feed.after(seen, athlete)
            if not isinstance(one.news, Delivered) or one.news.at_ms >= heard_since_ms
        ]

    async def refresh_names(self) -> None:
        """Read the display names again: what was said on a page wins over the settings file."""
        named = {one.id: one.name for one in self.settings.athletes if one.name is not None}
        self.board.names = named | await self.store.names()

    async def knows(self, athlete: str) -> bool:
        """Whether anybody has heard of an athlete: the settings, the board, who gave a name at a claim, or a run."""
        if self.board.knows(athlete) or athlete in self.board.names:
            return True
        return bool(await self.store.runs(team=self.board.team, athlete=athlete, limit=1))

    def free_id(self, taken: Iterable[str]) -> str:
        """An id for a runner nobody has heard of: pseudonymous, never made from the name."""
        used = {*self.board.athletes, *self.board.names, *taken}
        number = 1
        while f"runner-{number}" in used:
            number += 1
        return f"runner-{number}"
