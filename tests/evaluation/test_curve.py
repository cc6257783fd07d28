"""The trade-off, by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.alarms import SHIPPED_WARNING
from evaluation.curve import Curve
from evaluation.scoring import Case
from simulator.session import Truth
from tests.evaluation.builders import cramp, quiet, told


def false_alarm(score, name):
    """An hour of a run with one alarm at this score."""
    return told((1_000, 0.01), (12, score), (2_588, 0.01), name=name)


def curve_of(*traces):
    return Curve([Case(one) for one in traces])


#: Ten hours without a cramp and alarms at five scores; four cramps seen with rising scores, one not at all.
def example():
    negatives = [false_alarm(0.30 + 0.1 * n, f"n{n}") for n in range(5)] + [quiet(name=f"q{n}") for n in range(5)]
    cramps = [cramp(200.0, score=score, name=f"c{score}") for score in (0.35, 0.55, 0.65, 0.75)]
    return curve_of(*negatives, *cramps, cramp(None, name="c"))


def test_a_budget_is_kept_by_the_lowest_threshold_that_keeps_it():
    curve = example()
    hours = sum(one.hours for one in curve.cases)
    assert hours == pytest.approx(13.3, abs=0.1)
    # One false alarm in 13.3 h is 0.075 an hour: with 0.65 for a threshold one is left, and two cramps are seen.
    assert (curve.within(0.1).theta, curve.within(0.1).sensitivity) == (0.65, pytest.approx(2 / 5))
    assert curve.within(0.2).sensitivity == pytest.approx(3 / 5)
    assert curve.within(0.5).sensitivity == pytest.approx(4 / 5)


def test_the_shipped_threshold_is_a_point_of_every_curve():
    curve = example()
    assert SHIPPED_WARNING in [one.theta for one in curve.points]
    above = sum(0.30 + 0.1 * n >= SHIPPED_WARNING for n in range(5))
    assert curve.at(SHIPPED_WARNING).false == above > 0


def test_a_threshold_that_is_only_asked_about_is_no_point_of_the_curve():
    curve = example()
    before = [one.theta for one in curve.points]
    assert curve.aside(0.333).false == 4
    assert [one.theta for one in curve.points] == before
    assert curve.aside(SHIPPED_WARNING) == curve.at(SHIPPED_WARNING)


def test_a_budget_that_only_silence_keeps_has_no_hits():
    curve = curve_of(false_alarm(0.9, "n"), cramp(200.0, score=0.5))
    assert curve.within(0.1).hits == 0


def test_without_cramps_there_is_no_sensitivity_and_without_exposure_no_rate():
    assert curve_of(quiet()).within(0.2).sensitivity is None
    assert curve_of(quiet()).partial_area is None
    short = curve_of(told((300, 0.01), truth=Truth("easy", 200.0)))
    assert short.within(0.2) is None
    assert curve_of().within(0.2) is None


def test_a_perfect_method_has_all_of_the_area():
    assert curve_of(quiet(hours=10), cramp(200.0, score=0.8)).partial_area == pytest.approx(1.0)
    assert curve_of(quiet(hours=10), cramp(None)).partial_area == 0


@given(st.lists(st.sampled_from([0.2, 0.3, 0.45, 0.6]), min_size=1, max_size=4), st.randoms())
@settings(deadline=None, max_examples=10)
def test_the_order_of_sessions_changes_nothing(scores, random):
    traces = [false_alarm(score, f"n{n}") for n, score in enumerate(scores)]
    traces += [cramp(100.0 + 50 * n, score=score, name=f"c{n}") for n, score in enumerate(scores)]
    mixed = random.sample(traces, len(traces))
    assert [(one.theta, one.false, one.hits) for one in curve_of(*traces).points] == [
        (one.theta, one.false, one.hits) for one in curve_of(*mixed).points
    ]
