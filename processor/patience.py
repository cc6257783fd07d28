"""Keep trying while the other side is away, and say so once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from crampwatch.clock import Clock
from crampwatch.errors import CrampwatchError, Misconfigured, Refused, Unavailable, without_frames
from crampwatch.metrics import Counters
from crampwatch.trouble import Trouble

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
Wait = Callable[[float], Awaitable[None]]

#: Wall seconds between tries: the first, and the most.
RETRY_S, RETRY_MAX_S = 0.2, 5.0
#: How long one attempt may take while others wait for its end, in wall seconds.
ATTEMPT_S = 5.0
#: What ends no reading: a store that refuses us takes what we record all the same, and may be mended meanwhile.
READ_FAULTS = (Unavailable, Misconfigured, Refused)


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

    def lacks(self, what: str) -> bool:
        """Whether this failed when it was last tried."""
        return what in self._troubles and self._troubles[what].lasts

    async def insist(
        self,
        what: str,
        call: Callable[[], Awaitable[ResultT]],
        bears: tuple[type[CrampwatchError], ...] = (Unavailable,),
    ) -> ResultT:
        """What ``call`` returns, however long it takes; every error but those that it bears is passed on."""
        wait_s = RETRY_S
        while True:
            try:
                result = await call()
            except bears as error:
                self._held(what, without_frames(error))
                await self._wait(wait_s)
                wait_s = min(wait_s * 2, RETRY_MAX_S)
                continue
            self._done(what)
            return result

    async def attempt(self, what: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT | None:
        """What ``call`` returns, or None when it cannot now, or not within :data:`ATTEMPT_S`: others wait for us."""
        try:
            async with asyncio.timeout(ATTEMPT_S):
                result = await call()
        except TimeoutError:
            self._held(what, f"no answer within {ATTEMPT_S:g} s")
            return None
        except READ_FAULTS as error:
            self._held(what, without_frames(error))
            return None
        self._done(what)
        return result

    def _held(self, what: str, why: object) -> None:
        self._trouble(what).begins(self._clock.now_ms(), why)
        self._counters.add("held", what)

    def _done(self, what: str) -> None:
        if what in self._troubles:
            self._troubles[what].ends(self._clock.now_ms())

    def _trouble(self, what: str) -> Trouble:
        return self._troubles.setdefault(what, Trouble(log, f"cannot {what} now, holding", f"can {what} again"))
