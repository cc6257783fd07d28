"""What a collector hears: how far its rows are stored, whose sensor is whose, and that it is taken for dead."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from collector.forward import Forwarder
from crampwatch.bus import Bus, Delivery
from crampwatch.codec import decode
from crampwatch.errors import Refused, Unavailable
from crampwatch.events import SensorClaimed, ServiceStatus, StoredUpTo
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic, every
from crampwatch.trouble import level

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on its way to the one writer; its delivery is acked once it is kept."""

    claimed: SensorClaimed
    delivery: Delivery


class Orders:
    """Reads what is addressed to a collector.

    Args:
        team: its team.
        collector: its id.
        claim: takes a claim for the writer; it may make the caller wait.
        presumed_dead: called when the broker has said our last will although we live.
        counters: ``refused`` by reason.
    """

    def __init__(
        self,
        *,
        team: str,
        collector: str,
        claim: Callable[[Claim], Awaitable[None]],
        presumed_dead: Callable[[], None],
        counters: Counters,
    ) -> None:
        self._team = team
        self._collector = collector
        self._claim = claim
        self._presumed_dead = presumed_dead
        self._counters = counters
        self._failed = False

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters to read."""
        kinds = (Kind.WATERMARK, Kind.COMMAND)
        own_status = str(Topic(SYSTEM, self._collector, Kind.STATUS))
        return (*(one for kind in kinds for one in every(kind, SYSTEM, self._collector)), own_status)

    async def run(self, bus: Bus, forwarder: Forwarder) -> None:
        """Read until the bus is closed."""
        async for delivery in bus.deliveries():
            try:
                await self._follow(delivery, forwarder)
            except Refused as refusal:
                first = self._counters.add("refused", refusal.reason) == 1
                hint = "look at what publishes there"
                log.log(level(first=first), "left out a message on %s: %s; %s", delivery.topic[:120], refusal, hint)
                await delivery.ack()
            except Unavailable as error:
                # A watermark comes again with the next batch, and is retained besides; unacked it would hold up
                # every order behind it.
                log.log(level(first=not self._failed), "an order could not be followed: %s", error)
                self._failed = True
                await delivery.ack()

    async def _follow(self, delivery: Delivery, forwarder: Forwarder) -> None:
        if not delivery.payload:
            await delivery.ack()
            return
        topic = Topic.parse(delivery.topic)
        message = decode(topic.kind, delivery.payload)
        if isinstance(message, SensorClaimed):
            await self._claim(Claim(message, delivery))
            return
        if isinstance(message, StoredUpTo) and message.collector == self._collector:
            if topic.device == self._collector:
                # A collector's word to processors, on a topic that matches what we listen to: ours, or a double's.
                forwarder.hear_of(message.spool, kept=delivery.retained)
            else:
                await forwarder.stored_up_to(message, link_is_new=delivery.retained)
            await delivery.ack()
            return
        if isinstance(message, ServiceStatus):
            self._hear_of_ourselves(message, forwarder, kept=delivery.retained)
            await delivery.ack()
            return
        raise Refused("not_for_us", f"{delivery.topic} holds a message that is not for {self._collector}")

    def _hear_of_ourselves(self, status: ServiceStatus, forwarder: Forwarder, *, kept: bool) -> None:
        if status.state == "down":
            self._presumed_dead()
        elif isinstance(spool := status.detail.get("spool"), str):
            forwarder.hear_of(spool, kept=kept)
