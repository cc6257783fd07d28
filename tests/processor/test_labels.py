"""What a person said: it raises or quiets the pattern for a while, once, and survives a machine that is made anew."""

import dataclasses
import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import Acknowledged, Answer, CheckedIn, FindingKind
from crampwatch.units import MINUTE_MS, Gate, Level, Motion
from processor.athlete import ANSWERS, Athlete
from processor.backtest import backtest
from processor.context.answers import Answers
from processor.detect.tally import Tally
from processor.features.view import View
from processor.labels import BANDS, CRAMP, EASED, PAUSE, UNEVENTFUL, Label, What, label_of, stored_label
from tests.support.clocks import START_MS
from tests.support.stories import Story

AT_MS = START_MS + 600_000


def second(at_ms, *labels, running=True):
    motion = Motion.RUN if running else Motion.STOP
    return View(at_ms=at_ms, dt_s=1.0, motion=motion, settled=running, labels=tuple(labels))


def told(*labels, until_ms, running=True):
    """The view of a later second, after these labels."""
    answers = Answers()
    for label in labels:
        answers.observe(second(label.at_ms, label, running=running))
    view = second(until_ms, running=running)
    answers.observe(view)
    return view


@pytest.mark.parametrize("what", [CRAMP, PAUSE])
def test_an_answer_ends_the_question(what):
    machine = Athlete("r7", "s1")
    story = Story().running(600).hitching(5, every_s=25).standing(20)
    asked = machine.observe(story.samples).assessments
    assert asked[-1].level is Level.NOW
    machine.tell(Label(asked[-1].at_ms, what))
    more = len(story.samples)
    rest = machine.observe(story.standing(60).samples[more:]).assessments
    assert {one.level for one in rest[2:]}.isdisjoint({Level.NOW})


def test_of_answers_that_wait_few_are_kept_and_those_that_are_proved_all():
    machine, replayed = Athlete("r7", "s1"), Athlete("r7", "s1")
    for number in range(3_000):
        machine.tell(Label(AT_MS + number * 10, CRAMP))
        replayed.tell(Label(AT_MS + number * 1_000, CRAMP), proved=True)
    waiting = json.loads(machine.snapshot())["labels"]
    assert len(waiting) == ANSWERS
    assert waiting[-1]["at_ms"] == AT_MS + 29_000
    assert len(json.loads(replayed.snapshot())["labels"]) == 3_000


@pytest.mark.parametrize("what", [*BANDS, PAUSE, EASED, UNEVENTFUL])
def test_nothing_that_is_said_ahead_of_time_keeps_a_cramp_from_being_heard(what):
    machine = Athlete("r7", "s1")
    machine.observe(Story().running(60).samples)
    for number in range(50):
        machine.tell(Label(machine.last_ms + 30_000 + number * 1_000, what))
    machine.tell(Label(machine.last_ms, CRAMP))
    for number in range(50, 100):
        machine.tell(Label(machine.last_ms + 30_000 + number * 1_000, what))
    waiting = [one["what"] for one in json.loads(machine.snapshot())["labels"]]
    assert (waiting[0], set(waiting[1:]), len(waiting)) == (CRAMP, {what}, ANSWERS)


@settings(deadline=None, max_examples=50)
@given(said=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(get_args(What))), max_size=60))
def test_of_each_kind_that_waits_the_first_is_heard(said):
    machine = Athlete("r7", "s1")
    for at_s, what in said:
        machine.tell(Label(AT_MS + at_s * 1_000, what))
    waiting = [(one["at_ms"], one["what"]) for one in json.loads(machine.snapshot())["labels"]]
    assert len(waiting) <= ANSWERS
    for kind in {what for _, what in said}:
        assert (AT_MS + 1_000 * min(at_s for at_s, what in said if what == kind), kind) in waiting


