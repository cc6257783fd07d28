"""The machines of a team: one for each session that is under way, brought back from shelf and store when needed."""

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from crampwatch.events import Finding, Sample
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey, Store
from crampwatch.units import MINUTE_MS, SECOND_MS
from processor.athlete import Athlete

from .patience import Patience
from .seat import Gap, Seat
from .shelf import Kept, KeptGap, Shelf

log = logging.getLogger(__name__)

#: Machines held at once, some 60 KB each. A session that has rested longest makes room; it comes back from shelf and
#: store.
MACHINES = 5_000
#: A session of which nothing was heard for so long is over and makes room in any case.
OVER_MS = 60 * MINUTE_MS
#: Findings this young are published again after a restart: as long as a broker keeps one (takers know it by its id).
REPEAT_MS = 5 * MINUTE_MS
#: Snapshots taken at once, half a millisecond each.
SNAPSHOTS = 16
#: Samples a machine is given at once: about 10 ms, then the loop may turn to others.
SLICE = 512


def recent(findings: Sequence[Finding], now_ms: int) -> Sequence[Finding]:
    """Those that are published again when a session is brought back: a crash may have come before they were told."""
    return tuple(finding for finding in findings if now_ms - finding.at_ms <= REPEAT_MS)


class Roster:
    """Finds or brings back the machine of a session.

    Args:
        team: whose sessions.
        store: what was recorded of them.
        shelf: what was kept of their machines.
        patience: for a shelf that is away; a store that is away is not waited for.
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
        patience: Patience,
        counters: Counters,
        *,
        machines: type[Athlete] = Athlete,
        every_s: float,
        room: int = MACHINES,
    ) -> None:
        self._team = team
        self._store = store
        self._shelf = shelf
        self._patience = patience
        self._counters = counters
        self._machines = machines
        self._every_ms = int(every_s * SECOND_MS)
        self._room = room
        self._seats: OrderedDict[tuple[str, str], Seat] = OrderedDict()
        #: Whether the shelf may know gaps of sessions that are not here: of an earlier life, or let go since.
        self._left_gaps = True

    def __len__(self) -> int:
        return len(self._seats)

    async def seat(self, athlete: str, session: str, now_ms: int) -> Seat:
        """The seat of a session. The first time since the start its machine catches up with what the store holds.

        When the store cannot be read it goes on from the shelf's snapshot, or from nothing, and has a gap: nobody
        else waits for it, and it is mended later.

        Args:
            athlete: whose.
            session: which.
            now_ms: when something came for it, by the host; findings of the five minutes before are to be repeated
                after a restart.
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
        seats = self._seats.values()
        return [one for one in seats if one.heard_at_ms <= before_ms and not one.closed and one.gap is None]

    def due(self, seats: Iterable[Seat]) -> Sequence[Kept]:
        """Snapshots of those machines whose last one is older than the settings allow, in their own run time.

        Only some at once: a field that started together would otherwise hold up everybody each time it is due. Only
        ask when everything that the machines have taken is in the store.
        """
        due = itertools.islice((seat for seat in seats if seat.due(self._every_ms)), SNAPSHOTS)
        return [one for one in (seat.keep() for seat in due) if one is not None]

    def rest(self, now_ms: int) -> Sequence[Kept]:
        """Let sessions go that are over, and those that have rested longest when there are too many; some at once.

        Returns their snapshots. What has a gap stays until it is mended, a few seconds; where there are too many it
        goes once its gap is on the shelf, and is recalled when there is room.
        """
        leaving: list[tuple[str, str]] = []
        at_once = max(SNAPSHOTS, len(self._seats) - self._room)
        for name, seat in self._seats.items():
            too_many = len(self._seats) - len(leaving) > self._room
            over = seat.closed and now_ms - seat.heard_at_ms > OVER_MS
            if not (too_many or over) or len(leaving) >= at_once:
                break
            if seat.gap is None or seat.gap.kept:
                leaving.append(name)
        gone = [self._seats.pop(name) for name in leaving]
        self._left_gaps = self._left_gaps or any(seat.gap is not None for seat in gone)
        # Of a machine with a gap the shelf's older snapshot is worth more.
        kept = (seat.keep() for seat in gone if seat.gap is None)
        return [one for one in kept if one is not None]

    def behind(self) -> Sequence[Seat]:
        """Sessions whose machine has not observed everything that is stored."""
        return [seat for seat in self._seats.values() if seat.gap is not None]

    def holds(self, seat: Seat) -> bool:
        """Whether this seat was not let go meanwhile."""
        return self._seats.get(seat.name) is seat

    @property
    def owes(self) -> bool:
        """Whether sessions may have been left with a gap, and those that are here with one leave room for them."""
        return self._left_gaps and len(self.behind()) < self._room

    async def recall(self, now_ms: int) -> None:
        """Bring back sessions that were left with a gap, by an earlier life or for want of room: as many as there is
        room for, and a few more, for whom those that have rested longest go next time. Only ask while the turn is held.
        """
        resting = self.rest(now_ms)
        if resting:
            await self._patience.insist("keep", lambda: self._shelf.keep(resting, ()))
        gaps = await self._patience.insist("recall", self._shelf.gaps)
        away = [one for one in gaps if (one.athlete, one.session) not in self._seats]
        room = max(0, self._room - len(self._seats), min(SNAPSHOTS, self._room - len(self.behind())))
        for kept in away[:room]:
            await self.seat(kept.athlete, kept.session, now_ms)
        self._left_gaps = len(away) > room

    async def before(self, seat: Seat, at_ms: int) -> Kept | None:
        """The newest snapshot of a session that is older than this moment, if there is one."""
        known = [seat.before_hole, await self._on_shelf(*seat.name)]
        older = [one for one in known if one is not None and one.at_ms < at_ms]
        return max(older, key=lambda one: one.at_ms, default=None)

    def restored(self, kept: Kept | None, key: RunKey) -> tuple[Seat, int]:
        """A seat beside the roster, with the machine of a snapshot, and what that reaches to; else from the start."""
        machine, after_ms = self._restored(kept, key.athlete, key.session)
        return Seat(key, machine, self._counters), after_ms

    async def _bring_back(self, athlete: str, session: str, now_ms: int) -> Seat:
        key = RunKey(self._team, athlete, session)
        machine, after_ms = self._restored(await self._on_shelf(athlete, session), athlete, session)
        seat = Seat(key, machine, self._counters, kept_at_ms=after_ms)
        past = await self._past(key, after_ms)
        if past is None:
            seat.gap, seat.unread = Gap(after_ms + 1, after_ms + 1), True
        if self._left_gaps:
            owed = await self._patience.insist("recall", lambda: self._shelf.gap(athlete, session))
            self._owe(seat, owed)
        if past is None:
            return seat
        samples, findings = past
        await self._catch_up(seat, samples)
        if samples:
            self._counters.add("caught_up", by=len(samples))
            log.info("%s: went on from %d stored samples of session %s", athlete, len(samples), session)
        seat.to_repeat = recent(findings, now_ms)
        return seat

    @staticmethod
    def _owe(seat: Seat, owed: KeptGap | None) -> None:
        """Go on with a gap that the shelf knows; it knows enough to bring this seat back as it is."""
        if owed is None:
            return
        known = owed if seat.gap is None else KeptGap(*seat.name, seat.gap.from_ms, seat.gap.to_ms)
        seat.gap = Gap(min(known.from_ms, owed.from_ms), max(known.to_ms, owed.to_ms), kept=True)
        seat.late_to_ms = max(seat.late_to_ms, owed.to_ms)

    async def _past(self, key: RunKey, after_ms: int) -> tuple[Sequence[Sample], Sequence[Finding]] | None:
        """What the store holds of a run; None when it cannot be read now. The mender finds out when it can again."""
        if self._patience.lacks("read"):
            return None

        async def read() -> tuple[Sequence[Sample], Sequence[Finding]]:
            # One second back: the second that the snapshot had open is in the store as well; the machine knows a
            # sample it has seen.
            samples = await self._store.samples(key, after_ms=after_ms - SECOND_MS)
            return samples, await self._store.findings(key) if samples else ()

        return await self._patience.attempt("read", read)

    async def _on_shelf(self, athlete: str, session: str) -> Kept | None:
        return await self._patience.insist("recall", lambda: self._shelf.snapshot(athlete, session))

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
