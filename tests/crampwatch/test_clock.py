"""One clock knows the pace, and a slow machine slows the run rather than tearing it."""

import asyncio
import time

import pytest

from crampwatch.clock import PacedClock, WallClock

START = 1_700_000_000_000


def test_a_wall_clock_follows_a_step_forward_and_goes_on_through_a_step_back(monkeypatch):
    host = iter([5_000_000_000, 6_000_000_000, 90_000_000_000, 7_000_000_000, 8_000_000_000])
    steady = iter([0, 1_000_000_000, 2_000_000_000, 3_000_000_000, 4_000_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(host))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(steady))
    clock = WallClock()
    assert [clock.now_ms() for _ in range(4)] == [6_000, 90_000, 91_000, 92_000]


def test_a_wall_clock_that_starts_behind_goes_on_from_what_has_been_until_the_host_has_caught_up(monkeypatch):
    host = iter([5_000_000_000, 6_000_000_000, 7_000_000_000, 95_000_000_000])
    steady = iter([0, 1_000_000_000, 2_000_000_000, 3_000_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(host))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(steady))
    clock = WallClock()
    clock.not_before(90_000)
    assert [clock.now_ms() for _ in range(3)] == [91_000, 92_000, 95_000]


def test_a_wall_clock_is_not_moved_by_what_lies_behind_it():
    clock = WallClock()
    before_ms = clock.now_ms()
    clock.not_before(1_000)
    assert before_ms <= clock.now_ms() < before_ms + 60_000


async def test_sleepers_wake_at_their_moment_in_order():
    woken = []
    clock = PacedClock(pace=1_000, start_ms=START)

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.now_ms() - START))

    async with clock.running(), asyncio.TaskGroup() as group:
        for seconds in (30, 10, 20):
            group.create_task(sleeper(seconds))
    assert [seconds for seconds, _ in woken] == [10, 20, 30]
    for seconds, at_ms in woken:
        assert at_ms == pytest.approx(seconds * 1_000, abs=5_000)


async def test_what_an_appointment_sets_off_is_stamped_in_its_second_even_when_the_machine_stalls():
    clock = PacedClock(pace=1_000, start_ms=START)
    stamps = []

    async def notify(depth):
        for _ in range(depth):
            await asyncio.sleep(0)
        stamps.append(clock.now_ms())

    async with clock.running(), asyncio.TaskGroup() as group:
        due_ms = clock.now_ms()
        for second in range(40):
            due_ms += 1_000
            await clock.sleep((due_ms - clock.now_ms()) / 1_000)
            group.create_task(notify(5))
            if second % 10 == 0:
                time.sleep(0.02)  # noqa: ASYNC251 - the stall is the point: 20 s of run time
    assert len({(stamp - START) // 1_000 for stamp in stamps}) == 40


async def test_a_cancelled_sleeper_does_not_hold_the_clock():
    clock = PacedClock(pace=10_000, start_ms=START)
    async with clock.running():
        sleeper = asyncio.create_task(clock.sleep(1))
        await asyncio.sleep(0)
        sleeper.cancel()
        await clock.sleep(60)
        assert clock.now_ms() - START >= 60_000


def test_a_pace_must_go_forward():
    with pytest.raises(ValueError, match="above 0"):
        PacedClock(pace=0, start_ms=0)
