"""Whatever the sensors say, a machine goes on: nothing raises, no number is NaN, and a cut changes nothing."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Level, Mode, Motion, Quality
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
#: No snapshot is larger than this, beats included.
STATE_BYTES = 8_000
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


# --- each kind of bad input has a clear answer


def fed(seconds, *, step_s=1, begin_ms=START_MS, spm=None, bpm=None, mps=None):
    """Everything that a machine says of channels that go round their values; None: the channel is not there."""
    wearing, machine = Wearing(), Athlete("r7", "s1")
    samples = []
    for index in range(seconds // step_s):
        told = {
            name: values[index % len(values)]
            for name, values in (("spm", spm), ("bpm", bpm), ("mps", mps))
            if values is not None
        }
        samples += wearing.second(begin_ms + index * step_s * 1_000, **told)
    outcome, end = machine.observe(samples), machine.flush()
    is_sound(outcome)
    return machine, [*outcome.findings, *end.findings], [*outcome.assessments, *end.assessments]


def concerning(findings):
    return [one for one in findings if one.level is not Level.OK]


def words(findings):
    return [word for one in findings if one.kind is FindingKind.SIGNAL for word in one.because]


def test_without_a_cadence_nothing_is_claimed_and_it_says_so_once():
    _, findings, assessments = fed(3_600, bpm=[150, 151, 152], mps=[3.0])
    assert words(findings) == ["There is heart rate only: breaks in rhythm cannot be seen."]
    assert concerning(findings) == []
    assert not any(one.settled for one in assessments)
    assert {one.mode for one in assessments[60:]} == {Mode.HEART_ONLY}


def test_without_a_heart_rate_cadence_alone_is_watched():
    _, findings, assessments = fed(1_200, spm=[170.0, 171.0, 172.0], mps=[3.0])
    assert words(findings) == ["There is no heart-rate signal: only cadence is watched."]
    assert assessments[-1].settled
    assert assessments[-1].mode is Mode.NO_HEART


def test_without_speed_it_warns_of_hills_and_goes_on():
    _, findings, assessments = fed(1_200, spm=[170.0, 171.0, 172.0], bpm=[150, 151, 152])
    assert words(findings) == ["There is no speed: hills may look like fatigue."]
    assert (assessments[-1].settled, assessments[-1].mode) == (True, Mode.NO_SPEED)


def test_speed_alone_is_blind():
    _, findings, assessments = fed(600, mps=[3.0])
    assert words(findings) == ["There is neither cadence nor heart rate: nothing can be seen."]
    assert assessments[-1].mode is Mode.BLIND


def test_no_sample_at_all_is_no_run_and_no_fault():
    machine = Athlete("r7", "s1")
    assert machine.observe(()).assessments == []
    assert machine.flush().findings == []
    assert machine.wake_at_ms() is None
    assert Athlete.restore(machine.snapshot()).snapshot() == machine.snapshot()


def test_one_sample_is_one_second_of_which_nothing_can_be_said():
    _, findings, (assessed,) = fed(1, bpm=[150])
    assert findings == []
    assert (assessed.level, assessed.settled, assessed.fatigue) == (Level.OK, False, None)


def test_walking_only_concerns_nobody():
    _, findings, assessments = fed(3_600, spm=[108.0, 110.0, 112.0, 109.0], bpm=[100, 101, 102], mps=[1.4])
    assert concerning(findings) == []
    assert {one.motion for one in assessments[5:]} == {Motion.WALK}
    assert not any(one.settled for one in assessments)


def test_channels_that_never_move_are_no_fatigue_and_the_heart_rate_is_not_believed():
    _, findings, assessments = fed(5_400, spm=[170.0], bpm=[150], mps=[3.0])
    assert concerning(findings) == []
    assert assessments[-1].quality["heart_rate"] is Quality.UNRELIABLE
    assert words(findings) == ["The heart rate cannot be trusted: only cadence is watched."]


def test_channels_that_jump_between_none_and_most_alarm_nobody():
    _, findings, assessments = fed(3_600, spm=[0.0, 510.0], bpm=[1, 300], mps=[0.0, 256.0])
    assert concerning(findings) == []
    assert len(findings) <= 3_600 / 300 * 4
    assert not any(one.settled for one in assessments)


@pytest.mark.parametrize("begin_ms", [0, 4_102_444_800_000 - 1_200_000], ids=["1970", "2100"])
def test_the_first_and_the_last_second_that_a_clock_may_say_are_seconds_like_others(begin_ms):
    _, findings, assessments = fed(1_200, begin_ms=begin_ms, spm=[170.0, 171.0, 172.0], bpm=[150, 151, 152], mps=[3.0])
    assert concerning(findings) == []
    assert assessments[-1].settled
    assert len(assessments) == 1_200


def test_hours_between_samples_are_silences_told_each_and_no_run():
    _, findings, assessments = fed(48 * 3_600, step_s=4 * 3_600, spm=[170.0], bpm=[150], mps=[3.0])
    assert concerning(findings) == []
    assert 12 <= len(assessments) <= 2 * 12
    assert len(findings) == 2 * 11
    assert not any(one.settled for one in assessments)


def test_a_clock_that_keeps_going_back_neither_raises_nor_storms():
    wearing, samples = Wearing(), []
    for lap in range(20):
        for at_s in range(200):
            at_ms = START_MS + (at_s - lap * 1_000) * 1_000
            samples += wearing.second(at_ms, spm=170.0 + at_s % 3, bpm=150 + at_s % 3, mps=3.0)
    machine = Athlete("r7", "s1")
    outcome = machine.observe(samples)
    is_sound(outcome)
    assert concerning(outcome.findings) == []
    assert outcome.ignored["backward"] == 19 * 30
    assert len({one.id for one in outcome.findings}) == len(outcome.findings)


def test_thousands_of_duplicates_cost_nothing_but_their_count():
    story = Story().running(700)
    machine = Athlete("r7", "s1")
    machine.observe(story.samples)
    before = machine.snapshot()
    outcome = machine.observe([*story.samples, *story.samples, *story.samples])
    assert (outcome.findings, outcome.assessments) == ([], [])
    assert outcome.ignored == {"duplicate": 3 * len(story.samples)}
    assert machine.snapshot() == before


def test_a_day_without_an_end_leaves_the_state_as_small_as_an_hour_does():
    wearing, machine, sizes, findings = Wearing(), Athlete("r7", "s1"), [], []
    for at_s in range(0, 24 * 3_600, 6):
        broken = at_s % 500 < 12 or at_s % 3_000 < 60
        spm = 80.0 if broken else 170.0 + at_s % 7 * 0.5
        outcome = machine.observe(
            wearing.second(START_MS + at_s * 1_000, spm=spm, bpm=150 + at_s % 5, mps=3.0, rr_ms=(400.0,) * 15)
        )
        findings += outcome.findings
        if at_s % 1_800 == 0:
            sizes.append(len(machine.snapshot()))
    assert max(sizes[4:]) <= STATE_BYTES
    assert max(sizes[-8:]) <= 1.1 * max(sizes[2:10])
    assert findings


def test_a_loose_contact_for_an_hour_is_told_now_and_then_and_alarms_nobody():
    _, findings, _ = fed(
        3_600,
        spm=[170.0] * 30 + [0.0] * 10 + [85.0] * 5 + [340.0] * 15,
        bpm=[150, 151] * 20 + [220] * 40,
        mps=[3.0, 2.9],
    )
    assert len(concerning(findings)) <= 4
    assert len([one for one in findings if one.kind is FindingKind.SIGNAL]) <= 3_600 / 300 * 2
