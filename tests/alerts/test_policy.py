"""Whether a person is disturbed: what must hold whatever happens, and one sentence per reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.policy import Candidate, Hush, Memory, Outcome, Pushed, Reason, Rules, decide
from crampwatch.events import AlertKind
from crampwatch.units import HOUR_MS, MINUTE_MS, Level
from tests.alerts.builders import RULES
from tests.support.clocks import START_MS as NOW


def warning(level=Level.WARNING, slot=AlertKind.PATTERN, name="f1", **more):
    return Candidate(slot, level, name, more.pop("at_ms", NOW), **more)


def ask(candidate, now_ms=NOW, rules=RULES, **memory):
    return decide(candidate, Memory(**memory), rules, now_ms)


def pushed(level, ago_ms, name="before", asked=False):
    return Pushed(NOW - ago_ms, level, name, asked)


def test_a_first_warning_is_told():
    assert ask(warning()) is Reason.FIRST


def test_watch_is_shown_without_a_sound():
    assert ask(warning(Level.WATCH)) is Reason.QUIET_LEVEL


def test_a_finding_from_backlog_never_disturbs():
    assert ask(warning(late=True)) is Reason.LATE


@pytest.mark.parametrize("late", [False, True])
def test_ok_ends_what_is_open_however_late_it_comes(late):
    assert ask(warning(Level.OK, late=late), open={AlertKind.PATTERN: Level.WARNING}) is Reason.ENDED
    assert ask(warning(Level.OK, late=late)) is Reason.NOTHING_OPEN


@pytest.mark.parametrize("level", [Level.OK, Level.WARNING])
def test_what_happened_before_the_open_alert_began_does_not_touch_it(level):
    standing = {"open": {AlertKind.PATTERN: Level.WARNING}, "since_ms": {AlertKind.PATTERN: NOW}}
    assert ask(warning(level, at_ms=NOW - 1), **standing) is Reason.OUTDATED


def test_what_is_older_than_its_deadline_is_too_late():
    assert ask(warning(at_ms=NOW - RULES.deadline_ms)) is Reason.FIRST
    assert ask(warning(at_ms=NOW - RULES.deadline_ms - 1)) is Reason.TOO_LATE


def test_what_is_too_late_is_shown_where_nothing_more_urgent_stands():
    old = NOW - RULES.deadline_ms - 1
    assert Reason.TOO_LATE.outcome is Outcome.SHOW
    assert ask(warning(at_ms=old), open={AlertKind.PATTERN: Level.IMMINENT}) is Reason.LOWERED
    fatigue = warning(Level.WATCH, at_ms=old, gives_way=True)
    assert ask(fatigue, open={AlertKind.PATTERN: Level.WARNING}) is Reason.COVERED


def test_the_same_level_waits_for_the_cooldown():
    recent = (pushed(Level.WARNING, RULES.cooldown_ms - 1),)
    assert ask(warning(), pushed=recent) is Reason.COOLING_DOWN
    past = (pushed(Level.WARNING, RULES.cooldown_ms),)
    assert ask(warning(), pushed=past) is Reason.REPEAT_DUE


def test_a_rise_is_told_within_the_cooldown():
    assert ask(warning(Level.IMMINENT), pushed=(pushed(Level.WARNING, 1_000),)) is Reason.ESCALATED


def test_an_acknowledged_alert_stays_quiet_until_the_ack_runs_out():
    hushes = (Hush(Level.IMMINENT, NOW + 1),)
    assert ask(warning(Level.IMMINENT), hushes=hushes) is Reason.ACKNOWLEDGED
    assert ask(warning(Level.IMMINENT, at_ms=NOW + 1), NOW + 1, hushes=hushes) is Reason.FIRST


def test_acknowledging_strong_signs_also_quiets_a_warning_but_not_a_sudden_stop():
    hushes = (Hush(Level.IMMINENT, NOW + 1),)
    assert ask(warning(), hushes=hushes) is Reason.ACKNOWLEDGED
    assert ask(warning(Level.NOW, AlertKind.CRAMP), hushes=hushes) is Reason.FIRST


def test_a_question_about_a_cramp_silences_the_pattern_beside_it():
    assert ask(warning(Level.IMMINENT), open={AlertKind.CRAMP: Level.NOW}) is Reason.INHIBITED


def test_a_fault_silences_nothing_and_is_shown():
    assert ask(warning(), open={AlertKind.FAULT: Level.WATCH}) is Reason.FIRST
    assert ask(warning(Level.WATCH, AlertKind.FAULT), open={AlertKind.CRAMP: Level.NOW}) is Reason.FAULT_SHOWN


def test_a_fall_in_level_is_shown_and_not_told():
    assert ask(warning(), open={AlertKind.PATTERN: Level.IMMINENT}) is Reason.LOWERED


def test_a_stop_is_not_asked_about_twice_nor_after_a_pause_was_announced():
    stop = warning(Level.NOW, AlertKind.CRAMP)
    assert ask(stop, open={AlertKind.CRAMP: Level.NOW}) is Reason.COVERED
    assert ask(stop, paused_until_ms=NOW + 1) is Reason.PAUSED


def test_every_sudden_stop_is_a_question_of_its_own_and_no_word_on_the_pattern():
    asked = (Pushed(NOW - 4 * MINUTE_MS, Level.NOW, "before", slot=AlertKind.CRAMP),)
    assert ask(warning(Level.NOW, AlertKind.CRAMP), pushed=asked) is Reason.REPEAT_DUE
    assert ask(warning(Level.IMMINENT), pushed=asked).outcome is Outcome.PUSH


def test_fatigue_gives_way_to_a_pattern():
    fatigue = warning(Level.WATCH, gives_way=True)
    assert ask(fatigue, open={AlertKind.PATTERN: Level.WARNING}) is Reason.COVERED


def test_three_sounds_an_hour_are_enough():
    three = tuple(pushed(Level.WATCH, n * 15 * MINUTE_MS, f"p{n}") for n in (1, 2, 3))
    assert ask(warning(), pushed=three) is Reason.OVER_BUDGET
    assert ask(warning(), now_ms=NOW, pushed=three[:2]) is Reason.REPEAT_DUE


def test_help_that_was_asked_for_always_comes_and_costs_no_budget():
    three = tuple(pushed(Level.NOW, 1_000, f"p{n}") for n in range(3))
    cry = warning(Level.NOW, AlertKind.CRAMP, asked=True)
    assert ask(cry, pushed=three, hushes=(Hush(Level.NOW, NOW + 1),), paused_until_ms=NOW + 1) is Reason.ASKED
    cries = tuple(pushed(Level.NOW, HOUR_MS - n, f"c{n}", asked=True) for n in range(1, 4))
    assert ask(warning(), pushed=cries) is Reason.REPEAT_DUE


slots = st.sampled_from(AlertKind)
levels = st.sampled_from(Level)
moves = st.one_of(
    st.tuples(
        st.just("finding"), slots, levels, st.integers(0, 30), st.booleans(), st.integers(0, 120_000), st.booleans()
    ),
    st.tuples(st.just("answer"), levels),
    st.tuples(st.just("close"), slots),
)


class World:
    """What the journal would remember, in the simplest words."""

    def __init__(self, rules):
        self.rules = rules
        self.now_ms = NOW
        self.open, self.pushed, self.hushes = {}, [], []
        self.decisions = []

    def finding(self, slot, level, number, late, age_ms, asked):
        candidate = Candidate(slot, level, f"f{number}", self.now_ms - age_ms, late=late, asked=asked)
        memory = Memory(dict(self.open), tuple(self.pushed), tuple(self.hushes))
        reason = decide(candidate, memory, self.rules, self.now_ms)
        self.decisions.append((candidate, reason, self.now_ms, tuple(self.hushes)))
        if reason.outcome is Outcome.CLEAR:
            self.open.pop(slot)
        elif reason.outcome in {Outcome.SHOW, Outcome.PUSH}:
            self.open[slot] = level
        if reason.outcome is Outcome.PUSH:
            self.pushed.append(Pushed(self.now_ms, level, candidate.finding_id, asked, slot))

    def answer(self, level):
        self.hushes.append(Hush(level, self.now_ms + self.rules.cooldown_ms))

    def close(self, slot):
        self.open.pop(slot, None)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 20 * MINUTE_MS), moves), max_size=60),
    st.integers(0, 20).map(lambda minutes: Rules(minutes * MINUTE_MS, 60_000)),
)
def test_whatever_happens_people_are_left_in_peace_and_every_decision_has_a_reason(script, rules):
    world = World(rules)
    for wait_ms, (verb, *arguments) in script:
        world.now_ms += wait_ms
        getattr(world, verb)(*arguments)
    told = [
        (candidate, now, hushes) for candidate, reason, now, hushes in world.decisions if reason.outcome is Outcome.PUSH
    ]
    assert all(isinstance(reason, Reason) for _, reason, _, _ in world.decisions)
    # nobody is told the same thing twice
    ids = [candidate.finding_id for candidate, _, _ in told]
    assert len(ids) == len(set(ids))
    for candidate, now, hushes in told:
        assert not candidate.late
        assert candidate.level is not Level.OK
        if candidate.asked:
            continue
        # never late, never quiet levels, never after an answer unless the level rises
        assert now - candidate.at_ms <= rules.deadline_ms
        assert candidate.level.rank > Level.WATCH.rank
        assert all(candidate.level.rank > hush.level.rank for hush in hushes if now < hush.until_ms)
        # the budget holds
        unasked = [when for other, when, _ in told if not other.asked and now - HOUR_MS < when <= now]
        assert len(unasked) <= rules.audible_per_hour
