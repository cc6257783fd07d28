"""A processor that only keeps what a collector sends and says how far it is."""

import contextlib

from crampwatch.codec import decode, encode
from crampwatch.events import StoredUpTo
from crampwatch.topics import SYSTEM, Kind, Topic, every


class Taker:
    """Keeps telemetry by row, first come; publishes the watermark of contiguous rows after each message.

    Rows are those of the spool heard last; what the collector itself says it has forgotten counts as stored. What an
    earlier spool brought stays among the samples.
    """

    def __init__(self, links, team="home", collector="collector-1"):
        self._links = links
        self._team = team
        self._topic = Topic(SYSTEM, collector, Kind.WATERMARK, "processor-1")
        self._forgotten = Topic(SYSTEM, collector, Kind.WATERMARK, collector)
        self._collector = collector
        self.rows = {}
        self.payloads = {}
        self.kinds = []
        self.watermark = -1
        self.spool = None
        self.quiet = False
        self._kept = {}

    @property
    def samples(self):
        """Every sample, by its name, athlete first."""
        kept = dict(self._kept)
        for athlete, message in (self.rows[row] for row in sorted(self.rows)):
            for sample in message.samples:
                kept[athlete, message.session, sample.device, sample.seq] = sample
        return kept

    async def run(self):
        """Take until cancelled."""
        filters = every(Kind.TELEMETRY, self._team) + every(Kind.BACKLOG, self._team)
        filters += (str(self._forgotten),)
        async with self._links("taker", subscribe=filters, persistent=True) as bus:
            async for delivery in bus.deliveries():
                topic = Topic.parse(delivery.topic)
                message = decode(topic.kind, delivery.payload)
                if self.spool != message.spool:
                    self._kept = self.samples
                    self.spool, self.watermark, self.rows, self.payloads = message.spool, -1, {}, {}
                if topic == self._forgotten:
                    self.watermark = max(self.watermark, message.row)
                    await delivery.ack()
                    continue
                self.kinds.append((message.row, topic.kind))
                same = self.payloads.setdefault(message.row, delivery.payload)
                assert same == delivery.payload, f"row {message.row} came again with other bytes"
                self.rows.setdefault(message.row, (topic.athlete, message))
                while self.watermark + 1 in self.rows:
                    self.watermark += 1
                if not self.quiet:
                    await self.say(bus)
                await delivery.ack()

    async def say(self, bus):
        """Publish how far it is."""
        with contextlib.suppress(Exception):
            await bus.publish(
                self._topic, encode(StoredUpTo(collector=self._collector, spool=self.spool, row=self.watermark))
            )
