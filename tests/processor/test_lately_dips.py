"""Lately: a bend, a dip, and a slower pace are no build-up."""

import pytest

from crampwatch.units import Motion
from tests.processor.lately_run import BASE, EVEN_SPM, PERCENT, Run


class TestABend:
    """A dip of some seconds, which the speed shows late: it steps when the cadence is long back."""

    @staticmethod
    def taken(steps, seconds=8):
        run = Run().running(900, wobble_spm=EVEN_SPM)
        run.running(seconds, lower_percent=9.0, wobble_spm=0.09 * BASE.spm)
        peak = run.last
        return peak, run.running(40, speed_steps=steps).last

    def test_its_dip_makes_the_rhythm_rougher_and_cadence_fall(self):
        rough, short, falling = self.taken(steps=True)[0]
        assert rough > 0.1
        assert falling > 0.1
        assert short == pytest.approx(0, abs=1e-9)

    def test_it_is_let_go_again_while_the_speed_steps(self):
        peak, after = self.taken(steps=True)
        assert after[0] < 0.7 * peak[0]
        assert after[2] < 0.8 * peak[2]

    def test_a_speed_that_steps_changes_nothing(self):
        assert self.taken(steps=True) == self.taken(steps=False)


class TestADip:
    """So much lower than the last minutes, for some seconds: no shortfall yet."""

    DEEP, DEEP_NO_MORE = 4.2, 1.8

    def test_while_it_is_short_the_shortfall_waits(self):
        run = Run().running(900, lower_percent=1.0)
        before = run.last[1]
        assert run.running(15, lower_percent=1.0 + self.DEEP).last[1] == pytest.approx(before, abs=1e-9)
        assert run.running(1, lower_percent=1.0 + self.DEEP).last[1] > before + 0.1 * PERCENT

    def test_what_lasts_longer_is_none(self):
        assert Run().running(900).running(46, lower_percent=self.DEEP).last[1] > 2 * PERCENT

    def test_nor_is_what_is_less_deep(self):
        assert Run().running(900).running(12, lower_percent=3.8).last[1] > 1.2 * PERCENT

    def test_it_goes_on_until_cadence_is_half_way_back(self):
        run = Run().running(900).running(5, lower_percent=self.DEEP).running(8, lower_percent=2.2)
        assert run.last[1] == pytest.approx(0, abs=1e-9)
        assert run.running(1, lower_percent=self.DEEP_NO_MORE).last[1] > 0.05 * PERCENT

    def test_two_with_running_as_usual_between_them_are_two(self):
        run = Run().running(900)
        for _ in range(2):
            run.running(12, lower_percent=self.DEEP).running(3)
        assert run.last[1] == pytest.approx(0, abs=1e-9)

    def test_after_a_pause_another_one_may_begin(self):
        run = Run().running(900).running(14, lower_percent=self.DEEP).standing(30).running(14, lower_percent=self.DEEP)
        assert run.last[1] == pytest.approx(0, abs=1e-9)

    def test_the_fourth_hitch_within_two_minutes_is_no_bend(self):
        told = [Run().running(900).running(12, lower_percent=self.DEEP, hitches_lately=count) for count in (3, 4)]
        three, four = (run.last[1] for run in told)
        assert three == pytest.approx(0, abs=1e-9)
        assert four > 1.5 * PERCENT

    def test_a_fall_of_minutes_takes_it_as_it_is(self):
        assert Run().running(900).running(12, lower_percent=self.DEEP).last[2] > 0.4 * PERCENT


class TestASlowerPace:
    """A fifth slower is a jog, or the way to a walk: what its cadence should be nobody knows."""

    @staticmethod
    def at(mps, seconds=30):
        return Run().running(900, smooth_mps=3.0).running(seconds, lower_percent=3.0, smooth_mps=mps)

    def test_the_usual_pace_is_that_of_the_first_minutes_and_not_of_the_first_second(self):
        run = Run().running(1, smooth_mps=4.2).running(300, lower_percent=3.0, smooth_mps=BASE.mps)
        assert all(view.shortfall_sigma is not None for view in run.views)

    def test_in_a_pause_both_are_held(self):
        run = Run().running(900, smooth_mps=3.0).running(60, lower_percent=3.0, smooth_mps=3.0)
        before = run.last
        assert run.told(30, motion=Motion.WALK, spm=100.0, smooth_mps=1.2).last == before

    def test_little_slower_is_the_same_pace(self):
        assert self.at(2.5).last[1:] == self.at(3.0).last[1:]

    def test_a_fifth_slower_nothing_is_said_of_cadence(self):
        rough, short, falling = self.at(2.3).last
        assert short is None
        assert falling is None
        assert rough is not None

    def test_once_it_is_the_pace_of_the_last_minutes_it_is_told_again(self):
        assert self.at(2.3, seconds=600).last[1] > 0

    def test_the_usual_pace_again_tells_at_once(self):
        run = self.at(2.3)
        assert run.running(1, smooth_mps=3.0).last[2] > 0

    def test_a_speed_that_comes_late_says_nothing_of_a_pace(self):
        late = BASE._replace(mps=None)
        run = Run().running(900, base=late).running(2, base=late, smooth_mps=9.0)
        run.running(60, lower_percent=3.0, base=late, smooth_mps=3.0)
        assert run.last[1] > PERCENT

    def test_without_a_speed_nobody_is_slower(self):
        assert Run().running(900).running(60, lower_percent=3.0).last[1] > 0
        assert self.at(2.3).running(1, lower_percent=3.0, smooth_mps=None).last[1] > 0
