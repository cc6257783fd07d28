"""Time as an object. One clock per process knows how fast a run goes; nobody else does."""

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import AsyncIterator
from typing import Protocol

#: How far the keeper may run behind the wall before it gives that time up, in wall seconds.
HELD_S = 0.25


class Clock(Protocol):
    """The run's own time. Edges ask it; pure code is told what it said."""

    def now_ms(self) -> int:
        """The present moment of the run, UTC milliseconds. Never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return ``seconds`` of run time later."""
        ...

    def not_before(self, at_ms: int) -> None:
        """Never say less than this from now on, where time is the host's: this much has been before."""
        ...


class WallClock:
    """The run's time is the host's, but it never stands still nor goes back.

    A host whose clock is set back (no battery, then the network's time) would otherwise stamp an hour of samples
    with one moment. Steps forward are followed; after a step back time goes on from where it was, and after a restart
    from where :meth:`not_before` says.
    """

    def __init__(self) -> None:
        self._last_ns = time.time_ns()
        self._steady_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """UTC milliseconds, never less than before."""
        steady_ns = time.monotonic_ns()
        self._last_ns = max(time.time_ns(), self._last_ns + steady_ns - self._steady_ns)
        self._steady_ns = steady_ns
        return self._last_ns // 1_000_000

    def not_before(self, at_ms: int) -> None:
        """See :class:`Clock`."""
        self._last_ns = max(self._last_ns, at_ms * 1_000_000)

    async def sleep(self, seconds: float) -> None:
        """Sleep as long as that is on the wall."""
        await asyncio.sleep(max(0.0, seconds))


class PacedClock:
    """A run's time that goes ``pace`` times as fast as the wall, and never tears.

    Sleepers are appointments in run time. The clock never reads later than the next appointment that has not
    been kept: when the machine is too slow for the pace the run slows down, but what happens in a second of the
    run is stamped in that second. After an appointment the clock stands still for ``settle`` turns of the event
    loop, so that what it sets off (a notification crossing the virtual radio, the sleeper's next appointment)
    still happens at its moment.
    """

    def __init__(self, pace: float, start_ms: int, settle: int = 25) -> None:
        if pace <= 0:
            raise ValueError(f"pace must be above 0, not {pace}")
        self._pace = pace
        self._settle = settle
        self._appointments: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._anchor_ms, self._anchor_wall = float(start_ms), time.monotonic()
        self._now_ms = float(start_ms)
        self._settling = False
        self._changed = asyncio.Event()

    def now_ms(self) -> int:
        """The run's present moment."""
        if self._settling:
            return int(self._now_ms)
        due = self._anchor_ms + (time.monotonic() - self._anchor_wall) * 1_000 * self._pace
        self._skip_cancelled()
        if self._appointments:
            due = min(due, self._appointments[0][0])
        self._now_ms = max(self._now_ms, due)
        return int(self._now_ms)

    def not_before(self, at_ms: int) -> None:
        """Nothing: a run that is played has a time of its own."""

    async def sleep(self, seconds: float) -> None:
        """Return ``seconds`` of run time later; only works while :meth:`running`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due_ms = self.now_ms() + max(0.0, seconds) * 1_000
        heapq.heappush(self._appointments, (due_ms, next(self._order), future))
        self._changed.set()
        await future

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["PacedClock"]:
        """Keep the appointments while the block runs."""
        keeper = asyncio.create_task(self._keep(), name="clock")
        try:
            yield self
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def _skip_cancelled(self) -> None:
        while self._appointments and self._appointments[0][2].done():
            heapq.heappop(self._appointments)

    async def _keep(self) -> None:
        while True:
            self._skip_cancelled()
            self._changed.clear()
            if not self._appointments:
                await self._changed.wait()
                continue
            due_ms = self._appointments[0][0]
            wait_s = (due_ms - self._anchor_ms) / 1_000 / self._pace - (time.monotonic() - self._anchor_wall)
            if wait_s > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), wait_s)
                continue
            await self._meet(due_ms, late_s=-wait_s)

    async def _meet(self, due_ms: float, late_s: float) -> None:
        """Wake everyone who waits for this moment, then let what they set off happen."""
        self._now_ms = max(self._now_ms, due_ms)
        if late_s > HELD_S:
            # The machine was slower than the pace: the run's clock was held, so that wall time is written off.
            self._anchor_ms, self._anchor_wall = due_ms, time.monotonic()
        while self._appointments and self._appointments[0][0] <= due_ms:
            _, _, future = heapq.heappop(self._appointments)
            if not future.done():
                future.set_result(None)
        self._settling = True
        try:
            for _ in range(self._settle):
                await asyncio.sleep(0)
        finally:
            self._settling = False
