"""The machines of a team: one for each session that is under way, brought back from shelf and store when needed."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from crampwatch.events import Finding
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey, Store
from crampwatch.units import MINUTE_MS, SECOND_MS
from processor.athlete import Athlete

from .shelf import Kept, Shelf
from .telling import Telling

log = logging.getLogger(__name__)

#: Machines held at once. A session that has rested longest makes room; it comes back from shelf and store.
MACHINES = 1_000
#: Findings this young are published again after a restart: as long as a broker keeps one (takers know it by its id).
REPEAT_MS = 5 * MINUTE_MS


@dataclass(slots=True)
class Seat:
    """One session's machine and what the worker remembers beside it. ``to_repeat`` was proved just
    before the restart and may not have been published.
    """

    key: RunKey
    machine: Athlete
    telling: Telling = field(default_factory=Telling)
    kept_at_ms: int = 0
    to_repeat: Sequence[Finding] = ()


class Roster:
    """Finds or brings back the machine of a session."""

    def __init__(
        self, team: str, store: Store, shelf: Shelf, counters: Counters, *, every_s: float, room: int = MACHINES
    ) -> None:
        self._team = team
        self._store = store
        self._shelf = shelf
        self._counters = counters
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
            now_ms: findings of the five minutes before it are to be repeated after a restart.

        Raises:
            Unavailable: shelf or store cannot be read now; nothing was changed.
        """
        name = (athlete, session)
        seat = self._seats.get(name)
        if seat is None:
            seat = await self._bring_back(athlete, session, now_ms)
            self._seats[name] = seat
        self._seats.move_to_end(name)
        return seat

    def due(self) -> Sequence[Kept]:
        """Snapshots of machines whose last one is older than the settings allow, in their own run time.

        Only ask when everything that the machines have taken is in the store.
        """
        kept: list[Kept] = []
        for seat in self._seats.values():
            last_ms = seat.machine.last_ms
            if last_ms is not None and not 0 <= last_ms - seat.kept_at_ms < self._every_ms:
                kept.append(self._keep(seat, last_ms))
        return kept

    def rest(self) -> Sequence[Kept]:
        """Let the sessions go that have rested longest, when there are too many; return their snapshots."""
        kept: list[Kept] = []
        while len(self._seats) > self._room:
            _, seat = self._seats.popitem(last=False)
            if seat.machine.last_ms is not None:
                kept.append(self._keep(seat, seat.machine.last_ms))
        return kept

    @staticmethod
    def _keep(seat: Seat, last_ms: int) -> Kept:
        seat.kept_at_ms = last_ms
        return Kept(seat.key.athlete, seat.key.session, last_ms, seat.machine.snapshot())

    async def _bring_back(self, athlete: str, session: str, now_ms: int) -> Seat:
        key = RunKey(self._team, athlete, session)
        kept = await self._shelf.snapshot(athlete, session)
        machine, after_ms = self._restored(kept, athlete, session)
        # One second back: the second that the snapshot had open is in the store as well; the machine knows a
        # sample it has seen.
        samples = await self._store.samples(key, after_ms=after_ms - SECOND_MS)
        findings = await self._store.findings(key) if samples else ()
        # What this proves was proved before and stands in the store, together with the samples it came from.
        machine.observe(samples)
        if samples:
            self._counters.add("caught_up", by=len(samples))
            log.info("%s: went on from %d stored samples of session %s", athlete, len(samples), session)
        recent = tuple(finding for finding in findings if now_ms - finding.at_ms <= REPEAT_MS)
        return Seat(key, machine, kept_at_ms=after_ms, to_repeat=recent)

    def _restored(self, kept: Kept | None, athlete: str, session: str) -> tuple[Athlete, int]:
        if kept is None:
            return Athlete(athlete, session), 0
        try:
            return Athlete.restore(kept.body), kept.at_ms
        except (ValueError, KeyError, TypeError) as error:
            self._counters.add("snapshots_unread")
            log.warning("%s: the kept snapshot cannot be read (%s); the store is read from the start", athlete, error)
            return Athlete(athlete, session), 0
