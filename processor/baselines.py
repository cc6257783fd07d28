"""What is usual for athletes is told on the bus, and forgotten where a person asks for it."""

import asyncio
import functools
import logging
from collections.abc import Mapping

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Refused
from crampwatch.metrics import Counters
from crampwatch.topics import Kind, Topic
from crampwatch.trouble import level
from crampwatch.units import HOUR_MS

from .patience import Patience
from .profile import Asked
from .reading import ResetOf
from .shelf import Shelf
from .usual import baseline_of

log = logging.getLogger(__name__)

#: Everything is told again after so much run time: runs leave the last 30 days, and a broker may lose what it kept.
AGAIN_MS = HOUR_MS


class Baselines:
    """Tells each athlete's newest version, retained: at the start, when there is a new one, and every hour.

    New versions are found on the shelf, whoever made them: a run that is over, a cramp that was reported afterwards, a
    reset on the page or by ``crampwatch baseline reset``.

    Args:
        team: whose topics.
        asked: what the settings say of athletes; they are told of before anything is known of them.
        shelf: where the versions are.
        patience: for a shelf or broker that is away.
        clock: the run's time.
        counters: ``resets``; ``refused`` where nobody is known by that id; ``unpublished`` by reason.
    """

    def __init__(
        self,
        *,
        team: str,
        asked: Mapping[str, Asked],
        shelf: Shelf,
        patience: Patience,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._team = team
        self._asked = asked
        self._shelf = shelf
        self._patience = patience
        self._clock = clock
        self._counters = counters
        self._news = asyncio.Event()
        self._news.set()
        self._told: dict[str, int] = {}
        self._told_at_ms: int | None = None

    def look(self) -> None:
        """There may be a new version."""
        self._news.set()

    async def run(self, bus: Bus) -> None:
        """Tell until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._tell(bus)

    async def begin_anew(self, reset: ResetOf) -> None:
        """Forget what is usual for an athlete; one that comes twice forgets once. Only ask while the turn is held."""
        athlete = reset.athlete
        known = athlete in self._asked or await self._patience.insist("recall", lambda: self._shelf.knows(athlete))
        if not known:
            first = self._counters.add("refused", "unknown_athlete") == 1
            log.log(level(first=first), "left out a reset: nobody is known as %s", athlete)
            return
        if await self._patience.insist("keep", lambda: self._shelf.begin_anew(athlete, reset.at_ms)):
            self._counters.add("resets")
            log.info("%s begins anew: what was usual is forgotten, as somebody asked", athlete)
            self.look()

    async def _tell(self, bus: Bus) -> None:
        now_ms = self._clock.now_ms()
        if self._told_at_ms is None or abs(now_ms - self._told_at_ms) >= AGAIN_MS:
            self._told, self._told_at_ms = {}, now_ms
        newest = await self._patience.insist("recall", self._shelf.newest_versions)
        for athlete in sorted({*self._asked, *newest}):
            if self._told.get(athlete) != newest.get(athlete, 0):
                await self._tell_one(bus, athlete)

    async def _tell_one(self, bus: Bus, athlete: str) -> None:
        personal = await self._patience.insist("recall", functools.partial(self._shelf.personal, athlete))
        sensitivity = self._asked.get(athlete, Asked()).sensitivity
        payload = encode(baseline_of(personal, sensitivity, self._clock.now_ms()))
        topic = Topic(self._team, athlete, Kind.BASELINE)
        try:
            await self._patience.insist("publish", lambda: bus.publish(topic, payload))
        except Refused as refused:
            first = self._counters.add("unpublished", refused.reason) == 1
            log.log(level(first=first), "%s not published: %s", topic.kind, refused)
        self._told[athlete] = personal.version
