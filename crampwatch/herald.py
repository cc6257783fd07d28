"""A service's word on itself: its retained status, said again and again, and said to be over at the end."""

import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Literal

from crampwatch import __version__
from crampwatch.bus import Bus, Will
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.metrics import Vitals
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.trouble import level

log = logging.getLogger(__name__)

#: Run seconds between two words. Who has said nothing for three of them is not heard any more.
EVERY_S = 10.0
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
        every_s: run seconds between two words.
    """

    def __init__(self, instance: str, vitals: Callable[[], Vitals], clock: Clock, *, every_s: float = EVERY_S) -> None:
        self._instance = instance
        self._vitals = vitals
        self._clock = clock
        self._every_s = every_s
        self._since_ms = clock.now_ms()
        self._refused = False
        self.topic = Topic(SYSTEM, instance, Kind.STATUS)

    @property
    def will(self) -> Will:
        """What the broker is to say when the service vanishes."""
        return Will(self.topic, self._status("down", {}))

    @contextlib.asynccontextmanager
    async def speaking(self, bus: Bus) -> AsyncIterator[None]:
        """Say ``up`` on entering, and ``down`` on leaving; between them :meth:`run` repeats the word."""
        await self.say(bus, "up")
        try:
            yield
        finally:
            await self.say(bus, "down")

    async def run(self, bus: Bus) -> None:
        """Say ``up`` every few seconds until cancelled."""
        while True:
            await self._clock.sleep(self._every_s)
            await self.say(bus, "up")

    async def say(self, bus: Bus, state: Literal["up", "down"]) -> None:
        """Say it once. A broker that is away hears it later; one that never takes it is no reason not to serve."""
        ended = {"ended": "in order"} if state == "down" else {}
        try:
            await bus.publish(self.topic, encode(self._status(state, ended)))
        except Unavailable as error:
            log.debug("the status of %s (%s) was not taken, the link says it again: %s", self._instance, state, error)
        except Refused as error:
            hint = f"let this client write {self.topic}; until then the pages and `crampwatch status` cannot see it"
            log.log(
                level(first=not self._refused),
                "the broker refuses the status of %s: %s; %s",
                self._instance,
                error,
                hint,
            )
            self._refused = True

    def _status(self, state: Literal["up", "down"], more: Mapping[str, str]) -> ServiceStatus:
        vitals = self._vitals()
        detail: dict[str, str | int | float] = {
            "kind": vitals.kind,
            "version": __version__,
            "since_ms": self._since_ms,
            "ready": int(vitals.ready),
            **figures(vitals),
            **more,
        }
        if vitals.problems:
            detail["problem"] = vitals.problems[0][:PROBLEM_LETTERS]
        return ServiceStatus(service=self._instance, state=state, at_ms=self._clock.now_ms(), detail=detail)


def figures(vitals: Vitals) -> Mapping[str, int | float]:
    """The few figures of a status: gauges without labels, and how much was refused for whatever reason."""
    counted = vitals.counters.read()
    refused = sum(n for name, n in counted.items() if name.partition(".")[0] == "refused")
    gauges = {one.name: round(one.value, 3) for one in vitals.gauges if not one.labels and math.isfinite(one.value)}
    return {**{name: int(n) if n == int(n) else n for name, n in gauges.items()}, "refused": refused}
