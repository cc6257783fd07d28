"""The pattern level: what raises it, what keeps it quiet, how high it may stand, and that it always says why.

Curves and marks are those of this test, so that weights which are fitted anew change none of its promises.
"""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level, Mode, Motion
from processor.athlete import Athlete
from processor.detect.pattern import Pattern, PatternSettings, reasons, thresholds_of
from processor.detect.standstill import Standstill
from processor.score import late_quiet, level_quiet, may_warn, pattern_parts, quiet_channels
from tests.processor.moments import BASE, second
from tests.processor.pattern_run import LEVEL, MARKS, RHYTHM_AND_HITCHES, SCORE, SIGNS, STRONG, followed, highest
from tests.support import needs, runs
from tests.support.clocks import START_MS


def test_what_is_not_observed_does_not_hold():
    pattern = Pattern(MARKS)
    _, early = followed(pattern, 2, **STRONG)
    followed(pattern, 40, start_s=2, motion=Motion.WALK, settled=False, residual_spm=None, **STRONG)
    _, first = followed(pattern, 1, start_s=42, **STRONG)
    assert [*early, *first] == []


class TestBecause:
    def test_every_second_above_ok_says_its_two_largest_reasons(self):
        views, _ = followed(Pattern(MARKS), 120, **SIGNS)
        raised = [view for view in views if view.level is not Level.OK]
        assert raised
        assert {view.because for view in raised} == {
            (
                "Your rhythm wavers more than it did some minutes ago.",
                "Short breaks in your rhythm: 3 in the last 4 minutes.",
            )
        }

    @pytest.mark.parametrize(
        ("channels", "words"),
        [
            ({"unsteadiness": 2.4}, "Your rhythm wavers more than it did at the start."),
            ({"unsteadiness": 2.4, "roughening": 0.3}, "Your rhythm wavers more than it did at the start."),
            ({"roughening": 0.6}, "Your rhythm wavers more than it did some minutes ago."),
            ({"quick_roughening": 0.6}, "Your rhythm wavers more than it did some minutes ago."),
            ({"unsteadiness": 2.4, "roughening": 0.6}, "Your rhythm wavers more than it did some minutes ago."),
            (
                {"unsteadiness": 2.4, "roughening": 0.3, "quick_roughening": 0.3},
                "Your rhythm wavers more than it did some minutes ago.",
            ),
            ({"hitch_load": 1.5, "hitches": 1}, "Short breaks in your rhythm: one in the last 4 minutes."),
            ({"deficit_sigma": 3.0}, "Your cadence is below what is usual at this pace."),
            ({"deficit_sigma": 3.0, "mps": None}, "Your cadence is below what is usual for you."),
            ({"shortfall_sigma": 4.0}, "Your cadence is lower than some minutes ago."),
            ({"falling_sigma": 4.0}, "Your cadence is lower than some minutes ago."),
            ({"falling_sigma": 4.0, "deficit_sigma": 3.0}, "Your cadence is below what is usual at this pace."),
        ],
    )
    def test_a_kind_of_sign_is_said_by_what_carries_most_of_it(self, channels, words):
        view = second(0, **channels)
        view.parts = pattern_parts(view, SCORE)
        assert reasons(view) == (words,)

    def test_what_hardly_adds_anything_is_no_reason(self):
        view = second(0, roughening=0.12, falling_sigma=0.6)
        view.parts = pattern_parts(view, SCORE)
        assert set(view.parts) == {"V", "F"}
        assert reasons(view) == ()

    def test_a_quiet_second_says_nothing(self):
        views, _ = followed(Pattern(MARKS), 30)
        assert {view.because for view in views} == {()}

    def test_reasons_stand_while_the_runner_stands(self):
        pattern = Pattern(MARKS)
        views, _ = followed(pattern, 120, **SIGNS)
        standing, _ = followed(pattern, 20, 120, settled=False, residual_spm=None, motion=Motion.STOP, spm=0.0)
        assert standing[-1].level is views[-1].level
        assert standing[-1].because == views[-1].because

    def test_a_watch_by_fatigue_says_so_in_every_second(self):
        views, proofs = followed(Pattern(MARKS), 200, fatigue=75.0, fatigue_since_ms=START_MS)
        assert [proof.kind for proof in proofs] == [FindingKind.FATIGUE]
        assert views[-1].level is Level.WATCH
        assert views[-1].because == proofs[0].because

    def test_the_burden_of_breaks_is_logged_and_weighs_nothing(self):
        _, proofs = followed(Pattern(MARKS), 120, break_load=2.0, **SIGNS)
        assert proofs[-1].evidence["break_load"] == 2.0
        assert pattern_parts(second(0, break_load=9.0), SCORE) == {}

    def test_a_channel_whose_curve_is_flat_is_told_and_weighs_nothing(self):
        told = replace(SCORE, curves={**SCORE.curves, "L": ((0.5, 0.0), (2.5, 0.0))})
        view = second(0, deficit_sigma=6.0)
        assert view.deficit_sigma == 6.0
        assert pattern_parts(view, told) == {}


