"""Between Bluetooth callbacks and their one reader: bounded, in order, and never silent about a loss."""

import asyncio
import logging
from collections import deque

from collector.source import Arrival, Frame
from crampwatch.metrics import Counters

log = logging.getLogger(__name__)

DROPPED = "frames_dropped"
FULL = "inbox_full"


class Inbox:
    """Arrivals that wait for their reader.

    When ``size`` of them wait, further frames are dropped, the newest first: each is counted, the first of a
    spell is warned about, and its end tells how many were lost. Changes of a sensor's state always enter: they
    are few, and a reader that missed one would be wrong for ever.
    """

    def __init__(self, size: int, counters: Counters) -> None:
        self._size = size
        self._counters = counters
        self._waiting: deque[Arrival] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._dropped = 0

    def put(self, arrival: Arrival) -> None:
        """Take an arrival, from a callback; never waits."""
        if isinstance(arrival, Frame) and len(self._waiting) >= self._size:
            self._counters.add(DROPPED, FULL)
            self._dropped += 1
            if self._dropped == 1:
                log.warning(
                    "%d frames wait to be taken: dropping new ones until the reader catches up", len(self._waiting)
                )
            return
        self._waiting.append(arrival)
        self._news.set()

    async def get(self) -> Arrival | None:
        """The next arrival, or None when there will be no more."""
        while not self._waiting:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        arrival = self._waiting.popleft()
        if self._dropped and len(self._waiting) < self._size // 2:
            log.info("the reader has caught up; %d frames were dropped", self._dropped)
            self._dropped = 0
        return arrival

    def close(self) -> None:
        """No more arrivals; the reader may take what waits."""
        self._closed = True
        self._news.set()
