"""Slow adaptation: what is usual follows the runner a little, stands while a level does, and is never locked."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.units import Motion
from processor.features.baseline import BaselineState, SessionBaseline
from processor.features.view import View
from processor.state import row, unrowed
from tests.support.clocks import START_MS

LEARNED = [170.0, 2.0, 1.0, 0.8, None, 150.0]
HOUR_S = 3_600


def standing():
    """A session whose baseline is 170 steps/min with a spread of 2."""
    return SessionBaseline(state=BaselineState(run_s=500.0, due_s=480.0, base=list(LEARNED)))


def running(baseline, seconds, spm, *, calm=True, dt_s=1.0, mps=None):
    """Settled running at one cadence; what is usual at the end."""
    for count in range(round(seconds / dt_s)):
        at_ms = START_MS + round(count * dt_s * 1_000)
        view = View(at_ms, dt_s, motion=Motion.RUN, settled=True, spm=spm, smooth_mps=mps)
        baseline.observe(view, calm=calm)
    return baseline.base.spm


def handed_over(baseline):
    return SessionBaseline(state=unrowed(BaselineState, json.loads(json.dumps(row(baseline.state)))))


def test_what_is_usual_follows_a_small_change_within_twenty_minutes():
    assert running(standing(), 1_200, 172.0) == pytest.approx(170 + 2 * (1 - 0.368), abs=0.01)


@pytest.mark.parametrize("spm", [150.0, 165.0, 175.0, 190.0])
def test_it_never_moves_by_more_than_two_in_a_hundred(spm):
    assert abs(running(standing(), 8 * HOUR_S, spm) - 170.0) <= 3.4 + 1e-9


def test_a_decline_that_creeps_is_not_learned_away():
    baseline = standing()
    for step in range(60):
        running(baseline, 120, 170.0 - 0.2 * step)
    assert baseline.base.spm >= 170.0 * 0.98
    assert running(baseline, 600, 158.0) - 158.0 > 8.0


def test_a_deficit_beyond_three_spreads_is_a_sign_and_is_not_adapted_to():
    assert running(standing(), HOUR_S, 163.9) == 170.0


def test_while_a_level_stands_it_stands_and_goes_on_when_the_level_is_over():
    baseline = standing()
    before = running(baseline, 300, 168.0)
    assert running(baseline, HOUR_S, 168.0, calm=False) == before
    assert running(baseline, 600, 168.0) < before


def test_the_slope_is_learned_on_while_a_level_stands():
    """A runner of 10 spm per m/s, on a climb: what is usual stands, what belongs to a speed does not."""
    spans = []
    for calm in (True, False):
        baseline = SessionBaseline(
            state=BaselineState(run_s=500.0, due_s=480.0, base=[170.0, 2.0, 1.0, 0.8, 3.0, 150.0])
        )
        running(baseline, 900, 166.0, calm=calm, mps=2.6)
        view = View(START_MS, 1.0, motion=Motion.RUN, settled=True, spm=166.0, smooth_mps=2.6)
        baseline.observe(view, calm=calm)
        spans.append(baseline.base.spm - view.expected_spm)
    assert all(span > 6.0 * 0.4 + 0.5 for span in spans)


def test_one_that_was_restored_while_a_level_stood_goes_on_when_the_level_is_over():
    baseline = standing()
    before = running(baseline, 300, 168.0, calm=False)
    again = handed_over(baseline)
    assert again.base.spm == before
    assert running(again, 600, 168.0) == running(baseline, 600, 168.0) < before


def test_one_at_its_end_comes_back_when_the_cadence_does():
    baseline = standing()
    low = running(baseline, 8 * HOUR_S, 166.0)
    assert low == pytest.approx(170.0 * 0.98)
    assert running(handed_over(baseline), 1_200, 170.0) > low + 1.0


def test_a_smart_recording_adapts_as_far_as_one_of_every_second():
    assert running(standing(), 1_200, 168.0, dt_s=6.0) == pytest.approx(running(standing(), 1_200, 168.0), abs=0.01)


@settings(max_examples=50, deadline=None)
@given(
    stretches=st.lists(st.tuples(st.floats(130, 200), st.booleans()), min_size=1, max_size=12),
    share=st.floats(0, 1),
)
def test_cut_anywhere_it_adapts_alike_and_within_its_bounds(stretches, share):
    whole, part = standing(), standing()
    for number, (spm, calm) in enumerate(stretches):
        if number == round(share * len(stretches)):
            part = handed_over(part)
        assert running(part, 120, spm, calm=calm) == running(whole, 120, spm, calm=calm)
        assert abs(whole.base.spm - 170.0) <= 3.4 + 1e-9
    assert asdict(whole.state) == asdict(part.state)
