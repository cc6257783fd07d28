"""From an outbox to the database: in order, again and again, until each line is delivered or refused for good."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Awaitable, Sequence
from typing import Protocol

from crampwatch.clock import Clock
from crampwatch.errors import CrampwatchError, Misconfigured, Throttled, without_frames
from crampwatch.metrics import Counters, Gauge
from crampwatch.storage.influx.verdicts import LinesRefused
from crampwatch.storage.outbox import TAKE_POINTS, Outbox
from crampwatch.storage.outbox_parts import ALL, DAMAGED, Block, Refusal
from crampwatch.storage.search import Search
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
#: How long to let points gather before the next request, and from how many on that are there already not to.
GATHER_S = 0.2
DEEP_POINTS = TAKE_POINTS // 2


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

    While little waits, what comes within a fifth of a second goes out together, unless somebody waits for it.

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
        self._file = Trouble(log, "the outbox cannot be used, nothing is delivered meanwhile", "delivering again")
        self._away = Trouble(log, "InfluxDB does not take what is recorded, everything is kept", "delivering again")
        self._held: dict[str, Trouble] = {}
        self._held_until_ms: dict[str, int] = {}
        self._careful_to: dict[str, int] = {}
        self._searches: dict[str, Search] = {}
        self._progress = asyncio.Event()
        self._waiting = 0
        self._wanted = asyncio.Event()

    async def run(self) -> None:
        """Deliver until cancelled."""
        with contextlib.suppress(CrampwatchError):
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
            elif due:
                await self._gather(due)
            else:
                await self._until_something_came()

    async def delivered(self, row: int, within_s: float, *, bucket: str | None = None) -> bool:
        """Wait until everything up to a row is in the database or dead; False when that takes longer than ``within_s``.

        Args:
            row: what :meth:`Outbox.put` returned.
            within_s: how long to wait, on the wall.
            bucket: only what went to this bucket; None for all.
        """
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(within_s):
                while not self._gone(row, bucket):
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return self._gone(row, bucket)

    def stuck(self, bucket: str | None = None) -> bool:
        """Whether nothing goes out, as far as is known, to this bucket; None asks for any."""
        held = bool(self._held) if bucket is None else bucket in self._held
        return held or self._away.lasts or self._file.lasts

    def gauges(self) -> Sequence[Gauge]:
        """How much waits and was refused."""
        return self._outbox.depth.gauges(self._clock.now_ms())

    def problems(self) -> Sequence[str]:
        """What is wrong now and what to do, one line each."""
        troubles = [trouble.problem for trouble in (self._file, self._away, *self._held.values())]
        problems = [problem for problem in troubles if problem is not None]
        if dead := self._outbox.depth.dead:
            problems.append(f"InfluxDB refused {dead} points for good; `crampwatch outbox` lists them")
        return problems

    async def _turn(self, bucket: str) -> float:
        """One request for a bucket; how long to pause after it."""
        try:
            search = self._searches.get(bucket)
            pause_s = await (self._deliver(bucket) if search is None else self._seek(bucket, search))
        except CrampwatchError as error:
            # What the database answers is dealt with where it was asked: this is the file.
            self._file.begins(self._clock.now_ms(), error)
            return self._longer()
        self._file.ends(self._clock.now_ms())
        return pause_s

    async def _deliver(self, bucket: str) -> float:
        # After a failure too: what was too much for one timeout must not be sent for ever.
        blocks = await self._outbox.take(bucket, blocks=1 if self._careful(bucket) or self._failures else MOST_BLOCKS)
        if not blocks:
            return 0.0
        sound = list(itertools.takewhile(lambda block: block.sound, blocks))
        if not sound:
            await self._settle(blocks[:1], [_damage(blocks[0], self._outbox)], points=blocks[0].points)
            return 0.0
        error = await _error(self._sink.write_packed(b"".join(block.body for block in sound), bucket=bucket))
        if error is None:
            await self._settle(sound, points=sum(block.points for block in sound))
            await self._works(bucket)
        elif not isinstance(error, LinesRefused):
            return await self._later(bucket, error)
        elif len(sound) > 1:
            # One at a time, so that what one block's bad lines cost is not paid again after a failure.
            self._careful_to[bucket] = sound[-1].row
        else:
            return await self._refused(bucket, Search.of(sound[0]), error)
        return 0.0

    async def _seek(self, bucket: str, search: Search) -> float:
        """One request for a piece of a block in which refused lines are sought."""
        body = "".join([f"{line}\n" for line in search.piece]).encode(errors="replace")
        error = await _error(self._sink.write(body, bucket=bucket))
        if isinstance(error, LinesRefused):
            return await self._refused(bucket, search, error)
        if error is not None:
            return await self._later(bucket, error)
        await self._dealt_with(bucket, search)
        return 0.0

    async def _refused(self, bucket: str, search: Search, why: LinesRefused) -> float:
        """A piece was refused: it is bad lines and nothing else, or is halved."""
        lines = search.piece
        if len(lines) == 1 and why.alone is not None:
            return await self._later(bucket, why.alone)
        if len(lines) == 1 or why.dropped == len(lines):
            await self._dealt_with(bucket, search, Refusal(why.reason, str(why), lines))
        else:
            self._searches[bucket] = search.halved()
        return 0.0

    async def _dealt_with(self, bucket: str, search: Search, *refused: Refusal) -> None:
        """A piece was delivered or refused, which is on the disk before the next: an outage makes nobody seek twice."""
        left = search.left()
        await self._settle([search.block], refused, points=len(search.piece), left=left.lines() if left else ())
        if left is None:
            self._searches.pop(bucket, None)
        else:
            self._searches[bucket] = left
        await self._works(bucket)

    async def _settle(
        self, blocks: Sequence[Block], refused: Sequence[Refusal] = (), *, points: int, left: Sequence[str] = ()
    ) -> None:
        await self._outbox.settle(blocks, refused, left=left)
        self._progress.set()
        self._tell(refused)
        self._counters.add("outbox_delivered", by=points - sum(one.points for one in refused))

    async def _later(self, bucket: str, error: CrampwatchError) -> float:
        """What went out stays; how long to pause."""
        if isinstance(error, Misconfigured):
            await self._hold(bucket, error)
            return 0.0
        await self._is_away(error)
        return error.retry_after_s if isinstance(error, Throttled) else self._longer()

    def _longer(self) -> float:
        self._failures += 1
        ceiling_s: float = min(LONGEST_PAUSE_S, PAUSE_S * 2 ** min(self._failures, 30))
        return self._rng.uniform(0.0, ceiling_s)

    def _tell(self, refused: Sequence[Refusal]) -> None:
        for one in refused:
            points = one.points
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
        await self._pause(LOOK_S, self._outbox.came)
        if not self._outbox.came.is_set():
            try:
                await self._outbox.refresh()
            except CrampwatchError as error:
                self._file.begins(self._clock.now_ms(), error)
            else:
                self._file.ends(self._clock.now_ms())

    async def _gather(self, due: Sequence[str]) -> None:
        """Let some more come, because a request a commit is dear, unless there is much to do or somebody waits."""
        deep = self._outbox.depth.points >= DEEP_POINTS or any(self._careful(bucket) for bucket in due)
        if not (deep or self._waiting or self._searches):
            self._wanted.clear()
            await self._pause(GATHER_S, self._wanted)

    async def _pause(self, seconds: float, unless: asyncio.Event) -> None:
        early = asyncio.create_task(unless.wait(), name="outbox-early")
        over = asyncio.create_task(self._clock.sleep(seconds), name="outbox-pause")
        try:
            await asyncio.wait({early, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            early.cancel()
            over.cancel()

    def _careful(self, bucket: str) -> bool:
        """Whether refused lines were met among the blocks that are first."""
        first_row = self._outbox.depth.lanes[bucket].first_row
        return first_row is not None and first_row <= self._careful_to.get(bucket, 0)

    def _due(self, bucket: str) -> bool:
        return self._clock.now_ms() >= self._held_until_ms.get(bucket, 0)

    def _gone(self, row: int, bucket: str | None) -> bool:
        lanes = self._outbox.depth.lanes
        waiting = [lane.first_row for name, lane in lanes.items() if bucket in {None, name}]
        return all(first is None or first > row for first in waiting)


def _damage(block: Block, outbox: Outbox) -> Refusal:
    message = f"block {block.row} of {outbox.path} is damaged and cannot be sent; check the disk"
    return Refusal(DAMAGED, message, damaged=block)


async def _error(request: Awaitable[None]) -> CrampwatchError | None:
    try:
        await request
    except CrampwatchError as error:
        return without_frames(error)
    return None
