"""Gets pushes out: each channel for itself, retried until the deadline of the alert, never later."""

import asyncio
import logging
from collections.abc import Callable

from crampwatch.clock import Clock
from crampwatch.errors import Refused, Throttled, Unavailable
from crampwatch.metrics import Counters
from crampwatch.units import SECOND_MS

from .channels import Channel, Push
from .push_log import PushLog, PushState
from .waiting import news_or

log = logging.getLogger(__name__)

#: Run seconds before the second attempt, doubled for each further one.
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 15.0
#: Wall seconds that an attempt under way may take to end when the alerter is stopped.
GRACE_S = 2.0


class Courier:
    """Carries what one channel owes.

    Args:
        channel: where to.
        pushes: what is owed, on disk.
        clock: run time; deadlines and waits are by it.
        counters: ``pushed``, ``push_failed``, ``push_given_up`` by channel.
        delivered: called after a push was taken.
    """

    def __init__(
        self, channel: Channel, pushes: PushLog, clock: Clock, counters: Counters, delivered: Callable[[], None]
    ) -> None:
        self._channel = channel
        self._pushes = pushes
        self._clock = clock
        self._counters = counters
        self._delivered = delivered
        self._news = asyncio.Event()
        self._away_since_ms: int | None = None

    @property
    def name(self) -> str:
        """The channel's."""
        return self._channel.name

    def wake(self) -> None:
        """Something new is owed."""
        self._news.set()

    async def run(self) -> None:
        """Carry until cancelled."""
        wait_s = FIRST_WAIT_S
        while True:
            self._news.clear()
            try:
                again_s = await self._round()
            except Unavailable as error:
                self._away(f"the journal cannot be written: {error}")
                again_s = FIRST_WAIT_S
            await news_or(self._news, self._clock, None if again_s is None else max(wait_s, again_s))
            wait_s = FIRST_WAIT_S if again_s is None else min(LONGEST_WAIT_S, wait_s * 2)

    async def _round(self) -> float | None:
        """Try everything that is owed once; run seconds to wait before the next round, None: nothing is left."""
        waits_s = [await self._in_one_piece(alert_id) for alert_id in await self._pushes.owed(self.name)]
        return max((wait_s for wait_s in waits_s if wait_s is not None), default=None)

    async def _in_one_piece(self, alert_id: str) -> float | None:
        """One attempt that an orderly stop lets come to its end, within :data:`GRACE_S`: else nobody knows what was
        felt, and it may not be repeated.
        """
        attempt = asyncio.create_task(self._begin_and_attempt(alert_id), name=f"push-{self.name}-{alert_id[:40]}")
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError:
            await asyncio.wait({attempt}, timeout=GRACE_S)
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            raise

    async def _begin_and_attempt(self, alert_id: str) -> float | None:
        now_ms, repeatable = self._clock.now_ms(), self._channel.repeatable
        begun = await self._pushes.begin(alert_id, self.name, now_ms, repeatable=repeatable)
        return None if begun is None else await self._attempt(*begun)

    async def _attempt(self, push: Push, deadline_at_ms: int) -> float | None:
        """One attempt, begun in the journal; run seconds to wait before another, None: it is settled."""
        name = self._channel.name
        try:
            in_time = await self._deliver(push, deadline_at_ms)
        except Refused as error:
            self._counters.add("push_refused", name)
            log.warning("%s refused the alert %s: %s", name, push.alert.id, error)
            await self._settle(push, PushState.REFUSED, str(error))
            return None
        except Unavailable as error:
            self._away(str(error))
            await self._settle(push, PushState.PENDING, str(error))
            return error.retry_after_s if isinstance(error, Throttled) else FIRST_WAIT_S
        if not in_time:
            self._counters.add("push_given_up", name)
            await self._settle(push, PushState.TOO_LATE, "the deadline came first")
            return None
        self._back()
        self._counters.add("pushed", name)
        await self._settle(push, PushState.TAKEN)
        self._delivered()
        return None

    async def _deliver(self, push: Push, deadline_at_ms: int) -> bool:
        """Hand over; False when the deadline came first."""
        left_s = (deadline_at_ms - self._clock.now_ms()) / SECOND_MS
        if left_s <= 0:  # the journal took its time
            return False
        delivery = asyncio.create_task(self._channel.deliver(push), name=f"deliver-{self._channel.name}")
        deadline = asyncio.create_task(self._clock.sleep(left_s), name=f"deadline-{self._channel.name}")
        try:
            await asyncio.wait({delivery, deadline}, return_when=asyncio.FIRST_COMPLETED)
            if not delivery.done():
                return False
            await delivery
            return True
        finally:
            delivery.cancel()
            deadline.cancel()
            await asyncio.gather(delivery, deadline, return_exceptions=True)

    async def _settle(self, push: Push, state: PushState, detail: str = "") -> None:
        """Note how an attempt ended. Until that is on disk nothing else is tried: it would be felt twice."""
        while True:
            try:
                await self._pushes.end(push.alert.id, self._channel.name, state, self._clock.now_ms(), detail)
            except Unavailable as error:
                self._away(f"the journal cannot be written: {error}")
                await self._clock.sleep(FIRST_WAIT_S)
            else:
                return

    def _away(self, why: str) -> None:
        self._counters.add("push_failed", self._channel.name)
        first = self._away_since_ms is None
        if first:
            self._away_since_ms = self._clock.now_ms()
        log.log(logging.WARNING if first else logging.DEBUG, "%s is away, retrying: %s", self._channel.name, why)

    def _back(self) -> None:
        if self._away_since_ms is not None:
            away_s = (self._clock.now_ms() - self._away_since_ms) / SECOND_MS
            log.info("%s takes pushes again after %.0f s", self._channel.name, away_s)
            self._away_since_ms = None
