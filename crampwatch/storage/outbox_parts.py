"""What an outbox holds: blocks of lines, refusals, and how much there is of each."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crampwatch.metrics import Gauge
from crampwatch.units import SECOND_MS

BLOCK_LINES = 5_000
#: Fast, and small enough: a higher level gains a fifth and takes three times as long.
GZIP_LEVEL = 1
#: The trouble of every bucket at once.
ALL = ""
#: The reason of lines that are lost to a damaged file. Sending these again is no use.
DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one bucket as they go out. ``body`` is gzip; bodies one after another are one."""

    row: int
    bucket: str
    points: int
    crc: int
    body: bytes

    @property
    def sound(self) -> bool:
        """Whether it is what was put in; False when the file was damaged."""
        return zlib.crc32(self.body) == self.crc

    def lines(self) -> list[str]:
        """The lines of a sound block one by one."""
        text = gzip.decompress(self.body).decode().removesuffix("\n")
        # A line that holds a line break, in a name say, has a block to itself.
        return [text] if self.points == 1 else text.split("\n")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Lines that are given up, and why. ``reason`` is a bounded word. ``damaged``: a block that nobody can read."""

    reason: str
    message: str
    lines: Sequence[str] = ()
    damaged: Block | None = None

    @property
    def points(self) -> int:
        """How many lines."""
        return len(self.lines) if self.damaged is None else self.damaged.points

    def packed(self) -> tuple[int, bytes]:
        """The checksum and the body as they are kept; of a damaged block as it was found."""
        return packed(self.lines) if self.damaged is None else (self.damaged.crc, self.damaged.body)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refusal as it is kept."""

    id: int
    bucket: str
    reason: str
    message: str
    points: int
    first_line: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """What holds a bucket up (:data:`ALL`: every bucket), and since when."""

    bucket: str
    since_ms: int
    message: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits for one bucket. ``first_row`` and ``oldest_ms`` are None when nothing does; ``dead`` are points."""

    blocks: int
    points: int
    bytes: int
    dead: int
    first_row: int | None
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class Depth:
    """How much an outbox holds, by bucket, at one moment."""

    lanes: Mapping[str, Lane] = field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """Blocks that wait."""
        return sum(lane.blocks for lane in self.lanes.values())

    @property
    def points(self) -> int:
        """Points that wait."""
        return sum(lane.points for lane in self.lanes.values())

    @property
    def bytes(self) -> int:
        """What waits, as it lies on the disk."""
        return sum(lane.bytes for lane in self.lanes.values())

    @property
    def dead(self) -> int:
        """Points that were refused."""
        return sum(lane.dead for lane in self.lanes.values())

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest of what waits was put in; None when nothing waits."""
        return min((lane.oldest_ms for lane in self.lanes.values() if lane.oldest_ms is not None), default=None)

    def gauges(self, now_ms: int) -> Sequence[Gauge]:
        """The figures that a service shows."""
        waited_ms = 0 if self.oldest_ms is None else max(0, now_ms - self.oldest_ms)
        return (
            Gauge("outbox_points", self.points),
            Gauge("outbox_blocks", self.blocks),
            Gauge("outbox_bytes", self.bytes),
            Gauge("outbox_oldest_seconds", waited_ms / SECOND_MS),
            Gauge("dead_letters", self.dead),
        )


def cut(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """At most :data:`BLOCK_LINES` a block; a line with a line break in it stands alone."""
    block: list[str] = []
    for line in lines:
        if "\n" in line or len(block) >= BLOCK_LINES:
            if block:
                yield block
            block = []
        if "\n" in line:
            yield [line]
        else:
            block.append(line)
    if block:
        yield block


def packed(lines: Sequence[str]) -> tuple[int, bytes]:
    """The checksum, and the lines as they go out."""
    # A lone surrogate is no character; what holds one is kept for the rest of it.
    text = "".join([f"{line}\n" for line in lines]).encode(errors="replace")
    body = gzip.compress(text, GZIP_LEVEL, mtime=0)
    return zlib.crc32(body), body
