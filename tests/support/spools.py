"""A spool in memory: the promises without a disk, and a disk that a test fills."""

import itertools

from collector.spool import Spooled, encoded
from crampwatch.codec import decode, encode
from crampwatch.errors import Unavailable
from crampwatch.topics import Kind


class MemorySpool:
    """See :class:`collector.spool.Spool`; ``full`` makes every change Unavailable."""

    def __init__(self, collector="collector-1"):
        self._collector = collector
        self._rows = {}
        self._state = {}
        self._names = itertools.count()
        self.identity = "memory"
        self.forgotten = -1
        self.next_row = 0
        self.full = False

    @property
    def depth(self):
        return self.next_row - self.forgotten - 1

    @property
    def oldest_ms(self):
        return min(self._rows.items())[1].at_ms if self._rows else None

    async def append(self, messages, state):
        self._check()
        for message in messages:
            self._rows[self.next_row] = encoded(self._collector, self.identity, self.next_row, message)
            self.next_row += 1
        self._state.update(state)

    async def read(self, from_row, limit):
        return [self._rows[row] for row in sorted(self._rows) if row >= from_row][:limit]

    async def first_since(self, from_row, at_ms):
        late = (row for row in sorted(self._rows) if row >= from_row and self._rows[row].at_ms > at_ms)
        return next(late, self.next_row)

    async def forget(self, up_to_row):
        self._check()
        last = min(up_to_row, self.next_row - 1)
        self._rows = {row: kept for row, kept in self._rows.items() if row > last}
        self.forgotten = max(self.forgotten, last)

    async def renew(self):
        self._check()
        self.identity = f"memory{next(self._names)}"
        for row, old in self._rows.items():
            message = decode(Kind.TELEMETRY, old.payload).model_copy(update={"spool": self.identity})
            self._rows[row] = Spooled(row, old.athlete, old.at_ms, encode(message))

    async def state(self):
        return dict(self._state)

    async def close(self):
        pass

    def _check(self):
        if self.full:
            raise Unavailable("the disk is full")
