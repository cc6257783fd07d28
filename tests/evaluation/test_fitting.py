"""The fit itself: known weights are found again, no curve falls, and the score is the machine's own."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.errors import Misconfigured
from evaluation import fitting
from evaluation.fit_data import Rows, learned_whole
from evaluation.fitting import Fit, fitted, pieces, rescored
from evaluation.jobs import Drawn
from evaluation.trace import FREE, OPEN
from evaluation.watching import watch_session
from processor.weights import shipped
from simulator.draw import draw

pytest.importorskip("scipy")

KNOTS = {"A": (0.0, 1.0, 2.0), "B": (1.0, 3.0)}


def problem(rises=(1.5, 0.5, 2.0), intercept=-2.0, n=40_000, seed=1):
    """Seconds whose chances are known: weights 1.5 and 0.5 over the pieces of A, 2 over the one of B."""
    random = np.random.default_rng(seed)
    x = np.stack([random.uniform(-1, 3, n), random.uniform(0, 4, n)], axis=1)
    logit = intercept + pieces(x, list(KNOTS.values())) @ np.array(rises)
    y = (random.uniform(size=n) < 1 / (1 + np.exp(-logit))).astype(float)
    return Rows(x, y, np.ones(n))


def heights(fit):
    return [y for curve in fit.curves.values() for _, y in curve]


def test_weights_that_are_known_are_found_again():
    fit = fitted(problem(), KNOTS, 1e-4)
    assert fit.intercept == pytest.approx(-2.0, abs=0.12)
    assert [x for x, _ in fit.curves["A"]] == [0.0, 1.0, 2.0]
    assert heights(fit) == pytest.approx([0, 1.5, 2.0, 0, 2.0], abs=0.15)


def test_a_ridge_makes_every_curve_flatter():
    steep, shipped = fitted(problem(), KNOTS, 1e-4), fitted(problem(), KNOTS)
    assert all(flat[-1][1] < steep.curves[name][-1][1] for name, flat in shipped.curves.items())


@settings(deadline=None, max_examples=15)
@given(rises=st.tuples(*[st.floats(-3, 3)] * 3), seed=st.integers(0, 1_000))
def test_no_curve_falls_whatever_the_seconds_say(rises, seed):
    fit = fitted(problem(rises, n=2_000, seed=seed), KNOTS)
    for curve in fit.curves.values():
        values = [y for _, y in curve]
        assert values[0] == 0.0
        assert values == sorted(values)
        assert all(math.isfinite(one) for one in values)


def test_the_order_of_the_seconds_changes_no_digit():
    rows = problem(n=5_000)
    order = np.random.default_rng(5).permutation(len(rows.y))
    again = Rows(rows.x[order], rows.y[order], rows.weight[order])
    assert fitted(again, KNOTS) == fitted(rows, KNOTS) == fitted(rows, KNOTS)


def test_a_second_that_weighs_twice_is_the_same_second_twice():
    rows = problem(n=2_000)
    twice = Rows(np.concatenate([rows.x] * 2), np.concatenate([rows.y] * 2), np.ones(4_000))
    heavy = replace(rows, weight=2 * rows.weight)
    assert fitted(twice, KNOTS) == fitted(heavy, KNOTS)


def test_a_channel_that_says_nothing_carries_nothing():
    silent = pieces(np.array([[np.nan, np.nan], [-9.0, -9.0], [9.0, 2.0]]), list(KNOTS.values()))
    assert silent.tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 0.5]]


@pytest.mark.parametrize(("kind", "seed"), [("cramp", 1_000_003), ("faults", 1_000_006), ("run_walk", 1_000_002)])
def test_a_score_of_other_weights_is_what_the_machine_makes_with_them(kind, seed):
    trace = watch_session(draw(seed, kind), channels=True)
    weights = shipped()
    again = rescored(trace, Fit(weights.intercept, dict(weights.curves)))
    assert list(again.score) == pytest.approx(list(trace.score), abs=1e-6)
    assert [flag & OPEN for flag in again.flags] == [flag & OPEN for flag in trace.flags]


def test_weights_that_carry_nothing_leave_nothing_open():
    trace = learned_whole(Drawn(1_000_003, "cramp"))
    flat = dict.fromkeys(dict(shipped().curves), ((0.0, 0.0), (1.0, 0.0)))
    again = rescored(trace, Fit(-4.0, flat))
    assert any(flag & FREE for flag in again.flags)
    assert not any(flag & OPEN for flag in again.flags)
    assert max(again.score) <= 1 / (1 + math.exp(4.0))


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(fitting, "_LIBRARIES", ("no_such_library",))
    with pytest.raises(Misconfigured, match=r"no_such_library.*evaluate"):
        fitting.demand()
