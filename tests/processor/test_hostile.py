"""Whatever the sensors say, a machine goes on: nothing raises, no number is NaN, and a cut changes nothing."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from processor.athlete import Athlete
from tests.support.clocks import START_MS
from tests.support.runs import Wearing
from tests.support.stories import Story

#: Values at the edges of what an accepted sample may hold, and of what the rules ask about.
SPM = st.sampled_from([None, 0.0, 1.0, 29.0, 31.0, 60.0, 85.0, 119.0, 128.0, 140.0, 170.0, 239.0, 340.0, 510.0])
MPS = st.sampled_from([None, 0.0, 5e-324, 0.01, 0.49, 0.51, 1.19, 1.21, 1.5, 3.0, 12.5, 12.6, 256.0])
BPM = st.sampled_from([None, 1, 34, 35, 36, 120, 150, 170, 225, 226, 300])

#: Each channel goes round its values: some as a healthy sensor gives them, so that the rules behind are reached.
SPMS = st.sampled_from([[170.0], [170.0, 171.0], [0.0], [170.0, 0.0]]) | st.lists(SPM, min_size=1, max_size=4)
SPEEDS = st.sampled_from([[3.0], [0.0], [None]]) | st.lists(MPS, min_size=1, max_size=3)
HEARTS = st.sampled_from([[150, 151], [150, 152, 151]]) | st.lists(BPM, min_size=1, max_size=3)
STEPS_S = st.sampled_from([1, 1, 1, 1, 2, 5, 8, 25, 1_000])
stretches = st.tuples(st.sampled_from([1, 3, 5, 20, 40, 200, 400]), STEPS_S, SPMS, SPEEDS, HEARTS)
#: The first stretch is long enough to settle a baseline, out of anything that may pass for a run.
beginnings = st.tuples(
    st.sampled_from([520, 800, 1_300]),
    st.sampled_from([1, 1, 1, 2, 8]),
    st.sampled_from([[170.0], [140.0, 240.0], [170.0, 31.0], [170.0, 0.0], [170.0, 170.0, 0.0], [0.0]]),
    SPEEDS,
    HEARTS,
)
streams = st.tuples(beginnings, st.lists(stretches, max_size=5))


def told(stream):
    first, rest = stream
    wearing, at_ms, samples = Wearing(), START_MS, []
    for count, step_s, spms, speeds, hearts in (first, *rest):
        for _, spm, mps, bpm in zip(
            range(count), itertools.cycle(spms), itertools.cycle(speeds), itertools.cycle(hearts), strict=False
        ):
            samples += wearing.second(at_ms, spm=spm, mps=mps, bpm=bpm)
            at_ms += step_s * 1_000
    return samples


def is_sound(outcome):
    for one in outcome.assessments:
        assert math.isfinite(one.score)
        assert all(math.isfinite(part) for part in one.contributions.values())
    for finding in outcome.findings:
        assert all(math.isfinite(value) for value in finding.evidence.values())


@settings(max_examples=100, deadline=None)
@given(streams)
def test_any_accepted_stream_is_followed_to_its_end_without_a_nan(stream):
    machine = Athlete("r7", "s1")
    is_sound(machine.observe(told(stream)))
    is_sound(machine.flush())
    snapshot = machine.snapshot()
    assert b"NaN" not in snapshot
    assert b"Infinity" not in snapshot
    assert Athlete.restore(snapshot).snapshot() == snapshot


@settings(max_examples=15, deadline=None)
@given(streams, st.floats(0, 1))
def test_any_accepted_stream_can_be_cut_anywhere(stream, share):
    samples = told(stream)
    cut = round(share * len(samples))
    whole, first = Athlete("r7", "s1"), Athlete("r7", "s1")
    expected = whole.observe(samples)
    before = first.observe(samples[:cut])
    second = Athlete.restore(first.snapshot())
    after = second.observe(samples[cut:])
    assert [*before.findings, *after.findings] == list(expected.findings)
    assert second.snapshot() == whole.snapshot()


def observed(story):
    machine = Athlete("r7", "s1")
    outcome = machine.observe(story.samples)
    is_sound(outcome)
    return outcome


@pytest.mark.parametrize("unmoved_mps", [0.0, 0.3, 1.0])
def test_a_run_whose_speed_came_alive_only_after_the_baseline_goes_on(unmoved_mps):
    outcome = observed(Story().running(700, mps=unmoved_mps).running(900, mps=3.0))
    assert outcome.assessments[-1].at_ms == START_MS + 1_599_000


def test_without_speed_legs_that_stop_for_a_moment_have_no_ratio_to_a_heart_rate():
    outcome = observed(Story(speed=False).running(1_200).running(5, 0.0, sway=0.0).running(60))
    assert outcome.assessments[-1].fatigue is not None


def test_a_speed_that_stays_at_zero_while_running_is_no_speed():
    outcome = observed(Story().running(700, mps=0.0))
    words = [word for one in outcome.findings if one.kind is FindingKind.SIGNAL for word in one.because]
    assert words == ["There is no speed: hills may look like fatigue."]


def test_a_run_without_a_fix_is_judged_as_one_without_speed():
    def level(story):
        return [one.score for one in observed(story).assessments]

    blind = Story(1).running(600, mps=0.0).running(300, 164.0, mps=0.0)
    without = Story(1, speed=False).running(600).running(300, 164.0)
    assert level(blind)[-300:] == level(without)[-300:]


def test_standing_at_speed_zero_is_known_and_is_no_lost_speed():
    outcome = observed(Story().running(600).standing(120).running(60))
    assert not [one for one in outcome.findings if one.kind is FindingKind.SIGNAL]
