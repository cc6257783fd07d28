"""Lately: the last seconds against the last minutes."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.units import Motion
from processor.detect.lately import Lately, LatelySettings, LatelyState
from processor.features.view import Baseline, View
from processor.state import row, unrowed
from tests.support.clocks import START_MS

BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)
EVEN_SPM = 0.8
#: What two values 2 s apart differ by, and the most that counts: 3 % of this runner's cadence.
QUICK_SPM = 0.4
MOST_QUICK_SPM = 0.03 * BASE.spm
#: One percent of this runner's cadence, in spreads.
PERCENT = 1.70 / math.cbrt(1.8 * BASE.block_sigma_spm * 1.5 * BASE.wobble_spm)


class Run:
    """Seconds of a run, told in stretches, before a detector; what it wrote is read from the last."""

    def __init__(self, detector=None, step_s=1, at_s=0):
        self.detector = detector or Lately()
        self.views = []
        self._step_s, self.at_s = step_s, at_s

    def running(self, seconds, lower_percent=0.0, wobble_spm=EVEN_SPM, **channels):
        """Cadence so much below what was expected, wavering by so much in five seconds."""
        return self.told(
            seconds, residual_spm=-BASE.spm * lower_percent / 100, wobble_spm=wobble_spm, settled=True, **channels
        )

    def standing(self, seconds):
        return self.told(seconds, motion=Motion.STOP, spm=0.0)

    def told(self, seconds, base=BASE, **channels):
        for _ in range(0, seconds, self._step_s):
            self.at_s += self._step_s
            at_ms = START_MS + self.at_s * 1_000
            view = View(at_ms=at_ms, dt_s=float(self._step_s), motion=Motion.RUN, motion_before=Motion.RUN, base=base)
            for name, value in channels.items():
                setattr(view, name, value)
            assert self.detector.observe(view) == ()
            self.views.append(view)
        return self

    @property
    def last(self):
        """Roughening, shortfall and fall of the last second."""
        return written(self.views[-1])

    @property
    def quick(self):
        """Quick roughening in the last second."""
        return self.views[-1].quick_roughening


def written(view):
    return view.roughening, view.shortfall_sigma, view.falling_sigma


def test_even_running_says_nothing():
    run = Run().running(1_200, quick_wobble_spm=QUICK_SPM)
    assert (*run.last, run.quick) == pytest.approx((0, 0, 0, 0), abs=1e-9)


class TestALowerCadence:
    def test_it_comes_up_within_a_minute(self):
        _, short, falling = Run().running(900).running(60, lower_percent=3.0).last
        assert 2.0 * PERCENT < short < 3.0 * PERCENT
        assert 1.0 * PERCENT < falling < short

    def test_it_fades_once_it_is_what_the_last_minutes_were_like(self):
        run = Run().running(900).running(300, lower_percent=3.0)
        _, short, falling = run.last
        _, later_short, later_falling = run.running(600, lower_percent=3.0).last
        _, last_short, last_falling = run.running(2_400, lower_percent=3.0).last
        assert short > 4 * later_short > 8 * last_short >= 0
        assert falling > 1.5 * later_falling > 6 * last_falling > 0

    def test_a_shortfall_is_the_first_to_come_and_a_fall_the_last_to_go(self):
        run = Run().running(900).running(30, lower_percent=3.0)
        assert run.last[1] > run.last[2]
        run.running(570, lower_percent=3.0)
        assert run.last[1] < run.last[2]

    def test_one_that_was_there_for_an_hour_is_none(self):
        assert Run().running(7_200, lower_percent=3.0).last[1:] == pytest.approx((0, 0), abs=0.01)

    def test_an_uneven_runner_must_fall_further(self):
        even, uneven = (
            Run().running(900, base=base).running(60, lower_percent=3.0, base=base)
            for base in (BASE, BASE._replace(block_sigma_spm=4 * BASE.block_sigma_spm, wobble_spm=2 * BASE.wobble_spm))
        )
        assert uneven.last[1:] == pytest.approx([one / 2 for one in even.last[1:]])

    def test_it_is_gone_within_a_minute_of_running_as_usual(self):
        assert Run().running(900).running(60, lower_percent=3.0).running(60).last[1] < 0.2

    def test_a_higher_one_is_no_fall(self):
        _, short, falling = Run().running(900).running(60, lower_percent=-3.0).last
        assert short < 0
        assert falling < 0

    @pytest.mark.parametrize(("percent", "most"), [(60.0, 8.0), (-60.0, -5.0)])
    def test_one_dodge_counts_for_no_more_than_its_bounds(self, percent, most):
        wild, bounded = (Run().running(900).running(60, lower_percent=one) for one in (percent, most))
        assert wild.last == pytest.approx(bounded.last)


class TestARoughRhythm:
    def test_it_raises_roughening_and_getting_used_to_it_lowers_it(self):
        run = Run().running(900).running(120, wobble_spm=3.0)
        rough = run.last[0]
        used = run.running(1_800, wobble_spm=3.0).last[0]
        assert rough > 0.5
        assert 0 <= used < rough / 4

    def test_a_smoother_one_lowers_it_below_none(self):
        assert Run().running(900, wobble_spm=3.0).running(120).last[0] < -0.3

    def test_one_that_was_there_from_the_start_is_none(self):
        assert Run().running(600, wobble_spm=5.0).last[0] == pytest.approx(0, abs=1e-9)

    def test_it_is_unknown_until_the_wavering_was_measured(self):
        assert Run().running(60, wobble_spm=None).last == (None, 0.0, 0.0)

    def test_a_wild_value_counts_for_no_more_than_six_times_the_usual(self):
        runs = [Run().running(900).running(30, wobble_spm=wild) for wild in (6 * BASE.wobble_spm, 500.0)]
        assert runs[0].last == runs[1].last


class TestAQuickWavering:
    """The rhythm from one step to the next, where values come often enough."""

    @staticmethod
    def rough(quick_spm=1.5, usual_spm=QUICK_SPM, seconds=120):
        return Run().running(900, quick_wobble_spm=usual_spm).running(seconds, quick_wobble_spm=quick_spm).quick

    def test_it_is_told_beside_the_slow_one(self):
        run = Run().running(900, quick_wobble_spm=QUICK_SPM).running(120, quick_wobble_spm=1.5)
        assert run.quick > 0.5
        assert run.last[0] == pytest.approx(0, abs=1e-9)

    def test_a_smoother_one_lowers_it_below_none(self):
        assert self.rough(quick_spm=0.1) < -0.3

    def test_getting_used_to_it_lowers_it(self):
        assert 0 < self.rough(seconds=3_600) < self.rough() / 4

    def test_one_that_was_there_from_the_start_is_none(self):
        assert self.rough(quick_spm=2.0, usual_spm=2.0) == pytest.approx(0, abs=1e-9)

    def test_a_wild_value_counts_for_no_more_than_three_percent(self):
        assert self.rough(quick_spm=500.0) == self.rough(quick_spm=MOST_QUICK_SPM)
        assert self.rough(quick_spm=0.9 * MOST_QUICK_SPM) < self.rough(quick_spm=MOST_QUICK_SPM)

    def test_a_rhythm_rounded_to_no_wavering_at_all_may_begin_to_waver(self):
        assert self.rough(quick_spm=1.0, usual_spm=0.0) < 2.0

    def test_a_rhythm_that_is_measured_every_other_second_is_enough(self):
        run = Run().running(900)
        for second in range(300):
            run.running(1, wobble_spm=3.0, quick_wobble_spm=QUICK_SPM if second % 2 else None)
        assert [view.quick_roughening for view in run.views[-60:]] == pytest.approx([0] * 60, abs=1e-9)

    def test_where_less_is_measured_the_slow_one_stands_for_both(self):
        run = Run().running(900)
        for second in range(300):
            run.running(1, wobble_spm=3.0, quick_wobble_spm=None if second % 4 else QUICK_SPM)
        assert run.quick == run.last[0] > 0.2

    def test_it_is_told_until_less_than_a_third_of_a_minute_has_it(self):
        run = Run().running(900, quick_wobble_spm=QUICK_SPM)
        assert run.running(60, wobble_spm=3.0).quick == pytest.approx(0, abs=1e-9)
        assert run.running(30, wobble_spm=3.0).quick == run.last[0]

    def test_in_its_first_half_minute_the_slow_one_stands_for_both(self):
        run = Run().running(900).running(30, wobble_spm=3.0, quick_wobble_spm=QUICK_SPM)
        assert run.quick == run.last[0] > 0.1
        assert run.running(10, wobble_spm=3.0, quick_wobble_spm=QUICK_SPM).quick == pytest.approx(0, abs=1e-9)

    def test_without_a_slow_one_neither_is_told(self):
        assert Run().running(90, wobble_spm=None, quick_wobble_spm=QUICK_SPM).quick is None


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


class TestWhatIsNotTaken:
    def test_across_a_pause_everything_is_held(self):
        run = Run().running(900).running(60, lower_percent=3.0, wobble_spm=3.0)
        before, state = (*run.last, run.quick), run.detector.snapshot()
        run.standing(120)
        assert (*run.last, run.quick) == before
        assert run.detector.snapshot() == state

    def test_without_anything_to_compare_with_there_is_nothing(self):
        run = Run().running(900, lower_percent=3.0)
        run.told(1, base=None, residual_spm=None)
        assert (*run.last, run.quick) == (None, None, None, None)
        assert run.detector.snapshot() == LatelyState()

    def test_a_long_silence_counts_as_one_short_step(self):
        steps = [Run().running(900), Run().running(900)]
        for run, dt_s in zip(steps, (10.0, 3_600.0), strict=True):
            run.running(1, lower_percent=3.0, wobble_spm=3.0, dt_s=dt_s)
        assert steps[0].last == steps[1].last


@pytest.mark.parametrize("step_s", [2, 4])
def test_a_smart_recording_says_what_every_second_says(step_s):
    every, some = (Run(step_s=one).running(900).running(120, lower_percent=2.5, wobble_spm=2.5) for one in (1, step_s))
    for minute in range(1, 6):
        for run in (every, some):
            run.running(60, lower_percent=2.5 - 0.5 * minute, wobble_spm=2.5)
        assert some.last == pytest.approx(every.last, abs=0.08)
        assert some.quick == pytest.approx(every.quick, abs=0.08)


stretches = st.lists(
    st.tuples(
        st.floats(-20, 20),
        st.floats(0, 40) | st.none(),
        st.floats(0, 40) | st.none(),
        st.booleans(),
        st.sampled_from((1, 3, 8)),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=50)
@given(before=stretches, after=stretches)
def test_a_snapshot_row_is_restored_bit_for_bit_and_goes_on_alike(before, after):
    whole = Run()
    for percent, wobble, quick, steps, seconds in before:
        whole.running(seconds, lower_percent=percent, wobble_spm=wobble, quick_wobble_spm=quick, speed_steps=steps)
    plain = json.loads(json.dumps(row(whole.detector.snapshot()), allow_nan=False))
    state = unrowed(LatelyState, plain)
    assert state == whole.detector.snapshot()
    second = Run(Lately(state=state), at_s=whole.at_s)
    for percent, wobble, quick, steps, seconds in after:
        for run in (whole, second):
            run.running(seconds, lower_percent=percent, wobble_spm=wobble, quick_wobble_spm=quick, speed_steps=steps)
    assert (*second.last, second.quick) == (*whole.last, whole.quick)
    assert second.detector.snapshot() == whole.detector.snapshot()


@settings(deadline=None, max_examples=50)
@given(told=stretches)
def test_no_shortfall_and_no_fall_is_larger_than_from_one_bound_to_the_other(told):
    run, bounds = Run(), LatelySettings()
    most = (bounds.high_percent - bounds.low_percent) * PERCENT
    for percent, wobble, quick, steps, seconds in told:
        run.running(seconds, lower_percent=percent, wobble_spm=wobble, quick_wobble_spm=quick, speed_steps=steps)
        assert all(abs(one) <= most for one in run.last[1:])
