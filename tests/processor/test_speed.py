"""Speed as detectors get it: held over a tunnel, blind when it says none while the legs run."""

from crampwatch.units import Quality
from processor.features.speed import Speed
from processor.timeline import Moment
from tests.support.clocks import START_MS


def followed(values, *, running=True):
    speed = Speed()
    seen = [
        speed.step(Moment(START_MS + index * 1_000, 1.0, 170.0, None, mps), running=running)
        for index, mps in enumerate(values)
    ]
    return seen, speed


def test_a_gap_is_bridged_for_ten_seconds_and_then_missing():
    seen, speed = followed([3.0] + [None] * 12)
    assert seen[10] == (3.0, Quality.UNRELIABLE)
    assert seen[11] == (None, Quality.UNDEFINED)
    assert speed.state.smooth_mps is None


def test_no_runner_is_faster_than_a_sprinter():
    assert followed([13.0])[0] == [(None, Quality.UNRELIABLE)]


def test_none_while_the_legs_run_is_no_speed_until_one_is_measured():
    seen, _ = followed([0.0] * 40 + [3.0])
    assert seen[30] == (None, Quality.UNDEFINED)
    assert seen[40] == (3.0, Quality.GOOD)


def test_none_while_the_legs_rest_says_that_one_stands():
    seen, _ = followed([0.0] * 300, running=False)
    assert set(seen) == {(0.0, Quality.GOOD)}


def test_a_change_of_pace_is_a_step_and_small_wavering_is_none():
    _, steady = followed([3.0, 3.1] * 100)
    assert steady.state.stepped_at_ms == 0
    _, changed = followed([3.0] * 100 + [3.6] * 30)
    assert changed.state.stepped_at_ms >= START_MS + 100_000
