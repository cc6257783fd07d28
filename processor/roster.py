"""The machines of a team: one for each session that is under way, brought back from shelf and store when needed."""

import asyncio
import functools
import itertools
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crampwatch.events import Finding, Sample
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey, Store
from crampwatch.units import HOUR_MS, MINUTE_MS, SECOND_MS
from processor.athlete import Athlete

from .labels import stored_label
from .patience import Patience
from .personal import Personal
from .profile import Asked, Profile, profile_of
from .seat import Gap, Seat
from .shelf import Kept, KeptGap, Shelf

log = logging.getLogger(__name__)

#: Machines held at once, some 60 KB each. A session that has rested longest makes room; it comes back from shelf and
#: store.
MACHINES = 5_000
#: A session of which nothing was heard for so long is over and makes room in any case.
OVER_MS = 60 * MINUTE_MS
#: Who was heard of so lately may still say something of that session (a cramp may come up to 6 h after, science 1.1).
SPEAKS_MS = 6 * HOUR_MS
#: A session that nothing came of for so long before the athlete's next one began is over.
BREAK_MS = 5 * MINUTE_MS
#: Findings this young are published again after a restart: as long as a broker keeps one (takers know it by its id).
REPEAT_MS = 5 * MINUTE_MS
#: Snapshots taken at once, half a millisecond each.
SNAPSHOTS = 16
#: Samples a machine is given at once: about 10 ms, then the loop may turn to others.
SLICE = 512


def recent(findings: Sequence[Finding], now_ms: int) -> Sequence[Finding]:
    """Those that are published again when a session is brought back: a crash may have come before they were told."""
    return tuple(finding for finding in findings if now_ms - finding.at_ms <= REPEAT_MS)


def tell_stored(seat: Seat, findings: Sequence[Finding], after_ms: int) -> None:
    """Tell a machine what people said, as the store knows it: those answers that took effect after this moment.

    Told before the seconds are observed again, each takes effect where it did. The store gives those in the order of
    their time, whatever the athlete's clock did: no step back is to be waited for.
    """
    restarts = seat.machine.restarts
    for label in map(stored_label, findings):
        if label is not None and label.at_ms > after_ms and label.restarts >= restarts:
            seat.tell(replace(label, restarts=restarts), proved=True)


