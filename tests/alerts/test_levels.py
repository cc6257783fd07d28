"""A level of whose rise nobody was told in time is told while it stands: once, and no more often than any other."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.guidance import Flow
from alerts.levels import Levels
from alerts.policy import Reason, Rules
from crampwatch.events import AlertKind, Answer, FindingKind
from crampwatch.units import MINUTE_MS, Level
from tests.alerts.builders import RULES, answer, assessed, finding
from tests.alerts.ledger import Ledger
from tests.support.clocks import START_MS as NOW

LATER = NOW + 3 * MINUTE_MS


def outage(**rise):
    """A ledger after an outage of three minutes in whose first second the level rose."""
    ledger = Ledger()
    ledger.find(finding(name="rise", **rise), LATER)
    return ledger


@pytest.mark.parametrize("late", [True, False])
def test_a_rise_that_fell_into_an_outage_is_told_while_the_level_stands(late):
    ledger = outage(late=late)
    assert ledger.told == []
    ledger.assess(assessed(Level.WARNING, LATER), LATER)
    (one,) = ledger.told
    assert (one.alert.level, one.flow, one.alert.session) == (Level.WARNING, Flow.PATTERN_WARNING, "run-1")
    assert one.alert.because == (*finding().because, "First seen 3 min ago; it still stands.")
    assert list(ledger.open) == [AlertKind.PATTERN]


@pytest.mark.parametrize("late", [True, False])
def test_it_is_told_once_however_long_it_stands_and_however_often_the_alerter_starts(late):
    ledger = outage(late=late)
    for second in range(0, 1_800, 5):
        if second % 300 == 10:
            ledger.restart()
        ledger.assess(assessed(Level.WARNING, LATER + second * 1_000), LATER + second * 1_000)
    assert len(ledger.told) == 1


def test_a_level_that_is_over_is_not_told():
    ledger = outage(late=True)
    ledger.find(finding(level=Level.OK, at_ms=NOW + MINUTE_MS, late=True), LATER)
    ledger.assess(assessed(Level.WARNING, LATER - 1_000 - 2 * MINUTE_MS), LATER)
    ledger.assess(assessed(Level.OK, LATER), LATER)
    assert ledger.told == []


def test_an_old_assessment_tells_nobody():
    ledger = outage(late=True)
    ledger.assess(assessed(Level.WARNING, LATER - RULES.deadline_ms - 1), LATER)
    assert ledger.told == []


def test_a_level_of_which_no_finding_came_is_told_once_it_has_stood_for_a_moment():
    ledger = Ledger()
    ledger.assess(assessed(Level.IMMINENT, NOW), NOW)
    assert ledger.told == []  # the finding may be on its way
    ledger.assess(assessed(Level.IMMINENT, NOW + 10_000), NOW + 10_000)
    assert [one.alert.because for one in ledger.told] == [("These signs stand now; word of how they began was lost.",)]


def test_a_level_that_was_looked_at_costs_nothing_while_it_stands():
    levels = Levels(RULES.deadline_ms)
    levels.found("ada", finding(late=True), in_time=False)
    levels.settle("ada", levels.seen("ada", assessed(Level.WARNING, LATER), LATER))
    assert levels.seen("ada", assessed(Level.WARNING, LATER + 5_000), LATER + 5_000) is None


def test_a_level_that_was_told_by_its_finding_is_not_told_again():
    ledger = Ledger()
    ledger.find(finding(), NOW)
    for second in range(0, 1_200, 5):
        ledger.assess(assessed(Level.WARNING, NOW + second * 1_000), NOW + second * 1_000)
    assert len(ledger.told) == 1


@pytest.mark.parametrize(
    ("parts", "flow"), [({"U": 0.7}, Flow.PATTERN_WATCH), ({"U": 0.05}, Flow.FATIGUE_WATCH), ({}, Flow.FATIGUE_WATCH)]
)
def test_an_untold_watch_is_shown_by_what_it_consists_of(parts, flow):
    ledger = Ledger()
    for at_ms in (NOW, NOW + 10_000):
        ledger.assess(assessed(Level.WATCH, at_ms, contributions=parts), at_ms)
    assert ledger.told == []
    assert ledger.open[AlertKind.PATTERN].flow is flow


def test_a_fall_in_an_outage_is_shown_once_the_link_is_back():
    ledger = Ledger()
    ledger.find(finding(level=Level.IMMINENT), NOW)
    ledger.find(finding(level=Level.WATCH, at_ms=NOW + MINUTE_MS, late=True), LATER)
    ledger.assess(assessed(Level.WATCH, LATER), LATER)
    assert ledger.open[AlertKind.PATTERN].alert.level is Level.WATCH
    assert len(ledger.told) == 1


def test_an_end_of_which_no_word_came_is_seen_all_the_same():
    ledger = Ledger()
    ledger.find(finding(), NOW)
    for at_ms in (LATER, LATER + 10_000):
        ledger.assess(assessed(Level.OK, at_ms), at_ms)
    assert (ledger.open, ledger.reasons[-1]) == ({}, Reason.ENDED)


def test_an_ok_of_which_nothing_is_known_yet_is_no_end():
    ledger = Ledger()
    ledger.find(finding(), NOW)
    for at_ms in (LATER, LATER + 10_000):
        ledger.assess(assessed(Level.OK, at_ms, settled=False), at_ms)
    assert list(ledger.open) == [AlertKind.PATTERN]


def test_an_assessment_from_before_the_finding_changes_nothing():
    ledger = Ledger()
    ledger.find(finding(at_ms=NOW), NOW)
    for level in (Level.OK, Level.WATCH):
        ledger.assess(assessed(level, NOW - 1_000), NOW)
    assert ledger.open[AlertKind.PATTERN].alert.level is Level.WARNING


def test_a_sudden_stop_that_fell_into_an_outage_is_asked_about_while_the_runner_stands():
    stop = finding(FindingKind.CRAMP_STOP, Level.NOW, late=True, at_ms=LATER - 2 * MINUTE_MS)
    ledger = Ledger()
    ledger.find(stop, LATER)
    ledger.assess(assessed(Level.NOW, LATER), LATER)
    assert [one.flow for one in ledger.told] == [Flow.CRAMP_PROMPT]
    ledger.answer(answer(ledger.told[0].alert.id, Answer.OK), LATER + 5_000)
    for second in range(5, 120, 5):
        if second == 60:
            ledger.restart()
        ledger.assess(assessed(Level.NOW, LATER + second * 1_000), LATER + second * 1_000)
    assert len(ledger.told) == 1


def test_a_stop_is_a_question_of_its_own_and_leaves_the_pattern_as_it_was():
    ledger = Ledger()
    ledger.find(finding(), NOW)
    ledger.find(finding(FindingKind.CRAMP_STOP, Level.NOW, at_ms=NOW + 20_000), NOW + 20_000)
    for second, level in ((20, Level.NOW), (40, Level.NOW), (60, Level.WARNING), (80, Level.WARNING)):
        ledger.assess(assessed(level, NOW + second * 1_000), NOW + second * 1_000)
    assert [one.alert.kind for one in ledger.told] == [AlertKind.PATTERN, AlertKind.CRAMP]


def test_a_push_that_nobody_took_is_tried_once_more_while_the_level_stands():
    ledger = Ledger()
    ledger.deaf = True
    ledger.find(finding(), NOW)
    for second in range(0, 600, 5):
        ledger.pass_time(NOW + second * 1_000)
        ledger.assess(assessed(Level.WARNING, NOW + second * 1_000), NOW + second * 1_000)
    assert [one.alert.id.split("-")[0] for one in ledger.told[1:]] == ["level"]


def test_word_of_a_level_obeys_the_cooldown_and_an_answer():
    ledger = Ledger()
    ledger.find(finding(name="first"), NOW)
    ledger.answer(answer("first"), NOW + 1_000)
    ledger.find(finding(level=Level.OK, at_ms=NOW + MINUTE_MS), NOW + MINUTE_MS)
    ledger.find(finding(at_ms=NOW + 2 * MINUTE_MS, late=True), LATER)
    ledger.assess(assessed(Level.WARNING, LATER), LATER)
    assert (len(ledger.told), ledger.reasons[-1]) == (1, Reason.ACKNOWLEDGED)


# --- whatever happens -----------------------------------------------------------------------------------------

KINDS = {Level.NOW: FindingKind.CRAMP_STOP}
moves = st.tuples(
    st.integers(1, 90),  # seconds that pass before
    st.sampled_from([None, None, *Level]),  # the level changes to, None: it stands
    st.sampled_from(["live", "late", "lost", "held"]),  # how word of the change comes
    st.sampled_from(["fresh", "fresh", "stale", "none"]),  # how the assessment comes
    st.sampled_from([None, None, None, "restart", "time", Answer.OK, Answer.CRAMP, Answer.PAUSE]),
)


class Runner:
    """Levels as they truly are, told over a link that loses and delays, to an alerter that forgets; people answer."""

    def __init__(self, rules):
        self.ledger, self.now_ms = Ledger(rules), NOW
        self.level, self.since_ms, self.episode = Level.OK, NOW, 0
        self.beneath = Level.OK
        self.told_in = []

    def move(self, wait_s, level, way, word, deed):
        self.now_ms += wait_s * 1_000
        if self.level is Level.NOW and self.now_ms - self.since_ms > 4 * MINUTE_MS:
            level = self.beneath  # the processor asks no longer
        if level not in {None, self.level}:
            self._change(level, way)
        if word != "none":
            age_ms = 0 if word == "fresh" else self.ledger.rules.deadline_ms + 1_000
            if self.now_ms - age_ms >= self.since_ms:
                self.ledger.assess(assessed(self.level, self.now_ms - age_ms), self.now_ms)
        self._do(deed)
        asked = [one for one in self.ledger.told if not one.asked]
        self.told_in += [self.episode] * (len(asked) - len(self.told_in))

    def _change(self, level, way):
        pattern_before = self.beneath
        self.level, self.since_ms, self.episode = level, self.now_ms, self.episode + 1
        if level is not Level.NOW:
            self.beneath = level
            if level is pattern_before:
                return  # a stop is over, the pattern stands as it stood: no finding says so
        if way == "lost":
            return
        told = finding(KINDS.get(level, FindingKind.PATTERN), level, self.now_ms, late=way == "late")
        held_ms = self.ledger.rules.deadline_ms + 5_000 if way == "held" else 0
        self.now_ms += held_ms
        self.ledger.find(told, self.now_ms)

    def _do(self, deed):
        if deed == "restart":
            self.ledger.restart()
        elif deed == "time":
            self.ledger.pass_time(self.now_ms)
        elif deed is not None and self.ledger.open:
            alert = next(iter(self.ledger.open.values())).alert
            self.ledger.answer(answer(alert.id, deed, at_ms=self.now_ms), self.now_ms)


@settings(max_examples=400)
@given(st.lists(moves, max_size=60), st.sampled_from([RULES, Rules(0, 60_000, 1_000), Rules(120_000, 30_000, 1_000)]))
def test_whatever_happens_one_standing_level_is_told_at_most_once(script, rules):
    runner = Runner(rules)
    for move in script:
        runner.move(*move)
    assert len(runner.told_in) == len(set(runner.told_in))
    names = [one.alert.id for one in runner.ledger.told]
    assert len(names) == len(set(names))


@given(st.sampled_from([Level.WARNING, Level.IMMINENT]), st.sampled_from(["late", "lost", "held"]), st.integers(0, 60))
def test_a_first_rise_is_always_told_while_it_stands(level, way, wait_s):
    runner = Runner(replace(RULES))
    runner.move(1, level, way, "none", None)
    for _ in range(3):
        runner.move(max(5, wait_s), None, way, "fresh", None)
    assert len(runner.told_in) == 1
