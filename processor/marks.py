"""The watermarks of every spool that was heard of, as many as may still matter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crampwatch.units import HOUR_MS

from .reading import Origin
from .watermark import Watermark

#: A spool that was not heard of for this long is forgotten: should it come back, its collector says where it begins.
UNHEARD_MS = 30 * 24 * HOUR_MS
#: And so are those unheard of longest, beyond so many.
MOST = 1_000


@dataclass(frozen=True, slots=True)
class KeptMark:
    """A watermark as the shelf keeps it."""

    origin: Origin
    heard_at_ms: int
    body: str


@dataclass(slots=True)
class _Mark:
    watermark: Watermark
    heard_at_ms: int


class Marks:
    """A :class:`Watermark` for each spool of each collector.

    Their number is bounded. What is dropped costs no row: whenever a collector begins to send, its own word of what it
    has forgotten comes first.

    Args:
        kept: what the shelf had.
    """

    def __init__(self, kept: Iterable[KeptMark] = ()) -> None:
        self._marks = {one.origin: _Mark(Watermark.load(one.body), one.heard_at_ms) for one in kept}
        self._grown = bool(self._marks)

    def __len__(self) -> int:
        return len(self._marks)

    def up_to(self, origin: Origin) -> int:
        """The highest row with none missing below it; -1 when there is none."""
        mark = self._marks.get(origin)
        return -1 if mark is None else mark.watermark.up_to

    def has(self, origin: Origin, row: int) -> bool:
        """Whether this row is settled."""
        mark = self._marks.get(origin)
        return mark is not None and mark.watermark.has(row)

    def knows(self, collector: str) -> bool:
        """Whether any spool of a collector has a mark."""
        return any(origin.collector == collector for origin in self._marks)

    def settle(self, origin: Origin, row: int, now_ms: int) -> None:
        """This row is stored, or will never be taken."""
        self._heard(origin, now_ms).settle(row)

    def raise_to(self, origin: Origin, row: int, now_ms: int) -> bool:
        """Every row up to this one is known to be settled. Returns whether that was news."""
        watermark = self._heard(origin, now_ms)
        before = watermark.up_to
        watermark.raise_to(row)
        return watermark.up_to > before

    def kept(self, origins: Iterable[Origin]) -> Sequence[KeptMark]:
        """For the shelf."""
        known = ((origin, self._marks[origin]) for origin in origins if origin in self._marks)
        return [KeptMark(origin, mark.heard_at_ms, mark.watermark.dump()) for origin, mark in known]

    def newest(self) -> Mapping[str, int]:
        """The mark of the spool that was heard last, of each collector."""
        by_age = sorted(self._marks.items(), key=lambda item: item[1].heard_at_ms)
        return {origin.collector: mark.watermark.up_to for origin, mark in by_age}

    def prune(self, now_ms: int) -> Sequence[Origin]:
        """Drop what was not heard of for long, and what is too much; return whose marks went. Cheap when none came."""
        if not self._grown:
            return ()
        self._grown = False
        newest_first = sorted(self._marks, key=lambda origin: self._marks[origin].heard_at_ms, reverse=True)
        gone = [
            origin
            for place, origin in enumerate(newest_first)
            if place >= MOST or now_ms - self._marks[origin].heard_at_ms > UNHEARD_MS
        ]
        for origin in gone:
            del self._marks[origin]
        return gone

    def _heard(self, origin: Origin, now_ms: int) -> Watermark:
        mark = self._marks.get(origin)
        if mark is None:
            mark = self._marks[origin] = _Mark(Watermark(), now_ms)
            self._grown = True
        mark.heard_at_ms = now_ms
        return mark.watermark
