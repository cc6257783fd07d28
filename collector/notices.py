"""Retained words: the latest per topic, said until the broker has it and again whenever the link is new."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from crampwatch.bus import Bus
from crampwatch.errors import Refused, Unavailable
from crampwatch.topics import Topic
from crampwatch.trouble import level

log = logging.getLogger(__name__)

BACKOFF_S, BACKOFF_MAX_S = 0.5, 10.0
#: A link that broke and mended between two words shows nothing; a broker that forgot us is told again after this.
REMIND_S = 30.0


class Notices:
    """What should stand at the broker. Only the newest per topic is of interest, so the number is bounded by topics.

    Args:
        wait: sleeps wall seconds.
    """

    def __init__(self, wait: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._wait = wait
        self._standing: dict[Topic, bytes] = {}
        self._unsaid: dict[Topic, bytes] = {}
        self._posted = asyncio.Event()
        self._refused: set[Topic] = set()

    def post(self, topic: Topic, payload: bytes | None) -> None:
        """Say this from now on; None clears the topic."""
        if payload is None:
            self._standing.pop(topic, None)
        else:
            self._standing[topic] = payload
        self._unsaid.pop(topic, None)
        self._unsaid[topic] = payload or b""
        self._posted.set()

    def again(self) -> None:
        """The link is new: the broker may have forgotten everything, or said our last will."""
        self._unsaid = {**self._standing, **self._unsaid}
        self._posted.set()

    async def run(self, bus: Bus) -> None:
        """Say what is unsaid over this link until cancelled, and everything again now and then."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._say(bus), name="notices-say")
            group.create_task(self._remind(), name="notices-remind")

    async def _remind(self) -> None:
        while True:
            self.again()
            await self._wait(REMIND_S)

    async def _say(self, bus: Bus) -> None:
        backoff_s = BACKOFF_S
        while True:
            self._posted.clear()
            if not self._unsaid:
                await self._posted.wait()
                continue
            if await self._said_all(bus):
                backoff_s = BACKOFF_S
                continue
            await self._wait(backoff_s)
            backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)
            self.again()

    async def _said_all(self, bus: Bus) -> bool:
        while self._unsaid:
            topic = next(iter(self._unsaid))
            payload = self._unsaid[topic]
            try:
                await bus.publish(topic, payload)
            except Unavailable as error:
                log.debug("a status waits for the link: %s", error)
                return False
            except Refused as error:
                log.log(level(first=topic not in self._refused), "a status was refused: %s", error)
                self._refused.add(topic)
            if self._unsaid.get(topic) is payload:
                del self._unsaid[topic]
        return True
