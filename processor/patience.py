"""Keep trying while the other side is away, and say so once."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from crampwatch.clock import Clock
from crampwatch.errors import Unavailable
from crampwatch.metrics import Counters
from crampwatch.trouble import Trouble

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
        self._troubles: dict[str, Trouble] = {}

    @property
    def problems(self) -> Sequence[str]:
        """What is held up now, and why, a line each."""
        said = (trouble.problem for trouble in self._troubles.values())
        return [one for one in said if one is not None]

    async def insist(self, what: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """What ``call`` returns, however long it takes; everything but Unavailable is passed on."""
        wait_s = RETRY_S
        while True:
            try:
                result = await call()
            except Unavailable as error:
                self._trouble(what).begins(self._clock.now_ms(), error)
                self._counters.add("held", what)
                await self._wait(wait_s)
                wait_s = min(wait_s * 2, RETRY_MAX_S)
                continue
            if what in self._troubles:
                self._troubles[what].ends(self._clock.now_ms())
            return result

    def _trouble(self, what: str) -> Trouble:
        return self._troubles.setdefault(what, Trouble(log, f"cannot {what} now, holding", f"can {what} again"))
