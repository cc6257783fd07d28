"""Carries states of alerts out of the journal, in order, to the bus and to the store, each at its own pace."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Misconfigured, Refused, Throttled, Unavailable
from crampwatch.metrics import Counters
from crampwatch.storage import Batch, RunKey, Store
from crampwatch.topics import Kind, Topic
from crampwatch.trouble import Trouble, level

from .journal import Change, Journal, Way
from .rows import NO_SESSION

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0


class Outlet:
    """Sends every change one way, in order, each until it is taken.

    Args:
        way: which way; marks in the journal what has gone.
        send: hands over one change; raises Unavailable (later) or Refused (never).
        journal: what is to go.
        clock: waits are by it.
        counters: the figure named after ``way``, and ``outlet_failed`` by way.
    """

    def __init__(
        self, way: Way, send: Callable[[Change], Awaitable[None]], journal: Journal, clock: Clock, counters: Counters
    ) -> None:
        self._way = way
        self._send = send
        self._journal = journal
        self._clock = clock
        self._counters = counters
        self._news = asyncio.Event()
        self._trouble = Trouble(log, f"alert states wait to be {way}", f"alert states are {way} again")
        self._refused: str | None = None

    @property
    def problem(self) -> str | None:
        """Why states wait or are left out, and what to do; None: the last went its way."""
        return self._trouble.problem or self._refused

    @property
    def way(self) -> Way:
        """Which way."""
        return self._way

    def wake(self) -> None:
        """Something new is to go."""
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled."""
        wait_s = FIRST_WAIT_S
        while True:
            self._news.clear()
            try:
                await self._send_waiting()
            except Unavailable as error:
                self._trouble.begins(self._clock.now_ms(), error)
                self._counters.add("outlet_failed", self._way)
                await self._clock.sleep(max(wait_s, error.retry_after_s if isinstance(error, Throttled) else 0.0))
                wait_s = min(LONGEST_WAIT_S, wait_s * 2)
                continue
            self._trouble.ends(self._clock.now_ms())
            wait_s = FIRST_WAIT_S
            await self._news.wait()

    async def _send_waiting(self) -> None:
        """Send everything that waits, and mark it by batches: a state that goes twice is the same state."""
        while changes := await self._journal.changes(self._way):
            gone: list[Change] = []
            try:
                for change in changes:
                    await self._send_one(change)
                    gone.append(change)
            finally:
                if gone:
                    await self._journal.gone(self._way, gone)

    async def _send_one(self, change: Change) -> None:
        try:
            await self._send(change)
        except Refused as error:
            self._counters.add("outlet_refused", self._way)
            first = self._refused is None
            self._refused = f"alert states are not {self._way}: {error}"
            log.log(level(first=first), "the state of alert %s is never %s: %s", change.alert.id, self._way, error)
        else:
            self._counters.add(self._way)
            self._refused = None


def to_bus(bus: Bus, team: str) -> Callable[[Change], Awaitable[None]]:
    """Sends states as retained messages, one slot per kind of alert; a closed one is said, then taken away."""

    async def send(change: Change) -> None:
        topic = Topic(team, change.athlete, Kind.ALERT, change.alert.kind)
        await bus.publish(topic, encode(change.alert))
        if not change.alert.state.open and change.last_of_slot:
            await bus.publish(topic, b"")

    return send


def to_store(store: Store, team: str) -> Callable[[Change], Awaitable[None]]:
    """Records states with their run; what belongs to no run is not recorded.

    A store that cannot work until a setting is mended is away, as seen from here: pushes go out without it.
    """

    async def send(change: Change) -> None:
        if change.alert.session == NO_SESSION:
            return
        run = RunKey(team, change.athlete, change.alert.session)
        try:
            await store.record([Batch(run, alerts=(change.alert,))])
        except Misconfigured as error:
            raise Unavailable(str(error)) from error

    return send
