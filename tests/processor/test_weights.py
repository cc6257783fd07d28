"""The fitted numbers: what a file of them must hold, and how a curve reads a value."""

import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.score import CHANNELS, value_at
from processor.weights import FILE, SENSITIVITIES, VERSION, parsed, shipped

RAMP = ((1.0, 0.0), (3.0, 1.0))


def body(**changed):
    """A file's body that keeps every rule, but for what is said."""
    whole = {
        "version": VERSION,
        "made_by": {"command": "a test"},
        "intercept": -5.0,
        "curves": {"U": [[1.0, 0.0], [2.0, 0.5], [3.0, 1.0]]},
        "thresholds": {"1": [0.1, 0.2, 0.4], "0.5": [0.2, 0.3, 0.5], "2": [0.05, 0.1, 0.3]},
        "now": {"score": 0.1, "score_walk": 0.2},
    }
    return json.dumps(whole | changed)


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
        assert weights.curves == (("U", ((1.0, 0.0), (2.0, 0.5), (3.0, 1.0))),)
        assert weights.thresholds["0.5"] == (0.2, 0.3, 0.5)
        assert (weights.now, weights.now_walk) == (0.1, 0.2)
        assert weights.made_by == {"command": "a test"}

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"version": VERSION + 1}, f"version {VERSION + 1}; this package reads {VERSION}"),
            ({"intercept": "low"}, "intercept is 'low'; it must be a number"),
            ({"intercept": True}, "intercept is True; it must be a number"),
            ({"intercept": math.inf}, "intercept is inf; it must be a number"),
            ({"curves": {"U": [[1.0, 0.0]]}}, "the curve of U must begin at 0 logits and never fall"),
            ({"curves": {"U": [[1.0, 0.1], [2.0, 0.5]]}}, "the curve of U must begin at 0 logits and never fall"),
            ({"curves": {"P": [[1, 0], [2, 0.5], [3, 0.4]]}}, "the curve of P must begin at 0 logits and never fall"),
            ({"curves": {"P": [[2, 0], [2, 0.5]]}}, "the curve of P must begin at 0 logits and never fall"),
            ({"curves": {"F": [[1, 0], [2, None]]}}, "F is None; it must be a number"),
            ({"curves": {"F": [[1, 0], [math.nan, 1]]}}, "F is nan; it must be a number"),
            ({"now": {"score": None, "score_walk": 0.2}}, "now is None; it must be a number"),
            ({"now": {"score": 0.1, "score_walk": math.nan}}, "now is nan; it must be a number"),
        ],
    )
    def test_a_broken_rule_is_named(self, changed, said):
        with pytest.raises(ValueError, match=re.escape(said)):
            parsed(body(**changed))

    @pytest.mark.parametrize("sensitivity", SENSITIVITIES)
    @pytest.mark.parametrize(
        "values", [[0.3, 0.2, 0.4], [0.1, 0.4, 0.4], [0.0, 0.2, 0.4], [0.1, 0.2, 1.0], [-0.1, 0.2, 0.4]]
    )
    def test_thresholds_rise_from_watch_to_imminent(self, sensitivity, values):
        thresholds = json.loads(body())["thresholds"] | {sensitivity: values}
        with pytest.raises(ValueError, match=f"thresholds of {sensitivity} must rise from watch to imminent"):
            parsed(body(thresholds=thresholds))

    @pytest.mark.parametrize("values", [[0.1, 0.2], [0.1, 0.2, 0.3, 0.4]])
    def test_there_are_three_of_them(self, values):
        thresholds = json.loads(body())["thresholds"] | {"1": values}
        with pytest.raises(ValueError, match="values to unpack"):
            parsed(body(thresholds=thresholds))


class TestTheShippedFile:
    def test_it_keeps_the_rules_and_is_read_once(self):
        assert parsed(FILE.read_text(encoding="utf-8")) == shipped()
        assert shipped() is shipped()

    def test_it_has_a_curve_for_channels_that_the_score_reads_only(self):
        names = [name for name, _ in shipped().curves]
        assert set(names) <= set(CHANNELS)
        assert len(set(names)) == len(names)

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
