"""The fitted numbers: what a file of them must hold, and how a curve reads a value."""

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.errors import Misconfigured
from processor.score import CHANNELS, value_at
from processor.weights import FILE, LETTERS, SENSITIVITIES, VERSION, parsed, read, shipped
from simulator import frozen

RAMP = ((1.0, 0.0), (3.0, 1.0))
LINE = [[1.0, 0.0], [2.0, 0.5], [3.0, 1.0]]
NEVER_FALL = "must begin at 0 logits and never fall"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


def whole():
    """A file's body that keeps every rule."""
    return {
        "version": VERSION,
        "made_by": {"command": "a test"},
        "intercept": -5.0,
        "curves": dict.fromkeys(LETTERS, LINE),
        "thresholds": {"1": [0.1, 0.2, 0.4], "0.5": [0.2, 0.3, 0.5], "2": [0.05, 0.1, 0.3]},
        "now": {"score": 0.1, "score_walk": 0.2},
        "budgets": {"0.1": 0.35, "0.2": 0.3},
    }


def body(**changed):
    """Its text, but for what is said."""
    return json.dumps(whole() | changed)


def curve_of(letter, points):
    """A file's text in which one curve is another."""
    return body(curves=whole()["curves"] | {letter: points})


@st.composite
def curves(draw):
    """A curve as the file may hold it: rising values, logits from 0 on that never fall."""
    count = draw(st.integers(2, 6))
    steps = draw(st.lists(st.floats(0.01, 5), min_size=count, max_size=count))
    rises = draw(st.lists(st.floats(0, 3), min_size=count - 1, max_size=count - 1))
    start = draw(st.floats(-3, 3))
    xs = [start + math.fsum(steps[: number + 1]) for number in range(count)]
    ys = [math.fsum(rises[:number]) for number in range(count)]
    return tuple(zip(xs, ys, strict=True))


class TestAFile:
    def test_its_numbers_are_read_as_they_stand(self):
        weights = parsed(body())
        assert weights.intercept == -5.0
        assert dict(weights.curves) == dict.fromkeys(LETTERS, ((1.0, 0.0), (2.0, 0.5), (3.0, 1.0)))
        assert weights.thresholds["0.5"] == (0.2, 0.3, 0.5)
        assert (weights.now, weights.now_walk) == (0.1, 0.2)
        assert weights.budgets == {"0.1": 0.35, "0.2": 0.3}
        assert weights.made_by == {"command": "a test"}

    def test_thresholds_by_budget_may_be_missing(self):
        assert parsed(json.dumps({key: value for key, value in whole().items() if key != "budgets"})).budgets == {}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("[]", "the file must hold version"),
            ("null", "the file must hold version"),
            ("7", "the file must hold version"),
            ("{}", "the file has no version, made_by, intercept, curves, thresholds, now"),
            (body(version=VERSION + 1), f"version is {VERSION + 1}; this package reads {VERSION}"),
            (body(version=True), f"version is True; this package reads {VERSION}"),
            (body(version=[[[]]]), f"version is list; this package reads {VERSION}"),
            (body(made_by=[]), "made_by must hold names and values"),
            (body(intercept="low"), "intercept is 'low'; it must be a number"),
            (body(intercept=True), "intercept is True; it must be a number"),
            (body(intercept=math.inf), "intercept is not finite; it must be a number"),
            (body(intercept=10**400), "intercept is not finite; it must be a number"),
            (body(curves=None), "curves must hold U, V, Q, H, L, P, F"),
            (body(curves={"U": LINE}), "curves has no V, Q, H, L, P, F"),
            (curve_of("S", LINE), "curves has S, which nobody reads"),
            (curve_of("U", {}), "curves.U must be two points or more"),
            (curve_of("U", [[1.0, 0.0]]), "curves.U must be two points or more"),
            (curve_of("U", [1.0, 2.0]), "curves.U, a point, must be 2 numbers"),
            (curve_of("U", [[1.0, 0.0], [2.0]]), "curves.U, a point, must be 2 numbers"),
            (curve_of("U", [[1.0, 0.1], [2.0, 0.5]]), f"curves.U {NEVER_FALL}"),
            (curve_of("P", [[1, 0], [2, 0.5], [3, 0.4]]), f"curves.P {NEVER_FALL}"),
            (curve_of("P", [[2, 0], [2, 0.5]]), f"curves.P {NEVER_FALL}"),
            (curve_of("F", [[1, 0], [2, None]]), "curves.F, a point, is None; it must be a number"),
            (curve_of("F", [[1, 0], [math.nan, 1]]), "curves.F, a point, is not finite; it must be a number"),
            (body(thresholds={"1": [0.1, 0.2, 0.4]}), "thresholds has no 0.5, 2"),
            (
                body(thresholds=whole()["thresholds"] | {"2": [0.9, 0.95, 0.97]}),
                "thresholds.2 must lie no higher than thresholds.1: it warns more often",
            ),
            (
                body(thresholds=whole()["thresholds"] | {"0.5": [0.01, 0.02, 0.03]}),
                "thresholds.1 must lie no higher than thresholds.0.5: it warns more often",
            ),
            (body(now=[]), "now must hold score, score_walk"),
            (body(now={"score": 0.1}), "now has no score_walk"),
            (body(now={"score": None, "score_walk": 0.2}), "now.score is None; it must be a number"),
            (body(now={"score": 0.1, "score_walk": 1.5}), "now.score_walk is 1.5; it must lie between 0 and 1"),
            (body(now={"score": 0, "score_walk": 0.2}), "now.score is 0.0; it must lie between 0 and 1"),
            (body(budgets=None), "budgets must hold thresholds by false alarms an hour"),
            (body(budgets=[0.3]), "budgets must hold thresholds by false alarms an hour"),
            (body(budgets={"often": 0.3}), "budgets has 'often'; it must be false alarms an hour"),
            (body(budgets={"0.2": 1.0}), "budgets.0.2 is 1.0; it must lie between 0 and 1"),
            (body(budgets={"0.2": "low"}), "budgets.0.2 is 'low'; it must be a number"),
            ("[" * 100_000, "the file is nested too deeply"),
        ],
    )
    def test_what_is_wrong_with_it_is_named(self, text, said):
        with pytest.raises(ValueError, match=re.escape(said)):
            parsed(text)

    @settings(deadline=None)
    @given(key=st.sampled_from(sorted(whole())), value=ANYTHING)
    def test_whatever_stands_in_place_of_a_value_is_read_or_refused_by_name(self, key, value):
        try:
            parsed(body(**{key: value}))
        except ValueError as error:
            assert key in str(error)

    @pytest.mark.parametrize("sensitivity", SENSITIVITIES)
    @pytest.mark.parametrize(
        "values", [[0.3, 0.2, 0.4], [0.1, 0.4, 0.4], [0.0, 0.2, 0.4], [0.1, 0.2, 1.0], [-0.1, 0.2, 0.4]]
    )
    def test_thresholds_rise_from_watch_to_imminent(self, sensitivity, values):
        thresholds = whole()["thresholds"] | {sensitivity: values}
        with pytest.raises(ValueError, match=f"thresholds.{sensitivity} must rise from watch to imminent"):
            parsed(body(thresholds=thresholds))

    @pytest.mark.parametrize("values", [[0.1, 0.2], [0.1, 0.2, 0.3, 0.4], "abc", None])
    def test_there_are_three_of_them(self, values):
        thresholds = whole()["thresholds"] | {"1": values}
        with pytest.raises(ValueError, match=re.escape("thresholds.1 must be 3 numbers")):
            parsed(body(thresholds=thresholds))

    @pytest.mark.parametrize("held", [None, b"", b"\xff\xfe", b"{", b"[]"])
    def test_one_that_is_broken_or_gone_is_told_with_what_to_do(self, tmp_path: Path, held):
        path = tmp_path / "weights.json"
        if held is not None:
            path.write_bytes(held)
        with pytest.raises(Misconfigured, match="install crampwatch again") as told:
            read(path)
        assert told.value.setting == str(path)
        assert "\n" not in str(told.value)


