"""Chances that can be believed, or not."""

import math
from random import Random

import pytest

from evaluation import calibration, splits
from evaluation.calibration import Line
from evaluation.evaluating import How, evaluate_drawn
from evaluation.scoring import Case
from simulator.session import Truth
from tests.evaluation.builders import cramp, quiet, told


def drawn(line, n=20_000, seed=3):
    random = Random(seed)
    scores = [1 / (1 + math.exp(-random.gauss(-3.5, 1.2))) for _ in range(n)]
    return [[(score, random.random() < line.chance(score)) for score in scores[at::200]] for at in range(200)]


def test_the_line_that_made_the_outcomes_is_found_again():
    found = calibration.fitted(drawn(Line(0.5, 0.8)))
    assert found.slope == pytest.approx(0.8, abs=0.06)
    assert found.intercept == pytest.approx(0.5, abs=0.2)


def test_chances_that_are_right_have_slope_one_and_are_of_use():
    judged = calibration.judged(Line(0.5, 0.8), drawn(Line(0.5, 0.8)))
    assert judged["slope"] == pytest.approx(1.0, abs=0.07)
    assert judged["intercept"] == pytest.approx(0.0, abs=0.2)
    assert judged["skill"] > 0.02
    for row in judged["reliability"]:
        assert row["came"] == pytest.approx(row["told"], abs=0.03)


def test_chances_that_are_too_bold_have_a_slope_below_one():
    assert calibration.judged(Line(2.0, 1.6), drawn(Line(0.5, 0.8)))["slope"] < 0.7


def test_a_score_that_falls_before_cramps_is_not_turned_round():
    assert calibration.fitted([[(0.1, True), (0.2, True), (0.8, False), (0.9, False)] * 50]).slope == 0


def test_outcomes_that_are_all_alike_teach_nothing():
    assert calibration.fitted([[(0.1, False)], [(0.2, False)]]) is None
    assert calibration.judged(Line(0.0, 1.0), []) is None
    assert calibration.judged(Line(0.0, 1.0), [[(0.1, True)]]) is None


def test_scores_that_tell_everything_apart_have_a_finite_line():
    line = calibration.fitted([[(0.1, False)] * 50, [(0.9, True)] * 50])
    assert math.isfinite(line.slope)
    assert line.chance(0.1) < 0.1
    assert line.chance(0.9) > 0.9


def test_the_score_is_asked_once_a_minute_of_running_up_to_the_onset():
    even, pairs = calibration.asked([Case(quiet()), Case(cramp(None, onset_s=3_000.0))])
    assert len(even) == 60
    assert len(pairs) == 50
    assert sum(came for _, came in pairs) == 10


def test_warm_up_and_aborted_build_ups_say_nothing():
    assert calibration.asked([Case(quiet(Truth("easy", aborted_s=(100.0, 200.0))))]) == []
    assert calibration.asked([Case(told((600, 0.01, 0)))]) == []


def test_the_intervals_are_those_of_whole_runs_however_often_a_moment_of_theirs_is_told():
    line = Line(0.5, 0.8)
    runs = drawn(line, n=6_000)
    apart = calibration.judged(line, runs)
    for name in ("slope", "skill"):
        assert apart[f"{name}_interval"][0] < apart[name] < apart[f"{name}_interval"][1]
    assert apart["slope_interval"][0] < 1 < apart["slope_interval"][1]
    assert calibration.judged(line, runs) == apart
    together = calibration.judged(line, [run * 10 for run in runs])
    assert together["slope_interval"] == pytest.approx(apart["slope_interval"], abs=0.01)


def test_sessions_that_the_map_was_fitted_on_are_not_judged_by_it(monkeypatch):
    monkeypatch.setattr(splits, "FITTING_SMALL", splits.Size(0, 2, 0, 0))
    monkeypatch.setattr(splits, "SMALL", splits.Size(0, 2, 0, 0))
    assert evaluate_drawn("tune", small=True, how=How(1))["calibration"] is None
    monkeypatch.setattr(splits, "SMALL", splits.Size(0, 3, 0, 0))
    found = evaluate_drawn("tune", small=True, how=How(1))
    assert found["sessions"] == 3
    assert 0 < found["calibration"]["n"] < 300
