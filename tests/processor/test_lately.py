"""Lately: the last seconds against the last minutes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.detect.lately import Lately, LatelySettings, LatelyState
from processor.state import row, unrowed
from tests.processor.lately_run import BASE, MOST_QUICK_SPM, PERCENT, QUICK_SPM, Run


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
