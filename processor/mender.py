"""Machines that live data has carried past an outage are made anew once the backlog is there, beside the live work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.events import Finding, Sample
from crampwatch.metrics import Counters
from crampwatch.storage import Store
from crampwatch.units import SECOND_MS

from .drain import Gain
from .patience import READ_FAULTS, Patience, Wait
from .roster import Roster, recent, tell_stored
from .seat import Gap, Seat
from .shelf import Shelf

log = logging.getLogger(__name__)

Record = Callable[[Bus, Sequence[Gain]], Awaitable[None]]

#: Wall seconds between two looks, and how many looks in a row must find no more backlog of a session.
LOOK_S, QUIET_LOOKS = 1.0, 3
#: Samples that a machine is given before live work has its turn: some milliseconds.
SLICE = 128


class Mender:
    """Makes the machine of a session that has a gap anew: from the newest snapshot before the gap, or from the start.

    Live data goes on meanwhile, on the old machine. What the new one proves and nobody has stored yet is late: it is
    recorded and shown, and alerts nobody. Then the new one goes on, from complete data.

    Args:
        roster: where the sessions are.
        store: everything that was recorded.
        shelf: snapshots, and which sessions have gaps.
        turn: held while the roster's machines are moved.
        patience: for a store or shelf that is away.
        clock: the run's time.
        counters: ``mended``.
        record: stores and tells what sessions gained.
        wait: sleeps wall seconds.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        store: Store,
        shelf: Shelf,
        turn: asyncio.Lock,
        patience: Patience,
        clock: Clock,
        counters: Counters,
        record: Record,
        wait: Wait,
    ) -> None:
        self._roster = roster
        self._store = store
        self._shelf = shelf
        self._turn = turn
        self._patience = patience
        self._clock = clock
        self._counters = counters
        self._record = record
        self._wait = wait

    async def run(self, bus: Bus) -> None:
        """Mend until cancelled; begins with what an earlier life has left."""
        async with self._turn:
            await self._roster.recall(self._clock.now_ms())
        while True:
            await self._wait(LOOK_S)
            if self._roster.owes:
                async with self._turn:
                    await self._roster.recall(self._clock.now_ms())
            for seat in self._roster.behind():
                if seat.gap is not None and seat.gap.quiet(QUIET_LOOKS):
                    await self._mend(bus, seat, seat.gap)

    async def _mend(self, bus: Bus, seat: Seat, gap: Gap) -> None:
        before = gap.messages
        anew, after_ms = self._roster.restored(await self._roster.before(seat, gap.from_ms), seat)
        samples = await self._patience.insist("read", lambda: self._samples(seat, after_ms - SECOND_MS), READ_FAULTS)
        # Read after the samples: an answer is stored together with those that closed its second.
        findings = await self._patience.insist("read", lambda: self._store.findings(seat.key), READ_FAULTS)
        tell_stored(anew, findings, after_ms)
        gain = Gain(seat)
        for some in _slices(samples):
            gain.add(anew.observe(some), late=True)
            await asyncio.sleep(0)
        async with self._turn:
            # What live work has stored meanwhile; a machine knows a sample that it has seen.
            newest_ms = samples[-1].at_ms if samples else after_ms
            last = await self._patience.attempt("read", lambda: self._last(seat, newest_ms - SECOND_MS))
            if last is None or gap.messages != before or not self._roster.holds(seat):
                # Nobody is held up for it: the next look begins anew. Who was let go is recalled by then.
                return
            tell_stored(anew, last[1], anew.machine.last_ms or after_ms)
            for some in _slices(last[0]):
                gain.add(anew.observe(some), late=True)
            self._leave_known(gain, gap, last[1])
            if seat.unread:
                seat.to_repeat = recent(last[1], seat.heard_at_ms)
            await self._record(bus, [gain] if gain else [])
            seat.go_on_with(anew)
            seat.tell_kept(await self._patience.insist("recall", lambda: self._shelf.labels(*seat.name)))
            snapshot = seat.keep()
            snapshots = [] if snapshot is None else [snapshot]
            await self._patience.insist("keep", lambda: self._shelf.keep(snapshots, (), mended=[seat.key]))
        self._counters.add("mended")
        log.info("%s: session %s is complete again, %d samples observed anew", *seat.name, len(samples))

    async def _samples(self, seat: Seat, after_ms: int) -> Sequence[Sample]:
        return await self._store.samples(seat.key, after_ms=after_ms)

    async def _last(self, seat: Seat, after_ms: int) -> tuple[Sequence[Sample], Sequence[Finding]]:
        return await self._samples(seat, after_ms), await self._store.findings(seat.key)

    @staticmethod
    def _leave_known(gain: Gain, gap: Gap, findings: Sequence[Finding]) -> None:
        """Leave what is stored already, and what was assessed before the gap came to be known."""
        known = {one.id for one in findings}
        gain.findings = [one for one in gain.findings if one.id not in known]
        gain.assessments = [one for one in gain.assessments if gap.from_ms - SECOND_MS < one.at_ms <= gap.to_ms]


def _slices(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    return (samples[start : start + SLICE] for start in range(0, len(samples), SLICE))
