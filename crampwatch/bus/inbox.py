"""What has arrived and has not been fetched: the queue between a link and its one consumer."""

import asyncio
from collections import deque
from typing import Protocol, Self

from crampwatch.bus import Delivery
from crampwatch.bus.rules import UNREAD_QOS0


class Arrival(Delivery, Protocol):
    """A delivery that knows its quality of service."""

    @property
    def qos(self) -> int:
        """0: it cannot come again. 1: the broker repeats it until it is acked."""
        ...


class Inbox:
    """Arrivals in order, for one consumer; iterating never loses one, even when the wait is cancelled.

    Bounded by the sender: QoS 1 by the receive window, which the broker respects. QoS 0 has no such window, so
    beyond :data:`UNREAD_QOS0` unread ones the newest are left out (QoS 0 is "at most once") and counted.
    """

    def __init__(self, unread_qos0: int = UNREAD_QOS0) -> None:
        self._arrivals: deque[Arrival] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._limit = unread_qos0
        self._unread_qos0 = 0
        self.left_out = 0

    def put(self, arrival: Arrival) -> bool:
        """Add one; False when it was left out."""
        if arrival.qos == 0:
            if self._unread_qos0 >= self._limit:
                self.left_out += 1
                return False
            self._unread_qos0 += 1
        self._arrivals.append(arrival)
        self._news.set()
        return True

    def forget_repeatable(self) -> None:
        """Drop unread messages that the broker is about to send again (a resumed session after a lost link)."""
        self._arrivals = deque(one for one in self._arrivals if one.qos == 0)

    def close(self) -> None:
        """End the iteration at once; what is unread was never acked and stays the broker's."""
        self._closed = True
        self._news.set()

    def __aiter__(self) -> Self:
        """The inbox itself: a generator would end for ever when a wait for its next item is cancelled."""
        return self

    async def __anext__(self) -> Delivery:
        """The next arrival, in order."""
        while not self._arrivals and not self._closed:
            self._news.clear()
            await self._news.wait()
        if self._closed:
            raise StopAsyncIteration
        arrival = self._arrivals.popleft()
        if arrival.qos == 0:
            self._unread_qos0 -= 1
        return arrival
