"""From the outbox to a database that answers as it likes: every verdict, and what becomes of the lines."""

import asyncio
import contextlib
import gzip
import logging
import random
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.errors import CrampwatchError, Misconfigured, Throttled, Unavailable
from crampwatch.metrics import Counters
from crampwatch.storage.drainer import MEND_S, Drainer
from crampwatch.storage.influx.verdicts import LinesRefused
from crampwatch.storage.outbox import Outbox
from crampwatch.storage.outbox_parts import BLOCK_LINES
from tests.support.clocks import ManualClock

WITHIN_S = 20.0
GOOD = [f"good,n={number} x=1.0 {number}" for number in range(8)]


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


async def test_what_is_put_in_arrives_in_order(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for line in GOOD:
            row = await desk.outbox.put("runs", [line])
        assert await desk.drainer.delivered(row, WITHIN_S)
        assert desk.database.stored == GOOD
        assert (desk.outbox.depth.points, desk.counters.value("outbox_delivered")) == (0, 8)
        assert not desk.drainer.problems()


async def test_what_queued_up_goes_in_few_requests(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = await Outbox.open(tmp_path / "outbox-processor.db", clock)
    for line in GOOD:
        await outbox.put("runs", [line])
    await outbox.close()
    async with desk_in(tmp_path) as desk:
        await desk.settled()
        assert desk.database.asked == [8]
        assert desk.database.stored == GOOD


async def test_a_database_that_is_away_gets_everything_later_and_in_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with desk_in(tmp_path) as desk:
        desk.database.answer = lambda _bucket: Unavailable("no route")
        await desk.outbox.put("runs", GOOD[:4])
        await desk.tried()
        for line in GOOD[4:]:
            await desk.outbox.put("runs", [line])
        await desk.tried(5)
        assert not await desk.drainer.delivered(1, 0.0)
        (problem,) = desk.drainer.problems()
        assert "everything is kept" in problem
        assert "no route" in problem
        assert desk.outbox.depth.points == 8
        assert [one.message for one in await desk.outbox.troubles()] == ["no route"]
        desk.database.answer = lambda _bucket: None
        await desk.until(lambda: desk.outbox.depth.points == 0 and not desk.drainer.problems())
        assert desk.database.stored == GOOD
        assert set(desk.database.asked) == {4}, "what failed is tried with one block, not with all that came since"
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warnings) == 1, "an outage is told once"
    assert any("delivering again" in one.getMessage() for one in caplog.records)


async def test_it_comes_back_when_it_was_asked_to_and_not_before(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        desk.database.answer = lambda _bucket: Throttled("too fast", 120.0)
        await desk.outbox.put("runs", GOOD)
        await desk.tried()
        desk.database.answer = lambda _bucket: None
        await desk.until(lambda: desk.database.stored == GOOD)
        (_, first_ms), (_, second_ms) = desk.database.asked_at
        assert second_ms - first_ms >= 120_000


async def test_a_bucket_that_needs_mending_is_held_and_the_others_go_on(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        missing = Misconfigured("influxdb.bucket", "there is no such bucket")
        desk.database.answer = lambda bucket: missing if bucket == "runs" else None
        await desk.outbox.put("runs", GOOD[:4])
        await desk.tried()
        long_row = await desk.outbox.put("long", GOOD[4:])
        assert await desk.drainer.delivered(long_row, WITHIN_S, bucket="long")
        assert desk.database.stored == GOOD[4:]
        assert ["influxdb.bucket" in problem for problem in desk.drainer.problems()] == [True]
        await desk.tried(2)
        desk.database.answer = lambda _bucket: None
        await desk.until(lambda: desk.outbox.depth.points == 0 and not desk.drainer.problems())
        tries_ms = [at_ms for bucket, at_ms in desk.database.asked_at if bucket == "runs"]
        assert all(later - one >= MEND_S * 1_000 for one, later in pairwise(tries_ms))
        assert sorted(desk.database.stored) == GOOD


async def test_lines_that_are_refused_are_found_by_halving_and_the_rest_is_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [f"good x=1.0 {number}" for number in range(1_000)]
    lines[17] = "bad one"
    lines[800] = "bad two"
    async with desk_in(tmp_path) as desk:
        await desk.outbox.put("runs", lines)
        await desk.settled()
        assert desk.database.stored == [line for line in lines if line.startswith("good")]
        letters = await desk.outbox.dead_letters()
        assert [(one.first_line, one.reason, one.points) for one in letters] == [
            ("bad one", "bad_line", 1),
            ("bad two", "bad_line", 1),
        ]
        assert len(desk.database.asked) < 2 * 2 * 11
        assert desk.counters.read() == {"outbox_delivered": 998, "outbox_refused.bad_line": 2}
        assert ["`crampwatch outbox`" in problem for problem in desk.drainer.problems()] == [True]
    assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 1, "one warning a reason"


async def test_a_block_that_is_refused_whole_is_not_halved(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        desk.database.counts_what_it_drops = True
        await desk.outbox.put("runs", [f"bad {number}" for number in range(100)])
        await desk.settled()
        assert desk.database.asked == [100]
        assert [one.points for one in await desk.outbox.dead_letters()] == [100]


@settings(max_examples=20, deadline=None)
@given(bad=st.sets(st.integers(0, 59)), counts=st.booleans(), blocks=st.integers(1, 4))
def test_whatever_lines_are_refused_exactly_the_others_are_stored(
    tmp_path_factory: pytest.TempPathFactory, bad: set[int], counts: bool, blocks: int
) -> None:
    lines = [f"{'bad' if number in bad else 'good'} {number}" for number in range(60)]

    async def deliver() -> tuple[set[str], int]:
        async with desk_in(tmp_path_factory.mktemp("desk")) as desk:
            desk.database.counts_what_it_drops = counts
            for first in range(0, 60, 60 // blocks):
                await desk.outbox.put("runs", lines[first : first + 60 // blocks])
            await desk.settled()
            return set(desk.database.stored), desk.outbox.depth.dead

    stored, dead = asyncio.run(deliver())
    assert stored == {line for line in lines if line.startswith("good")}
    assert dead == len(bad)


async def test_an_outage_while_bad_lines_are_sought_loses_none_of_the_others(tmp_path: Path) -> None:
    lines = [f"good {number}" for number in range(100)]
    lines[60] = "bad"
    async with desk_in(tmp_path) as desk:
        replies = iter([None, None, Unavailable("gone")])
        desk.database.answer = lambda _bucket: next(replies, None)
        await desk.outbox.put("runs", lines)
        await desk.until(lambda: desk.outbox.depth.points == 0)
        assert set(desk.database.stored) == set(lines) - {"bad"}
        assert desk.outbox.depth.dead == 1


async def test_a_damaged_block_does_not_hold_up_the_queue(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = await Outbox.open(tmp_path / "outbox-processor.db", clock)
    for line in GOOD:
        await outbox.put("runs", [line])
    await outbox._database.write(lambda connection: connection.execute("UPDATE block SET body = x'1f8b' WHERE row = 3"))
    await outbox.close()
    async with desk_in(tmp_path) as desk:
        await desk.settled()
        assert desk.database.stored == [*GOOD[:2], *GOOD[3:]]
        assert [one.reason for one in await desk.outbox.dead_letters()] == ["damaged"]


async def test_dead_letters_that_another_process_put_back_are_delivered(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        desk.database.answer = lambda _bucket: LinesRefused("outside_retention", "too old")
        await desk.outbox.put("runs", GOOD[:1])
        await desk.settled()
        desk.database.answer = lambda _bucket: None
        visitor = await Outbox.open(desk.outbox.path, desk.clock)
        await visitor.retry(None)
        await visitor.close()
        await desk.until(lambda: desk.database.stored == GOOD[:1])


async def test_what_held_an_earlier_process_up_is_forgotten_by_the_next(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        desk.database.answer = lambda _bucket: Unavailable("no route")
        await desk.outbox.put("runs", GOOD)
        await desk.tried()
    async with desk_in(tmp_path) as desk:
        await desk.settled()
        assert await desk.outbox.troubles() == []
        assert desk.database.stored == GOOD


async def test_a_deep_queue_is_read_a_request_at_a_time(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.outbox.put("runs", [f"good {number}" for number in range(7 * BLOCK_LINES)])
        await desk.settled()
        assert max(desk.database.asked) <= 2 * BLOCK_LINES
        assert len(desk.database.stored) == 7 * BLOCK_LINES
