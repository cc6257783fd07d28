"""Keep trying while the other side is away, and say so once."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from crampwatch.clock import Clock
from crampwatch.errors import Unavailable
from crampwatch.metrics import Counters
from crampwatch.units import SECOND_MS

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
Wait = Callable[[float], Awaitable[None]]

#: Wall seconds between tries: the first, and the most.
RETRY_S, RETRY_MAX_S = 0.2, 5.0


class Patience:
    """Calls again until the other side is there. ``held`` is counted by what was tried."""

    def __init__(self, clock: Clock, counters: Counters, wait: Wait) -> None:
        self._clock = clock
        self._counters = counters
        self._wait = wait

    async def insist(self, what: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """What ``call`` returns, however long it takes; everything but Unavailable is passed on."""
        wait_s, since_ms = RETRY_S, self._clock.now_ms()
        while True:
            try:
                result = await call()
            except Unavailable as error:
                first = wait_s == RETRY_S
                log.log(logging.WARNING if first else logging.DEBUG, "cannot %s now, holding: %s", what, error)
                self._counters.add("held", what)
                await self._wait(wait_s)
                wait_s = min(wait_s * 2, RETRY_MAX_S)
                continue
            if wait_s != RETRY_S:
                log.info("can %s again after %.0f s", what, (self._clock.now_ms() - since_ms) / SECOND_MS)
            return result
