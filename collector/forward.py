"""Spool to bus: the present first, in order per athlete and lane, forgotten only once it is stored."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from collector.lanes import Lanes
from collector.listening import Listening
from collector.spool import Spool, Spooled
from collector.stall import STALL_S, Stall
from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import CrampwatchError, Refused, Unavailable
from crampwatch.events import StoredUpTo
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.trouble import Trouble, level
from crampwatch.units import SECOND_MS

log = logging.getLogger(__name__)

Wait = Callable[[float], Coroutine[Any, Any, None]]
Took = Callable[[int], None]
Due = Callable[[Lanes], Awaitable[tuple[Sequence[Spooled], Took]]]

#: Younger than this in run time is live; older is history that must not raise an alert.
FRESH_S = 30.0
#: Messages read and sent at once.
WINDOW = 128
#: How far backlog may run ahead of storing. It bounds what lies before a live message: half a second's work.
AHEAD = 1_024
BACKOFF_S, BACKOFF_MAX_S = 0.2, 5.0
#: So long after another collector of our id was last heard it still counts as a problem.
OTHER_MS = 60 * SECOND_MS
#: Rows are forgotten in groups: the wait keeps the disk for what arrives.
FORGET_S = 0.2


class Forwarder:
    """Sends what is spooled and forgets what is stored.

    A publish that the broker took is not stored yet: a row is dropped only below the processor's watermark, and
    what lies above it is sent again, byte for byte, when the link comes back, when a processor speaks over a new link
    on which rows went ahead of it, or when the watermark stalls. Takers know a message by its row and a sample by its
    name.

    Rows that are forgotten were stored, so no processor shall wait for them: a new one, or one that lost its
    memory, would never see its rows without a gap. Hence, whenever sending begins again, the highest forgotten row
    goes before it, retained, as a watermark in the collector's own name.

    After an outage the present does not wait behind the past: rows go in two lanes, live ones first, a window of
    backlog between them. An athlete's order holds within each.

    Args:
        spool: where the messages are.
        team: the team of their topics.
        collector: whose messages they are.
        clock: the run's time, which decides what is live.
        counters: ``sent``, ``resends``, ``other_spools``.
        fresh_s: what is younger in run time goes as telemetry, what is older as backlog.
        wait: sleeps wall seconds.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        team: str,
        collector: str,
        clock: Clock,
        counters: Counters,
        fresh_s: float = FRESH_S,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._spool = spool
        self._team = team
        self._collector = collector
        self._clock = clock
        self._counters = counters
        self._fresh_ms = round(fresh_s * SECOND_MS)
        self._wait = wait
        self._lanes: Lanes | None = None
        self._sent_to = spool.forgotten
        self._watermark = spool.forgotten
        self._work = asyncio.Event()
        self._stored = asyncio.Event()
        self._moved = asyncio.Event()
        self._untold = True
        self._unheard = False
        self._listening = Listening(wait)
        self._stall = Stall()
        self._other: str | None = None
        self._other_at_ms = 0
        self._down = Trouble(log, "cannot forward, everything is kept", "forwarding again")

    @property
    def spool(self) -> str:
        """The identity under which rows are counted."""
        return self._spool.identity

    @property
    def oldest_ms(self) -> int | None:
        """When the first message that is kept was measured; None when none is."""
        return self._spool.oldest_ms

    @property
    def waiting(self) -> int:
        """How many messages are kept because they are not known to be stored."""
        return self._spool.depth

    def problems(self, now_ms: int) -> Sequence[str]:
        """What keeps rows from being stored, or will; one line each."""
        said = [self._down.problem] if self._down.problem else []
        if self._other is not None and now_ms - self._other_at_ms < OTHER_MS:
            said.append(f"another collector uses our id {self._collector}: give each a collector.id of its own")
        if self._stall.lasts:
            said.append("no processor stores what is sent, everything is kept: is `crampwatch process` running?")
        return said

    async def run(self, bus: Bus) -> None:
        """Forward over this link until cancelled."""
        self._listening.begins(bus)
        self._rewind()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(bus), name="forward-send")
            group.create_task(self._watch(), name="forward-watch")
            group.create_task(self._listening.watch(self.wake), name="forward-look")
            group.create_task(self._forget(), name="forward-forget")

    def wake(self) -> None:
        """Something was spooled."""
        self._work.set()

    async def stored_up_to(self, mark: StoredUpTo, *, link_is_new: bool) -> None:
        """The processor's watermark came.

        Args:
            mark: every row up to its own is stored, if it is of our spool; another's says nothing of our rows.
            link_is_new: the broker kept it from before, which it says once per link: then what was under way on
                the link before may be lost and is sent again.
        """
        back = False
        if mark.spool != self._spool.identity:
            self.hear_of(mark.spool, kept=link_is_new)
        elif mark.row >= self._spool.next_row:
            log.warning(
                "the spool was replaced by an older copy of itself (row %d is stored, ours go to %d); its rows get a "
                "new identity, so that none of them is taken for stored",
                mark.row,
                self._spool.next_row - 1,
            )
            await self._spool.renew()
            self._watermark = self._sent_to = self._spool.forgotten
            self._rewind()
        else:
            back = self._stall.heard(moved=mark.row > self._watermark)
            if mark.row > self._watermark:
                self._watermark = mark.row
                self._stored.set()
        in_doubt = self._listening.heard(kept=link_is_new) and self._sent_to > self._watermark
        if link_is_new or back or in_doubt:
            self._rewind()
        self._work.set()

    def hear_of(self, spool: str, *, kept: bool) -> None:
        """A spool is in use under our collector's id.

        Args:
            spool: its identity; nothing is said of our own.
            kept: the broker kept the word from before: it may be of a file that ours has replaced.
        """
        if spool == self._spool.identity or kept:
            return
        self._other, self._other_at_ms = spool, self._clock.now_ms()
        first = self._counters.add("other_spools") == 1
        log.log(
            level(first=first),
            "another spool (%s, ours is %s) is in use under our id %s: unless our file was replaced a moment ago, "
            "another collector has the same id; give each a collector.id of its own",
            spool,
            self._spool.identity,
            self._collector,
        )

    async def sent(self) -> None:
        """Return once the broker has taken everything that is spooled."""
        while self._lanes is None or not self._lanes.sent_all(self._spool.next_row):
            self._moved.clear()
            await self._moved.wait()

    async def drained(self) -> None:
        """Return once everything that is spooled is stored and forgotten."""
        while self._spool.depth:
            self._moved.clear()
            await self._moved.wait()

    def _rewind(self) -> None:
        self._lanes = None
        self._untold = True
        self._work.set()

    # --- sending --------------------------------------------------------------------------------------------

    async def _send(self, bus: Bus) -> None:
        backoff_s = BACKOFF_S
        while True:
            self._work.clear()
            if await self._listening.renewed():
                self._rewind()
            error = await self._tell_forgotten(bus)
            busy = False
            for due in (self._live, self._backlog):
                if error is None:
                    count, error = await self._send_some(bus, due)
                    busy = busy or count > 0
            if error is not None:
                self._failed(error)
                await self._wait(backoff_s)
                backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)
                self._rewind()
                continue
            backoff_s = BACKOFF_S
            self._moved.set()
            if not busy:
                await self._work.wait()

    async def _send_some(self, bus: Bus, due: Due) -> tuple[int, CrampwatchError | None]:
        """Send what is due of one lane. Returns how many rows that were, and what went wrong."""
        try:
            lanes = await self._current_lanes()
            rows, took = await due(lanes)
        except Unavailable as away:
            return 0, away
        if not rows:
            return 0, None
        error = await self._publish(bus, rows)
        if error is None:
            took(rows[-1].row)
            self._succeeded(len(rows))
        return len(rows), error

    async def _current_lanes(self) -> Lanes:
        """The lanes in use; they begin anew above the watermark when something asked for it meanwhile."""
        while (lanes := self._lanes) is None:
            first = max(self._watermark, self._spool.forgotten) + 1
            began = self._lanes = Lanes(first)
            border = await self._spool.first_since(first, self._clock.now_ms() - self._fresh_ms)
            if self._lanes is began:
                began.set_aside(border)
        return lanes

    async def _live(self, lanes: Lanes) -> tuple[Sequence[Spooled], Took]:
        """The next rows of the present. What has grown old while it waited is left to the backlog."""
        if lanes.live >= self._spool.next_row:
            return (), lanes.took_live
        rows = await self._spool.read(lanes.live, WINDOW)
        oldest_ms = self._clock.now_ms() - self._fresh_ms
        if rows and rows[0].at_ms <= oldest_ms:
            lanes.set_aside(await self._spool.first_since(lanes.live, oldest_ms))
            rows = await self._spool.read(lanes.live, WINDOW)
            # More may have come meanwhile, as old as what was set aside: its turn is after that.
            rows = rows if rows and rows[0].at_ms > oldest_ms else ()
        return rows, lanes.took_live

    async def _backlog(self, lanes: Lanes) -> tuple[Sequence[Spooled], Took]:
        """The next rows of the past, as far as they may run ahead of what is stored."""
        if lanes.backlog is None or lanes.backlog[0] > self._watermark + AHEAD:
            return (), lanes.took_backlog
        row, count = lanes.backlog
        return await self._spool.read(row, min(count, WINDOW)), lanes.took_backlog

    async def _tell_forgotten(self, bus: Bus) -> CrampwatchError | None:
        """Before rows are sent again: what lies below them is nobody's to wait for. Returns why that must wait."""
        if not self._untold:
            return None
        self._untold = False
        mark = StoredUpTo(collector=self._collector, spool=self._spool.identity, row=self._spool.forgotten)
        try:
            await bus.publish(Topic(SYSTEM, self._collector, Kind.WATERMARK, self._collector), encode(mark))
        except Unavailable as error:
            return error
        except Refused as refusal:
            # Telemetry goes all the same: a processor that knows us needs no word of it.
            log.log(level(first=not self._unheard), "a new processor will wait for stored rows: %s", refusal)
            self._unheard = True
        return None

    async def _publish(self, bus: Bus, rows: Sequence[Spooled]) -> CrampwatchError | None:
        """Send rows, athletes side by side, each athlete's in order. Returns the first thing that went wrong."""
        by_athlete: dict[str, list[Spooled]] = {}
        for row in rows:
            by_athlete.setdefault(row.athlete, []).append(row)
        if len(by_athlete) == 1:
            return await self._in_order(bus, rows)
        results = await asyncio.gather(*(self._in_order(bus, own) for own in by_athlete.values()))
        return next((error for error in results if error is not None), None)

    async def _in_order(self, bus: Bus, rows: Sequence[Spooled]) -> CrampwatchError | None:
        for row in rows:
            # What is dated ahead of the clock is no more live than what is late.
            fresh = abs(self._clock.now_ms() - row.at_ms) < self._fresh_ms
            topic = Topic(self._team, row.athlete, Kind.TELEMETRY if fresh else Kind.BACKLOG)
            # Counted before it is handed over: the watermark may be here before the broker's receipt.
            self._sent_to = max(self._sent_to, row.row)
            try:
                await bus.publish(topic, row.payload)
            except (Unavailable, Refused) as error:
                # A refusal is the broker's settings (rights, sizes), not the message's fault: it is kept as well.
                return error
        return None

    def _failed(self, error: CrampwatchError) -> None:
        self._down.begins(self._clock.now_ms(), error)

    def _succeeded(self, count: int) -> None:
        self._counters.add("sent", by=count)
        self._down.ends(self._clock.now_ms(), f"{self._spool.depth} messages waited")

    # --- storing --------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            before, under_way = self._watermark, self._sent_to
            await self._wait(STALL_S)
            waits = self._watermark == before and under_way > before and not self._down.lasts
            if not self._stall.looked(waits=waits):
                continue
            words = "no processor has stored rows %d to %d; sending them again"
            log.log(level(first=not self._stall.lasts), words, before + 1, under_way)
            self._stall.lasts = True
            self._counters.add("resends")
            self._rewind()

    async def _forget(self) -> None:
        while True:
            await self._stored.wait()
            self._stored.clear()
            await self._wait(FORGET_S)
            try:
                await self._spool.forget(self._watermark)
            except Unavailable as error:
                # The next watermark, or the next start, tries again; a row too many is only sent twice.
                log.debug("stored rows could not be dropped yet: %s", error)
            self._moved.set()
