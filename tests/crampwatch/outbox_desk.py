"""A drainer at work between an outbox and a database that answers as a test says."""

import asyncio
import contextlib
import gzip
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from crampwatch.errors import CrampwatchError
from crampwatch.metrics import Counters
from crampwatch.storage.drainer import Drainer
from crampwatch.storage.influx.verdicts import LinesRefused
from crampwatch.storage.outbox import Outbox
from tests.support.clocks import ManualClock

WITHIN_S = 20.0


class Database:
    """Takes lines, or raises what a test says; a line that begins with ``bad`` it never takes."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.stored: list[str] = []
        #: How many lines it was asked to take, and for which bucket and when.
        self.asked: list[int] = []
        self.asked_at: list[tuple[str, int]] = []
        self.answer: Callable[[str], CrampwatchError | None] = lambda _bucket: None
        self.counts_what_it_drops = False

    async def write(self, lines: bytes, *, bucket: str) -> None:
        told = [line for line in lines.decode().split("\n") if line]
        self.asked.append(len(told))
        self.asked_at.append((bucket, self._clock.now_ms()))
        if (error := self.answer(bucket)) is not None:
            raise error
        bad = [line for line in told if line.startswith("bad")]
        if bad and not self.counts_what_it_drops:
            raise LinesRefused("bad_line", "cannot parse")
        self.stored += [line for line in told if line not in bad]
        if bad:
            raise LinesRefused("type_conflict", "dropped some", len(bad))

    async def write_packed(self, body: bytes, *, bucket: str) -> None:
        await self.write(gzip.decompress(body), bucket=bucket)


class Desk:
    """A drainer at work between an outbox and a database."""

    def __init__(self, outbox: Outbox, clock: ManualClock) -> None:
        self.outbox = outbox
        self.clock = clock
        self.database = Database(clock)
        self.counters = Counters()
        self.drainer = Drainer(outbox, self.database, clock, rng=random.Random(7), counters=self.counters)

    async def settled(self, *, bucket: str | None = None) -> None:
        """Everything that was put in is delivered or dead."""
        assert await self.drainer.delivered(10**9, WITHIN_S, bucket=bucket)

    async def until(self, true: Callable[[], bool]) -> None:
        """Let time go by until something is so. In small steps: a pause may begin at any of them."""
        async with asyncio.timeout(WITHIN_S):
            while not true():
                await self.clock.advance(0.5)
                await asyncio.sleep(0.001)

    async def tried(self, times: int = 1) -> None:
        """The database was asked so often since, and the drainer has drawn its conclusion."""
        wanted = len(self.database.asked) + times
        await self.until(lambda: len(self.database.asked) >= wanted and bool(self.drainer.problems()))


@contextlib.asynccontextmanager
async def desk_in(folder: Path) -> AsyncIterator[Desk]:
    clock = ManualClock()
    outbox = await Outbox.open(folder / "outbox-processor.db", clock)
    desk = Desk(outbox, clock)
    task = asyncio.create_task(desk.drainer.run())
    try:
        yield desk
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await outbox.close()
