"""Breaks with a plain reason: walks of a plan, stops at a crossing, a drink, bends."""

import pytest

from crampwatch.events import FindingKind
from crampwatch.units import Gate
from processor.athlete import Athlete
from tests.processor.circumstances import kinds, said
from tests.support.clocks import START_MS
from tests.support.stories import Story


class TestPlans:
    def test_three_walks_at_even_spaces_are_a_plan_once_the_third_is_named(self):
        story = Story(5)
        for _ in range(4):
            story.running(240).walking(60)
        assert said(story.samples, Gate.RUN_WALK) == [850]

    def test_walks_at_odd_spaces_are_none(self):
        story = Story(5)
        for ran_s in (240, 90, 500, 150, 700):
            story.running(ran_s).walking(40)
        assert said(story.samples, Gate.RUN_WALK) == []

    def test_a_plan_that_is_taken_up_again_is_said_again(self):
        story = Story(5)
        for _ in range(4):
            story.running(240).walking(60)
        story.running(900)
        for _ in range(5):
            story.running(240).walking(60)
        assert len(said(story.samples, Gate.RUN_WALK)) == 2

    def test_walks_of_a_plan_are_no_burden(self):
        story = Story(5).running(600)
        for _ in range(6):
            story.walking(75).running(225)
        views = Athlete("r7", "s1").observe(story.samples).views
        assert max(view.break_load for view in views[:1_190]) > 0.9
        assert views[-1].break_load < 0.1


class TestPlainStops:
    def test_running_as_usual_before_and_after_makes_a_stop_plain(self):
        story = Story().running(700).standing(40).running(60)
        (at_s,) = said(story.samples, Gate.TRAFFIC_STOP)
        assert 743 <= at_s <= 746

    def test_who_comes_back_with_short_slow_steps_did_not_just_stop(self):
        story = Story().running(700).standing(40).running(120, 158)
        assert said(story.samples, Gate.TRAFFIC_STOP) == []

    def test_who_walked_before_standing_did_not_just_stop(self):
        story = Story().running(700).walking(20).standing(30).running(60)
        assert said(story.samples, Gate.TRAFFIC_STOP) == []

    def test_before_there_is_a_usual_cadence_nothing_is_said(self):
        assert said(Story().running(200).standing(40).running(60).samples, Gate.TRAFFIC_STOP) == []

    def test_a_short_walk_to_drink_is_plain_and_no_more_than_three_in_an_hour(self):
        story = Story().running(700)
        for ran_s in (300, 420, 240, 600, 300):
            story.walking(25).running(ran_s)
        assert len(said(story.samples, Gate.GEL_WALK)) == 3

    def test_a_long_walk_is_no_walk_to_drink(self):
        assert said(Story().running(700).walking(90).running(120).samples, Gate.GEL_WALK) == []

    @pytest.mark.parametrize(
        ("interrupt", "load"),
        [
            (lambda story: story.standing(40).running(20), 0.0),
            (lambda story: story.walking(25).running(20), 0.2),
            (lambda story: story.walking(90).running(20), 1.0),
            (lambda story: story.standing(40).running(20, 158), 1.0),
        ],
        ids=["plain-stop", "drink", "long-walk", "slow-return"],
    )
    def test_the_burden_counts_what_nothing_explains(self, interrupt, load):
        story = interrupt(Story().running(700))
        views = Athlete("r7", "s1").observe(story.samples).views
        assert views[-1].break_load == pytest.approx(load, rel=0.06)

    def test_a_plain_stop_is_seen_in_a_smart_recording_as_well(self):
        story = Story().running(700).standing(42).running(70)
        smart = [one for one in story.samples if (one.at_ms - START_MS) // 1_000 % 7 == 0]
        assert len(said(smart, Gate.TRAFFIC_STOP)) == 1

    def test_a_silence_makes_an_interruption_one_that_nobody_saw(self):
        story = Story().running(700).standing(10).silence(60).running(60)
        assert said(story.samples, Gate.TRAFFIC_STOP) == []


def bending(story, mps=2.5):
    """Eight seconds of shorter, slower steps."""
    return story.running(8, 155, mps, sway=0.0)


class TestTurns:
    def test_a_single_dip_of_rhythm_and_pace_is_a_bend_and_its_hitch_counts_half(self):
        story = bending(Story().running(700)).running(120)
        assert len(said(story.samples, Gate.TURN)) == 1
        (hitch,) = kinds(story.samples, FindingKind.HITCH)
        assert hitch.evidence["weight"] == 0.5

    def test_a_dip_at_full_pace_is_none(self):
        assert said(bending(Story().running(700), mps=3.0).running(120).samples, Gate.TURN) == []

    def test_dips_that_gather_are_none_but_the_first(self):
        story = Story().running(700)
        for _ in range(5):
            bending(story).running(30)
        assert len(said(story.samples, Gate.TURN)) == 1

    @pytest.mark.parametrize("speed", [True, False])
    def test_dips_at_even_distances_are_the_bends_of_a_track(self, speed):
        story = Story(speed=speed).running(700)
        for _ in range(6):
            bending(story, mps=3.0).running(62)
        assert len(said(story.samples, Gate.TURN)) == 3

    def test_dips_at_even_times_close_together_are_no_track(self):
        assert said(Story().running(700).hitching(9, every_s=25).samples, Gate.TURN) == []