class TestGates:
    @pytest.mark.parametrize("gate", [Gate.HILL, Gate.FAST_FINISH])
    @pytest.mark.parametrize(
        "more", [[], [Gate.RUN_WALK], [Gate.INTERVALS]], ids=["alone", "in a run-walk plan", "in intervals"]
    )
    def test_a_gate_that_explains_the_cadence_leaves_its_level_out(self, gate, more):
        view = second(0, **STRONG)
        assert set(pattern_parts(view, SCORE)) >= LEVEL
        view.gates.extend([gate, *more])
        assert set(pattern_parts(view, SCORE)) == RHYTHM_AND_HITCHES
        assert level_quiet(view)
        assert late_quiet(view)

    @pytest.mark.parametrize("gate", [Gate.RUN_WALK, Gate.INTERVALS])
    def test_a_plan_explains_the_cadence_of_the_run_and_not_that_of_the_last_minutes(self, gate):
        view = second(0, **STRONG)
        view.gates.append(gate)
        assert set(pattern_parts(view, SCORE)) == RHYTHM_AND_HITCHES | {"P", "F"}
        assert level_quiet(view)
        assert not late_quiet(view)

    @pytest.mark.parametrize("gate", [Gate.TRAFFIC_STOP, Gate.GEL_WALK, Gate.TURN, Gate.WARM_UP])
    def test_the_others_leave_it_in(self, gate):
        view = second(0, **STRONG)
        view.gates.append(gate)
        assert set(pattern_parts(view, SCORE)) >= LEVEL
        assert quiet_channels(view) == frozenset()

    @pytest.mark.parametrize("gate", Gate)
    def test_what_is_quiet_is_what_the_score_leaves_out(self, gate):
        view = second(0, **STRONG)
        whole = set(pattern_parts(view, SCORE))
        view.gates.append(gate)
        assert whole - set(pattern_parts(view, SCORE)) == quiet_channels(view)

    def test_on_a_treadmill_the_level_of_cadence_takes_more(self):
        view = second(0, deficit_sigma=2.0)
        outdoors = pattern_parts(view, SCORE)["L"]
        view.gates.append(Gate.TREADMILL)
        assert pattern_parts(view, SCORE)["L"] < outdoors

    @pytest.mark.parametrize(
        "unsure", [{"mps": None}, {"base": BASE._replace(mps=None)}], ids=["none now", "none usual"]
    )
    def test_without_a_speed_the_level_of_cadence_takes_more(self, unsure):
        channels = {"deficit_sigma": 2.0, "shortfall_sigma": 2.0, "falling_sigma": 2.0}
        known, unknown = (pattern_parts(second(0, **channels, **more), SCORE) for more in ({}, unsure))
        assert all(unknown[name] < known[name] for name in LEVEL)

    def test_a_curve_that_is_not_there_weighs_nothing(self):
        only_rhythm = replace(SCORE, curves={"V": SCORE.curves["V"]})
        assert set(pattern_parts(second(0, **STRONG), only_rhythm)) == {"V"}

    def test_many_small_signs_are_no_warning_unless_one_is_clear(self):
        parts = pattern_parts(second(0, roughening=0.2, hitch_load=1.2, deficit_sigma=1.2), SCORE)
        assert set(parts) == {"V", "H", "L"}
        assert not may_warn(parts, SCORE)
        assert may_warn(parts | {"Q": 0.5}, SCORE)

    def test_intervals_raise_a_warning_without_any_hitch(self):
        few = STRONG | {"hitch_load": 0.0, "hitches": 0}
        assert highest(Pattern(MARKS), gates=[Gate.INTERVALS], **few) is Level.WARNING

    def test_nothing_rises_while_somebody_has_just_answered(self):
        assert highest(Pattern(MARKS), gates=[Gate.ANSWERED], **STRONG) is Level.OK
        tired = {"fatigue": 90.0, "fatigue_since_ms": START_MS - 90_000}
        assert highest(Pattern(MARKS), gates=[Gate.ANSWERED], **tired) is Level.OK

    def test_a_level_that_stands_eases_while_somebody_has_answered(self):
        pattern = Pattern(MARKS)
        assert highest(pattern, **SIGNS) is not Level.OK
        views, _ = followed(pattern, 200, 120, gates=[Gate.ANSWERED])
        assert views[-1].level is Level.OK

    def test_a_plain_stop_is_no_sign_for_the_strongest_level(self):
        standstill = Standstill()
        paused = [
            second(0),
            second(1, motion=Motion.STOP, changed=True, motion_since_ms=START_MS + 1_000, spm=0.0),
            second(9, motion=Motion.RUN, changed=True, motion_since_ms=START_MS + 9_000),
            second(12, motion_since_ms=START_MS + 9_000),
        ]
        for view in paused[:3]:
            standstill.observe(view)
        assert paused[2].break_at_ms == paused[2].at_ms
        paused[3].gates.append(Gate.TRAFFIC_STOP)
        standstill.observe(paused[3])
        assert paused[3].break_at_ms is None