class TestTheShippedFile:
    def test_it_keeps_the_rules_and_is_read_once(self):
        assert parsed(FILE.read_text(encoding="utf-8")) == shipped()
        assert shipped() is shipped()

    def test_it_has_a_curve_for_each_channel_that_the_score_reads(self):
        assert sorted(name for name, _ in shipped().curves) == sorted(LETTERS) == sorted(CHANNELS)

    def test_it_was_fitted_on_the_generator_that_is_pinned_and_says_by_which_command_on_which_seeds(self):
        made_by = shipped().made_by
        assert (made_by["generator"], made_by["fingerprint"]) == (frozen.VERSION, frozen.PINNED["main"])
        assert made_by["command"].startswith("crampwatch evaluate fit")
        assert made_by["seeds"]
        assert made_by["date"]

    def test_a_larger_budget_of_false_alarms_has_lower_thresholds(self):
        often, usual, seldom = (shipped().thresholds[name] for name in ("2", "1", "0.5"))
        assert all(low < middle < high for low, middle, high in zip(often, usual, seldom, strict=True))

    def test_the_scores_of_a_sudden_stop_are_scores(self):
        assert 0 < shipped().now < 1
        assert 0 < shipped().now_walk < 1

    def test_an_uneventful_second_is_below_every_watch(self):
        quiet = 1 / (1 + math.exp(-shipped().intercept))
        assert quiet < shipped().thresholds["2"][0]


class TestACurve:
    def test_it_is_a_line_between_its_points(self):
        assert [value_at(RAMP, x) for x in (1.0, 1.5, 2.0, 3.0)] == [0.0, 0.25, 0.5, 1.0]

    @settings(deadline=None)
    @given(curve=curves(), x=st.floats(-50, 50), more=st.floats(0, 50))
    def test_it_never_falls(self, curve, x, more):
        assert value_at(curve, x) <= value_at(curve, x + more) + 1e-12

    @settings(deadline=None)
    @given(curve=curves())
    def test_it_goes_through_its_points(self, curve):
        assert [value_at(curve, x) for x, _ in curve] == pytest.approx([y for _, y in curve], abs=1e-12)

    @settings(deadline=None)
    @given(curve=curves(), share=st.floats(0, 1), place=st.integers(0, 4))
    def test_between_two_points_it_lies_between_them(self, curve, share, place):
        (x1, y1), (x2, y2) = curve[place % (len(curve) - 1) :][:2]
        assert y1 - 1e-12 <= value_at(curve, x1 + share * (x2 - x1)) <= y2 + 1e-12

    @settings(deadline=None)
    @given(curve=curves(), away=st.floats(0, 1e9))
    def test_it_is_flat_outside_of_them(self, curve, away):
        assert value_at(curve, curve[0][0] - away) == 0.0
        assert value_at(curve, curve[-1][0] + away) == curve[-1][1]
