"""The shelf keeps what is usual for an athlete: every version, and what each session began with."""

import contextlib
import sqlite3

import pytest

from crampwatch.units import MINUTE_MS
from processor.labels import CRAMP, EASED, PAUSE, UNEVENTFUL, Label
from processor.learning import learned
from processor.personal import Personal
from processor.profile import Asked, profile_of
from processor.shelf import FILE_NAME, Kept
from tests.processor.lives import kept, shelf_of
from tests.processor.test_personal import session
from tests.support.clocks import START_MS


class TestTheShelf:
    async def test_learns_from_each_session_once_whatever_comes_twice(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            for _ in range(2):
                await shelf.keep([kept("s1", session(0))], ())
            await shelf.keep([kept("s2", session(1)), kept("s1", session(0))], ())
            found = await shelf.versions("r7")
        assert [(one.personal.version, one.session, one.at_ms) for one in found] == [
            (1, "s1", session(0).ended_ms),
            (2, "s2", session(1).ended_ms),
        ]
        assert found[-1].personal == learned(learned(Personal(), session(0)), session(1))

    async def test_a_session_begins_with_the_newest_version_that_ended_before_it(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0)), kept("s2", session(1))], ())
            known = [
                (await shelf.beginning("r7", "new", at_ms))[1].version
                for at_ms in (session(0).ended_ms, session(0).ended_ms + 1, session(1).ended_ms + 1)
            ]
        assert known == [0, 1, 2]

    async def test_one_that_was_learned_late_is_not_known_before_what_it_holds_had_ended(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("today", session(1))], ())
            await shelf.keep([kept("yesterday", session(0))], ())
            _, between = await shelf.beginning("r7", "new", session(0).ended_ms + 1)
        assert between == Personal()

    async def test_a_session_keeps_the_profile_that_it_began_with(self, tmp_path):
        first, later = (profile_of(Asked(cramps_ever=count), Personal(), START_MS) for count in (2, 0))
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([Kept("r7", "s1", START_MS, b"{}", first)], ())
            await shelf.keep([Kept("r7", "s1", START_MS + 1, b"{}", later)], ())
            assert (await shelf.beginning("r7", "s1", START_MS))[0] == first
            await shelf.forget(START_MS + 2)
            assert (await shelf.beginning("r7", "s1", START_MS))[0] is None

    async def test_a_reset_begins_anew_and_keeps_the_older_versions(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
            assert (await shelf.reset("r7", START_MS)).version == 2
            _, personal = await shelf.beginning("r7", "new", session(0).ended_ms + 1)
            await shelf.keep([kept("s2", session(1))], ())
            found = await shelf.versions("r7")
        assert personal == Personal(version=2)
        assert [(one.personal.version, one.personal.sessions, one.session) for one in found] == [
            (1, 1, "s1"),
            (2, 0, None),
            (3, 1, "s2"),
        ]

    async def test_who_asks_again_and_again_begins_anew_once_a_minute(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
            begun = [await shelf.begin_anew("r7", START_MS + number) for number in range(500)]
            assert begun == [True] + [False] * 499
            assert not await shelf.begin_anew("r7", START_MS - 1)
            assert await shelf.begin_anew("r7", START_MS + MINUTE_MS)
            assert len(await shelf.versions("r7")) == 3

    async def test_a_session_that_a_reset_was_meant_to_forget_teaches_nothing(self, tmp_path):
        under_way, next_one = session(1), session(2)
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
            await shelf.reset("r7", under_way.began_ms + 1)
            await shelf.keep([kept("s2", under_way)], ())
            assert (await shelf.versions("r7"))[-1].personal == Personal(version=2)
            assert await shelf.unlearned("r7", under_way.ended_ms + 1) == []
            await shelf.keep([kept("s3", next_one)], ())
            assert (await shelf.versions("r7"))[-1].personal == learned(Personal(version=2), next_one)

    async def test_a_cramp_that_is_reported_later_takes_back_the_scores_of_its_session(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0)), kept("s2", session(1))], ())
            for _ in range(2):
                await shelf.say("r7", "s2", session(1).ended_ms, Label(session(1).ended_ms, CRAMP))
            first, second, corrected = (one.personal for one in await shelf.versions("r7"))
            begins, _ = session(2).began_ms, await shelf.keep([kept("s1", session(0))], ())
            assert (await shelf.beginning("r7", "new", begins))[1] == corrected
        assert (corrected.uneventful, corrected.scores) == (first.uneventful, first.scores)
        assert (corrected.sessions, corrected.runs) == (second.sessions, second.runs)

    async def test_a_cramp_of_the_only_session_leaves_no_scores(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
            await shelf.say("r7", "s1", session(0).ended_ms, Label(session(0).ended_ms, CRAMP))
            corrected = (await shelf.versions("r7"))[-1].personal
        assert (corrected.version, corrected.sessions, corrected.uneventful, corrected.scores) == (2, 1, 0, ())

    @pytest.mark.parametrize("uneventful", [False, True])
    async def test_that_nothing_happened_is_believed_later(self, tmp_path, uneventful):
        run = session(uneventful=uneventful)
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", run)], ())
            for _ in range(2):
                await shelf.say("r7", "s1", run.ended_ms, Label(run.ended_ms, UNEVENTFUL), run)
            found = [one.personal for one in await shelf.versions("r7")]
        assert [one.version for one in found] == [1, 2]
        assert (found[1].uneventful, found[1].confirmed) == (1, 1)
        assert found[1].scores == found[1].confirmed_scores == run.scores

    @pytest.mark.parametrize("uneventful", [False, True])
    async def test_a_cramp_takes_back_what_a_word_that_nothing_happened_has_taught(self, tmp_path, uneventful):
        first, run = session(0), session(1, uneventful=uneventful)
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", first), kept("s2", run)], ())
            await shelf.say("r7", "s2", run.ended_ms, Label(run.ended_ms, UNEVENTFUL), run)
            await shelf.say("r7", "s2", run.ended_ms + 1, Label(run.ended_ms, CRAMP))
            before, *_, corrected = (one.personal for one in await shelf.versions("r7"))
            crampy = session(1, uneventful=False, cramp=True)
            await shelf.say("r7", "s2", run.ended_ms + 2, Label(run.ended_ms, UNEVENTFUL), crampy)
            assert (await shelf.versions("r7"))[-1].personal == corrected
        assert (corrected.uneventful, corrected.scores, corrected.confirmed) == (1, before.scores, 0)
        assert corrected.sessions == 2

    async def test_that_nothing_happened_teaches_nothing_more_of_what_a_reset_forgot_or_of_what_was_confirmed(
        self, tmp_path
    ):
        run = session(confirmed=True)
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", run)], ())
            await shelf.say("r7", "s1", run.ended_ms, Label(run.ended_ms, UNEVENTFUL), run)
            assert len(await shelf.versions("r7")) == 1
            await shelf.reset("r7", run.ended_ms)
            await shelf.say("r7", "s1", run.ended_ms + 1, Label(run.ended_ms, UNEVENTFUL), session())
            assert len(await shelf.versions("r7")) == 2

    async def test_that_nothing_happened_in_a_session_that_was_not_learned_from_makes_no_version(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(minutes=1))], ())
            for name in ("s1", "s2"):
                label = Label(session().ended_ms, UNEVENTFUL)
                assert await shelf.say("r7", name, session().ended_ms, label, session(minutes=1))
            assert await shelf.versions("r7") == []

    @pytest.mark.parametrize("what", [PAUSE, EASED, "hot"])
    async def test_other_answers_take_nothing_back(self, tmp_path, what):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
            await shelf.say("r7", "s1", session(0).ended_ms, Label(session(0).ended_ms, what))
            assert len(await shelf.versions("r7")) == 1

    async def test_a_cramp_of_before_a_reset_leaves_the_new_beginning_alone(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
            await shelf.reset("r7", session(0).ended_ms)
            await shelf.say("r7", "s1", session(0).ended_ms, Label(session(0).ended_ms, CRAMP))
            assert (await shelf.versions("r7"))[-1].personal == Personal(version=2)

    async def test_a_cramp_of_an_eventful_session_takes_nothing_back(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0)), kept("s2", session(1, uneventful=False))], ())
            await shelf.say("r7", "s2", session(1).ended_ms, Label(session(1).ended_ms, CRAMP))
            assert len(await shelf.versions("r7")) == 2

    async def test_what_was_said_is_kept_with_the_steps_back_of_the_clock_before_it(self, tmp_path):
        said = [Label(START_MS + 9_000, PAUSE), Label(START_MS, CRAMP, 1)]
        async with shelf_of(tmp_path) as shelf:
            for number, label in enumerate(said):
                await shelf.say("r7", "s1", START_MS + number, label)
            assert await shelf.labels("r7", "s1") == said

    async def test_an_answer_that_comes_twice_is_kept_once(self, tmp_path):
        label = Label(START_MS, CRAMP)
        async with shelf_of(tmp_path) as shelf:
            assert await shelf.say("r7", "s1", START_MS, label)
            assert not await shelf.say("r7", "s1", START_MS, label)
            assert await shelf.labels("r7", "s1") == [label]

    async def test_what_an_older_release_kept_stays_as_it_is_and_is_not_learned_from(self, tmp_path):
        async with shelf_of(tmp_path):
            pass
        with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as older:
            for table in ("personal", "lesson", "profile", "label"):
                older.execute(f"DROP TABLE {table}")
            older.execute("INSERT INTO snapshot VALUES ('r7', 's1', ?, x'7b7d')", (START_MS,))
            older.execute("PRAGMA user_version=3")
            older.commit()
        async with shelf_of(tmp_path) as shelf:
            assert await shelf.unlearned("r7", START_MS + 1) == []
            assert (await shelf.snapshot("r7", "s1")).body == b"{}"

    async def test_a_version_that_cannot_be_read_knows_nothing_and_stops_nobody(self, tmp_path, caplog):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(0))], ())
        with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as newer:
            newer.execute("UPDATE personal SET body=?", (b'{"v":99}',))
            newer.commit()
        async with shelf_of(tmp_path) as shelf:
            assert (await shelf.beginning("r7", "new", session(0).ended_ms + 1))[1] is None
            await shelf.keep([kept("s2", session(1))], ())
            assert [one.personal.version for one in await shelf.versions("r7")] == [1, 2]
        assert "what is usual cannot be read" in caplog.text

    async def test_a_short_session_is_learned_from_without_a_version(self, tmp_path):
        async with shelf_of(tmp_path) as shelf:
            await shelf.keep([kept("s1", session(minutes=1))], ())
            assert await shelf.versions("r7") == []
            assert await shelf.unlearned("r7", START_MS + 1) == []
