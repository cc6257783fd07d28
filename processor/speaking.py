"""What sessions gained is told on the bus, once it is stored."""

import logging

from crampwatch.bus import Bus
from crampwatch.codec import encode
from crampwatch.errors import Refused, Unavailable
from crampwatch.metrics import Counters
from crampwatch.topics import Kind, Topic
from crampwatch.trouble import level

from .drain import Gain
from .patience import Patience

log = logging.getLogger(__name__)


class Speaker:
    """Publishes findings until the broker has them, and assessments when they are news.

    Args:
        team: whose topics.
        patience: for a broker that is away.
        counters: ``findings`` by kind, ``assessments_dropped``, ``unpublished`` by reason.
    """

    def __init__(self, team: str, patience: Patience, counters: Counters) -> None:
        self._team = team
        self._patience = patience
        self._counters = counters

    async def tell(self, bus: Bus, gain: Gain) -> None:
        """Tell what one session gained. Everything of it is stored by now."""
        athlete = gain.seat.key.athlete
        topic = Topic(self._team, athlete, Kind.FINDING)
        for finding in (*gain.seat.to_repeat, *gain.findings):
            await self._send(bus, topic, encode(finding))
            self._counters.add("findings", finding.kind)
        gain.seat.to_repeat = ()
        for one in gain.live:
            if gain.seat.telling.tells(one):
                try:
                    await bus.publish(Topic(self._team, athlete, Kind.ASSESSMENT), encode(one))
                except (Unavailable, Refused):
                    # A later one says more; the store has them all.
                    self._counters.add("assessments_dropped")

    async def _send(self, bus: Bus, topic: Topic, payload: bytes) -> None:
        """Publish until the broker has it. What it will never take is counted and left: the store has it."""
        try:
            await self._patience.insist("publish", lambda: bus.publish(topic, payload))
        except Refused as refused:
            first = self._counters.add("unpublished", refused.reason) == 1
            log.log(level(first=first), "%s not published: %s", topic.kind, refused)
