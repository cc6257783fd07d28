"""Sessions side by side: a machine that fails stops nobody, hours to catch up leave room, a rested run is closed."""

import asyncio
import contextlib
import logging

import pytest

from crampwatch.events import FindingKind
from crampwatch.storage import Batch, RunKey
from crampwatch.topics import Kind, Topic
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.roster import OVER_MS
from processor.shelf import Kept, Shelf
from tests.processor.desk import LATE, RUN, rows, story
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock
from tests.support.stories import Story

#: What the machines of these tests cannot bear.
POISON_BPM = 299


class Brittle(Athlete):
    """A machine with a fault nobody has foreseen."""

    def observe(self, samples):
        samples = list(samples)
        if any(getattr(one, "bpm", None) == POISON_BPM for one in samples):
            raise ZeroDivisionError("float division by zero")
        return super().observe(samples)


def poisoned(at_s):
    """A run whose heart rate is the fatal one at a second."""
    return [
        one.model_copy(update={"bpm": POISON_BPM})
        if one.at_ms == START_MS + at_s * 1_000 and hasattr(one, "bpm")
        else one
        for one in story()
    ]


def later(samples):
    return [one for one in samples if one.at_ms >= START_MS + 300_000]


def before(samples):
    return [one for one in samples if one.at_ms < START_MS + 300_000]


class TestAMachineThatFails:
    async def test_is_told_of_once_while_its_run_is_stored_and_the_others_go_on(self, desk, caplog):
        samples, other = poisoned(300), Topic("home", "r8", Kind.TELEMETRY)
        async with desk.listening(), desk.processing(Brittle) as task:
            await desk.send(*rows(samples))
            await desk.send(*rows(story(), first=len(rows(samples))), topic=other)
            await desk.marked(2 * len(rows(samples)) - 1)
            assert not task.done()
            assert len(await desk.store.samples(RUN)) == len(samples)
        (told,) = [one for one in desk.findings if one.id.startswith("r7/")]
        assert told.kind is FindingKind.SIGNAL
        assert "is stored, but no longer watched" in told.because[0]
        expected = [one for outcome in backtest("r8", "s1", story()) for one in outcome.findings]
        assert [one for one in desk.findings if one.id.startswith("r8/")] == expected
        assert desk.counters.value("failed", "ZeroDivisionError") == 1
        errors = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert len(errors) == 1
        assert errors[0].exc_info is not None

    async def test_stays_silent_after_a_restart_and_stops_nobody_then(self, desk):
        samples = poisoned(300)
        early, rest = before(samples), later(samples)
        async with desk.processing(Brittle):
            await desk.send(*rows(early))
            await desk.marked(len(rows(early)) - 1)
            await desk.send(*rows(rest[:90], first=len(rows(early))))
            await desk.marked(len(rows(early)))
        async with desk.listening(), desk.processing(Brittle) as task:
            await desk.send(*rows(rest[90:], first=len(rows(early)) + 1))
            await desk.marked(len(rows(early)) + len(rows(rest[90:])))
            assert not task.done()
        assert len(await desk.store.samples(RUN)) == len(samples)
        assert [one.kind for one in await desk.store.findings(RUN)] == [FindingKind.SIGNAL]
        assert {one.kind for one in desk.findings} <= {FindingKind.SIGNAL}

    async def test_that_failed_before_it_was_acked_comes_back_without_its_findings(self, desk):
        samples = poisoned(300)
        desk.store.crash_after_record = True
        async with desk.processing(Brittle) as task:
            await desk.send(*rows(samples))
            await until(task.done)
        desk.store.crash_after_record = False
        async with desk.processing(Brittle) as task:
            await desk.marked(len(rows(samples)) - 1)
            assert not task.done()
        assert len(await desk.store.samples(RUN)) == len(samples)

    async def test_leaves_no_snapshot_of_a_state_that_is_half_done(self, desk):
        samples = poisoned(300)
        async with desk.processing(Brittle):
            await desk.send(*rows(samples))
            await desk.marked(len(rows(samples)) - 1)
        shelf = await Shelf(desk.settings.state_dir).open()
        kept = await shelf.snapshot("r7", "s1")
        await shelf.close()
        assert kept is None or kept.at_ms < START_MS + 300_000


@pytest.mark.parametrize("body", [b"\xff", b"[]", b'{"v":1}', b'{"v":1,"athlete":"r7","session":"s1","profile":[]}'])
async def test_a_snapshot_that_cannot_be_read_costs_a_look_into_the_store_and_nothing_else(desk, body):
    samples = story()
    await desk.store.record([Batch(RUN, samples[:900])])
    shelf = await Shelf(desk.settings.state_dir).open()
    await shelf.keep([Kept("r7", "s1", START_MS + 200_000, body)], {})
    await shelf.close()
    async with desk.listening(), desk.processing():
        await desk.send(*rows(samples[900:]))
        await desk.marked(len(rows(samples[900:])) - 1)
    assert desk.counters.value("snapshots_unread") == 1
    assert desk.findings == [one for outcome in backtest("r7", "s1", samples) for one in outcome.findings]


class Unkeepable(Athlete):
    def snapshot(self):
        raise ValueError("Out of range float values are not JSON compliant")


