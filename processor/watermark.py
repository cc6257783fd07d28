"""Which rows of a spool are stored, up to where without a gap."""

import bisect
import json
from collections.abc import Iterable
from operator import itemgetter

#: Spans kept above the mark of one spool. Honest collectors leave a handful.
SPANS = 1_000
_LOW = itemgetter(0)


class Watermark:
    """Settled rows of one spool. ``up_to`` only rises, and never past a row that was not settled.

    A collector forgets what lies below the mark, so a gap holds it for as long as the gap is there: rows come
    side by side for several athletes and again after every loss of the link, and nothing in their order shows that a
    missing one will not come. What was settled by an earlier life of this processor is known from its shelf, or
    from the mark that the broker retained.
    """

    def __init__(self, up_to: int = -1, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._up_to = up_to
        #: In order, apart by a row at least.
        self._spans = [(low, high) for low, high in spans][:SPANS]

    @property
    def up_to(self) -> int:
        """The highest row with none missing below it; -1 when there is none."""
        return self._up_to

    def has(self, row: int) -> bool:
        """Whether this row is settled."""
        if row <= self._up_to:
            return True
        place = self._place(row)
        return place > 0 and row <= self._spans[place - 1][1]

    def settle(self, row: int) -> None:
        """This row is stored, or will never be taken."""
        if row <= self._up_to:
            return
        self._insert(row)
        self._absorb()

    def raise_to(self, row: int) -> None:
        """Every row up to this one is known to be settled."""
        self._up_to = max(self._up_to, row)
        self._absorb()

    def dump(self) -> str:
        """For :meth:`load`."""
        return json.dumps([self._up_to, self._spans], separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> "Watermark":
        """What :meth:`dump` gave."""
        up_to, spans = json.loads(text)
        return cls(up_to, [(low, high) for low, high in spans])

    def _place(self, row: int) -> int:
        """How many spans begin at this row or below."""
        return bisect.bisect_right(self._spans, row, key=_LOW)

    def _insert(self, row: int) -> None:
        place = self._place(row)
        low = high = row
        first = last = place
        if place and self._spans[place - 1][1] >= row - 1:
            first = place - 1
            low, high = self._spans[first][0], max(row, self._spans[first][1])
        if place < len(self._spans) and self._spans[place][0] == row + 1:
            last = place + 1
            high = self._spans[place][1]
        self._spans[first:last] = [(low, high)]
        del self._spans[SPANS:]

    def _absorb(self) -> None:
        while self._spans and self._spans[0][0] <= self._up_to + 1:
            self._up_to = max(self._up_to, self._spans.pop(0)[1])
