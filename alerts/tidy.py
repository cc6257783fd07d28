"""Forgets what is settled and old, so that the journal does not grow for ever."""

import logging

from crampwatch.clock import Clock
from crampwatch.errors import Unavailable
from crampwatch.metrics import Counters
from crampwatch.trouble import Trouble
from crampwatch.units import HOUR_MS, SECOND_MS

from .journal import Journal

log = logging.getLogger(__name__)

#: A broker keeps a session of ours for seven days, and may tell again what was told before: until then it is known.
KEEP_MS = 8 * 24 * HOUR_MS
EVERY_S = HOUR_MS / SECOND_MS


class Tidier:
    """Looks through the journal once an hour of run time.

    Args:
        journal: what is looked through.
        clock: tells what is old.
        counters: ``journal_forgotten`` counts facts.
        memory_ms: how long pushes count for the policy; nothing younger is forgotten.
    """

    def __init__(self, journal: Journal, clock: Clock, counters: Counters, memory_ms: int) -> None:
        self._journal = journal
        self._clock = clock
        self._counters = counters
        self._keep_ms = max(KEEP_MS, memory_ms)
        self._trouble = Trouble(log, "old facts cannot be forgotten", "old facts are forgotten again")

    @property
    def problem(self) -> str | None:
        """Why the journal grows; None: it does not."""
        return self._trouble.problem

    async def run(self) -> None:
        """Tidy until cancelled. A little at a time: what a person waits for goes between."""
        while True:
            now_ms = self._clock.now_ms()
            try:
                while forgotten := await self._journal.forget(now_ms - self._keep_ms):
                    self._counters.add("journal_forgotten", by=forgotten)
                self._trouble.ends(now_ms)
            except Unavailable as error:
                self._trouble.begins(now_ms, error)
            await self._clock.sleep(EVERY_S)
