"""Heart rate for detectors: spikes, static, frozen values and cadence lock are found, real hearts are believed."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.units import Quality
from processor.features.heart import Heart, HeartState
from processor.features.online import correlation
from processor.state import packed, unpacked
from processor.timeline import Moment
from tests.support.clocks import START_MS

GOOD, UNRELIABLE, UNDEFINED = Quality.GOOD, Quality.UNRELIABLE, Quality.UNDEFINED


def followed(bpms, *, spms=None, step_s=1, running=True, strap=False, heart=None):
    """What a heart rate becomes, second by second."""
    heart = heart or Heart()
    seen = []
    for index, bpm in enumerate(bpms):
        spm = spms[index] if spms is not None else None
        rr_ms = (400.0,) if strap else ()
        moment = Moment(START_MS + index * step_s * 1_000, float(step_s), spm, bpm, None, rr_ms)
        seen.append(heart.step(moment, spm, running))
    return seen


def wavering(seconds, middle=150, reach=2):
    return [middle + round(reach * math.sin(second / 7)) for second in range(seconds)]


def test_a_steady_heart_is_good():
    assert {quality for _, quality in followed(wavering(300))} == {GOOD}


def test_a_leap_of_more_than_12_in_a_second_is_dropped_and_the_last_value_stands():
    assert followed([150, 163, 151])[1:] == [(150, UNRELIABLE), (151, GOOD)]


def test_a_climb_of_more_than_25_in_5_s_is_dropped_though_each_step_is_small():
    seen = followed([150, 151, 150, 151, 150, 151, 161, 171, 181])
    assert seen[-1] == (171, UNRELIABLE)
    assert seen[-2] == (171, GOOD)


def test_a_level_that_has_stayed_elsewhere_is_believed_after_ten_seconds():
    seen = followed([150] * 5 + [120] * 15)
    assert seen[14] == (150, UNRELIABLE)
    assert seen[15] == (120, GOOD)


@pytest.mark.parametrize("bpm", [34, 226, 300, 1])
def test_no_heart_beats_so(bpm):
    assert followed([bpm]) == [(None, UNRELIABLE)]


def test_a_gap_is_bridged_for_ten_seconds_and_then_missing():
    seen = followed([150] + [None] * 12)
    assert seen[10] == (150, UNRELIABLE)
    assert seen[11] == (None, UNDEFINED)


def test_the_static_of_a_dry_strap_is_never_believed_in_the_first_eight_minutes():
    seen = followed([110] * 20 + wavering(100, 205) + [112] * 20)
    assert all(quality is not GOOD for _, quality in seen[20:120])
    assert seen[-1] == (112, GOOD)


def test_a_sensor_that_begins_with_static_is_not_believed_either():
    assert {quality for _, quality in followed(wavering(60, 200))} == {UNRELIABLE}


def test_a_heart_that_climbs_to_190_in_the_first_minutes_is_believed():
    assert {quality for _, quality in followed([130 + second // 3 for second in range(180)])} == {GOOD}


def test_later_a_high_level_is_believed_after_ten_seconds():
    seen = followed(wavering(500) + wavering(30, 200))
    assert seen[-1][1] is GOOD


def test_the_same_value_for_45_s_of_running_is_a_held_one():
    seen = followed([150] * 60)
    assert (seen[44][1], seen[45][1]) == (GOOD, UNRELIABLE)
    assert {quality for _, quality in followed([70] * 60, running=False)} == {GOOD}


# --- cadence lock


def cadence(seconds, middle=170, reach=1, period=11):
    return [float(middle + round(reach * math.sin(second / period))) for second in range(seconds)]


def locked_at(bpms, spms, **how):
    """When a lock was found first, in seconds."""
    heart = Heart()
    followed_s = []
    for index, (bpm, spm) in enumerate(zip(bpms, spms, strict=True)):
        rr_ms = (400.0,) if how.get("strap") else ()
        heart.step(Moment(START_MS + index * 1_000, 1.0, spm, bpm, None, rr_ms), spm, True)
        followed_s += [index] if heart.found_lock else []
    return followed_s[0] if followed_s else None


def test_a_heart_rate_that_leapt_to_the_cadence_and_stays_there_is_locked():
    spms = cadence(200)
    bpms = wavering(100, 150) + [round(spm) for spm in spms[100:]]
    assert 145 <= locked_at(bpms, spms) <= 165


def test_a_heart_rate_that_follows_a_change_of_cadence_is_locked():
    spms = cadence(100) + cadence(100, 180)
    assert locked_at([round(spm) + 1 for spm in spms], spms) is not None


def test_a_heart_rate_that_changes_with_the_cadence_from_second_to_second_is_locked():
    spms = cadence(200, reach=3, period=3)
    bpms = [round(spm) + 1 for spm in spms]
    assert locked_at(bpms, spms) is not None
    assert locked_at(bpms, spms, strap=True) is not None


def test_a_strap_is_not_taken_for_locked_because_of_a_leap():
    spms = cadence(200)
    bpms = wavering(100, 150) + [round(spm) for spm in spms[100:]]
    assert locked_at(bpms, spms, strap=True) is None


def test_at_race_effort_a_heart_rate_near_the_cadence_is_believed():
    spms = cadence(600, 170, reach=1)
    assert locked_at(wavering(600, 170, reach=1), spms) is None


def test_a_lock_ends_when_both_were_apart_for_20_s():
    spms = cadence(300)
    bpms = wavering(100, 150) + [round(spm) for spm in spms[100:200]] + wavering(100, 160)
    heart = Heart()
    seen = followed(bpms, spms=spms, heart=heart)
    assert seen[199][1] is UNRELIABLE
    assert seen[205][1] is UNRELIABLE
    assert seen[235][1] is GOOD
    assert not heart.state.locked


def test_what_was_believed_in_the_minute_before_a_lock_can_be_taken_back():
    spms = cadence(200)
    heart = Heart()
    for index, bpm in enumerate(wavering(100, 150) + [round(spm) for spm in spms[100:]]):
        heart.step(Moment(START_MS + index * 1_000, 1.0, spms[index], bpm), spms[index], True)
        if heart.found_lock:
            break
    taken = list(heart.taken_back())
    assert 55 <= sum(seconds for _, seconds in taken) <= 60
    assert sum(bpm >= 165 for bpm, _ in taken) >= 0.8 * len(taken)


@pytest.mark.parametrize("step_s", [1, 2, 4, 8])
def test_a_lock_is_found_whatever_the_step_of_the_recording(step_s):
    count = 240 // step_s
    spms = cadence(count)
    bpms = wavering(count // 2, 150) + [round(spm) for spm in spms[count // 2 :]]
    heart = Heart()
    followed(bpms, spms=spms, step_s=step_s, heart=heart)
    assert heart.state.locked


bpm_streams = st.lists(
    st.tuples(
        st.none() | st.sampled_from([1, 36, 150, 160, 170, 171, 172, 180, 190, 226]),
        st.none() | st.sampled_from([0.0, 85.0, 168.0, 170.0, 171.5, 182.0]),
        st.sampled_from([1, 1, 1, 3, 8, 70]),
    ),
    max_size=150,
)


@given(bpm_streams, st.integers(0, 150))
def test_a_heart_goes_on_from_its_state(stream, cut):
    def fed(heart, part, at_ms):
        seen = []
        for bpm, spm, step_s in part:
            at_ms += step_s * 1_000
            seen.append(heart.step(Moment(at_ms, float(step_s), spm, bpm), spm, True))
        return seen, at_ms

    whole, first = Heart(), Heart()
    expected, _ = fed(whole, stream, START_MS)
    before, at_ms = fed(first, stream[:cut], START_MS)
    second = Heart(None, unpacked(HeartState, packed(first.state)))
    after, _ = fed(second, stream[cut:], at_ms)
    assert before + after == expected
    assert second.state == whole.state
    assert whole.state.equal == sum(
        abs(bpm - spm) <= 3 for bpm, spm in zip(whole.state.recent_bpm, whole.state.recent_spm, strict=True)
    )
    assert whole.state.span_s == sum(whole.state.recent_s) <= 60


series = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=40)


@given(series)
def test_a_correlation_is_that_of_the_textbook_or_unknown(pairs):
    xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
    found = correlation(xs, ys)
    if len(set(xs)) < 2 or len(set(ys)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(statistics.correlation(xs, ys), abs=1e-9)
