"""A session teaches once, when it is over; the next one begins with what it taught, and keeps that."""

import pytest

from crampwatch.settings import Athlete as AthleteSettings
from crampwatch.settings import Settings
from processor.roster import OVER_MS
from processor.shelf import Kept
from tests.processor.desk import rows
from tests.processor.lives import NEXT_MS, OTHER, Unteachable, calm, later, profile_in, run_on_a_day, shelf_of, versions
from tests.processor.test_personal import session
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story


class TestASession:
    async def test_is_learned_from_once_it_is_over(self, desk):
        async with desk.processing():
            await desk.send(*rows(calm()))
            await desk.marked(len(rows(calm())) - 1)
            await desk.clock.advance(OVER_MS / 1_000 + 100)
            await desk.send(*rows(Story().running(2).samples, session="s9", spool="other"), topic=OTHER)
            await until(lambda: ("r7", "s1") not in desk.processor._roster._seats)
        assert await versions(desk) == [(1, "s1")]

    async def test_that_an_earlier_life_left_is_learned_from_when_the_next_one_begins(self, desk):
        await run_on_a_day(desk, 0)
        assert await versions(desk) == []
        await run_on_a_day(desk, 1)
        assert await versions(desk) == [(1, "s0")]
        began = await profile_in(desk, "s1")
        assert (began.usual.version, began.usual.sessions) == (1, 1)

    async def test_that_cannot_be_read_is_passed_over_once_and_for_all(self, desk):
        await run_on_a_day(desk, 0)
        async with shelf_of(desk.settings.state_dir) as shelf:
            await shelf.keep([Kept("r7", "s0", START_MS + 700_000, b"unreadable")], ())
        await run_on_a_day(desk, 1)
        assert desk.counters.value("snapshots_unread") == 1
        async with shelf_of(desk.settings.state_dir) as shelf:
            assert await shelf.unlearned("r7", START_MS + NEXT_MS) == []
        assert await versions(desk) == []

    async def test_whose_machine_fails_is_passed_over_once_and_for_all(self, desk):
        await run_on_a_day(desk, 0)
        await run_on_a_day(desk, 1, machines=Unteachable)
        async with shelf_of(desk.settings.state_dir) as shelf:
            assert await shelf.unlearned("r7", START_MS + NEXT_MS) == []
        assert await versions(desk) == []

    async def test_is_learned_from_once_over_many_lives(self, desk):
        for number in range(5):
            await run_on_a_day(desk, number)
        assert await versions(desk) == [(number + 1, f"s{number}") for number in range(4)]
        began = await profile_in(desk, "s4")
        assert began.usual.longest_s == pytest.approx(700, abs=5)

    async def test_keeps_what_it_began_with_when_its_machine_is_made_anew(self, desk):
        await run_on_a_day(desk, 0)
        await run_on_a_day(desk, 1)
        before = await profile_in(desk, "s1")
        async with shelf_of(desk.settings.state_dir) as shelf:
            await shelf.learn("r7", "elsewhere", session(day=-1))
            await shelf.keep([Kept("r7", "s1", START_MS + NEXT_MS, b"unreadable")], ())
        await run_on_a_day(desk, 1, Story().running(720).samples, spool="again")
        assert desk.counters.value("snapshots_unread") == 1
        assert await profile_in(desk, "s1") == before

    async def test_that_comes_right_after_another_is_not_taken_for_the_next_one(self, desk):
        first, second = calm(), later(calm(), 720_000)
        async with desk.processing():
            await desk.send(*rows(first), *rows(second, session="s2", spool="other"))
            await until(lambda: desk.spool_marked == "other" and desk.mark == len(rows(second)) - 1)
        assert await versions(desk) == []

    async def test_begins_with_what_the_settings_say(self, desk):
        runner = AthleteSettings(id="r7", cramped_12_months=True, cramps_ever=4, sensitivity="high")
        desk.settings = Settings(state_dir=desk.settings.state_dir, athletes=(runner,))
        await run_on_a_day(desk, 0)
        began = await profile_in(desk, "s0")
        assert (began.prior, began.sensitivity) == (0.8, 2.0)
