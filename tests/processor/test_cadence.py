"""Cadence for detectors: drop-outs, halves and runs in the wrong unit are repaired, walks are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.units import Quality
from processor.features.cadence import Cadence, CadenceState
from processor.state import packed, unpacked
from processor.timeline import Moment
from tests.support.clocks import START_MS

GOOD, UNRELIABLE, UNDEFINED = Quality.GOOD, Quality.UNRELIABLE, Quality.UNDEFINED


def followed(spms, *, mps=None, usual=None, step_s=1, cadence=None):
    cadence = cadence or Cadence()
    usual_spm, usual_mps = usual or (None, None)
    seen = []
    for index, spm in enumerate(spms):
        moment = Moment(START_MS + index * step_s * 1_000, float(step_s), spm, None, mps)
        seen.append(cadence.step(moment, mps, usual_spm, usual_mps))
    return seen


def test_a_zero_while_the_runner_moves_is_a_drop_out_and_bridged_for_three_seconds():
    seen = followed([170.0, 0.0, 0.0, 0.0, 0.0], mps=3.0)
    assert seen[3] == (170.0, UNRELIABLE)
    assert seen[4] == (None, UNRELIABLE)


def test_a_zero_while_the_runner_stands_is_a_stop():
    assert followed([170.0] + [0.0] * 3, mps=0.0)[-1] == (0.0, GOOD)


def test_a_cadence_that_no_legs_reach_is_missing():
    assert followed([300.0]) == [(None, UNRELIABLE)]
    assert followed([None]) == [(None, UNDEFINED)]


def test_a_lone_spike_is_gone():
    assert [value for value, _ in followed([170.0, 171.0, 140.0, 170.0, 171.0])][2:] == [170.0, 170.0, 170.0]


@pytest.mark.parametrize(("sent", "repaired"), [(85.0, 170.0), (239.0, 119.5)])
def test_a_half_or_double_of_what_is_usual_is_repaired(sent, repaired):
    usual = (repaired, 3.0)
    assert followed([sent], mps=3.0, usual=usual) == [(repaired, UNRELIABLE)]


def test_half_the_usual_cadence_at_walking_speed_is_a_walk():
    assert followed([85.0] * 60, mps=1.3, usual=(170.0, 3.0))[-1] == (85.0, GOOD)


# --- whole runs in the wrong unit


@pytest.mark.parametrize("step_s", [1, 4, 8])
def test_strides_sent_as_steps_are_doubled_after_a_minute_at_running_speed(step_s):
    seen = followed([85.0] * (160 // step_s), mps=3.0, step_s=step_s)
    assert seen[0][0] == 85.0
    assert seen[-1] == (170.0, GOOD)
    assert 60 <= sum(value == 85.0 for value, _ in seen) * step_s <= 80


def test_steps_counted_twice_are_halved_after_a_minute():
    assert followed([340.0] * 70, mps=3.0)[-1] == (170.0, GOOD)


@pytest.mark.parametrize(("spm", "mps"), [(100.0, 1.4), (57.0, 1.4), (110.0, 2.0), (85.0, None), (90.0, 9.0)])
def test_a_walk_a_wheel_and_a_run_without_speed_are_not_doubled(spm, mps):
    assert followed([spm] * 600, mps=mps)[-1] == (spm, GOOD)


def test_a_unit_that_turns_out_right_after_all_is_restored():
    cadence = Cadence()
    followed([85.0] * 70, mps=3.0, cadence=cadence)
    assert cadence.state.factor == 2.0
    followed([170.0] * 70, mps=3.0, cadence=cadence)
    assert cadence.state.factor == 1.0


def test_halves_that_come_and_go_never_add_up_to_a_wrong_unit():
    cadence = Cadence()
    followed(([85.0] * 20 + [170.0] * 40) * 20, mps=3.0, cadence=cadence)
    assert cadence.state.factor == 1.0


@given(st.lists(st.sampled_from([None, 0.0, 29.0, 85.0, 100.0, 170.0, 340.0]), max_size=200), st.integers(0, 200))
def test_a_cadence_goes_on_from_its_state(spms, cut):
    def fed(cadence, part, first):
        return [
            cadence.step(Moment(START_MS + index * 1_000, 1.0, spm, None, 3.0), 3.0, None, None)
            for index, spm in enumerate(part, start=first)
        ]

    whole, first = Cadence(), Cadence()
    expected = fed(whole, spms, 0)
    before = fed(first, spms[:cut], 0)
    second = Cadence(None, unpacked(CadenceState, packed(first.state)))
    assert before + fed(second, spms[cut:], len(before)) == expected
    assert all(value is None or 0 <= value <= 240 for value, _ in expected)
