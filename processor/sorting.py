"""What comes from the broker is decoded and sorted into a drain; what is refused is counted, and stops nobody."""

import logging

from crampwatch.bus import Delivery
from crampwatch.clock import Clock
from crampwatch.errors import Refused
from crampwatch.metrics import Counters
from crampwatch.topics import Kind, Topic
from crampwatch.trouble import level

from .drain import Drain
from .marks import Marks
from .reading import Origin, read_answer, read_reset, read_telemetry, read_watermark, row_of

log = logging.getLogger(__name__)


class Sorter:
    """Takes deliveries, one after the other, each into the drain that it belongs to.

    ``marks`` are those of the processor, known once its shelf is open.

    Args:
        team: whose messages are taken; others are refused.
        processor: whose own retained watermark counts.
        clock: the run's time.
        counters: ``messages``; ``refused`` by reason.
    """

    def __init__(self, team: str, processor: str, clock: Clock, counters: Counters) -> None:
        self._team = team
        self._id = processor
        self._clock = clock
        self._counters = counters
        self.marks = Marks()

    def take(self, came_s: float, delivery: Delivery, drain: Drain) -> None:
        """Decode one delivery. What is refused is counted and, where its row can be read, settled for ever."""
        drain.deliveries.append(delivery)
        try:
            self._sort(came_s, delivery, drain)
        except Refused as refused:
            first = self._counters.add("refused", refused.reason) == 1
            hint = "look at what publishes there"
            log.log(level(first=first), "left out a message on %s: %s; %s", delivery.topic[:120], refused, hint)
            named = row_of(delivery.topic, delivery.payload, self._team)
            drain.settled.extend([named] if named is not None else [])

    def _sort(self, came_s: float, delivery: Delivery, drain: Drain) -> None:
        topic = Topic.parse(delivery.topic)
        if topic.kind is Kind.WATERMARK:
            self._learn(topic, delivery.payload, drain)
        elif topic.kind in {Kind.ACK, Kind.CHECKIN}:
            said = read_answer(topic, delivery.payload, self._team)
            drain.said.extend([] if said is None else [said])
        elif topic.kind is Kind.COMMAND:
            drain.resets.append(read_reset(topic, delivery.payload, self._team, self._clock.now_ms()))
        else:
            drain.add(read_telemetry(topic, delivery.payload, self._team), came_s)
            self._counters.add("messages")

    def _learn(self, topic: Topic, payload: bytes, drain: Drain) -> None:
        """Rows that are settled without us: below our own retained mark, which counts when our shelf was lost, and
        those that a collector has forgotten, which it does with stored rows only.
        """
        if topic.device not in {self._id, topic.athlete} or not payload:
            return
        message = read_watermark(payload)
        if message.collector != topic.athlete:
            raise Refused("wrong_collector", f"watermark of {message.collector!r} on topic {topic}")
        origin = Origin(message.collector, message.spool)
        if self.marks.raise_to(origin, message.row, self._clock.now_ms()):
            drain.raised.add(origin)
