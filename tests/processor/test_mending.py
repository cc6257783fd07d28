"""Backlog that comes after its machine has gone on: stored at once, observed soon after, told as late, never live."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.topics import Kind
from processor import mender
from processor.backtest import backtest
from processor.seat import Gap
from processor.watermark import Watermark
from tests.processor.desk import LATE, RUN, rows, story
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story

#: The outage holds the hitch and the stop of the story.
AWAY_MS = (START_MS + 500_000, START_MS + 560_000)


def parts(samples):
    """Messages of one second and athlete each: before the outage, during it, after it."""
    messages = rows(samples, size=3)
    lost = [one for one in messages if AWAY_MS[0] <= one.samples[0].at_ms < AWAY_MS[1]]
    before = [one for one in messages if one.samples[0].at_ms < AWAY_MS[0]]
    return before, lost, messages[len(before) + len(lost) :]


def in_outage(facts):
    return [one for one in facts if AWAY_MS[0] <= one.at_ms < AWAY_MS[1]]


def behind(desk):
    return {one.name: one.value for one in desk.processor.vitals().gauges}["sessions_behind"]


async def expected_ids(desk):
    """What a machine proves that sees everything in order, as it is stored."""
    return {one.id for outcome in backtest("r7", "s1", await desk.store.samples(RUN)) for one in outcome.findings}


async def stored_ids(desk):
    return {one.id for one in await desk.store.findings(RUN)}


async def test_what_an_outage_hid_is_proved_once_its_backlog_is_there_and_never_told_as_live(desk):
    before, lost, after = parts(story())
    async with desk.listening(), desk.processing():
        await desk.send(*before, *after[:20])
        await until(lambda: desk.counters.value("messages") == len(before) + 20)
        await desk.send(*lost, topic=LATE)
        await until(lambda: desk.counters.value("mended") == 1, within_s=30)
        assert behind(desk) == 0
        await desk.send(*after[20:])
        await desk.marked(len(before) + len(lost) + len(after) - 1)
        assert await expected_ids(desk) <= await stored_ids(desk)
        hidden = in_outage(await desk.store.findings(RUN))
        assert hidden
        assert all(one.late for one in hidden if one.kind != "signal")
    assert all(one.late for one in in_outage(desk.findings) if one.kind != "signal")
    assert in_outage(desk.told(Kind.ASSESSMENT)) == []


async def test_the_machine_then_goes_on_from_complete_data(desk):
    samples = Story().running(600).hitching(3).standing(30).running(120).hitching(3).standing(40).running(60).samples
    before, lost, after = parts(samples)
    async with desk.listening(), desk.processing():
        await desk.send(*before, after[0])
        await until(lambda: desk.counters.value("messages") == len(before) + 1)
        await desk.send(*lost, topic=LATE)
        await until(lambda: desk.counters.value("mended") == 1, within_s=30)
        await desk.send(*after[1:])
        await desk.marked(len(before) + len(lost) + len(after) - 1)
        expected = await expected_ids(desk)
        assert expected <= await stored_ids(desk)
    later = {one.id for one in desk.findings if one.at_ms > AWAY_MS[1] + 60_000}
    assert later
    assert {one.id for one in desk.findings if one.at_ms > AWAY_MS[1] + 60_000 and not one.late} == later


async def test_backlog_that_comes_twice_is_mended_once(desk):
    before, lost, after = parts(story())
    async with desk.processing():
        await desk.send(*before, *after)
        await until(lambda: desk.counters.value("messages") == len(before) + len(after))
        await desk.send(*lost, topic=LATE)
        await until(lambda: desk.counters.value("mended") == 1, within_s=30)
        await desk.send(*lost, topic=LATE)
        await until(lambda: desk.counters.value("messages") == len(before) + len(after) + 2 * len(lost))
        assert behind(desk) == 0


async def test_backlog_in_its_order_and_sent_again_leaves_no_gap(desk):
    before, lost, _ = parts(story())
    async with desk.processing():
        await desk.send(*before)
        await desk.send(*lost, topic=LATE)
        await desk.send(*lost, topic=LATE)
        await until(lambda: desk.counters.value("messages") == len(before) + 2 * len(lost))
        assert behind(desk) == 0


@pytest.mark.parametrize("snapshots_every_s", [1, 3_600])
async def test_a_crash_before_the_mending_is_mended_by_the_next_life(desk, monkeypatch, snapshots_every_s):
    before, lost, after = parts(story())
    processor = desk.settings.processor.model_copy(update={"snapshot_every_s": snapshots_every_s})
    desk.settings = desk.settings.model_copy(update={"processor": processor})
    monkeypatch.setattr(mender, "QUIET_LOOKS", 10**9)
    async with desk.processing():
        await desk.send(*before, *after)
        await until(lambda: desk.counters.value("messages") == len(before) + len(after))
        await desk.send(*lost, topic=LATE)
        await desk.marked(len(before) + len(lost) + len(after) - 1)
        assert behind(desk) == 1
    monkeypatch.setattr(mender, "QUIET_LOOKS", 3)
    async with desk.listening(), desk.processing():
        await until(lambda: desk.counters.value("mended") == 1, within_s=30)
        assert await expected_ids(desk) <= await stored_ids(desk)
    assert all(one.late for one in in_outage(desk.findings) if one.kind != "signal")
    async with desk.processing():
        assert behind(desk) == 0


async def test_more_backlog_during_the_mending_is_not_left_out(desk):
    before, lost, after = parts(story())
    async with desk.processing():
        await desk.send(*before, *after)
        await until(lambda: desk.counters.value("messages") == len(before) + len(after))
        for start in range(0, len(lost), 10):
            await desk.send(*lost[start : start + 10], topic=LATE)
            await asyncio.sleep(0.02)
        await until(lambda: desk.counters.value("mended") >= 1 and behind(desk) == 0, within_s=30)
        await desk.marked(len(before) + len(lost) + len(after) - 1)
        await until(lambda: behind(desk) == 0, within_s=30)
        assert await expected_ids(desk) <= await stored_ids(desk)


async def test_the_last_second_of_backlog_is_late_though_a_live_sample_closes_it(desk):
    samples = story()
    backlog = rows(samples, size=3)
    seqs = {one.device: one.seq + 1 for one in samples}
    live = [one.model_copy(update={"seq": seqs[one.device]}) for one in Story().running(1_200).samples[-3:]]
    newest_ms = max(one.at_ms for one in samples)
    async with desk.listening(), desk.processing():
        await desk.send(*backlog, topic=LATE)
        await desk.send(*rows(live, size=3, first=len(backlog)))
        await desk.marked(len(backlog))
        await desk.clock.advance(120)
        await until(lambda: len(desk.told(Kind.STATUS)) > 2)
    assert desk.findings
    assert all(one.late for one in desk.findings if one.at_ms <= newest_ms)
    assert all(one.at_ms > newest_ms for one in desk.told(Kind.ASSESSMENT))


def test_a_gap_is_quiet_after_so_many_looks_without_anything_new():
    sample = Story().running(1).samples[0]
    gap = Gap(sample.at_ms, sample.at_ms)
    assert [gap.quiet(2) for _ in range(3)] == [False, False, True]
    gap.widen([sample])
    assert [gap.quiet(2) for _ in range(3)] == [False, False, True]


@given(st.lists(st.integers(0, 20)), st.integers(0, 25))
def test_a_mark_has_what_was_settled_and_nothing_else(settled, row):
    mark = Watermark()
    for one in settled:
        mark.settle(one)
    assert mark.has(row) == (row in settled)
