"""From the outbox to a database that answers as it likes: every verdict, and what becomes of the lines."""

import asyncio
import itertools
import logging
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.errors import Misconfigured, Throttled, Unavailable
from crampwatch.storage.drainer import DEEP_POINTS, MEND_S
from crampwatch.storage.influx.verdicts import LinesRefused
from crampwatch.storage.outbox import Outbox
from crampwatch.storage.outbox_parts import BLOCK_LINES
from tests.crampwatch.outbox_desk import WITHIN_S, Desk, desk_in
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock

GOOD = [f"good,n={number} x=1.0 {number}" for number in range(8)]


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
        (letter,) = await desk.outbox.dead_letters()
        assert (letter.reason, letter.points, letter.first_line) == ("damaged", 1, "")
        kept = "SELECT body FROM dead"
        assert await desk.outbox._database.read(lambda one: one.execute(kept).fetchone()) == (b"\x1f\x8b",)
        assert await desk.outbox.retry(None) == 0, "nobody can read it, so that sending it again is no use"
        assert await desk.outbox.drop(letter.id) == 1


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


async def test_an_outage_in_every_second_request_keeps_nobody_from_finding_what_is_refused(tmp_path: Path) -> None:
    lines = [f"good {number}" for number in range(512)]
    lines[3], lines[500] = "bad one", "bad two"
    async with desk_in(tmp_path) as desk:
        turns = itertools.cycle([None, Unavailable("gone")])
        desk.database.answer = lambda _bucket: next(turns)
        await desk.outbox.put("runs", lines)
        await desk.until(lambda: desk.outbox.depth.points == 0)
        assert sorted(desk.database.stored) == sorted(set(lines) - {"bad one", "bad two"})
        assert len(desk.database.stored) == 510, "what is delivered is not sent again"
        assert desk.outbox.depth.dead == 2


async def test_what_a_search_has_settled_is_on_the_disk_when_a_setting_holds_it_up(tmp_path: Path) -> None:
    lines = [f"good {number}" for number in range(64)]
    lines[60] = "bad"
    async with desk_in(tmp_path) as desk:
        # The whole block and its second half are refused; between them the first half is taken.
        replies = iter([None, None, None, Misconfigured("influxdb.token", "is not valid any more")])
        held = Misconfigured("influxdb.token", "is not valid any more")
        desk.database.answer = lambda _bucket: next(replies, held)
        await desk.outbox.put("runs", lines)
        await desk.tried(4)
        assert desk.outbox.depth.points == 32
        assert "influxdb.token" in desk.drainer.problems()[0]
    async with desk_in(tmp_path) as desk:
        await desk.settled()
        assert set(desk.database.stored) == set(lines[32:]) - {"bad"}
        assert [one.first_line for one in await desk.outbox.dead_letters()] == ["bad"]


async def test_a_single_line_that_is_not_to_blame_is_held_and_not_buried(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        proxy = Misconfigured("influxdb.url", "what stands before InfluxDB takes nothing")
        desk.database.answer = lambda _bucket: LinesRefused("too_large", str(proxy), alone=proxy)
        await desk.outbox.put("runs", GOOD)
        await desk.tried()
        assert (desk.outbox.depth.points, desk.outbox.depth.dead) == (8, 0)
        desk.database.answer = lambda _bucket: None
        await desk.until(lambda: desk.outbox.depth.points == 0 and not desk.drainer.problems())
        assert desk.database.stored == GOOD


@pytest.mark.parametrize("method", ["take", "settle"])
@pytest.mark.parametrize("fault", [Unavailable("disk I/O error"), Misconfigured("state_dir", "file is damaged")])
async def test_a_fault_of_the_file_is_told_as_its_own_and_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str, fault: Exception
) -> None:
    async with desk_in(tmp_path) as desk:

        async def broken(*_: object, **__: object) -> None:
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(desk.outbox, method, broken)
            await desk.outbox.put("runs", GOOD)
            await desk.until(lambda: bool(desk.drainer.problems()))
            (problem,) = desk.drainer.problems()
            assert problem.startswith("the outbox cannot be used")
            assert "InfluxDB" not in problem
        await desk.until(lambda: desk.outbox.depth.points == 0 and not desk.drainer.problems())
    assert len([one for one in caplog.records if one.levelno >= logging.WARNING]) == 1


async def test_a_fault_of_the_file_while_nothing_is_to_do_does_not_end_the_drainer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_in(tmp_path) as desk:

        async def broken() -> None:
            raise Misconfigured("state_dir", "file is damaged")

        with monkeypatch.context() as patch:
            patch.setattr(desk.outbox, "refresh", broken)
            await desk.until(lambda: bool(desk.drainer.problems()))
        await desk.until(lambda: not desk.drainer.problems())
        await desk.outbox.put("runs", GOOD)
        await desk.settled()


async def stored(desk: Desk, lines: int) -> None:
    """So many are stored, while the clock of the run stands still."""
    await until(lambda: len(desk.database.stored) >= lines and not desk.outbox.depth.points, WITHIN_S)


async def test_what_comes_soon_after_a_request_goes_together_in_the_next(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await desk.outbox.put("runs", GOOD[:1])
        await stored(desk, 1)
        for line in GOOD[1:]:
            await desk.outbox.put("runs", [line])
        await desk.until(lambda: len(desk.database.stored) == 8)
        assert desk.database.asked == [1, 7]


async def test_who_waits_for_what_was_put_in_does_not_wait_for_more_to_come(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as desk:
        for line in GOOD:
            row = await desk.outbox.put("runs", [line])
            assert await desk.drainer.delivered(row, WITHIN_S)
        assert desk.database.asked == [1] * 8
        assert desk.clock.now_ms() == START_MS


async def test_nothing_is_gathered_while_there_is_much_to_do(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = await Outbox.open(tmp_path / "outbox-processor.db", clock)
    await outbox.put("runs", [f"good {number}" for number in range(7 * BLOCK_LINES)])
    await outbox.close()
    async with desk_in(tmp_path) as desk:
        await until(lambda: desk.outbox.depth.points < DEEP_POINTS, WITHIN_S)
        assert len(desk.database.asked) == 4
