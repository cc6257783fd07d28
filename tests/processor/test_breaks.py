"""Breaks that depend on more than a moment: a speed that lags behind the legs, a plan of walks, a slow decline."""

import pytest

from crampwatch.events import FindingKind
from processor.athlete import Athlete
from tests.support.clocks import START_MS
from tests.support.stories import Story


def proved(story):
    machine = Athlete("r7", "s1")
    return [*machine.observe(story.samples).findings, *machine.flush().findings]


def seconds(story, kind):
    return [(one.at_ms - START_MS) // 1_000 for one in proved(story) if one.kind is kind]


def prompts(story):
    return seconds(story, FindingKind.CRAMP_STOP)


def signs(**channels):
    """A run with five hitches, the last one just over."""
    return Story(**channels).running(600).hitching(5, every_s=25)


def standing_with_lag(story, lag_s, *, steps=0.0):
    """The legs stop; the speed still says running for a while, as GPS does."""
    return story.running(lag_s, steps, sway=0.0).standing(30)


@pytest.mark.parametrize("lag_s", [0, 2, 4, 5, 8, 12, 20, 28])
def test_a_sudden_stop_is_asked_about_once_the_lagging_speed_has_fallen(lag_s):
    story = signs()
    stopped_s = story.second
    (asked_s,) = prompts(standing_with_lag(story, lag_s))
    assert stopped_s + 5 <= asked_s <= stopped_s + max(5, lag_s + 1)


@pytest.mark.parametrize("lag_s", [0, 8, 20])
def test_a_stop_without_signs_is_not_asked_about_however_the_speed_lags(lag_s):
    assert prompts(standing_with_lag(Story().running(700), lag_s)) == []


@pytest.mark.parametrize("fault_s", [5, 30, 60])
def test_a_sensor_that_says_no_steps_while_the_runner_moves_on_asks_nothing(fault_s):
    assert prompts(signs().running(fault_s, 0.0, sway=0.0).running(120)) == []


def test_a_speed_that_falls_long_after_the_legs_went_silent_proves_no_sudden_stop():
    assert prompts(standing_with_lag(signs(), 50)) == []


def test_a_runner_who_slows_to_a_walk_before_standing_did_not_stop_suddenly():
    story = signs()
    for spm in (150, 140, 130, 120, 115, 110, 105):
        story.running(5, spm, mps=2.0, sway=0.0)
    assert prompts(story.standing(30)) == []


def test_a_runner_who_slows_down_and_whose_speed_lags_did_not_stop_suddenly():
    story = signs()
    for spm in (150, 140, 130, 120, 115, 110, 105):
        story.running(5, spm, mps=2.0, sway=0.0)
    assert prompts(standing_with_lag(story, 10)) == []


def test_a_value_that_is_only_held_is_no_running_as_usual():
    story = signs()
    for _ in range(3):
        story.second += 1  # the pod misses a second, the strap goes on
    assert prompts(story.running(3, 138, sway=0.0).walking(30, 60)) == []


def walks(count, *, every_s=300, walk_s=60):
    story = Story(5)
    for _ in range(count):
        story.running(every_s - walk_s).walking(walk_s)
    return story


def test_a_stop_that_keeps_to_a_plan_of_walks_is_not_asked_about():
    assert prompts(walks(4).running(60).hitching(6, every_s=25).standing(40)) == []


def test_a_plan_of_walks_lapses_when_the_runner_no_longer_follows_it():
    story = walks(4).running(400).hitching(6, every_s=25)
    assert len(prompts(story.standing(40))) == 1


def test_a_plan_that_lapsed_is_said_no_more():
    late = [one for one in proved(walks(4).running(900).walking(60)) if one.kind is FindingKind.WALK_BREAK]
    assert late[-1].evidence["planned"] == 0.0
    assert late[-1].because == ("You changed from running to walking.",)


def sloping(minutes, percent_per_10min, *, after_s=0):
    """Ten usual minutes, and then a cadence that slopes away."""
    story = Story(3).running(600 + after_s)
    for second in range(minutes * 60):
        story.running(1, 170 * (1 - percent_per_10min / 100 * second / 600))
    return story


def test_a_decline_over_a_quarter_of_an_hour_is_proved():
    (at_s,) = seconds(sloping(18, 5.0), FindingKind.GRADUAL_DECLINE)
    assert at_s >= 480 + 0.8 * 900


def test_a_fall_of_a_few_minutes_is_no_gradual_decline():
    story = Story(3).running(480)
    for second in range(240):
        story.running(1, 170 * (1 - 0.06 * second / 240))
    assert seconds(story.running(120, 160.0), FindingKind.GRADUAL_DECLINE) == []
