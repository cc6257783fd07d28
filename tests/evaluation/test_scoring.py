"""What alarms are worth, by hand."""

import pytest

from evaluation.alarms import Spell
from evaluation.scoring import ABORTED, CRAMP, NEGATIVE, SILENT, Case, quartiles, ramp_names, role_of
from evaluation.trace import OPEN
from simulator.session import Truth
from tests.evaluation.builders import cramp, quiet, told

CRAMPED = Truth("easy", 3_000.0, 2_700.0)


def outcome(trace, *spells):
    return Case(trace).of([Spell(*one) for one in spells])


def test_a_session_is_scored_as_what_happened_in_it():
    assert role_of(Truth("easy")) == NEGATIVE
    assert role_of(CRAMPED) == CRAMP
    assert role_of(Truth("easy", 3_000.0, None, silent=True)) == SILENT
    assert role_of(Truth("easy", aborted_s=(10.0, 20.0))) == ABORTED
    assert role_of(Truth("easy", None, 900.0)) == ABORTED


def test_an_alarm_on_a_run_without_a_cramp_is_false():
    assert outcome(quiet(), (900, 960)).false == 1


@pytest.mark.parametrize(
    ("at_s", "false", "lead_s"),
    [(2_399, 1, None), (2_400, 0, 600), (2_985, 0, 15), (2_986, 0, None), (3_000, 0, None), (3_200, 0, None)],
)
def test_before_a_cramp_an_alarm_is_false_seen_or_too_late(at_s, false, lead_s):
    found = outcome(quiet(CRAMPED), (at_s, at_s + 30))
    assert (found.false, found.lead_s) == (false, lead_s)


def test_the_first_alarm_in_the_window_is_the_lead():
    assert outcome(quiet(CRAMPED), (2_500, 2_560), (2_800, 2_860)).lead_s == 500


def test_an_alarm_that_stands_counts_again_every_five_minutes():
    assert outcome(quiet(), (900, 1_200)).false == 1
    assert outcome(quiet(), (900, 1_201)).false == 2
    assert outcome(quiet(), (900, 2_101)).false == 5


def test_one_that_stands_into_the_window_is_first_false_and_then_seen():
    found = outcome(quiet(CRAMPED), (2_250, 2_700))
    assert (found.false, found.lead_s) == (1, 450)


def test_it_does_not_count_again_while_the_runner_stands():
    trace = told((1_000, 0.01), (600, 0.01, OPEN), (1_000, 0.01))
    assert outcome(trace, (900, 1_650)).false == 1


def test_an_aborted_build_up_is_neither_right_nor_wrong():
    trace = quiet(Truth("easy", aborted_s=(1_000.0, 1_300.0)))
    assert outcome(trace, (1_100, 1_160)).false == 0
    assert outcome(trace, (1_400, 1_460)).false == 1


def test_exposure_leaves_out_what_cannot_hold_a_false_alarm():
    assert Case(quiet()).hours == pytest.approx(1.0, abs=0.001)
    assert Case(quiet(CRAMPED)).hours == pytest.approx(2_400 / 3_600, abs=0.001)
    assert Case(quiet(Truth("easy", aborted_s=(600.0, 1_200.0)))).hours == pytest.approx(3_000 / 3_600, abs=0.001)
    assert Case(told((600, 0.0, 0), (1_200, 0.0), (600, 0.0, 0))).hours == pytest.approx(1 / 3, abs=0.001)


def test_a_pause_of_an_hour_is_no_hour_of_exposure():
    trace = told((600, 0.01))
    for index in range(300, 600):
        trace.at_s[index] += 3_600
    assert Case(trace).hours == pytest.approx(608 / 3_600)


def test_time_in_warning_is_that_of_exposure():
    case = Case(quiet(CRAMPED))
    assert case.warned_h([Spell(1_000, 1_180), Spell(2_500, 2_600)]) * 3_600 == pytest.approx(181)


def test_a_cramp_is_asked_about_in_time_or_for_nothing():
    def asked(*prompts, truth=CRAMPED):
        return Case(told((3_500, 0.01), truth=truth, prompts=prompts)).prompts()

    assert asked(3_006.0) == (0, True)
    assert asked(3_031.0) == (0, False)
    assert asked(1_000.0, 3_020.0) == (1, True)
    assert asked(2_700.0) == (0, False)
    assert asked(100.0, 900.0, truth=Truth("easy")) == (2, False)


def test_the_score_and_the_threshold_make_the_outcome():
    case = Case(cramp(200.0))
    assert case.at(0.3).lead_s == 200
    assert not case.at(0.6).hit


def test_a_build_up_has_its_bins():
    assert ramp_names(119.9) == ["1-2 min"]
    assert ramp_names(240.0) == ["4-7 min", ">=4 min"]
    assert ramp_names(600.0) == ["7-10 min", ">=4 min"]
    assert ramp_names(30.0) == ramp_names(None) == []
    assert ramp_names(900.0) == [">=4 min"]


def test_quartiles_are_medians_of_halves():
    assert quartiles([]) is None
    assert quartiles([5.0]) == (5.0, 5.0, 5.0)
    assert quartiles([4, 1, 3, 2]) == (1.5, 2.5, 3.5)
    assert quartiles([1, 2, 3, 4, 5]) == (1.5, 3, 4.5)
