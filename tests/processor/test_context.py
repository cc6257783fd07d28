"""Circumstances that look like fatigue and are none: when each is seen, what it quiets, and that it is said."""

import itertools

import pytest

from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level
from processor.context import CONTEXTS
from tests.processor.circumstances import RECORDED_HILLS, climbing, intervals, kinds, quiet, recorded, said, stretch
from tests.support.clocks import START_MS
from tests.support.stories import Story


class TestHills:
    def test_slower_with_a_heart_that_works_harder_is_a_hill(self):
        story = climbing(Story().running(700)).running(300)
        (at_s,) = said(story.samples, Gate.HILL)
        assert 700 < at_s <= 790
        closed = quiet(story.samples, Gate.HILL)
        assert closed[0] == at_s
        assert closed == list(range(closed[0], closed[-1] + 1))
        assert 850 <= closed[-1] <= 850 + 60

    def test_faster_with_a_heart_that_comes_down_is_a_hill_as_well(self):
        story = stretch(Story().running(700), 90, mps=3.5, bpm=(150, 135)).running(60, bpm=135)
        assert said(story.samples, Gate.HILL) != []

    def test_slower_with_a_heart_that_comes_down_is_a_slower_runner(self):
        story = stretch(Story().running(700), 90, mps=2.5, bpm=(150, 135)).running(300, mps=2.5, bpm=135)
        assert said(story.samples, Gate.HILL) == []

    def test_slower_at_the_same_heart_rate_is_no_hill(self):
        assert said(Story().running(700).running(400, mps=2.5).samples, Gate.HILL) == []

    def test_without_heart_rate_no_hill_is_seen(self):
        assert said(climbing(Story(heart=False).running(700)).running(60).samples, Gate.HILL) == []

    def test_up_and_down_at_once_is_one_closing_and_said_once(self):
        story = climbing(Story().running(700), 130)
        stretch(story, 30, bpm=(168, 168))
        stretch(story, 90, mps=3.6, bpm=(168, 150))
        story.running(300, bpm=150)
        findings, closed = said(story.samples, Gate.HILL), quiet(story.samples, Gate.HILL)
        closings = [at_s for at_s in closed if at_s - 1 not in set(closed)]
        assert findings == closings

    @pytest.mark.parametrize("name", ["MaksVasilev+fit2gpx__Fenix3-Run-1321421020.csv", RECORDED_HILLS])
    def test_on_recorded_runs_each_closing_is_said_once(self, name):
        findings, assessments = recorded(name)
        hills = [one.at_ms for one in findings if f"-{Gate.HILL}/" in one.id]
        pairs = itertools.pairwise(assessments)
        assert hills == [now.at_ms for before, now in pairs if Gate.HILL in now.quiet and Gate.HILL not in before.quiet]
        assert hills

    def test_a_climb_without_an_end_is_believed_for_three_minutes(self):
        story = climbing(Story().running(700), 700)
        assert len(quiet(story.samples, Gate.HILL)) <= 300

    def test_short_steps_uphill_prove_no_level_shift_and_flat_ones_do(self):
        uphill = climbing(Story().running(700), 170, spm=165).running(120)
        flat = stretch(Story().running(700), 170, spm=165).running(120)
        assert kinds(uphill.samples, FindingKind.LEVEL_SHIFT) == []
        assert len(kinds(flat.samples, FindingKind.LEVEL_SHIFT)) == 1

    def test_a_hitch_uphill_counts_half(self):
        story = stretch(Story().running(700), 90, mps=2.5, bpm=(150, 168))
        story.running(5, 150, 2.5, 168, sway=0.0).running(40, 170, 2.5, 168)
        (hitch,) = kinds(story.samples, FindingKind.HITCH)
        assert hitch.evidence["weight"] == 0.5