class TestAnAnswer:
    def test_a_cramp_raises_the_prior_for_the_rest_of_the_run(self):
        assert told(Label(AT_MS, CRAMP), until_ms=AT_MS + 180 * MINUTE_MS).prior == 0.88

    def test_a_cramp_quiets_for_ten_minutes(self):
        assert told(Label(AT_MS, CRAMP), until_ms=AT_MS + 10 * MINUTE_MS - 1).gates == [Gate.ANSWERED]
        assert told(Label(AT_MS, CRAMP), until_ms=AT_MS + 10 * MINUTE_MS).gates == []

    def test_a_cramp_that_has_eased_quiets_until_running_goes_on(self):
        eased = Label(AT_MS, CRAMP), Label(AT_MS + MINUTE_MS, EASED)
        assert told(*eased, until_ms=AT_MS + 2 * MINUTE_MS, running=False).gates == [Gate.ANSWERED]
        assert told(*eased, until_ms=AT_MS + 2 * MINUTE_MS, running=True).gates == []

    def test_a_pause_after_a_cramp_has_eased_quiets_for_its_own_fifteen_minutes(self):
        said = Label(AT_MS, CRAMP), Label(AT_MS + MINUTE_MS, EASED), Label(AT_MS + 2 * MINUTE_MS, PAUSE)
        assert told(*said, until_ms=AT_MS + 16 * MINUTE_MS, running=False).gates == [Gate.ANSWERED]

    def test_that_it_has_eased_does_not_end_the_quiet_of_a_pause(self):
        said = Label(AT_MS, PAUSE), Label(AT_MS + MINUTE_MS, EASED)
        assert told(*said, until_ms=AT_MS + 2 * MINUTE_MS).gates == [Gate.ANSWERED]

    def test_a_pause_quiets_for_fifteen_minutes_and_raises_nothing(self):
        view = told(Label(AT_MS, PAUSE), until_ms=AT_MS + 15 * MINUTE_MS - 1)
        assert (view.gates, view.prior) == ([Gate.ANSWERED], 0.0)
        assert told(Label(AT_MS, PAUSE), until_ms=AT_MS + 15 * MINUTE_MS).gates == []

    def test_each_is_a_finding_that_concerns_nobody_and_says_what_was_said(self):
        for what in get_args(What):
            (proof,) = Answers().observe(second(AT_MS, Label(AT_MS - 500, what)))
            assert (proof.kind, proof.level, proof.tag) == (FindingKind.LABEL, Level.OK, what)
            assert dict(proof.evidence) == {what: 1.0}

    @pytest.mark.parametrize("what", [UNEVENTFUL, *BANDS])
    def test_that_nothing_happened_or_how_warm_it_is_quiets_and_raises_nothing(self, what):
        view = told(Label(AT_MS, CRAMP), Label(AT_MS + 1_000, what), until_ms=AT_MS + 10 * MINUTE_MS)
        assert (view.gates, view.prior) == ([], 0.88)
        view = told(Label(AT_MS, what), until_ms=AT_MS + 1_000)
        assert (view.gates, view.prior) == ([], 0.0)

    def test_of_words_on_the_weather_in_one_second_the_last_one_counts(self):
        answers = Answers()
        (proof,) = answers.observe(second(AT_MS, Label(AT_MS - 900, "hot"), Label(AT_MS - 100, "cool")))
        assert (proof.tag, answers.snapshot().band) == ("cool", "cool")
        assert answers.observe(second(AT_MS + 1_000, Label(AT_MS - 900, "hot"))) == []
        assert answers.snapshot().band == "cool"

    @pytest.mark.parametrize("what", get_args(What))
    def test_one_that_was_heard_before_is_no_new_one(self, what):
        answers = Answers()
        assert answers.observe(second(AT_MS, Label(AT_MS - 2_000, what)))
        before = answers.snapshot()
        again = second(AT_MS + 1_000, Label(AT_MS - 2_000, what))
        assert answers.observe(again) == []
        assert again.labels == ()
        assert answers.snapshot() == before

    @settings(max_examples=60, deadline=None)
    @given(
        said=st.lists(st.tuples(st.integers(0, 90), st.sampled_from(get_args(What))), max_size=6),
        late=st.integers(0, 5),
    )
    def test_telling_what_took_effect_from_the_start_leads_to_the_same_state(self, said, late):
        live, taken = Answers(), []
        for at_s in range(100):
            labels = [Label(AT_MS + (when - late) * 1_000, what) for when, what in said if when == at_s]
            view = second(AT_MS + at_s * 1_000, *labels, running=at_s % 40 < 30)
            taken += [Label(view.at_ms, proof.tag) for proof in live.observe(view)]
        anew = Answers()
        for at_s in range(100):
            at_ms = AT_MS + at_s * 1_000
            anew.observe(second(at_ms, *(one for one in taken if one.at_ms == at_ms), running=at_s % 40 < 30))
        assert anew.snapshot() == live.snapshot()