async def test_a_machine_that_cannot_be_kept_fails_alone(desk):
    async with desk.processing(Unkeepable) as task:
        await desk.send(*rows(story()))
        await desk.marked(len(rows(story())) - 1)
        assert not task.done()
    assert desk.counters.value("failed", "ValueError") == 1


@contextlib.asynccontextmanager
async def counting_turns():
    """How often the loop came round for somebody else."""
    turns = [0]

    async def turn():
        while True:
            await asyncio.sleep(0)
            turns[0] += 1

    task = asyncio.create_task(turn())
    try:
        yield turns
    finally:
        task.cancel()


async def test_hours_that_are_caught_up_with_leave_the_loop_to_others_in_between(desk):
    samples = Story().running(3_600).samples
    await desk.store.record([Batch(RUN, samples)])
    seen = []

    class Watched(Athlete):
        def observe(self, taken):
            seen.append((len(taken), turns[0]))
            return super().observe(taken)

    async with counting_turns() as turns, desk.processing(Watched):
        await desk.send(*rows(Story().running(3_601).samples[-3:]))
        await desk.marked(0)
    assert sum(count for count, _ in seen) >= len(samples)
    assert max(count for count, _ in seen) <= 512
    assert len({turn for _, turn in seen}) == len(seen)


async def test_a_drain_is_bounded_by_its_samples_as_well(desk):
    messages = rows(Story().running(3_000).samples, size=500)
    sizes = []
    record = desk.store.record

    async def counted(batches):
        sizes.append(sum(len(one.samples) for one in batches))
        await record(batches)

    desk.store.record = counted
    desk.store.away = False
    async with desk.processing():
        await desk.send(*messages, topic=LATE)
        await desk.marked(len(messages) - 1)
    assert sum(sizes) == 9_000
    assert max(sizes) <= 4_096 + 500


def with_an_open_end():
    """A run whose last second lacks a channel, so that only its end can close it: there the stop is proved."""
    samples = Story().running(600).standing(22).samples
    return [*samples[:-3], *(one for one in samples[-3:] if hasattr(one, "spm"))]


async def test_the_last_second_of_a_run_is_closed_once_the_run_has_rested(desk):
    samples = with_an_open_end()
    expected = [one for outcome in backtest("r7", "s1", samples) for one in outcome.findings]
    assert [one.kind for one in expected] == [FindingKind.STOP]
    async with desk.listening(), desk.processing():
        await desk.send(*rows(samples))
        await desk.marked(len(rows(samples)) - 1)
        assert await desk.store.findings(RUN) == []
        await desk.clock.advance(120)
        await until(lambda: bool(desk.findings))
        await desk.clock.advance(300)
    (stop,) = desk.findings
    assert stop == expected[0].model_copy(update={"late": True})
    assert await desk.store.findings(RUN) == [stop]
    assert desk.clock.now_ms() == START_MS + 420_000


async def test_a_run_that_goes_on_after_a_rest_is_that_of_the_backtest(desk):
    first = with_an_open_end()
    whole = [
        *first,
        *(one for one in Story().running(600).standing(60).running(60).samples if one.at_ms > first[-1].at_ms),
    ]
    sent = rows(first)
    more = rows(whole[len(first) :], first=len(sent))
    async with desk.listening(), desk.processing():
        await desk.send(*sent)
        await desk.marked(len(sent) - 1)
        await desk.clock.advance(120)
        await until(lambda: bool(desk.findings))
        await desk.send(*more)
        await desk.marked(len(sent) + len(more) - 1)
    expected = [one for outcome in backtest("r7", "s1", whole) for one in outcome.findings]
    assert {one.id for one in desk.findings} == {one.id for one in expected}


async def test_an_orderly_stop_closes_nothing_because_the_run_may_go_on(desk):
    samples = with_an_open_end()
    async with desk.processing():
        await desk.send(*rows(samples))
        await desk.marked(len(rows(samples)) - 1)
    assert await desk.store.findings(RunKey("home", "r7", "s1")) == []


async def test_a_clock_far_ahead_closes_what_rests_only_once(desk):
    desk.clock = ManualClock(START_MS + 86_400_000)
    samples = with_an_open_end()
    async with desk.listening(), desk.processing():
        await desk.send(*rows(samples))
        await desk.marked(len(rows(samples)) - 1)
        await desk.clock.advance(30)
        assert desk.findings == []
        await desk.clock.advance(120)
        await until(lambda: bool(desk.findings))
        await desk.clock.advance(600)
    assert len(desk.findings) == 1


async def test_a_session_that_is_over_for_an_hour_makes_room_and_comes_back_when_it_goes_on(desk):
    samples = Story().running(40).samples
    async with desk.processing():
        await desk.send(*rows(samples))
        await desk.marked(1)
        await desk.clock.advance(OVER_MS / 1_000 + 20)
        await desk.send(*rows(samples[:30], first=2, session="s2"))
        await desk.marked(2)
        assert sessions(desk) == 1
        await desk.send(*rows(samples, first=3))
        await desk.marked(4)
        assert sessions(desk) == 2
        assert desk.counters.value("ignored", "duplicate") == len(samples)


def sessions(desk):
    return {one.name: one.value for one in desk.processor.vitals().gauges}["sessions"]
