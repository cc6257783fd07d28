"""The alerter's own word on itself: that it is up, with a few figures, now and then and when somebody denies it."""

import asyncio
import contextlib
import logging

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Refused, Unavailable
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
        clock: waits are by it.
        pulse: what is said.
    """

    def __init__(self, instance: str, clock: Clock, pulse: Pulse) -> None:
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

    def say(self) -> None:
        """Say it now: somebody says that the alerter is down."""
        self._due.set()

    async def run(self, bus: Bus, said: asyncio.Event) -> None:
        """Say it until cancelled; ``said`` is set after the first time.

        A broker that never takes it (its access list may say so) is no reason not to serve.
        """
        self._pulse.takes(taking=True)
        while True:
            self._due.clear()
            try:
                await bus.publish(self.topic, encode(self._pulse.status("up")))
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

    async def goodbye(self, bus: Bus) -> None:
        """Say that the alerter has ended in order, if anybody hears it."""
        self._pulse.takes(taking=False)
        with contextlib.suppress(Unavailable, Refused):
            await bus.publish(self.topic, encode(self._pulse.status("down", ended=True)))

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
