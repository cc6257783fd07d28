"""A session teaches once, when it is over; the next one begins with what it taught, and keeps that."""

import contextlib
import json
import sqlite3

import pytest

from crampwatch.errors import Unavailable
from crampwatch.events import Acknowledged, Answer, CheckedIn, FindingKind
from crampwatch.metrics import Counters
from crampwatch.settings import Athlete as AthleteSettings
from crampwatch.settings import Settings
from crampwatch.topics import Kind, Topic
from crampwatch.units import HOUR_MS
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.context.answers import Answers
from processor.labels import CRAMP, EASED, PAUSE, UNEVENTFUL, Label
from processor.learning import learned
from processor.personal import Personal
from processor.profile import Asked, profile_of
from processor.roster import OVER_MS
from processor.seat import Seat
from processor.shelf import FILE_NAME, Kept, Shelf
from tests.processor.desk import RUN, rows, story
from tests.processor.test_personal import session
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock
from tests.support.stories import Story

ACK = Topic("home", "r7", Kind.ACK)
CHECKIN = Topic("home", "r7", Kind.CHECKIN)


@contextlib.asynccontextmanager
async def shelf_of(folder):
    shelf = await Shelf(folder).open()
    try:
        yield shelf
    finally:
        await shelf.close()


def kept(name, summary, began=None):
    return Kept("r7", name, summary.ended_ms, b"{}", began, summary)


async def versions(desk):
    async with shelf_of(desk.settings.state_dir) as shelf:
        return [(one.personal.version, one.session) for one in await shelf.versions("r7")]


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


NEXT_MS = 24 * HOUR_MS


def later(samples, by_ms=NEXT_MS):
    """The same run, so much later."""
    return [one.model_copy(update={"at_ms": one.at_ms + by_ms}) for one in samples]


class Unteachable(Athlete):
    """A machine that fails when it is asked what its session taught."""

    def summary(self):
        raise RuntimeError("a fault that nobody foresaw")


def calm():
    return Story().running(700).samples


async def profile_in(desk, session):
    """The profile that a session has in its snapshot, and on the shelf."""
    async with shelf_of(desk.settings.state_dir) as shelf:
        kept = await shelf.snapshot("r7", session)
        began, _ = await shelf.beginning("r7", session, 0)
    assert kept is not None
    assert Athlete.restore(kept.body).profile == began
    return began


async def run_on_a_day(desk, number, samples=None, spool=None, machines=Athlete):
    """One life of the processor with one session; returns when all is stored and kept."""
    spool = spool or f"spool{number}"
    messages = rows(later(samples or calm(), number * NEXT_MS), session=f"s{number}", spool=spool)
    desk.clock = ManualClock(START_MS + number * NEXT_MS)
    async with desk.processing(machines):
        await desk.send(*messages)
        await until(lambda: desk.spool_marked == spool and desk.mark == len(messages) - 1)
        await until(lambda: all(one.kept_at_ms for one in desk.processor._roster._seats.values()))


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


def labelled(desk):
    return [one for one in desk.findings if one.kind is FindingKind.LABEL]


def machine_of(desk, session="s1"):
    return desk.processor._roster._seats["r7", session].machine


def cramp_of(machine):
    """When a cramp last took effect in a machine; None: never."""
    (answers,) = [one for one in machine._detectors if isinstance(one, Answers)]
    return answers.snapshot().cramp_ms


