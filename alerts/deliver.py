"""Gets pushes out: each channel for itself, retried until the deadline of the alert, never later."""

import asyncio
import logging
from collections.abc import Callable

from crampwatch.clock import Clock
from crampwatch.errors import Refused, Throttled, Unavailable
from crampwatch.metrics import Counters
from crampwatch.trouble import Trouble
from crampwatch.units import SECOND_MS
from crampwatch.waiting import news_or

from .channels import Channel, Push, Unanswered
from .pulse import Pulse
from .push_log import Attempt, PushLog, PushState

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
        counters: ``pushed``, ``push_failed``, ``push_refused``, ``push_given_up`` by channel.
        pulse: is told how long pushes take.
        delivered: called after a push was taken.
    """

    def __init__(
        self,
        channel: Channel,
        pushes: PushLog,
        clock: Clock,
        counters: Counters,
        *,
        pulse: Pulse,
        delivered: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._pushes = pushes
        self._clock = clock
        self._counters = counters
        self._pulse = pulse
        self._delivered = delivered
        self._news = asyncio.Event()
        self._trouble = Trouble(log, f"{channel.name} takes no pushes", f"{channel.name} takes pushes again")
        self._unwritten = Trouble(log, f"{channel.name}: the journal cannot be written", f"{channel.name} goes on")

    @property
    def name(self) -> str:
        """The channel's."""
        return self._channel.name

    @property
    def problem(self) -> str | None:
        """Why the channel takes nothing, and since when; None: it took the last push."""
        return self._unwritten.problem or self._trouble.problem

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
                self._unwritten.ends(self._clock.now_ms())
            except Unavailable as error:
                self._unwritten.begins(self._clock.now_ms(), error)
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
            try:
                await asyncio.wait({attempt}, timeout=GRACE_S)
            finally:
                # Also for who is cancelled a second time: nothing may run on without an owner.
                attempt.cancel()
                await asyncio.gather(attempt, return_exceptions=True)
            raise

    async def _begin_and_attempt(self, alert_id: str) -> float | None:
        now_ms, repeatable = self._clock.now_ms(), self._channel.repeatable
        begun = await self._pushes.begin(alert_id, self.name, now_ms, repeatable=repeatable)
        return None if begun is None else await self._attempt(begun)

    async def _attempt(self, attempt: Attempt) -> float | None:
        """One attempt, begun in the journal; run seconds to wait before another, None: it is settled."""
        name, push, asked_ms = self._channel.name, attempt.push, self._clock.now_ms()
        try:
            end = await self._deliver(attempt)
        except Refused as error:
            self._counters.add("push_refused", name)
            log.warning("%s refused the alert %s: %s", name, push.alert.id, error)
            await self._settle(push, PushState.REFUSED, str(error))
            return None
        except Unavailable as error:
            self._away(error)
            state = PushState.TRYING if isinstance(error, Unanswered) else PushState.PENDING
            await self._settle(push, state, str(error))
            return error.retry_after_s if isinstance(error, Throttled) else FIRST_WAIT_S
        if end is not PushState.TAKEN:
            self._counters.add("push_given_up", name)
            await self._settle(push, end, "the deadline came first")
            return None
        taken_ms = self._clock.now_ms()
        self._trouble.ends(taken_ms)
        self._counters.add("pushed", name)
        self._pulse.push.observe((taken_ms - asked_ms) / SECOND_MS)
        if await self._settle(push, PushState.TAKEN):
            self._pulse.latency.observe((taken_ms - attempt.since_ms) / SECOND_MS)
        self._delivered()
        return None

    async def _deliver(self, attempt: Attempt) -> PushState:
        """Hand over, and how that ended. One that the deadline cuts off may have been taken: nobody knows."""
        left_s = (attempt.deadline_at_ms - self._clock.now_ms()) / SECOND_MS
        if left_s <= 0:  # the journal took its time
            return PushState.UNKNOWN if attempt.unanswered else PushState.TOO_LATE
        delivery = asyncio.create_task(self._channel.deliver(attempt.push), name=f"deliver-{self._channel.name}")
        deadline = asyncio.create_task(self._clock.sleep(left_s), name=f"deadline-{self._channel.name}")
        try:
            await asyncio.wait({delivery, deadline}, return_when=asyncio.FIRST_COMPLETED)
            if not delivery.done():
                return PushState.UNKNOWN
            await delivery
            return PushState.TAKEN
        finally:
            delivery.cancel()
            deadline.cancel()
            await asyncio.gather(delivery, deadline, return_exceptions=True)

    async def _settle(self, push: Push, state: PushState, detail: str = "") -> bool:
        """Note how an attempt ended; True when it was the first that a person felt of the alert.

        Until that is on disk nothing else is tried: it would be felt twice.
        """
        while True:
            try:
                return await self._pushes.end(push.alert.id, self._channel.name, state, self._clock.now_ms(), detail)
            except Unavailable as error:
                self._unwritten.begins(self._clock.now_ms(), error)
                await self._clock.sleep(FIRST_WAIT_S)

    def _away(self, why: object) -> None:
        self._counters.add("push_failed", self._channel.name)
        self._trouble.begins(self._clock.now_ms(), why)