class Roster:
    """Finds or brings back the machine of a session.

    Args:
        team: whose sessions.
        store: what was recorded of them.
        shelf: what was kept of their machines.
        patience: for a shelf that is away; a store that is away is not waited for.
        counters: ``caught_up``, ``snapshots_unread``, ``baselines_unread``, and ``failed`` of the seats.
        machines: makes and restores machines.
        every_s: how old a snapshot may get, in run time.
        asked: what the settings say of athletes, by id.
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
        asked: Mapping[str, Asked] | None = None,
        room: int = MACHINES,
    ) -> None:
        self._team = team
        self._store = store
        self._shelf = shelf
        self._patience = patience
        self._counters = counters
        self._machines = machines
        self._every_ms = int(every_s * SECOND_MS)
        self._asked = asked or {}
        self._room = room
        self._seats: OrderedDict[tuple[str, str], Seat] = OrderedDict()
        #: Whether the shelf may know gaps of sessions that are not here: of an earlier life, or let go since.
        self._left_gaps = True

    def __len__(self) -> int:
        return len(self._seats)

    async def seat(self, athlete: str, session: str, now_ms: int, began_ms: int | None = None) -> Seat:
        """The seat of a session. The first time since the start its machine catches up with what the store holds.

        When the store cannot be read it goes on from the shelf's snapshot, or from nothing, and has a gap: nobody
        else waits for it, and it is mended later.

        Args:
            athlete: whose.
            session: which.
            now_ms: when something came for it, by the host; findings of the five minutes before are to be repeated
                after a restart.
            began_ms: the first second of what came; the profile of a new session is of what was known before it.
        """
        name = (athlete, session)
        seat = self._seats.get(name)
        if seat is None:
            seat = await self._bring_back(athlete, session, now_ms, now_ms if began_ms is None else began_ms)
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

        Returns their snapshots, of a session that is over with what it taught. What has a gap
        stays until it is mended, a few seconds; where there are too many it
        goes once its gap is on the shelf, and is recalled when there is room.
        """
        leaving: dict[tuple[str, str], bool] = {}
        at_once = max(SNAPSHOTS, len(self._seats) - self._room)
        for name, seat in self._seats.items():
            too_many = len(self._seats) - len(leaving) > self._room
            over = seat.closed and now_ms - seat.heard_at_ms > OVER_MS
            if not (too_many or over) or len(leaving) >= at_once:
                break
            if seat.gap is None or seat.gap.kept:
                leaving[name] = over
        gone = [(self._seats.pop(name), over) for name, over in leaving.items()]
        self._left_gaps = self._left_gaps or any(seat.gap is not None for seat, _ in gone)
        # Of a machine with a gap the shelf's older snapshot is worth more.
        kept = (seat.keep(over_ms=now_ms if over else None) for seat, over in gone if seat.gap is None)
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

    async def newest(self, athlete: str, now_ms: int) -> Seat | None:
        """The seat of an athlete's newest session; one that rested not long ago is brought back. None: there is none.

        A session that was let go may be newer than one that is here, an older one of which backlog came. Only ask
        while the turn is held.
        """
        here = [seat for seat in self._seats.values() if seat.key.athlete == athlete]
        newest = max(here, key=lambda seat: (seat.reaches_ms, seat.heard_at_ms), default=None)
        kept = await self._patience.insist("recall", lambda: self._shelf.newest_session(athlete, now_ms - SPEAKS_MS))
        if kept is None or (newest is not None and newest.reaches_ms >= kept[1]):
            return newest
        return await self.seat(athlete, kept[0], now_ms)

    async def before(self, seat: Seat, at_ms: int) -> Kept | None:
        """The newest snapshot of a session that is older than this moment, if there is one."""
        known = [seat.before_hole, await self._on_shelf(*seat.name)]
        older = [one for one in known if one is not None and one.at_ms < at_ms]
        return max(older, key=lambda one: one.at_ms, default=None)

    def restored(self, kept: Kept | None, seat: Seat) -> tuple[Seat, int]:
        """A seat beside the roster for the same session, and what it reaches to: with the machine of a snapshot, else
        with one from the start, which knows beforehand what the first one knew.
        """
        machine = self._machine(kept)
        if machine is None or kept is None:
            return Seat(seat.key, self._machines(*seat.name, seat.machine.profile), self._counters), 0
        return Seat(seat.key, machine, self._counters, began=True), kept.at_ms

    async def _bring_back(self, athlete: str, session: str, now_ms: int, began_ms: int) -> Seat:
        key = RunKey(self._team, athlete, session)
        kept = await self._on_shelf(athlete, session)
        machine = self._machine(kept)
        after_ms = 0 if machine is None or kept is None else kept.at_ms
        past = await self._past(key, after_ms)
        if machine is None:
            first_ms = past[0][0].at_ms if past is not None and past[0] else began_ms
            machine = self._machines(athlete, session, await self._profile(athlete, session, first_ms, now_ms))
        seat = Seat(key, machine, self._counters, kept_at_ms=after_ms, began=after_ms > 0)
        await self._go_on(seat, past, after_ms, now_ms)
        seat.tell_kept(await self._patience.insist("recall", lambda: self._shelf.labels(athlete, session)))
        return seat

    async def _go_on(
        self, seat: Seat, past: tuple[Sequence[Sample], Sequence[Finding]] | None, after_ms: int, now_ms: int
    ) -> None:
        """Catch up with the past, or begin with a gap when it is not known."""
        athlete, session = seat.name
        if past is None:
            seat.gap, seat.unread = Gap(after_ms + 1, after_ms + 1), True
        if self._left_gaps:
            owed = await self._patience.insist("recall", lambda: self._shelf.gap(athlete, session))
            self._owe(seat, owed)
        if past is None:
            return
        samples, findings = past
        tell_stored(seat, findings, after_ms)
        await self._catch_up(seat, samples)
        if samples:
            self._counters.add("caught_up", by=len(samples))
            log.info("%s: went on from %d stored samples of session %s", athlete, len(samples), session)
        seat.to_repeat = recent(findings, now_ms)

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

    async def _profile(self, athlete: str, session: str, began_ms: int, now_ms: int) -> Profile:
        """What a session knows beforehand: what it began with; for a new one what was known then."""
        await self._learn_before(athlete, began_ms, now_ms)
        begun = functools.partial(self._shelf.beginning, athlete, session, began_ms)
        known, personal = await self._patience.insist("recall", begun)
        if personal is None:
            self._counters.add("baselines_unread")
        return known or profile_of(self._asked.get(athlete, Asked()), personal or Personal(), began_ms)

    async def _learn_before(self, athlete: str, began_ms: int, now_ms: int) -> None:
        """Learn from an athlete's earlier sessions now that a new one begins: they may not have rested long enough, or
        an earlier life has ended before they had.
        """
        earlier = await self._patience.insist("recall", lambda: self._shelf.unlearned(athlete, began_ms - BREAK_MS))
        for session in earlier:
            seat = self._seats.get((athlete, session)) or await self._aside(athlete, session)
            if seat is None or seat.gap is not None:
                continue
            # One that failed has no summary, now or ever.
            keep = functools.partial(self._shelf.learn, athlete, session, seat.summary(now_ms))
            await self._patience.insist("keep", keep)

    async def _aside(self, athlete: str, session: str) -> Seat | None:
        """A session as it ended, in no place of the roster; None when not all that is known of it can be read now.

        One whose snapshot cannot be read comes as failed: it would be no other the next time.
        """
        kept = await self._on_shelf(athlete, session)
        machine = self._machine(kept)
        owed = await self._patience.insist("recall", lambda: self._shelf.gap(athlete, session))
        if kept is None or owed is not None:
            return None
        if machine is None:
            nothing = self._machines(athlete, session)
            return Seat(RunKey(self._team, athlete, session), nothing, self._counters, failed=True)
        seat = Seat(RunKey(self._team, athlete, session), machine, self._counters, began=True)
        past = await self._past(seat.key, kept.at_ms)
        if past is None:
            return None
        tell_stored(seat, past[1], kept.at_ms)
        await self._catch_up(seat, past[0])
        seat.tell_kept(await self._patience.insist("recall", lambda: self._shelf.labels(athlete, session)))
        return seat

    def _machine(self, kept: Kept | None) -> Athlete | None:
        """The machine of a snapshot; None when there is none that can be read."""
        if kept is None:
            return None
        try:
            return self._machines.restore(kept.body)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self._counters.add("snapshots_unread")
            words = "%s: the kept snapshot cannot be read (%s); the store is read from the start"
            log.warning(words, kept.athlete, error)
            return None
