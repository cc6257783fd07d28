"""Intervals against figures from tables."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import intervals


def test_wilson_gives_the_figures_of_the_tables():
    assert intervals.wilson(4, 10) == pytest.approx((0.1682, 0.6873), abs=1e-4)
    assert intervals.wilson(0, 0) is None


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (20, 12.2165, 30.8884)])
def test_garwood_gives_the_figures_of_the_tables(events, low, high):
    assert intervals.garwood(events, 2.0) == pytest.approx((low / 2, high / 2), abs=1e-4)


def test_nothing_in_a_hundred_hours_is_at_most_three_in_a_hundred():
    assert intervals.rule_of_three(100.0) == pytest.approx(0.03, abs=1e-4)
    assert intervals.of_rate([(0, 50.0), (0, 50.0)]) == (0.0, intervals.rule_of_three(100.0))
    assert intervals.of_rate([(0, 0.0)]) is None


def test_events_that_hang_together_make_a_rate_less_certain():
    apart = intervals.of_rate([(1, 1.0)] * 20 + [(0, 1.0)] * 80)
    together = intervals.of_rate([(10, 1.0)] * 2 + [(0, 1.0)] * 98)
    assert together[1] - together[0] > 1.5 * (apart[1] - apart[0])
    assert apart[0] < 0.2 < apart[1]


def test_the_same_seed_gives_the_same_interval():
    pairs = [(n % 3, 1.0 + n / 7) for n in range(40)]
    assert intervals.of_rate(pairs, 5) == intervals.of_rate(pairs, 5)


def test_a_share_resampled_without_end_is_close_to_a_share_resampled():
    drawn = intervals.bootstrap([True] * 12 + [False] * 28, lambda one: sum(one) / len(one))
    assert intervals.of_share(12, 40) == pytest.approx(drawn, abs=0.026)
    assert intervals.of_share(0, 0) is None


def test_none_or_all_of_some_runs_is_no_certainty():
    assert intervals.of_share(0, 40) == intervals.wilson(0, 40)
    assert intervals.of_share(40, 40) == intervals.wilson(40, 40)
    assert intervals.of_share(40, 40)[0] < 0.95


@given(st.integers(1, 300), st.floats(0, 1))
@settings(deadline=None)
def test_luck_reaches_beyond_what_is_to_be_expected(n, p):
    most = intervals.most_by_luck(n, p)
    assert 0 <= most <= 1
    assert most >= p - 1 / n


def test_what_luck_reaches_is_the_figure_of_the_tables():
    # Of ten that each come true with a tenth, more than three do in 1.3 % of cases and more than two in 7 %.
    assert intervals.most_by_luck(10, 0.1) == 0.3
    assert intervals.most_by_luck(10, 0.0) == 0
    assert intervals.most_by_luck(10, 1.0) == 1


def test_a_method_that_is_better_on_most_runs_is_better():
    ours, theirs = [True] * 30 + [False] * 30, [True] * 12 + [False] * 48
    found = intervals.paired(ours, theirs)
    assert found.difference == pytest.approx(0.3)
    assert 0 < found.low < found.difference < found.high
    assert found.not_better == 0


def test_a_method_is_not_better_than_itself():
    found = intervals.paired([True, False] * 20, [True, False] * 20)
    assert (found.difference, found.low, found.high, found.not_better) == (0, 0, 0, 1)
    assert intervals.paired([], []) is None


def test_a_median_lies_in_its_interval():
    low, high = intervals.of_median([float(n) for n in range(50)])
    assert 10 < low < 24.5 < high < 40
    assert intervals.of_median([]) is None
    assert math.isfinite(low)
