"""A bus out of links that end: dial again with backoff, say so once, and never let the outage reach the consumer."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from crampwatch.bus import Delivery, LinkState
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.rivalry import GIVE_WAY_S, SAME_ID, Loss, Rivalry
from crampwatch.bus.rules import check_payload
from crampwatch.bus.standing import Standing
from crampwatch.errors import CrampwatchError, Misconfigured, Refused, Unavailable
from crampwatch.topics import Topic
from crampwatch.trouble import level as trouble_level

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


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
        self._rivalry = Rivalry()
        self._reconnects = 0
        self._why = "not linked yet"

    @property
    def connected(self) -> bool:
        """Whether the link is up now."""
        return self._link is not None

    @property
    def link(self) -> LinkState:
        """How the link is."""
        problem = self._rivalry.problem(asyncio.get_running_loop().time())
        if problem is None and self._link is None:
            problem = f"no link to the broker, it is dialled again until it answers: {self._why}"
        return LinkState(problem, self._reconnects, self._rivalry.taken_over)

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
        at_once = True
        while True:
            born_s = loop.time()
            loss = await link.until_lost()
            self._link, self._why = None, loss.reason
            await link.close()
            lost_s = loop.time()
            gives_way = self._rivalry.ended(loss, lived_s=lost_s - born_s, at_once=at_once, now_s=lost_s)
            self._report(loss, gives_way=gives_way)
            link, tries = await self._redial(gives_way=gives_way)
            self._link = link
            self._reconnects += 1
            at_once = tries == 1
            level = logging.INFO if self._rivalry.short_lives <= 1 and not gives_way else logging.DEBUG
            log.log(level, "%s: linked to the broker again after %.1f s", self._client_id, loop.time() - lost_s)
            await self._say_again(link)

    def _report(self, loss: Loss, *, gives_way: bool) -> None:
        """Say once that the link is lost, and once more when another client has it."""
        if not gives_way:
            level = logging.WARNING if self._rivalry.short_lives <= 1 else logging.DEBUG
            log.log(level, "%s: lost the link to the broker: %s", self._client_id, loss.reason)
            return
        log.log(
            trouble_level(first=self._rivalry.news()),
            "%s: %s (the connection ended: %s); giving way for %.0f to %.0f s each time",
            self._client_id,
            f"the broker gave the link to {SAME_ID}" if loss.taken_over else f"no link lasts, is there {SAME_ID}?",
            loss.reason,
            *GIVE_WAY_S,
        )

    async def _redial(self, *, gives_way: bool) -> tuple[Link, int]:
        """Dial until a link is there; return it, and how many tries that took."""
        ceiling = self._rivalry.short_lives
        told = False
        pause_s = self._rng.uniform(*GIVE_WAY_S) if gives_way else self._pause_s(ceiling)
        for tries in itertools.count(1):
            await self._sleep(pause_s)
            pause_s = self._pause_s(ceiling + tries)
            try:
                return await self._dial(self._inbox), tries
            except CrampwatchError as error:
                # Also when the broker now says no (a password was changed under us): it said yes before, may again.
                first = not told and isinstance(error, Misconfigured)
                told = told or first
                self._why = str(error)
                log.log(logging.WARNING if first else logging.DEBUG, "%s: no link yet: %s", self._client_id, error)
        raise AssertionError("unreachable")