class TestAnAnswer:
    async def test_takes_effect_in_the_newest_session_and_is_told_and_stored(self, desk):
        messages = rows(story())
        half = len(messages) // 2
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:half])
            await desk.marked(half - 1)
            said = CheckedIn(at_ms=messages[half - 1].samples[-1].at_ms, what="cramp")
            await desk.send(said, topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[half:])
            await desk.marked(len(messages) - 1)
            assert cramp_of(machine_of(desk)) is not None
        (finding,) = labelled(desk)
        assert 0 <= finding.at_ms - said.at_ms <= 1_000
        assert finding in await desk.store.findings(RUN)
        expected = findings_of(story(), Label(finding.at_ms, CRAMP))
        assert await desk.store.findings(RUN) == sorted(expected, key=lambda one: (one.at_ms, one.id))

    @pytest.mark.parametrize("hours", [0, 3], ids=["before the session is over", "when it was learned from"])
    async def test_that_nothing_happened_confirms_the_run_whose_last_second_is_over(self, desk, hours):
        messages = rows(calm())
        ended_ms = messages[-1].samples[-1].at_ms
        async with desk.processing():
            await desk.send(*messages)
            await desk.marked(len(messages) - 1)
            await desk.clock.advance(720 + hours * 3_600)
            await desk.send(*rows(Story().running(2).samples, session="s9", spool="other"), topic=OTHER)
            await until(lambda: (("r7", "s1") in desk.processor._roster._seats) == (hours == 0))
            await desk.send(CheckedIn(at_ms=ended_ms + hours * HOUR_MS, what="uneventful"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "uneventful") == 1)
            await until(lambda: all(one.kept_at_ms for one in desk.processor._roster._seats.values()))
        await run_on_a_day(desk, 2)
        async with shelf_of(desk.settings.state_dir) as shelf:
            found = [one.personal for one in await shelf.versions("r7")]
        assert [(one.sessions, one.uneventful, one.confirmed) for one in found] == (
            [(1, 1, 1)] if hours == 0 else [(1, 1, 0), (1, 1, 1)]
        )

    def test_of_before_a_step_back_of_the_clock_counts_once_when_its_session_is_brought_back(self):
        samples = Story().running(300).samples
        half, late = len(samples) // 2, len(samples) * 3 // 4
        samples[half:] = [one.model_copy(update={"at_ms": one.at_ms - 100_000}) for one in samples[half:]]
        live = Seat(RUN, Athlete("r7", "s1"), Counters())
        said = []
        for part, what in ((samples[:half], CRAMP), (samples[half:late], PAUSE)):
            live.observe(part)
            said.append(live.moment_of(Label(live.machine.last_ms + 1_000, what)))
            live.tell(said[-1])
        again = Seat(RUN, Athlete.restore(live.machine.snapshot()), Counters())
        again.tell_kept(said)
        found = live.observe(samples[late:]).findings
        assert again.observe(samples[late:]).findings == found
        assert [one.evidence for one in found if one.kind is FindingKind.LABEL] == [{PAUSE: 1.0}]
        assert again.machine.snapshot() == live.machine.snapshot()

    @pytest.mark.parametrize("taken", [0, 1])
    async def test_is_there_after_a_restart_whether_it_had_taken_effect_or_not(self, desk, taken):
        messages = rows(story())
        half = len(messages) // 2
        async with desk.listening():
            async with desk.processing():
                await desk.send(*messages[:half])
                await desk.marked(half - 1)
                await desk.send(CheckedIn(at_ms=messages[half - 1].samples[-1].at_ms, what="cramp"), topic=CHECKIN)
                await until(lambda: desk.counters.value("labels", "cramp") == 1)
                await desk.send(*messages[half : half + taken])
                await desk.marked(half - 1 + taken)
            async with desk.processing():
                await desk.send(*messages[half + taken :])
                await desk.marked(len(messages) - 1)
                assert cramp_of(machine_of(desk)) is not None
                rebuilt = json.loads(machine_of(desk).snapshot())
        (finding,) = {one.id: one for one in labelled(desk)}.values()
        live = Athlete("r7", "s1")
        live.tell(Label(finding.at_ms, CRAMP))
        live.observe(story())
        assert rebuilt == json.loads(live.snapshot())

    async def test_comes_back_from_the_store_when_the_shelf_is_lost(self, desk):
        messages = rows(story())
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3])
            await desk.marked(2)
            await desk.send(CheckedIn(at_ms=messages[2].samples[-1].at_ms, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[3:-1])
            await desk.marked(len(messages) - 2)
            live = machine_of(desk)
        for path in desk.settings.state_dir.glob("processor.db*"):
            path.unlink()
        async with desk.processing():
            await desk.send(messages[-1])
            await desk.marked(len(messages) - 1)
            live.observe(messages[-1].samples)
            assert machine_of(desk).snapshot() == live.snapshot()

    async def test_survives_the_mending_of_its_session(self, desk):
        messages = rows(story())
        hidden = messages[3]
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3], *messages[4:6])
            await until(lambda: desk.counters.value("messages") == 5)
            await desk.send(CheckedIn(at_ms=messages[5].samples[-1].at_ms, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[6:8])
            await until(lambda: bool(labelled(desk)))
            await desk.send(hidden, topic=Topic("home", "r7", Kind.BACKLOG))
            await until(lambda: desk.counters.value("mended") == 1)
            await desk.send(*messages[8:])
            await desk.marked(len(messages) - 1)
            mended = machine_of(desk).snapshot()
        (finding,) = labelled(desk)
        live = Athlete("r7", "s1")
        live.tell(Label(finding.at_ms, CRAMP))
        live.observe(story())
        assert mended == live.snapshot()

    async def test_that_comes_twice_counts_once(self, desk):
        messages = rows(story())
        answer = Acknowledged(
            alert_id="r7/s1/pattern/1", at_ms=messages[2].samples[-1].at_ms, by="runner", answer=Answer.PAUSE
        )
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3])
            await desk.marked(2)
            await desk.send(answer, answer, topic=ACK)
            await until(lambda: desk.counters.value("labels", "pause") == 1)
            await desk.send(*messages[3:5])
            await desk.send(answer, topic=ACK)
            await desk.send(*messages[5:])
            await desk.marked(len(messages) - 1)
        assert len(labelled(desk)) == 1

    async def test_dated_by_a_clock_far_off_counts_from_now(self, desk):
        messages = rows(story())
        async with desk.listening(), desk.processing():
            await desk.send(*messages[:3])
            await desk.marked(2)
            await desk.send(CheckedIn(at_ms=START_MS + 400 * NEXT_MS, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
            await desk.send(*messages[3:])
            await desk.marked(len(messages) - 1)
        (finding,) = labelled(desk)
        assert 0 <= finding.at_ms - messages[2].samples[-1].at_ms < 2_000

    async def test_that_somebody_has_seen_an_alert_is_none(self, desk):
        async with desk.processing():
            await desk.send(*rows(Story().running(30).samples))
            await desk.marked(0)
            await desk.send(Acknowledged(alert_id="a", at_ms=START_MS, by="coach"), topic=ACK)
            await desk.send(*rows(Story().running(60).samples, first=1))
            await desk.marked(2)
        assert desk.counters.value("labels") == 0

    async def test_of_somebody_who_does_not_run_is_counted_and_stops_nobody(self, desk):
        async with desk.processing():
            await desk.send(CheckedIn(at_ms=START_MS, what="cramp"), topic=Topic("home", "r8", Kind.CHECKIN))
            await desk.send(b"poison", topic=CHECKIN)
            await desk.send(*rows(Story().running(30).samples))
            await desk.marked(0)
        assert desk.counters.value("labels", "no_session") == 1
        assert desk.counters.value("refused", "not_json") == 1

    async def test_waits_for_a_shelf_that_is_away(self, desk, monkeypatch):
        say = Shelf.say
        tries = []

        async def fickle(shelf, *said):
            tries.append(said)
            if len(tries) < 3:
                raise Unavailable("the disk is full")
            return await say(shelf, *said)

        monkeypatch.setattr(Shelf, "say", fickle)
        async with desk.processing():
            await desk.send(*rows(Story().running(30).samples))
            await desk.marked(0)
            await desk.send(CheckedIn(at_ms=START_MS, what="cramp"), topic=CHECKIN)
            await until(lambda: desk.counters.value("labels", "cramp") == 1)
        assert len(tries) == 3


def findings_of(samples, *labels):
    return [one for outcome in backtest("r7", "s1", samples, labels=labels) for one in outcome.findings]


OTHER = Topic("home", "r9", Kind.TELEMETRY)
