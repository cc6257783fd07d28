"""What follows once rows are stored: a restart's needs are kept, collectors are told; soon, but not for each row."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import CrampwatchError, Refused
from crampwatch.events import StoredUpTo
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.trouble import level
from crampwatch.units import HOUR_MS

from .drain import Drain
from .marks import Marks
from .patience import Patience, Wait
from .reading import Origin
from .roster import Roster
from .seat import Seat
from .shelf import OLD_MS, KeptGap, Shelf

log = logging.getLogger(__name__)

#: Wall seconds between two writes of the shelf, and of a mark. A commit and a publish for each drain would cost more
#: than the drain.
KEEP_S = 0.2
#: Run time between two looks for what the shelf need not keep any longer.
FORGET_MS = HOUR_MS


class Settler:
    """Moves watermarks as rows are stored, keeps and tells them at once and then at most every :data:`KEEP_S`.

    No ack waits for a mark: what a crash takes of the marks is sent again by the collector, and the store knows it.
    A gap is different, nobody would tell us of it again: it is kept before its message is acked.

    Args:
        processor: whose marks these are.
        roster: whose machines are kept.
        shelf: where.
        turn: held while machines are kept.
        patience: for a shelf or broker that is away.
        clock: the run's time.
        counters: ``unpublished``.
        wait: sleeps wall seconds.
    """

    def __init__(
        self,
        *,
        processor: str,
        roster: Roster,
        shelf: Shelf,
        turn: asyncio.Lock,
        patience: Patience,
        clock: Clock,
        counters: Counters,
        wait: Wait,
    ) -> None:
        self._processor = processor
        self._roster = roster
        self._shelf = shelf
        self._turn = turn
        self._patience = patience
        self._clock = clock
        self._counters = counters
        self._wait = wait
        self._news = asyncio.Event()
        self._moved: dict[tuple[str, str], Seat] = {}
        self._unkept: set[Origin] = set()
        self._untold: dict[Origin, int] = {}
        #: Collectors of whom a mark was dropped: what is retained of them goes, unless another spool has a mark.
        self._dropped: set[str] = set()
        self._forgot_at_ms: int | None = None
        self.marks = Marks()

    async def settle(self, drain: Drain, moved: Iterable[Seat]) -> None:
        """Everything in this drain is stored. Only ask while the turn is held."""
        now_ms = self._clock.now_ms()
        for origin, row in drain.settled:
            self.marks.settle(origin, row, now_ms)
        self._unkept.update(drain.raised, (origin for origin, _ in drain.settled))
        self._moved.update((seat.name, seat) for seat in moved)
        self._news.set()
        gaps = [KeptGap(key.athlete, key.session, gap.from_ms, gap.to_ms) for key, gap in drain.gaps.items()]
        if gaps:
            await self._keep(gaps)
            for gap in drain.gaps.values():
                gap.kept = True

    async def run(self, bus: Bus) -> None:
        """Keep and tell until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            async with self._turn:
                await self._keep()
                await self._forget()
            await self._tell(bus)
            await self._wait(KEEP_S)

    async def end(self, bus: Bus) -> None:
        """Keep and tell the last marks, without patience. No machine: it may hold what is not stored."""
        try:
            await self._shelf.keep((), self.marks.kept(self._unkept))
            self._kept()
            for origin, row in sorted(self._untold.items()):
                await self._publish(bus, origin, row)
            for collector in sorted(self._dropped):
                await self._clear(bus, collector)
        except CrampwatchError as error:
            log.debug("last marks not kept: %s", error)

    async def _keep(self, gaps: Sequence[KeptGap] = ()) -> None:
        now_ms = self._clock.now_ms()
        gone = self.marks.prune(now_ms)
        snapshots = [*self._roster.due(self._moved.values()), *self._roster.rest(now_ms)]
        marks = self.marks.kept(self._unkept)
        if snapshots or marks or gone or gaps:
            await self._patience.insist("keep", lambda: self._shelf.keep(snapshots, marks, gone, gaps))
        self._dropped.update(origin.collector for origin in gone)
        self._moved.clear()
        self._kept()

    async def _forget(self) -> None:
        now_ms = self._clock.now_ms()
        if self._forgot_at_ms is None or abs(now_ms - self._forgot_at_ms) >= FORGET_MS:
            await self._patience.insist("keep", lambda: self._shelf.forget(now_ms - OLD_MS))
            self._forgot_at_ms = now_ms

    def _kept(self) -> None:
        self._untold.update((origin, self.marks.up_to(origin)) for origin in self._unkept)
        self._unkept.clear()

    async def _tell(self, bus: Bus) -> None:
        for origin, row in sorted(self._untold.items()):
            await self._insist(functools.partial(self._publish, bus, origin, row))
            if self._untold[origin] == row:
                del self._untold[origin]
        for collector in sorted(self._dropped):
            await self._insist(functools.partial(self._clear, bus, collector))
            self._dropped.discard(collector)

    async def _insist(self, publish: Callable[[], Awaitable[None]]) -> None:
        try:
            await self._patience.insist("publish", publish)
        except Refused as refused:
            first = self._counters.add("unpublished", refused.reason) == 1
            log.log(level(first=first), "%s not published: %s", Kind.WATERMARK, refused)

    async def _publish(self, bus: Bus, origin: Origin, row: int) -> None:
        # Knowing nothing is no news: it would wipe out the mark that the broker retained for us.
        if row >= 0:
            message = StoredUpTo(collector=origin.collector, spool=origin.spool, row=row)
            await bus.publish(self._topic(origin.collector), encode(message))

    async def _clear(self, bus: Bus, collector: str) -> None:
        """Have nothing retained of a collector none of whose spools has a mark; each would stay there for ever."""
        if not self.marks.knows(collector):
            await bus.publish(self._topic(collector), b"")

    def _topic(self, collector: str) -> Topic:
        return Topic(SYSTEM, collector, Kind.WATERMARK, self._processor)
