"""Clocks that a test turns by hand."""

import asyncio
import heapq
import itertools

START_MS = 1_760_000_000_000


class ManualClock:
    """Time stands still until the test advances it; sleepers wake in order."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = float(now_ms)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        return int(self._now_ms)

    def not_before(self, at_ms: int) -> None:
        self._now_ms = max(self._now_ms, at_ms)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_ms + seconds * 1_000, next(self._order), future))
        await future

    async def advance(self, seconds: float, turns: int = 20) -> None:
        """Move on, waking sleepers on the way and giving each a few turns of the loop."""
        end = self._now_ms + seconds * 1_000
        for _ in range(turns):
            await asyncio.sleep(0)
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._now_ms = max(self._now_ms, due)
            future.set_result(None)
            for _ in range(turns):
                await asyncio.sleep(0)
        self._now_ms = end
        for _ in range(turns):
            await asyncio.sleep(0)
