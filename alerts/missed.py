"""Findings that a broker lost, or took while nobody was subscribed: read from the store when the link is new."""

import asyncio
import logging
from collections.abc import Sequence

from crampwatch.clock import Clock
from crampwatch.errors import CrampwatchError
from crampwatch.events import Finding
from crampwatch.metrics import Counters
from crampwatch.storage import Store
from crampwatch.topics import TERMS, Kind
from crampwatch.trouble import Trouble
from crampwatch.units import SECOND_MS

log = logging.getLogger(__name__)

#: As long as a broker would have kept one for us.
RECENT_MS = (TERMS[Kind.FINDING].expiry_s or 0) * SECOND_MS
#: Wall seconds that live findings wait for these at most.
WITHIN_S = 5.0


class Missed:
    """What the processor stored lately.

    It stores before it publishes: what was published is there, but for what still waits in the outbox of a processor
    in another process. Who takes these in order, before what a new link brings, has a finding before the one that ends
    it. Those that did come are known by their ids.

    Args:
        store: where the processor records; one that does not have the team's runs, or is away, adds nothing.
        team: whose runs.
        clock: the run's time.
        counters: ``missed_unread``: how often the store could not be read in time.
    """

    def __init__(self, store: Store, team: str, clock: Clock, counters: Counters) -> None:
        self._store = store
        self._team = team
        self._clock = clock
        self._counters = counters
        self._link: int | None = None
        self._since_ms = clock.now_ms()
        self._trouble = Trouble(
            log, "findings that the broker may have lost could not be read", "findings that a broker loses are read"
        )

    @property
    def problem(self) -> str | None:
        """Why findings of this link's beginning may be missing; None: none can, or they would be history by now."""
        return self._trouble.problem if self._clock.now_ms() - self._since_ms <= RECENT_MS else None

    async def on(self, link: int) -> Sequence[tuple[str, Finding]]:
        """The athlete and finding of each recent one, in their order, once for each link; ``link`` counts links."""
        if link == self._link:
            return ()
        self._link = link
        self._since_ms = self._clock.now_ms()
        try:
            async with asyncio.timeout(WITHIN_S):
                found = await self._store.recent_findings(self._team, self._since_ms - RECENT_MS)
        except (CrampwatchError, TimeoutError) as error:
            # Whatever is wrong with the store, people are told of what comes live.
            self._counters.add("missed_unread")
            self._trouble.begins(self._since_ms, str(error) or f"no answer within {WITHIN_S:g} s")
            return ()
        self._trouble.ends(self._clock.now_ms())
        return [(run.athlete, finding) for run, finding in found]
