"""A bus out of links that end: dial again with backoff, say so once, and never let the outage reach the consumer."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from crampwatch.bus import Delivery
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.rules import check_payload
from crampwatch.bus.standing import Standing
from crampwatch.errors import CrampwatchError, Misconfigured, Refused, Unavailable
from crampwatch.topics import Topic

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
#: A link that lived this long was a good one: the next outage begins with the shortest pause again.
GOOD_LIFE_S = 5.0
#: So many short-lived links in a row are no accident. (mosquitto 2.0.11 does not say why it closed: two clients of
#: one id take the link from each other for ever.)
SHORT_LIVES = 3

_SAME_ID = (
    "another client of the same id; each service needs an id of its own on the broker "
    "(collector.id, processor.id, alerts.id, dashboard.id)"
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a link ended; ``taken_over`` when the broker said that another client came with the same id."""

    reason: str
    taken_over: bool = False


class Link(Protocol):
    """One connection to the broker, subscribed and ready."""

    async def send(self, topic: Topic, payload: bytes) -> None:
        """Return once the broker has taken it; raises as :meth:`crampwatch.bus.Bus.publish`."""
        ...

    async def until_lost(self) -> Loss:
        """Return when the connection has ended, however it did."""
        ...

    async def close(self) -> None:
        """Say goodbye (the will is not published) and release the socket."""
        ...


#: Makes one link that puts what arrives into the inbox. Raises Unavailable, or Misconfigured if it can never work.
Dial = Callable[[Inbox], Awaitable[Link]]


class LastingBus:
    """A :class:`crampwatch.bus.Bus` that dials a new link whenever the last one has ended.

    Args:
        client_id: for the log.
        dial: makes one link.
        first_within_s: how long the first connection may take; later ones are tried for ever.
        sleep: how to wait between tries.
        rng: the jitter of the pauses, so that a hundred clients do not return in one instant.
    """

    def __init__(
        self,
        client_id: str,
        dial: Dial,
        *,
        first_within_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random,
    ) -> None:
        self._client_id = client_id
        self._dial = dial
        self._first_within_s = first_within_s
        self._sleep = sleep
        self._rng = rng
        self._inbox = Inbox()
        self._standing = Standing()
        self._link: Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._short_lives = 0

    @property
    def connected(self) -> bool:
        """Whether the link is up now."""
        return self._link is not None

    async def publish(self, topic: Topic, payload: bytes) -> None:
        """See :meth:`crampwatch.bus.Bus.publish`."""
        check_payload(topic, payload)
        self._standing.note(topic, payload)
        link = self._link
        if link is None:
            raise Unavailable(f"{self._client_id}: the link to the broker is down")
        await self._send(link, topic, payload)

    def deliveries(self) -> AsyncIterator[Delivery]:
        """See :meth:`crampwatch.bus.Bus.deliveries`."""
        return self._inbox

    async def open(self) -> None:
        """Make the first link and begin to keep it.

        Raises:
            Misconfigured: it can never work.
            Unavailable: nobody answered within the time given.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._first_within_s
        tries = 0
        while self._link is None:
            try:
                self._link = await self._dial(self._inbox)
            except Unavailable:
                if loop.time() >= deadline_s:
                    raise
                await self._sleep(self._pause_s(tries))
                tries += 1
        self._keeper = asyncio.create_task(self._keep(self._link), name=f"{self._client_id}-link")

    async def close(self) -> None:
        """End the link in order, and the iteration of deliveries."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        link, self._link = self._link, None
        self._inbox.close()
        if link is not None:
            await link.close()

    async def _send(self, link: Link, topic: Topic, payload: bytes) -> None:
        try:
            await link.send(topic, payload)
        except Refused:
            self._standing.refused(topic)
            raise
        self._standing.taken(topic, payload)

    async def _say_again(self, link: Link) -> None:
        """Publish again what is to stand. A link that does not last is followed by one that says it all."""
        for topic, payload in self._standing.again():
            try:
                await self._send(link, topic, payload)
            except Unavailable:
                return
            except Refused as error:
                log.warning("%s: not said again: %s", self._client_id, error)

    def _pause_s(self, tries: int) -> float:
        """Full jitter below a ceiling that doubles with each try."""
        return self._rng.uniform(0.2, 1.0) * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(tries, 16))

    async def _keep(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        while True:
            born_s = loop.time()
            loss = await link.until_lost()
            self._link = None
            await link.close()
            self._short_lives = 0 if loop.time() - born_s >= GOOD_LIFE_S else self._short_lives + 1
            self._report(loss)
            lost_s = loop.time()
            link = self._link = await self._redial()
            level = logging.INFO if self._short_lives <= 1 else logging.DEBUG
            log.log(level, "%s: linked to the broker again after %.1f s", self._client_id, loop.time() - lost_s)
            await self._say_again(link)

    def _report(self, loss: Loss) -> None:
        """Say once that the link is lost, and once more when it comes and goes."""
        if self._short_lives == SHORT_LIVES:
            guess = f"the broker gave it to {_SAME_ID}" if loss.taken_over else f"is there {_SAME_ID}?"
            log.warning(
                "%s: the link was lost %d times in a row within %.0f s (last: %s): %s",
                self._client_id,
                SHORT_LIVES,
                GOOD_LIFE_S,
                loss.reason,
                guess,
            )
        else:
            level = logging.WARNING if self._short_lives <= 1 else logging.DEBUG
            log.log(level, "%s: lost the link to the broker: %s", self._client_id, loss.reason)

    async def _redial(self) -> Link:
        tries = self._short_lives
        told = False
        while True:
            await self._sleep(self._pause_s(tries))
            tries += 1
            try:
                return await self._dial(self._inbox)
            except CrampwatchError as error:
                # Also when the broker now says no (a password was changed under us): it said yes before, may again.
                first = not told and isinstance(error, Misconfigured)
                told = told or first
                log.log(logging.WARNING if first else logging.DEBUG, "%s: no link yet: %s", self._client_id, error)
