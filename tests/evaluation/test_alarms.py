"""Alarms over a kept score are those of the machine."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.offline import samples_of
from collector.recordings import load
from crampwatch.events import FindingKind
from evaluation.alarms import SHIPPED_STRONG, SHIPPED_WARNING, Rules, Scan, Spell
from evaluation.trace import CAPPED, OPEN, RUNNING, SIGN
from evaluation.watching import samples_of_session, watch, watch_session
from processor.athlete import Athlete
from processor.detect.pattern import PatternSettings, thresholds_of
from processor.profile import Profile
from simulator.draw import draw
from simulator.session import Truth
from tests.evaluation.builders import WATCHED, raised, told
from tests.support import runs

LOW, HIGH = 0.01, 0.4
#: Rules whose outcome can be told by hand, whatever ships.
RULES = {
    "hold_s": 10.0,
    "leave_share": 0.7,
    "leave_s": 60.0,
    "refractory_s": 600.0,
    "strong_hold_s": 5.0,
    "strong": 0.5,
}
#: Recordings in which warnings are raised, some of them strong at once, and one without.
EVENTFUL = ("portland", "sloatsburg", "bloemendaal", "kaiteriteri")


def spells(trace, theta=0.3):
    return Scan(trace).spells(theta, Rules(**RULES))


def moments(trace, theta=0.3, **rules):
    return raised(trace, theta, **RULES | rules)


def own(trace):
    return [one.at_s for one in trace.warnings if not one.escalation]


def test_an_alarm_is_raised_when_the_score_has_held_for_long_enough():
    assert moments(told((1_000, LOW), (30, HIGH), (500, LOW))) == [1_010.0]
    assert moments(told((1_000, LOW), (10, HIGH), (500, LOW))) == []


def test_it_is_over_when_the_score_was_low_for_a_minute():
    assert spells(told((1_000, LOW), (30, HIGH), (500, LOW))) == [Spell(1_010.0, 1_090.0)]


def test_a_score_that_stays_just_below_the_threshold_keeps_it():
    assert spells(told((100, LOW), (30, HIGH), (400, 0.25), (200, LOW))) == [Spell(110.0, 590.0)]


def test_one_that_stands_at_the_end_ends_there():
    assert spells(told((100, LOW), (30, HIGH))) == [Spell(110.0, 129.0)]


def test_it_is_not_raised_again_within_ten_minutes():
    trace = told((100, LOW), (30, HIGH), (200, LOW), (30, HIGH), (400, LOW), (30, HIGH), (100, LOW))
    assert moments(trace) == [110.0, 770.0]
    assert moments(trace, refractory_s=60.0) == [110.0, 340.0, 770.0]


def test_what_is_not_open_does_not_hold():
    assert moments(told((100, LOW), (9, HIGH), (1, HIGH, RUNNING), (9, HIGH), (100, LOW))) == []


def test_it_ends_where_too_little_can_be_seen():
    assert spells(told((100, LOW), (30, HIGH), (60, HIGH, CAPPED))) == [Spell(110.0, 130.0)]


def test_strong_signs_come_in_spite_of_the_refractory_time():
    strong = (30, 0.6, WATCHED | SIGN)
    assert moments(told((100, LOW), (30, HIGH), (200, LOW), strong, (200, LOW))) == [110.0, 335.0]
    assert moments(told((100, LOW), (30, HIGH), (200, LOW), (30, 0.6), (200, LOW))) == [110.0]


def test_strong_signs_come_sooner_where_they_hold_for_less():
    trace = told((100, LOW), (30, 0.6, WATCHED | SIGN), (100, LOW))
    assert moments(trace) == [105.0]
    assert moments(trace, strong_hold_s=10.0) == [110.0]


def test_times_count_and_not_the_number_of_seconds():
    assert moments(told((800, LOW), (40, HIGH), (400, LOW), step_s=5)) == [810.0]


def test_a_threshold_above_every_score_raises_nothing():
    assert moments(told((1_000, HIGH)), 0.41) == []


@pytest.mark.parametrize("kind", ["wall", "trail", "faults", "cramp", "aborted"])
@pytest.mark.parametrize("sensitivity", [1.0, 2.0])
def test_on_simulated_runs_alarms_are_those_of_the_machine(kind, sensitivity):
    warning, strong = thresholds_of(PatternSettings(sensitivity=sensitivity))[1:]
    trace = watch_session(draw(11, kind), profile=Profile(sensitivity=sensitivity))
    found = Scan(trace).spells(warning, Rules(strong=strong))
    assert [one.from_s for one in found] == own(trace)


def test_on_recorded_runs_alarms_are_those_of_the_machine():
    raises = 0
    for path in (one for one in runs.recorded() if one.stem.endswith(EVENTFUL)):
        for recording in load(path):
            trace = watch(recording.name, Truth("real"), samples_of(recording), profile=Profile(sensitivity=2.0))
            warning, strong = thresholds_of(PatternSettings(sensitivity=2.0))[1:]
            found = Scan(trace).spells(warning, Rules(strong=strong))
            assert [one.from_s for one in found] == own(trace)
            raises += len(own(trace))
    assert raises


def test_a_trace_keeps_what_the_machine_said():
    session = draw(7, "cramp")
    samples = list(samples_of_session(session))
    machine = Athlete("r1", "s1")
    outcome = machine.observe(samples)
    seconds = [*outcome.views, *machine.flush().views]
    trace = watch(session.name, session.truth, samples, channels=True)
    assert list(trace.score) == [one.score for one in seconds]
    assert len(trace.at_s) == len(trace.flags) == len(trace.channels["residual"]) == len(seconds)
    assert list(trace.at_s) == [(one.at_ms - seconds[0].at_ms) / 1_000 for one in seconds]
    assert len(trace.prompts) == sum(one.kind is FindingKind.CRAMP_STOP for one in outcome.findings)


def test_nothing_is_exposure_before_eight_minutes_of_running():
    trace = watch_session(draw(7, "easy"))
    first = next(at for at, flag in zip(trace.at_s, trace.flags, strict=True) if flag & RUNNING)
    assert 480 <= first <= 700
    assert not any(flag & OPEN for at, flag in zip(trace.at_s, trace.flags, strict=True) if at < 480)


@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.sampled_from([0.01, 0.1, 0.2, 0.3, 0.5, 0.7]), st.integers(0, 15)), max_size=30
    ),
    st.sampled_from([0.05, 0.15, 0.25, 0.45]),
)
@settings(deadline=None)
def test_alarms_are_apart_and_only_where_the_score_decides(stretches, theta):
    trace = told(*stretches)
    found = Scan(trace).spells(theta)
    for before, after in pairwise(found):
        assert before.from_s <= before.to_s <= after.from_s
    for one in found:
        at = list(trace.at_s).index(one.from_s)
        assert trace.flags[at] & OPEN
        assert trace.score[at] >= theta


def test_the_shipped_thresholds_are_those_of_the_machine():
    assert thresholds_of(PatternSettings())[1:] == (SHIPPED_WARNING, SHIPPED_STRONG)


def test_the_shipped_rules_are_those_of_the_machine():
    shipped, rules = PatternSettings(), Rules()
    assert (rules.hold_s, rules.strong_hold_s, rules.refractory_s) == (*shipped.hold_s[1:], shipped.refractory_s[1])
    assert (rules.leave_share, rules.leave_s) == (shipped.leave_share, shipped.leave_s)