class TestIntervals:
    def test_the_third_fast_part_shows_them(self):
        story = intervals(5).running(600)
        (at_s,) = said(story.samples, Gate.INTERVALS)
        assert 600 + 2 * 210 < at_s <= 600 + 2 * 210 + 45

    def test_they_are_over_one_and_a_half_periods_after_the_pace_last_rose(self):
        story = intervals(5).running(600)
        last_rise_s = 600 + 5 * 210
        assert last_rise_s + 210 < quiet(story.samples, Gate.INTERVALS)[-1] <= last_rise_s + 45 + 1.5 * 210

    def test_one_change_of_pace_is_none(self):
        story = intervals(1).running(300, mps=3.6).running(300)
        assert said(story.samples, Gate.INTERVALS) == []

    def test_they_are_seen_without_heart_rate_when_they_are_even(self):
        assert said(intervals(5, heart=False).samples, Gate.INTERVALS) != []

    def test_without_speed_the_heart_shows_them(self):
        assert said(intervals(5, speed=False).samples, Gate.INTERVALS) != []

    def test_rolling_hills_are_none_because_the_heart_goes_the_other_way(self):
        story = Story().running(600)
        for _ in range(6):
            stretch(story, 120, mps=3.8, bpm=(165, 145))
            stretch(story, 120, mps=2.6, bpm=(145, 165))
        assert said(story.samples, Gate.INTERVALS) == []

    def test_dips_between_fast_and_slow_are_no_hitches(self):
        story = intervals(4)
        stretch(story, 120, spm=178, mps=3.8, bpm=(145, 172))
        story.running(5, 150, 2.5, 172, sway=0.0)
        stretch(story, 60, spm=164, mps=2.5, bpm=(172, 145))
        assert [at_s for at_s in self.hitches(story) if at_s > 1_440] == []

    def test_a_hitch_in_a_fast_part_counts_in_full(self):
        story = intervals(4)
        stretch(story, 60, spm=178, mps=3.8, bpm=(145, 165))
        story.running(5, 155, 3.8, 165, sway=0.0)
        stretch(story, 60, spm=178, mps=3.8, bpm=(165, 172))
        (hitch,) = [one for one in kinds(story.samples, FindingKind.HITCH) if one.at_ms > START_MS + 1_440_000]
        assert "weight" not in hitch.evidence

    @staticmethod
    def hitches(story):
        return [(one.at_ms - START_MS) // 1_000 for one in kinds(story.samples, FindingKind.HITCH)]


class TestTreadmills:
    def belt(self, seconds, mps=3.0):
        story = Story(speed=False)
        for _ in range(seconds):
            story.running(1)
            story.samples += story._wearing.second(story.now_ms - 1_000, mps=mps)
        return story

    def test_a_speed_that_never_moves_while_the_legs_do_is_a_belt(self):
        (at_s,) = said(self.belt(600).samples, Gate.TREADMILL)
        assert 120 <= at_s <= 150

    def test_a_speed_that_moves_is_none(self):
        assert said(Story().running(900).samples, Gate.TREADMILL) == []

    def test_a_speed_of_none_while_the_legs_run_is_one_until_a_speed_is_measured(self):
        story = self.belt(200, mps=0.0)
        assert said(story.samples, Gate.TREADMILL) != []
        outside = Story()
        outside.second, outside.samples = story.second, story.samples
        outside._wearing = story._wearing
        closed = quiet(outside.running(300).samples, Gate.TREADMILL)
        assert closed[-1] < 260

    def test_without_any_speed_nothing_is_said(self):
        assert said(Story(speed=False).running(900).samples, Gate.TREADMILL) == []


class TestPhases:
    def test_the_warm_up_lasts_until_there_is_a_baseline_and_is_never_said(self):
        story = Story().running(700)
        closed = quiet(story.samples, Gate.WARM_UP)
        assert closed[0] <= 5
        assert 470 <= closed[-1] <= 490
        assert said(story.samples, Gate.WARM_UP) == []

    def test_who_only_walks_is_not_warming_up(self):
        assert quiet(Story().walking(600).samples, Gate.WARM_UP) == []

    def test_pace_and_heart_rate_that_rise_together_late_are_a_fast_finish(self):
        story = stretch(Story().running(1_800), 300, spm=176, mps=3.5, bpm=(150, 172))
        (at_s,) = said(story.samples, Gate.FAST_FINISH)
        assert 1_860 <= at_s <= 1_950

    def test_early_in_a_run_it_is_none(self):
        story = stretch(Story().running(700), 300, spm=176, mps=3.5, bpm=(150, 172))
        assert said(story.samples, Gate.FAST_FINISH) == []

    @pytest.mark.parametrize(("rest_s", "finishes"), [(180, 0), (900, 1)])
    def test_nor_is_it_one_soon_after_another_fast_part(self, rest_s, finishes):
        story = Story().running(1_300)
        for _ in range(2):
            stretch(story, 240, spm=176, mps=3.5, bpm=(150, 172))
            stretch(story, rest_s, bpm=(165, 150))
        assert len(said(story.samples, Gate.FAST_FINISH)) == finishes

    @pytest.mark.parametrize("first_s", [600, 1_300, 1_700])
    def test_of_intervals_the_first_fast_part_at_most_looks_like_a_finish(self, first_s):
        story = Story().running(first_s)
        for _ in range(6):
            stretch(story, 200, spm=178, mps=3.8, bpm=(145, 172))
            stretch(story, 170, spm=164, mps=2.8, bpm=(172, 145))
        assert len(said(story.samples, Gate.FAST_FINISH)) == (first_s >= 1_600)

    def test_a_pace_that_comes_back_ends_it(self):
        story = stretch(Story().running(1_800), 240, spm=176, mps=3.5, bpm=(150, 172))
        stretch(story, 300, bpm=(172, 150))
        assert quiet(story.samples, Gate.FAST_FINISH)[-1] <= 2_040 + 90

    def test_faster_at_the_same_heart_rate_is_none(self):
        assert said(Story().running(1_800).running(300, 176, 3.5).samples, Gate.FAST_FINISH) == []

    def test_longer_steps_at_the_end_are_no_level_shift(self):
        story = stretch(Story().running(1_800), 90, spm=172, mps=3.5, bpm=(150, 172))
        stretch(story, 240, spm=168, mps=4.0, bpm=(172, 176))
        after = [one for one in kinds(story.samples, FindingKind.LEVEL_SHIFT) if one.at_ms >= START_MS + 1_900_000]
        assert after == []


def test_every_gate_is_said_once_when_it_closes_and_concerns_nobody():
    story = climbing(Story().running(700)).running(200).standing(40).running(120)
    context = kinds(story.samples, FindingKind.CONTEXT)
    assert [one.id.split("/")[2] for one in context] == ["context-hill", "context-traffic_stop"]
    assert {one.level for one in context} == {Level.OK}
    assert all(len(one.because) == 1 for one in context)


def test_every_gate_has_a_detector_that_closes_it():
    names = {one.name for one in CONTEXTS}
    assert {"answers", "hill", "intervals", "plan", "stops", "turn", "treadmill", "phase"} <= names


def test_words_of_circumstances_say_that_they_are_a_guess():
    story = intervals(5)
    climbing(story.running(400)).running(200)
    words = [word for one in kinds(story.samples, FindingKind.CONTEXT) for word in one.because]
    assert words
    assert all("as it looks" in word for word in words)


RECORDED = {
    Gate.HILL: (RECORDED_HILLS, 1),
    Gate.INTERVALS: ("msimms+TestFilesForFitnessApps__20210604_track_run_garmin_fenix_6.csv", 1),
    Gate.RUN_WALK: ("cjoakim+ggps__activity_4564516081.csv", 1),
    Gate.TRAFFIC_STOP: ("thomaschampagne+elevate__portland.csv", 1),
    Gate.TURN: ("pgalko+BambooAI__test_activity_data_2761989019.csv", 1),
    Gate.FAST_FINISH: ("pgalko+BambooAI__test_activity_data_2761989019.csv", 1),
}


@pytest.mark.parametrize("gate", RECORDED)
def test_a_recorded_run_shows_it(gate):
    name, least = RECORDED[gate]
    assert len([one for one in recorded(name)[0] if f"/context-{gate}/" in one.id]) >= least
