"""The queue before InfluxDB: durable before it says so, in order, bounded by the disk."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.errors import Unavailable
from crampwatch.storage.outbox import TAKE_POINTS, Outbox, file_name, found_in
from crampwatch.storage.outbox_parts import ALL, BLOCK_LINES, Block, Refusal, cut, packed
from tests.support.clocks import START_MS, ManualClock

LINES = [f"telemetry,runner=anna seq={number}i {START_MS + number}" for number in range(10)]


@contextlib.asynccontextmanager
async def outbox_at(path: Path, clock: ManualClock | None = None, *, read_only: bool = False) -> AsyncIterator[Outbox]:
    outbox = await Outbox.open(path, clock or ManualClock(), read_only=read_only)
    try:
        yield outbox
    finally:
        await outbox.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / file_name("processor")


async def lines_of(outbox: Outbox, bucket: str = "runs") -> list[str]:
    return [line for block in await outbox.take(bucket) for line in block.lines()]


async def test_what_was_put_in_is_there_for_the_next_process_in_order(path: Path) -> None:
    async with outbox_at(path) as outbox:
        for line in LINES:
            await outbox.put("runs", [line])
    async with outbox_at(path) as outbox:
        assert await lines_of(outbox) == LINES
        assert (outbox.depth.points, outbox.depth.blocks, outbox.depth.bytes > 0) == (10, 10, True)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=30))
def test_lines_come_out_of_their_blocks_as_they_went_in_line_breaks_and_all(lines: list[str]) -> None:
    blocks = [Block(1, "runs", len(block), *packed(block)) for block in cut(lines)]
    assert [line for block in blocks for line in block.lines()] == lines
    assert gzip.decompress(b"".join(block.body for block in blocks)).decode() == "".join(f"{one}\n" for one in lines)


def test_what_is_no_character_harms_only_itself() -> None:
    assert Block(1, "runs", 2, *packed(["a\ud800", "b"])).lines() == ["a?", "b"]


async def test_many_lines_become_blocks_of_a_bounded_size_and_requests_take_several(path: Path) -> None:
    lines = [f"m n={number}i" for number in range(4 * BLOCK_LINES + 1)]
    async with outbox_at(path) as outbox:
        row = await outbox.put("runs", lines)
        assert outbox.depth.blocks == 5
        first = await outbox.take("runs")
        assert sum(block.points for block in first) == TAKE_POINTS
        assert [block.points for block in await outbox.take("runs", blocks=1)] == [BLOCK_LINES]
        await outbox.settle(first)
        await outbox.settle(await outbox.take("runs"))
        (last,) = await outbox.take("runs")
        assert (last.row, last.lines()) == (row, lines[-1:])


async def test_buckets_are_taken_from_apart(path: Path) -> None:
    async with outbox_at(path) as outbox:
        await outbox.put("runs", LINES[:1])
        await outbox.put("long", LINES[1:2])
        assert await lines_of(outbox, "long") == LINES[1:2]
        await outbox.settle(await outbox.take("long"))
        assert {name: lane.points for name, lane in outbox.depth.lanes.items()} == {"runs": 1, "long": 0}


async def test_a_full_disk_refuses_for_now_keeps_nothing_of_the_call_and_takes_again_when_there_is_space(
    path: Path,
) -> None:
    async def pages(outbox: Outbox, most: int) -> None:
        await outbox._database.write(lambda connection: connection.execute(f"PRAGMA max_page_count={most}").fetchone())

    async with outbox_at(path) as outbox:
        await outbox.put("runs", LINES[:1])
        await pages(outbox, 1)
        noise = [f"m t={number * 7919 % 104729}i {number}" for number in range(20_000)]
        with pytest.raises(Unavailable, match="free space"):
            await outbox.put("runs", noise)
        assert (outbox.depth.points, await lines_of(outbox)) == (1, LINES[:1])
        await pages(outbox, 1_000_000)
        await outbox.put("runs", LINES[1:])
        assert await lines_of(outbox) == LINES


async def test_it_knows_how_long_the_oldest_has_waited(path: Path) -> None:
    clock = ManualClock()
    async with outbox_at(path, clock) as outbox:
        assert outbox.depth.oldest_ms is None
        await outbox.put("runs", LINES[:1])
        await clock.advance(90)
        await outbox.put("long", LINES[:1])
        gauges = {gauge.name: gauge.value for gauge in outbox.depth.gauges(clock.now_ms())}
    assert (gauges["outbox_oldest_seconds"], gauges["outbox_points"], gauges["outbox_blocks"]) == (90, 2, 2)


async def test_refused_lines_stay_with_their_reason_until_somebody_retries_or_drops_them(path: Path) -> None:
    async with outbox_at(path) as outbox:
        await outbox.put("runs", LINES)
        taken = await outbox.take("runs")
        refused = [Refusal("bad_line", "cannot parse", [one]) for one in LINES[:3]]
        await outbox.settle(taken, refused)
        letters = await outbox.dead_letters()
        assert [(one.first_line, one.reason, one.bucket, one.points) for one in letters] == [
            (line, "bad_line", "runs", 1) for line in LINES[:3]
        ]
        assert (outbox.depth.points, outbox.depth.dead) == (0, 3)
        assert await outbox.retry(letters[1].id) == 1
        assert await lines_of(outbox) == LINES[1:2]
        assert await outbox.drop(letters[0].id) == 1
        assert (await outbox.retry(99), await outbox.drop(99)) == (0, 0)
        assert await outbox.retry(None) == 1
        assert (outbox.depth.points, outbox.depth.dead, await outbox.dead_letters()) == (2, 0, [])


async def test_another_process_can_look_in_and_put_dead_letters_back_while_a_service_has_it_open(path: Path) -> None:
    async with outbox_at(path) as outbox:
        await outbox.put("runs", LINES)
        await outbox.settle(await outbox.take("runs"), [Refusal("bad_line", "cannot parse", LINES[:1])])
        await outbox.trouble(ALL, "InfluxDB is away")
        async with outbox_at(path, read_only=True) as visitor:
            assert [one.message for one in await visitor.troubles()] == ["InfluxDB is away"]
            assert visitor.depth == outbox.depth
        async with outbox_at(path) as visitor:
            assert await visitor.retry(None) == 1
        await outbox.refresh()
        assert await lines_of(outbox) == LINES[:1]


async def test_nobody_sees_an_older_depth_after_a_newer_one(path: Path) -> None:
    async with outbox_at(path) as outbox:
        rows = await asyncio.gather(
            *(call for line in LINES for call in (outbox.put("runs", [line]), outbox.refresh()))
        )
        assert outbox.depth.points == len(LINES)
        assert max(row for row in rows if row) == len(LINES)


async def test_damage_is_noticed(path: Path) -> None:
    async with outbox_at(path) as outbox:
        await outbox.put("runs", LINES)
        assert (await outbox.take("runs"))[0].sound
        await outbox._database.write(lambda connection: connection.execute("UPDATE block SET body = x'00'"))
        assert not (await outbox.take("runs"))[0].sound


def test_the_outboxes_of_a_state_dir_are_found_by_their_names(tmp_path: Path) -> None:
    for name in ("outbox-alerter.db", "outbox-processor.db", "outbox-processor.db-wal", "spool-a.db"):
        (tmp_path / name).touch()
    assert [one.name for one in found_in(tmp_path)] == ["outbox-alerter.db", "outbox-processor.db"]
    assert found_in(tmp_path / "nowhere") == []


async def test_a_put_that_is_cancelled_after_all_is_seen_by_who_drains(path: Path) -> None:
    async with outbox_at(path) as outbox:
        put = asyncio.create_task(outbox.put("runs", LINES))
        await asyncio.sleep(0)
        put.cancel()
        with pytest.raises(asyncio.CancelledError):
            await put
        async with asyncio.timeout(30):
            await outbox.came.wait()
        assert outbox.depth.points == len(LINES), "it is on the disk, so that it counts"
        assert await lines_of(outbox) == LINES


async def test_what_is_left_of_a_block_keeps_its_place_and_its_date(path: Path) -> None:
    clock = ManualClock()
    async with outbox_at(path, clock) as outbox:
        await outbox.put("runs", LINES[:4])
        await clock.advance(60)
        await outbox.put("runs", LINES[4:6])
        (first,) = await outbox.take("runs", blocks=1)
        await outbox.settle([first], [Refusal("bad_line", "no", LINES[:1])], left=LINES[2:4])
        assert await lines_of(outbox) == LINES[2:6]
        assert (outbox.depth.points, outbox.depth.dead, outbox.depth.oldest_ms) == (4, 1, START_MS)
        assert (await outbox.take("runs"))[0].row == first.row


async def test_an_outbox_is_handed_over_whole_and_in_order(path: Path, tmp_path: Path) -> None:
    async with outbox_at(path) as heir, outbox_at(tmp_path / file_name("alerter")) as outbox:
        await heir.put("runs", ["own"])
        for number in range(250):
            await outbox.put("runs", [f"line {number}"])
        await outbox.put("long", LINES)
        (block,) = await outbox.take("long")
        await outbox.settle([block], [Refusal("bad_line", "no", LINES[:1])], left=LINES[1:])
        assert await outbox.hand_over(heir) == 250 + len(LINES) - 1
        assert (outbox.depth.points, outbox.depth.dead) == (0, 0)
        assert await lines_of(heir) == ["own", *(f"line {number}" for number in range(250))]
        assert await lines_of(heir, "long") == LINES[1:]
        assert [one.first_line for one in await heir.dead_letters()] == LINES[:1]
        assert await outbox.hand_over(heir) == 0
