"""The machines of a team: one for each session that is under way, brought back from shelf and store when needed."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence

from crampwatch.events import Sample
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey, Store
from crampwatch.units import MINUTE_MS, SECOND_MS
from processor.athlete import Athlete

from .seat import Seat
from .shelf import Kept, Shelf

log = logging.getLogger(__name__)

#: Machines held at once. A session that has rested longest makes room; it comes back from shelf and store.
MACHINES = 1_000
#: Findings this young are published again after a restart: as long as a broker keeps one (takers know it by its id).
REPEAT_MS = 5 * MINUTE_MS
#: Samples a machine is given at once: about 10 ms, then the loop may turn to others.
SLICE = 512


class Roster:
    """Finds or brings back the machine of a session.

    Args:
        team: whose sessions.
        store: what was recorded of them.
        shelf: what was kept of their machines.
        counters: ``caught_up``, ``snapshots_unread``, and ``failed`` of the seats.
        machines: makes and restores machines.
        every_s: how old a snapshot may get, in run time.
        room: so many machines are held at once.
    """

    def __init__(
        self,
        team: str,
        store: Store,
        shelf: Shelf,
        counters: Counters,
        *,
        machines: type[Athlete] = Athlete,
        every_s: float,
        room: int = MACHINES,
    ) -> None:
        self._team = team
        self._store = store
        self._shelf = shelf
        self._counters = counters
        self._machines = machines
        self._every_ms = int(every_s * SECOND_MS)
        self._room = room
        self._seats: OrderedDict[tuple[str, str], Seat] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seats)

    async def seat(self, athlete: str, session: str, now_ms: int) -> Seat:
        """The seat of a session. The first time since the start its machine catches up with what the store holds.

        Args:
            athlete: whose.
            session: which.
            now_ms: when something came for it, by the host; findings of the five minutes before are to be repeated
                after a restart.

        Raises:
            Unavailable: shelf or store cannot be read now; nothing was changed.
        """
        name = (athlete, session)
        seat = self._seats.get(name)
        if seat is None:
            seat = await self._bring_back(athlete, session, now_ms)
            self._seats[name] = seat
        self._seats.move_to_end(name)
        seat.heard_at_ms, seat.closed = now_ms, False
        return seat

    def rested(self, before_ms: int) -> Sequence[Seat]:
        """Sessions for which nothing came after this, by the host, and that are not closed."""
        return [seat for seat in self._seats.values() if seat.heard_at_ms <= before_ms and not seat.closed]

    def due(self) -> Sequence[Kept]:
        """Snapshots of machines whose last one is older than the settings allow, in their own run time.

        Only ask when everything that the machines have taken is in the store.
        """
        kept = [seat.keep() for seat in self._seats.values() if seat.due(self._every_ms)]
        return [one for one in kept if one is not None]

    def rest(self) -> Sequence[Kept]:
        """Let the sessions go that have rested longest, when there are too many; return their snapshots."""
        kept: list[Kept] = []
        while len(self._seats) > self._room:
            _, seat = self._seats.popitem(last=False)
            snapshot = seat.keep()
            if snapshot is not None:
                kept.append(snapshot)
        return kept

    async def _bring_back(self, athlete: str, session: str, now_ms: int) -> Seat:
        key = RunKey(self._team, athlete, session)
        kept = await self._shelf.snapshot(athlete, session)
        machine, after_ms = self._restored(kept, athlete, session)
        # One second back: the second that the snapshot had open is in the store as well; the machine knows a
        # sample it has seen.
        samples = await self._store.samples(key, after_ms=after_ms - SECOND_MS)
        findings = await self._store.findings(key) if samples else ()
        seat = Seat(key, machine, self._counters, kept_at_ms=after_ms)
        await self._catch_up(seat, samples)
        if samples:
            self._counters.add("caught_up", by=len(samples))
            log.info("%s: went on from %d stored samples of session %s", athlete, len(samples), session)
        seat.to_repeat = tuple(finding for finding in findings if now_ms - finding.at_ms <= REPEAT_MS)
        return seat

    @staticmethod
    async def _catch_up(seat: Seat, samples: Sequence[Sample]) -> None:
        """What this proves was proved before and stands in the store, together with the samples it came from."""
        for start in range(0, len(samples), SLICE):
            seat.observe(samples[start : start + SLICE])
            await asyncio.sleep(0)

    def _restored(self, kept: Kept | None, athlete: str, session: str) -> tuple[Athlete, int]:
        if kept is None:
            return self._machines(athlete, session), 0
        try:
            return self._machines.restore(kept.body), kept.at_ms
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self._counters.add("snapshots_unread")
            log.warning("%s: the kept snapshot cannot be read (%s); the store is read from the start", athlete, error)
            return self._machines(athlete, session), 0
