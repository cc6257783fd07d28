"""What is usual for an athlete is told to everybody who may know, and forgotten when somebody asks for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.cli.usual import begin_anew
from crampwatch.codec import decode, encode
from crampwatch.errors import Refused
from crampwatch.events import SensorClaimed
from crampwatch.settings import Athlete as AthleteSettings
from crampwatch.settings import Settings
from crampwatch.topics import Kind, Topic
from crampwatch.units import MINUTE_MS
from crampwatch.usual import BaselineLearned, OwnMean, ResetAsked
from processor.baselines import AGAIN_MS
from processor.personal import Personal
from processor.population import POPULATION
from processor.reading import RESET_MS, ResetOf, read_reset
from processor.usual import baseline_of
from processor.worker import LOOK_S
from tests.processor.desk import rows
from tests.processor.lives import NEXT_MS, calm, kept, later, run_on_a_day, shelf_of, versions
from tests.processor.test_personal import DAY_MS, after, session, sessions
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock

USUAL = Topic("home", "r7", Kind.BASELINE)
COMMAND = Topic("home", "r7", Kind.COMMAND)


def told(desk, athlete="r7"):
    """What the broker keeps of what is usual for an athlete."""
    payload = desk.broker.retained(Topic("home", athlete, Kind.BASELINE))
    return None if payload is None else decode(Kind.BASELINE, payload)


async def teach(desk, *summaries):
    async with shelf_of(desk.settings.state_dir) as shelf:
        await shelf.keep([kept(f"s{number}", one) for number, one in enumerate(summaries)], ())


class TestWhatIsTold:
    @settings(deadline=None)
    @given(st.lists(sessions(), max_size=12), st.integers(-400 * DAY_MS, 400 * DAY_MS))
    def test_of_any_history_fits_into_a_small_message_and_comes_back_equal(self, history, later_ms):
        message = baseline_of(after(*history), 1.0, START_MS + later_ms)
        payload = encode(message)
        assert decode(Kind.BASELINE, payload) == message
        assert len(payload) <= 1_500

    def test_is_the_athletes_own_beside_that_of_runners_on_the_whole(self):
        message = baseline_of(after(session(0), session(1), session(2)), 1.0, START_MS + 3 * DAY_MS)
        assert (message.version, message.sessions, message.runs) == (3, 3, 3)
        assert message.slope_spm_per_mps == OwnMean(own=7.0, sessions=3, others=POPULATION.slope, own_share=0.375)
        assert message.slope_spm_per_mps.usual == pytest.approx(6.375)
        assert message.cadence_spm_without_speed is None
        assert message.learned_at_ms == session(2).ended_ms

    @settings(deadline=None)
    @given(st.lists(sessions(), min_size=1, max_size=8))
    def test_is_mixed_as_the_machines_mix_it(self, history):
        personal = after(*history)
        message = baseline_of(personal, 1.0, START_MS)
        if message.slope_spm_per_mps is not None:
            assert message.slope_spm_per_mps.usual == pytest.approx(personal.slope.shrunk(POPULATION.slope), abs=0.01)

    def test_of_somebody_new_is_that_nothing_was_learned(self):
        message = baseline_of(Personal(), 1.0, START_MS)
        assert message == BaselineLearned(at_ms=START_MS, version=0, sessions=0, runs=0)

    def test_counts_the_runs_of_the_last_thirty_days_only(self):
        personal = after(*(session(day) for day in range(4)))
        assert baseline_of(personal, 1.0, START_MS + 3 * DAY_MS).longest_s == 3_600
        aged = baseline_of(personal, 1.0, START_MS + 32 * DAY_MS)
        assert (aged.runs, aged.longest_s, aged.sessions) == (2, None, 4)

    @pytest.mark.parametrize(("times", "word"), [(0.5, "low"), (1.0, "normal"), (2.0, "high")])
    def test_names_the_sensitivity_of_the_settings(self, times, word):
        assert baseline_of(Personal(), times, START_MS).sensitivity == word

    def test_of_a_clock_far_off_names_no_moment(self):
        assert baseline_of(Personal(version=1, ended_ms=9_000_000_000_000), 1.0, START_MS).learned_at_ms is None


class TestTheProcessor:
    async def test_tells_of_everybody_who_is_known_when_it_starts(self, desk):
        athletes = (AthleteSettings(id="r8", sensitivity="high"),)
        desk.settings = Settings(state_dir=desk.settings.state_dir, athletes=athletes)
        await teach(desk, session(0), session(1))
        async with desk.processing():
            await until(lambda: told(desk) and told(desk, "r8"))
        assert (told(desk).version, told(desk).sessions) == (2, 2)
        assert (told(desk, "r8").version, told(desk, "r8").sensitivity) == (0, "high")

    async def test_tells_when_a_run_has_taught_something(self, desk):
        await run_on_a_day(desk, 0)
        assert told(desk) is None
        messages = rows(later(calm()), session="s1", spool="spool1")
        desk.clock = ManualClock(START_MS + NEXT_MS)
        async with desk.processing():
            await desk.send(*messages)
            await until(lambda: desk.spool_marked == "spool1" and desk.mark == len(messages) - 1)
            await desk.clock.advance(LOOK_S + 1)
            await until(lambda: told(desk) is not None)
        assert (told(desk).version, told(desk).sessions) == (1, 1)
        assert await versions(desk) == [(1, "s0")]

    async def test_tells_of_a_reset_in_a_terminal(self, desk):
        await teach(desk, session(0))
        async with desk.processing():
            await until(lambda: told(desk) is not None)
            await begin_anew(desk.settings, "r7")
            await desk.clock.advance(LOOK_S + 1)
            await until(lambda: told(desk).version == 2)
        assert told(desk).sessions == 0

    async def test_tells_again_every_hour_for_a_broker_that_has_lost_it(self, desk):
        await teach(desk, session(0))
        async with desk.processing():
            await until(lambda: told(desk) is not None)
            async with desk.broker.links()("clearer") as bus:
                await bus.publish(USUAL, b"")
            await desk.clock.advance(LOOK_S + 1)
            assert told(desk) is None
            await desk.clock.advance(AGAIN_MS / 1_000)
            await until(lambda: told(desk) is not None)

    async def test_tells_once_the_broker_is_back(self, desk):
        await teach(desk, session(0))
        async with desk.processing():
            await until(lambda: told(desk) is not None)
            desk.broker.cut()
            await begin_anew(desk.settings, "r7")
            await desk.clock.advance(LOOK_S + 1)
            desk.broker.mend()
            await until(lambda: told(desk).version == 2)

    async def test_begins_anew_when_somebody_asks_for_it(self, desk):
        await teach(desk, session(0), session(1))
        async with desk.processing():
            await until(lambda: told(desk) is not None)
            await desk.send(ResetAsked(at_ms=desk.clock.now_ms()), topic=COMMAND)
            await until(lambda: told(desk).version == 3)
            assert desk.counters.value("resets") == 1
        assert (told(desk).sessions, told(desk).slope_spm_per_mps, told(desk).learned_at_ms) == (0, None, None)
        assert await versions(desk) == [(1, "s0"), (2, "s1"), (3, None)]

    async def test_begins_anew_once_when_it_is_asked_twice_for_the_same(self, desk):
        await teach(desk, session(0))
        asked = ResetAsked(at_ms=START_MS - 30_000)
        async with desk.processing():
            await desk.send(asked, asked, ResetAsked(at_ms=START_MS + 30_000), topic=COMMAND)
            await until(lambda: desk.counters.value("resets") == 2)
            await until(lambda: told(desk) and told(desk).version == 3)

    async def test_a_run_under_way_keeps_what_it_began_with_and_teaches_nothing_after_a_reset(self, desk):
        await run_on_a_day(desk, 0)
        desk.clock = ManualClock(START_MS + 700_000)
        async with desk.processing():
            await desk.send(ResetAsked(at_ms=desk.clock.now_ms()), topic=COMMAND)
            await until(lambda: desk.counters.value("resets") == 1)
        await run_on_a_day(desk, 1)
        assert await versions(desk) == [(1, None)]

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            (b"poison", "not_json"),
            (b'{"v":1,"kind":"reset_everything","at_ms":1}', "unknown_kind"),
            (b'{"v":1,"kind":"reset_baseline","at_ms":"now"}', "invalid_field"),
            (encode(SensorClaimed(device="d", athlete="r7", at_ms=START_MS)), "unknown_kind"),
            (encode(ResetAsked(at_ms=START_MS - RESET_MS - 1)), "stale"),
            (encode(ResetAsked(at_ms=4_102_444_800_000)), "stale"),
        ],
    )
    async def test_refuses_what_is_no_reset_of_now_and_goes_on(self, desk, said, reason):
        await teach(desk, session(0))
        async with desk.processing():
            await desk.send(said, topic=COMMAND)
            await until(lambda: desk.counters.value("refused", reason) == 1)
            await desk.send(*rows(calm()))
            await desk.marked(len(rows(calm())) - 1)
        assert await versions(desk) == [(1, "s0")]

    async def test_keeps_nothing_of_somebody_whom_nobody_knows(self, desk):
        async with desk.processing():
            await desk.send(ResetAsked(at_ms=START_MS), topic=Topic("home", "nobody", Kind.COMMAND))
            await until(lambda: desk.counters.value("refused", "unknown_athlete") == 1)
            async with shelf_of(desk.settings.state_dir) as shelf:
                assert not await shelf.athletes()

    async def test_leaves_another_teams_runners_alone(self):
        reset = encode(ResetAsked(at_ms=START_MS))
        with pytest.raises(Refused, match="is not of team 'home'"):
            read_reset(Topic("away", "r7", Kind.COMMAND), reset, "home", START_MS)
        assert read_reset(COMMAND, reset, "home", START_MS + MINUTE_MS) == ResetOf("r7", START_MS)


class TestTheShelf:
    async def test_knows_the_newest_version_of_everybody(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            assert await shelf.newest_versions() == {}
            for athlete, count in (("a", 3), ("b", 1), ("c", 2)):
                for day in range(count):
                    await shelf.learn(athlete, f"s{day}", session(day))
            assert await shelf.newest_versions() == {"a": 3, "b": 1, "c": 2}
            assert (await shelf.personal("a")).version == 3
            assert await shelf.personal("d") == Personal()
