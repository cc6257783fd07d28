"""From an outbox to the database: in order, again and again, until each line is delivered or refused for good."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Sequence
from typing import Protocol

from crampwatch.clock import Clock
from crampwatch.errors import CrampwatchError, Misconfigured, Throttled, Unavailable
from crampwatch.metrics import Counters, Gauge
from crampwatch.storage.influx.verdicts import LinesRefused
from crampwatch.storage.outbox import Outbox
from crampwatch.storage.outbox_parts import ALL, Block, Refusal
from crampwatch.trouble import Trouble, level
from crampwatch.units import SECOND_MS

log = logging.getLogger(__name__)

#: The ceiling of the pause before the next try: it doubles with each failure, and a pause is a random part of it.
PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
#: A request never takes more blocks than this, however small they are.
MOST_BLOCKS = 1_000
#: A bucket that waits for a setting to be mended is tried this often.
MEND_S = 30.0
#: How often to look whether somebody put dead letters back.
LOOK_S = 5.0


class Sink(Protocol):
    """Where lines go; see :class:`crampwatch.storage.influx.edge.InfluxEdge` for what each error means."""

    async def write(self, lines: bytes, *, bucket: str) -> None:
        """Write lines; stored when this returns."""
        ...

    async def write_packed(self, body: bytes, *, bucket: str) -> None:
        """Write lines that are gzip already."""
        ...


class Drainer:
    """Delivers what an outbox holds; the only one that takes from it.

    A bucket's blocks go out in order, several to a request. What an answer leads to:

    - stored: the blocks are forgotten. A crash before that sends them again, and they overwrite themselves.
    - Unavailable: all of it later, after a pause with full jitter; Throttled: after the pause that was asked for.
    - Misconfigured: this bucket is held and tried every 30 s, the others go on.
    - LinesRefused: the block is halved until the lines that are refused stand alone. These are kept as dead letters.

    Args:
        outbox: what to deliver.
        sink: to where.
        clock: for its pauses.
        rng: the jitter.
        counters: takes ``outbox_delivered`` and ``outbox_refused`` (by reason), in points.
    """

    def __init__(
        self,
        outbox: Outbox,
        sink: Sink,
        clock: Clock,
        *,
        rng: random.Random | None = None,
        counters: Counters | None = None,
    ) -> None:
        self._outbox = outbox
        self._sink = sink
        self._clock = clock
        self._rng = rng or random.Random()
        self._counters = counters or Counters()
        self._failures = 0
        self._away = Trouble(log, "InfluxDB does not take what is recorded, everything is kept", "delivering again")
        self._held: dict[str, Trouble] = {}
        self._held_until_ms: dict[str, int] = {}
        self._careful_to: dict[str, int] = {}
        self._progress = asyncio.Event()

    async def run(self) -> None:
        """Deliver until cancelled."""
        for past in await self._outbox.troubles():
            await self._write_down(past.bucket, None)
        while True:
            self._outbox.came.clear()
            due = [bucket for bucket, lane in self._outbox.depth.lanes.items() if lane.blocks and self._due(bucket)]
            pause_s = 0.0
            for bucket in due:
                pause_s = max(pause_s, await self._turn(bucket))
            if pause_s:
                await self._clock.sleep(pause_s)
            elif not due:
                await self._until_something_came()

    async def delivered(self, row: int, within_s: float, *, bucket: str | None = None) -> bool:
        """Wait until everything up to a row is in the database or dead; False when that takes longer than ``within_s``.

        Args:
            row: what :meth:`Outbox.put` returned.
            within_s: how long to wait, on the wall.
            bucket: only what went to this bucket; None for all.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self._gone(row, bucket):
                    self._progress.clear()
                    await self._progress.wait()
        return self._gone(row, bucket)

    def gauges(self) -> Sequence[Gauge]:
        """How much waits and was refused."""
        return self._outbox.depth.gauges(self._clock.now_ms())

    def problems(self) -> Sequence[str]:
        """What is wrong now and what to do, one line each."""
        troubles = [trouble.problem for trouble in (self._away, *self._held.values())]
        problems = [problem for problem in troubles if problem is not None]
        if dead := self._outbox.depth.dead:
            problems.append(f"InfluxDB refused {dead} points for good; `crampwatch outbox` lists them")
        return problems

    async def _turn(self, bucket: str) -> float:
        """One request for a bucket; how long to pause after it."""
        try:
            await self._deliver(bucket)
        except Throttled as error:
            await self._is_away(error)
            return error.retry_after_s
        except Unavailable as error:
            await self._is_away(error)
            self._failures += 1
            ceiling_s: float = min(LONGEST_PAUSE_S, PAUSE_S * 2 ** min(self._failures, 30))
            return self._rng.uniform(0.0, ceiling_s)
        except Misconfigured as error:
            await self._hold(bucket, error)
        return 0.0

    async def _deliver(self, bucket: str) -> None:
        careful = (self._outbox.depth.lanes[bucket].first_row or 0) <= self._careful_to.get(bucket, 0)
        # After a failure too: what was too much for one timeout must not be sent for ever.
        blocks = await self._outbox.take(bucket, blocks=1 if careful or self._failures else MOST_BLOCKS)
        if not blocks:
            return
        sound = list(itertools.takewhile(lambda block: block.sound, blocks))
        if sound:
            await self._send(bucket, sound)
        else:
            await self._settle(blocks[:1], [_damage(blocks[0], self._outbox)])

    async def _send(self, bucket: str, blocks: Sequence[Block]) -> None:
        refused: Sequence[Refusal] = ()
        try:
            await self._sink.write_packed(b"".join(block.body for block in blocks), bucket=bucket)
        except LinesRefused as error:
            if len(blocks) > 1:
                # One at a time, so that what one block's bad lines cost is not paid again after a failure.
                self._careful_to[bucket] = blocks[-1].row
                return
            refused = await self._sift(bucket, blocks[0].lines(), error)
        await self._settle(blocks, refused)
        await self._works(bucket)

    async def _settle(self, blocks: Sequence[Block], refused: Sequence[Refusal]) -> None:
        await self._outbox.settle(blocks, refused)
        self._progress.set()
        self._tell(refused)
        dead = sum(len(one.lines) for one in refused)
        self._counters.add("outbox_delivered", by=sum(block.points for block in blocks) - dead)

    async def _sift(self, bucket: str, lines: Sequence[str], why: LinesRefused) -> Sequence[Refusal]:
        """Deliver what can be; what cannot, and why, in the order of the lines."""
        if len(lines) == 1 or (why.dropped is not None and why.dropped >= len(lines)):
            return [Refusal(why.reason, str(why), lines)]
        middle, found = len(lines) // 2, list[Refusal]()
        for half in (lines[:middle], lines[middle:]):
            try:
                await self._sink.write("\n".join(half).encode(errors="replace"), bucket=bucket)
            except LinesRefused as error:
                found += await self._sift(bucket, half, error)
        return found

    def _tell(self, refused: Sequence[Refusal]) -> None:
        for one in refused:
            points = len(one.lines)
            first = self._counters.add("outbox_refused", one.reason, by=points) == points
            log.log(
                level(first=first),
                "%d points are refused for good (%s): %s; `crampwatch outbox` lists them",
                points,
                one.reason,
                one.message,
            )

    async def _is_away(self, error: CrampwatchError) -> None:
        first = not self._away.lasts
        self._away.begins(self._clock.now_ms(), error)
        if first:
            await self._write_down(ALL, str(error))

    async def _hold(self, bucket: str, error: Misconfigured) -> None:
        now_ms = self._clock.now_ms()
        trouble = self._held.setdefault(
            bucket, Trouble(log, f"nothing goes to the bucket {bucket}, everything is kept", f"{bucket} goes on")
        )
        self._held_until_ms[bucket] = now_ms + round(MEND_S * SECOND_MS)
        first = not trouble.lasts
        trouble.begins(now_ms, error)
        if first:
            await self._write_down(bucket, str(error))

    async def _works(self, bucket: str) -> None:
        """Something was delivered to a bucket."""
        self._failures = 0
        now_ms = self._clock.now_ms()
        left = f"{self._outbox.depth.points} points to go"
        if self._away.lasts:
            self._away.ends(now_ms, left)
            await self._write_down(ALL, None)
        held = self._held.pop(bucket, None)
        if held is not None:
            held.ends(now_ms, left)
            await self._write_down(bucket, None)

    async def _write_down(self, bucket: str, message: str | None) -> None:
        # Only for people who look in from outside; a full disk is told where it matters.
        with contextlib.suppress(CrampwatchError):
            await self._outbox.trouble(bucket, message)

    async def _until_something_came(self) -> None:
        came = asyncio.create_task(self._outbox.came.wait(), name="outbox-came")
        look = asyncio.create_task(self._clock.sleep(LOOK_S), name="outbox-look")
        try:
            await asyncio.wait({came, look}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            came.cancel()
            look.cancel()
        if not self._outbox.came.is_set():
            with contextlib.suppress(Unavailable):
                await self._outbox.refresh()

    def _due(self, bucket: str) -> bool:
        return self._clock.now_ms() >= self._held_until_ms.get(bucket, 0)

    def _gone(self, row: int, bucket: str | None) -> bool:
        lanes = self._outbox.depth.lanes
        waiting = [lane.first_row for name, lane in lanes.items() if bucket in {None, name}]
        return all(first is None or first > row for first in waiting)


def _damage(block: Block, outbox: Outbox) -> Refusal:
    message = f"block {block.row} of {outbox.path} was damaged, its lines are lost; check the disk"
    return Refusal("damaged", message, [""] * block.points)