class TestAgain:
    @pytest.mark.parametrize(("after_s", "again"), [(890, Level.WATCH), (910, Level.WARNING)])
    def test_a_warning_is_not_told_again_within_a_quarter_of_an_hour(self, after_s, again):
        pattern = Pattern(MARKS)
        rough = {"roughening": 0.6, "quick_roughening": 0.6, "falling_sigma": 4.0, "shortfall_sigma": 4.0}
        _, proofs = followed(pattern, 30, **rough)
        assert proofs[-1].level is Level.WARNING
        entered_s = (proofs[-1].at_ms - START_MS) // 1_000
        quiet, _ = followed(pattern, entered_s + after_s - 60, start_s=30)
        assert quiet[-1].level is Level.OK
        views, _ = followed(pattern, 30, start_s=entered_s + after_s - 30, **rough)
        assert max(view.level.rank for view in views) == again.rank


class TestCeilings:
    @pytest.mark.parametrize("mode", [Mode.CADENCE_LOST, Mode.HEART_ONLY])
    def test_little_to_see_allows_a_watch_at_most(self, mode):
        assert highest(Pattern(MARKS), mode=mode, **STRONG) is Level.WATCH

    def test_blind_there_is_no_level(self):
        assert highest(Pattern(MARKS), mode=Mode.BLIND, **STRONG) is Level.OK

    def test_a_level_comes_down_to_what_can_be_seen_and_says_so(self):
        pattern = Pattern(MARKS)
        assert highest(pattern, **STRONG) is Level.IMMINENT
        views, proofs = followed(pattern, 1, 120, mode=Mode.CADENCE_LOST, settled=False, residual_spm=None, spm=None)
        assert [(one.kind, one.level, one.because) for one in proofs] == [
            (FindingKind.PATTERN, Level.WATCH, ("Too little can be seen just now to say more.",))
        ]
        assert views[0].level is Level.WATCH
        assert views[0].because != ()


