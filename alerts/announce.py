"""The alerter's own word on itself: that it is up, with a few figures, now and then and when somebody denies it."""

import asyncio
import logging
from typing import Literal

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.trouble import Trouble, level

from .journal import Journal
from .pulse import Pulse

log = logging.getLogger(__name__)

#: How often the word is said anew, seconds of run time.
STATUS_EVERY_S = 10.0
RETRY_S = 1.0


class Announcer:
    """Says how the alerter is on its status topic.

    Args:
        instance: the alerter's id.
        clock: dates the word.
        pulse: the figures.
    """

    def __init__(self, instance: str, clock: Clock, pulse: Pulse) -> None:
        self._instance = instance
        self._clock = clock
        self._pulse = pulse
        self._due = asyncio.Event()
        self._refused: str | None = None
        self._journal_away = Trouble(log, "the journal cannot be read", "the journal is read again")
        self.topic = Topic(SYSTEM, instance, Kind.STATUS)

    @property
    def problem(self) -> str | None:
        """Why pages may not see that the alerter is up, or its figures are old; None: neither."""
        return self._refused or self._journal_away.problem

    def word(self, state: Literal["up", "down"]) -> ServiceStatus:
        """What is said."""
        return ServiceStatus(
            service=self._instance, state=state, at_ms=self._clock.now_ms(), detail=self._pulse.detail()
        )

    def say(self) -> None:
        """Say it now: somebody says that the alerter is down."""
        self._due.set()

    async def run(self, bus: Bus, said: asyncio.Event) -> None:
        """Say it until cancelled; ``said`` is set after the first time.

        A broker that never takes it (its access list may say so) is no reason not to serve.
        """
        while True:
            self._due.clear()
            try:
                await bus.publish(self.topic, encode(self.word("up")))
                self._refused = None
            except Unavailable as error:
                log.debug("cannot say that the alerter is up, trying again: %s", error)
                await self._clock.sleep(RETRY_S)
                continue
            except Refused as error:
                loudness = level(first=self._refused is None)
                self._refused = f"pages cannot see that the alerter is up: {error}"
                log.log(loudness, "%s", self._refused)
            said.set()
            await self._due.wait()

    async def look(self, journal: Journal) -> None:
        """Read the figures and have them said, every :data:`STATUS_EVERY_S`, until cancelled."""
        while True:
            try:
                await self._pulse.look(journal)
                self._journal_away.ends(self._clock.now_ms())
            except Unavailable as error:
                self._journal_away.begins(self._clock.now_ms(), error)
            await self._clock.sleep(STATUS_EVERY_S)
            self.say()
