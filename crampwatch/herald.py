"""A service's word on itself: its retained status, said again and again, and said to be over at the end."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Literal

from crampwatch import __version__
from crampwatch.bus import Bus, LinkState, Will
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.metrics import Gauge, Vitals
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.trouble import level
from crampwatch.waiting import news_or

log = logging.getLogger(__name__)

#: Run seconds between two words. Who has said nothing for three of them is not heard any more.
EVERY_S = 10.0
#: Run seconds before a word that the broker did not take is said again.
RETRY_S = 1.0
#: The longest problem that fits into a status; the whole of it stands in /readyz.
PROBLEM_LETTERS = 300


class Herald:
    """Says that a service is up while it is, with a few figures of its vitals, and at the end that it is down.

    The figures are its gauges without labels, how much was refused, and the first problem. ``since_ms`` is when this
    life began; ``ended`` stands in a status that was said at an orderly end, and never in a last will: that one is
    dated when the link was made, so it says nothing about when the service was lost.

    Args:
        instance: the service's id, which names the topic.
        vitals: how the service is now.
        clock: dates the words.
        more: what else a status holds, besides the figures.
    """

    def __init__(
        self,
        instance: str,
        vitals: Callable[[], Vitals],
        clock: Clock,
        *,
        more: Callable[[], Mapping[str, str | int | float]] = dict,
    ) -> None:
        self._instance = instance
        self._vitals = vitals
        self._clock = clock
        self._more = more
        self._since_ms = clock.now_ms()
        self._refused: str | None = None
        self._due = asyncio.Event()
        self.topic = Topic(SYSTEM, instance, Kind.STATUS)

    @property
    def will(self) -> Will:
        """What the broker is to say when the service vanishes."""
        return Will(self.topic, self.status("down"))

    @property
    def problem(self) -> str | None:
        """Why nobody can see that the service is up, and what to do; None: the broker takes the word."""
        return self._refused

    def again(self) -> None:
        """Say it now: somebody says that the service is down, or its figures are new. :meth:`run` does."""
        self._due.set()

    @contextlib.asynccontextmanager
    async def speaking(self, bus: Bus) -> AsyncIterator[None]:
        """Say ``up`` on entering, and ``down`` on leaving; between them :meth:`run` repeats the word."""
        await self.say(bus, "up")
        try:
            yield
        finally:
            await self.say(bus, "down")

    async def run(self, bus: Bus) -> None:
        """Say ``up`` every few seconds, and when :meth:`again` was called, until cancelled."""
        taken = True
        while True:
            await news_or(self._due, self._clock, EVERY_S if taken else RETRY_S)
            self._due.clear()
            taken = await self.say(bus, "up")

    async def say(self, bus: Bus, state: Literal["up", "down"]) -> bool:
        """Say it once, and whether that is settled: a broker that is away has to be told again.

        One that never takes it (its access list may say so) is no reason not to serve.
        """
        try:
            await bus.publish(self.topic, encode(self.status(state, ended=state == "down")))
        except Unavailable as error:
            log.debug("the status of %s (%s) was not taken: %s", self._instance, state, error)
            return False
        except Refused as error:
            loudness = level(first=self._refused is None)
            hint = f"let this client write {self.topic}; until then the pages and `crampwatch status` cannot see it"
            self._refused = f"the broker refuses the status of {self._instance}: {error}; {hint}"
            log.log(loudness, "%s", self._refused)
        else:
            self._refused = None
        return True

    def status(self, state: Literal["up", "down"], *, ended: bool = False) -> ServiceStatus:
        """The word itself; ``ended``: it is an orderly end that is told, and no last will."""
        vitals = self._vitals()
        detail: dict[str, str | int | float] = {
            "kind": vitals.kind,
            "version": __version__,
            "since_ms": self._since_ms,
            "ready": int(vitals.ready),
            **figures(vitals),
            **self._more(),
        }
        if ended:
            detail["ended"] = "in order"
        if vitals.problems:
            detail["problem"] = vitals.problems[0][:PROBLEM_LETTERS]
        return ServiceStatus(service=self._instance, state=state, at_ms=self._clock.now_ms(), detail=detail)


def figures(vitals: Vitals) -> Mapping[str, int | float]:
    """The few figures of a status: gauges without labels, and how much was refused for whatever reason."""
    counted = vitals.counters.read()
    refused = sum(n for name, n in counted.items() if name.partition(".")[0] == "refused")
    gauges = {one.name: round(one.value, 3) for one in vitals.gauges if not one.labels and math.isfinite(one.value)}
    return {**{name: int(n) if n == int(n) else n for name, n in gauges.items()}, "refused": refused}


def link_gauges(bus: Bus | None) -> Sequence[Gauge]:
    """How a service's link to the broker fared; None: there is none now."""
    link = LinkState() if bus is None else bus.link
    return (Gauge("link_reconnects", link.reconnects), Gauge("link_taken_over", link.taken_over))