class TestMessages:
    def test_an_answer_and_a_check_in_are_labels(self):
        ack = Acknowledged(alert_id="a", at_ms=AT_MS, by="runner", answer=Answer.PAUSE)
        assert label_of(ack) == Label(AT_MS, PAUSE)
        assert label_of(CheckedIn(at_ms=AT_MS, what="eased")) == Label(AT_MS, EASED)

    def test_that_somebody_saw_an_alert_says_nothing_of_the_run(self):
        assert label_of(Acknowledged(alert_id="a", at_ms=AT_MS, by="coach")) is None


def run():
    return Story().running(560).hitching(3).standing(40).running(120).samples


def tallied(asked_s, paused_s, until_s=4_000):
    """How many questions were asked, and how many of them were answered, in a run with questions of a minute."""
    tally = Tally()
    for at_s in range(until_s):
        at_ms = AT_MS + at_s * 1_000
        view = second(at_ms, *(Label(at_ms, PAUSE) for one in paused_s if one == at_s))
        view.level = Level.NOW if any(0 <= at_s - one < 60 for one in asked_s) else Level.OK
        tally.observe(view)
    state = tally.snapshot()
    return state.asked, state.answered


@pytest.mark.parametrize(
    ("paused_s", "answered"),
    [
        ((620, 2_620), 2),
        ((600,), 1),
        ((620, 640), 1),
        ((300, 2_620), 1),
        ((1_501,), 0),
        ((), 0),
    ],
    ids=["each", "in the same second", "twice the same one", "before it was asked", "long after", "nobody"],
)
def test_a_pause_answers_the_question_before_it_and_no_other(paused_s, answered):
    assert tallied((600, 2_600), paused_s) == (2, answered)


def findings(outcomes):
    return [finding for outcome in outcomes for finding in outcome.findings]