def test_a_level_is_taken_back_where_another_sensor_measures_and_may_come_again_at_once():
    pattern = Pattern(MARKS)
    followed(pattern, 60, **STRONG)
    assert pattern.level is Level.IMMINENT
    (taken_back,) = pattern.observe(second(60, other_sensor=True))
    assert taken_back.level is pattern.level is Level.OK
    assert taken_back.because[0].startswith("Another sensor")
    views, _ = followed(pattern, 60, 61, **STRONG)
    assert views[-1].level is Level.IMMINENT


def test_a_watch_by_fatigue_stands_whoever_measures_cadence():
    pattern = Pattern(MARKS)
    tired = {"fatigue": 75.0, "fatigue_since_ms": START_MS}
    followed(pattern, 200, **tired)
    assert pattern.observe(second(200, other_sensor=True, **tired)) == ()
    assert pattern.level is Level.WATCH


@cache
def seen(name):
    return Athlete("r7", "s1").observe(runs.samples(needs.data() / "runs" / name)).views


def warned(sensitivity):
    """For how many values a level of warning or more stands over the recordings that have most of them.

    One that stands for longer is raised less often, so how often is no measure.
    """
    count = 0
    for name in ("portland", "sloatsburg", "bloemendaal"):
        pattern = Pattern(PatternSettings(sensitivity=sensitivity))
        for view in seen(f"thomaschampagne+elevate__{name}.csv"):
            pattern.observe(view)
            count += view.level.rank >= Level.WARNING.rank
    return count


def test_on_recorded_runs_a_larger_budget_lets_more_through():
    seldom, usual, often = warned(0.5), warned(1.0), warned(2.0)
    assert seldom < usual < often


class TestBudget:
    def test_half_the_budget_asks_for_more_and_twice_for_less(self):
        seldom, usual, often = (thresholds_of(replace(MARKS, sensitivity=factor)) for factor in (0.5, 1.0, 2.0))
        assert all(low < middle < high for low, middle, high in zip(often, usual, seldom, strict=True))

    @pytest.mark.parametrize("sensitivity", [0.5, 1.0, 2.0])
    def test_levels_keep_their_order(self, sensitivity):
        for scale in (0.8, 1.0, 1.25):
            wanted = thresholds_of(replace(MARKS, sensitivity=sensitivity, threshold_scale=scale))
            assert sorted(wanted) == list(wanted)
            assert wanted[-1] < 1

    def test_a_cramp_today_raises_what_stands_close_to_a_level(self):
        close = {"roughening": 0.5, "quick_roughening": 0.4, "hitch_load": 1.0, "hitches": 1}
        assert highest(Pattern(MARKS), **close).rank < highest(Pattern(MARKS), prior=0.88, **close).rank

    def test_history_and_answers_together_have_an_end(self):
        parts = {"roughening": 0.4, "hitch_load": 1.0, "hitches": 1}
        scores = []
        for known, said in ((0.9, 0.0), (1.2, 0.0), (0.5, 0.88), (1.2, 0.88)):
            views, _ = followed(Pattern(replace(MARKS, prior=known)), 60, prior=said, **parts)
            scores.append(views[-1].score)
        assert len(set(scores)) == 1

    @settings(deadline=None, max_examples=50)
    @given(known=st.floats(0, 1.2), said=st.floats(0, 3), sensitivity=st.sampled_from((0.5, 1.0, 2.0)))
    def test_history_alone_raises_nothing(self, known, said, sensitivity):
        pattern = Pattern(PatternSettings(prior=known, sensitivity=sensitivity))
        assert highest(pattern, prior=said) is Level.OK


@pytest.mark.parametrize(("later_s", "known"), [(55, True), (100, False)])
def test_the_highest_score_is_remembered_for_a_minute(later_s, known):
    pattern = Pattern(MARKS)
    _, _ = followed(pattern, 60, **STRONG)
    views, _ = followed(pattern, later_s, start_s=60)
    peak = views[-1].peak_score
    assert views[-1].score < 0.05
    assert (peak > 0.3) is known