class TestAMachine:
    def test_is_the_same_when_made_anew_from_what_is_stored(self):
        samples = run()
        live = Athlete("r7", "s1")
        proved = []
        for number, sample in enumerate(samples):
            if number == len(samples) // 2:
                live.tell(Label(sample.at_ms - 4_000, CRAMP))
            if number == len(samples) * 3 // 4:
                live.tell(Label(sample.at_ms + 3_000, EASED))
            proved.append(live.observe((sample,)))
        stored = findings(proved)
        anew = Athlete("r7", "s1")
        for label in filter(None, map(stored_label, stored)):
            anew.tell(label)
        assert findings([anew.observe(samples)]) == stored
        assert anew.snapshot() == live.snapshot()
        assert [one.evidence for one in stored if one.kind is FindingKind.LABEL] == [{CRAMP: 1.0}, {EASED: 1.0}]

    def test_an_answer_after_the_last_second_makes_the_session_no_uneventful_one(self):
        machine = Athlete("r7", "s1")
        machine.observe(Story().running(600).samples)
        assert machine.summary().uneventful
        machine.tell(Label(machine.last_ms + 60_000, CRAMP))
        assert not machine.summary().uneventful

    def test_a_question_that_nobody_answered_makes_it_none_either_but_just_a_pause_does_no_harm(self):
        samples = run()
        silent, answered = Athlete("r7", "s1"), Athlete("r7", "s1")
        answered.tell(Label(START_MS + 700_000, PAUSE))
        for machine in (silent, answered):
            machine.observe(samples)
        assert (silent.summary().uneventful, answered.summary().uneventful) == (False, True)

    def test_a_run_is_confirmed_when_a_question_was_answered_and_not_by_silence(self):
        silent, answered = Athlete("r7", "s1"), Athlete("r7", "s1")
        answered.tell(Label(START_MS + 700_000, PAUSE))
        silent.observe(Story().running(700).samples)
        answered.observe(run())
        assert (silent.summary().uneventful, silent.summary().confirmed) == (True, False)
        assert answered.summary().confirmed

    def test_that_nothing_happened_confirms_a_run_in_which_a_warning_was_reached_before(self):
        tally = Tally()
        for at_s, level in enumerate((Level.OK, Level.WARNING, Level.OK)):
            view = second(AT_MS + at_s * 1_000)
            view.level = level
            tally.observe(view)
        assert fine_after(tally, Level.OK, Level.OK)
        assert fine_after(tally, Level.WATCH)

    @pytest.mark.parametrize("level", [Level.WARNING, Level.NOW])
    def test_that_nothing_happened_says_nothing_of_a_warning_or_a_question_that_comes_after_it(self, level):
        assert not fine_after(Tally(), level)
        assert not fine_after(Tally(), level, Level.OK)

    @pytest.mark.parametrize("late", [False, True])
    def test_a_word_that_nothing_happened_makes_the_run_uneventful_and_confirmed(self, late):
        machine = Athlete("r7", "s1")
        samples = run()
        at_ms = samples[-1].at_ms + (60_000 if late else 0)
        machine.tell(Label(at_ms, UNEVENTFUL))
        machine.observe(samples)
        assert machine.summary().uneventful
        assert machine.summary().confirmed

    @pytest.mark.parametrize("order", [(CRAMP, UNEVENTFUL), (UNEVENTFUL, CRAMP)])
    def test_a_cramp_is_believed_before_and_after_a_word_that_nothing_happened(self, order):
        machine = Athlete("r7", "s1")
        samples = run()
        machine.tell(Label(samples[0].at_ms + 60_000, order[0]))
        machine.observe(samples)
        machine.tell(Label(samples[-1].at_ms + 60_000, order[1]))
        summary = machine.summary()
        assert (summary.cramp, summary.uneventful, summary.confirmed) == (True, False, False)

    def test_the_newest_word_on_the_weather_is_the_one_of_the_session(self):
        machine = Athlete("r7", "s1")
        assert backtested(run()).band is None
        samples = run()
        machine.tell(Label(samples[0].at_ms, "hot"))
        machine.observe(samples)
        assert machine.summary().band == "hot"
        machine.tell(Label(samples[-1].at_ms + 60_000, "mild"))
        assert machine.summary().band == "mild"

    def test_a_backtest_takes_labels(self):
        samples = run()
        label = Label(samples[0].at_ms + 60_000, CRAMP)
        found = findings(backtest("r7", "s1", samples, labels=[label]))
        assert [one.at_ms for one in found if one.kind is FindingKind.LABEL] == [label.at_ms]

    def test_sums_up_its_session(self):
        summary = backtested(run())
        assert summary.began_ms == START_MS
        assert summary.run_s == pytest.approx(560 + 90 + 120, abs=25)
        assert summary.distance_m == pytest.approx(3.0 * summary.run_s, rel=0.03)
        assert summary.spm == pytest.approx(170, abs=1)
        assert sum(summary.scores) > 100

    def test_knows_nothing_before_its_first_second(self):
        assert Athlete("r7", "s1").summary() is None

    def test_without_speed_it_says_neither_how_far_nor_how_fast(self):
        summary = backtested(Story(speed=False).running(1_400).samples)
        assert (summary.distance_m, summary.mps, summary.slope) == (None, None, None)
        assert not summary.early_mps


def fine_after(tally, *levels):
    """Whether a word that nothing happened still holds after seconds with these levels."""
    view = second(AT_MS + 60_000, Label(AT_MS + 60_000, UNEVENTFUL))
    tally.observe(view)
    for at_s, level in enumerate(levels, 61):
        view = second(AT_MS + at_s * 1_000)
        view.level = level
        tally.observe(view)
    return tally.snapshot().fine


def backtested(samples):
    machine = Athlete("r7", "s1")
    machine.observe(samples)
    machine.flush()
    return machine.summary()


def test_a_profile_decides_how_a_machine_begins():
    usual = dataclasses.replace(Athlete("r7", "s1").profile.usual, longest_s=100.0, slope=9.0)
    profile = dataclasses.replace(Athlete("r7", "s1").profile, usual=usual)
    views = [view for outcome in backtest("r7", "s1", run(), profile) for view in outcome.views]
    assert views[-1].exposure > 1.10
    assert views[-1].prior == 0.2
    assert views[50].exposure < 1.0
    assert views[50].prior == 0.0
