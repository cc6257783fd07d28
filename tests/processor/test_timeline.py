"""Seconds close when everybody has spoken or when time has moved on, the same way for the same facts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crampwatch.events import CadenceMeasured, HeartRateMeasured
from crampwatch.units import CadenceUnit
from processor.timeline import Timeline
from tests.support import facts

T0 = 1_760_000_000_000


def heart(seq, at_s, bpm=150, rr_ms=()):
    return HeartRateMeasured(at_ms=T0 + round(at_s * 1_000), device="strap", seq=seq, bpm=bpm, rr_ms=rr_ms)


def cadence(seq, at_s, spm=170.0, device="pod"):
    return CadenceMeasured(
        at_ms=T0 + round(at_s * 1_000),
        device=device,
        seq=seq,
        spm=spm,
        raw_per_min=spm,
        unit=CadenceUnit.STEPS,
        decided_by="test",
    )


def moments(timeline, *samples):
    return [moment for sample in samples for moment in timeline.add(sample)]


def acquainted():
    """A timeline that has heard heart rate and cadence in second 0."""
    timeline = Timeline()
    moments(timeline, heart(0, 0.1), cadence(0, 0.2), heart(1, 1.1), cadence(1, 1.2))
    return timeline


def test_a_second_is_closed_as_soon_as_every_channel_has_spoken():
    timeline = acquainted()
    assert moments(timeline, heart(2, 2.1)) == []
    (moment,) = moments(timeline, cadence(2, 2.6, 168.0))
    assert (moment.at_ms, moment.bpm, moment.spm, moment.dt_s) == (T0 + 2_000, 150, 168.0, 1.0)


def test_a_second_in_which_a_channel_is_silent_closes_with_the_next_sample():
    timeline = acquainted()
    (moment,) = moments(timeline, heart(2, 2.1), heart(3, 3.1))
    assert (moment.at_ms, moment.spm) == (T0 + 2_000, None)


def test_a_channel_that_has_long_been_silent_is_not_waited_for():
    timeline = acquainted()
    seen = moments(timeline, *(heart(seq, seq + 0.1) for seq in range(2, 20)))
    assert seen[-1].at_ms == T0 + 19_000


def test_a_sample_whose_second_is_closed_is_lent_to_the_next_second_and_no_further():
    timeline = acquainted()
    assert moments(timeline, heart(2, 1.9, 155)) == []
    assert moments(timeline, heart(3, 0.5)) == []
    assert timeline.ignored == {"backward": 1}
    (moment,) = moments(timeline, cadence(2, 2.2), heart(4, 3.0))
    assert (moment.at_ms, moment.bpm) == (T0 + 2_000, 155)


def test_of_several_values_in_a_second_the_latest_wins_and_every_beat_is_kept():
    timeline = acquainted()
    (moment,) = moments(timeline, heart(2, 2.1, 150, (400.0,)), heart(3, 2.5, 160, (390.0,)), cadence(2, 2.6))
    assert (moment.bpm, moment.rr_ms) == (160, (400.0, 390.0))


def test_of_two_devices_that_measure_a_channel_the_first_counts_and_the_other_closes_seconds_only():
    timeline = acquainted()
    assert moments(timeline, heart(2, 2.1), cadence(0, 2.3, 150.0, "watch")) == []
    (moment,) = moments(timeline, cadence(2, 2.6, 168.0))
    assert (moment.spm, timeline.ignored) == (168.0, {"other_device": 1})
    assert moments(timeline, heart(3, 3.1)) == []
    (moment,) = moments(timeline, cadence(1, 4.3, 150.0, "watch"))
    assert (moment.at_ms, moment.spm) == (T0 + 3_000, None)


def test_the_first_moment_of_another_device_says_so():
    timeline = acquainted()
    seen = moments(
        timeline,
        *(one for at_s in range(2, 70) for one in (heart(at_s, at_s), cadence(at_s, at_s + 0.2, 150.0, "watch"))),
    )
    (other,) = [one for one in seen if one.other_sensor]
    # The second in which it takes over is closed already: its value is lent to the next.
    assert (other.at_ms, other.spm) == (T0 + 18_000, 150.0)
    assert [one.spm for one in seen if one.at_ms > other.at_ms] == [150.0] * 51


def test_a_moment_with_the_cadence_of_a_stand_in_says_when_that_one_last_told_of_running():
    timeline = acquainted()
    ran = [one for at_s in range(2, 9) for one in (heart(at_s, at_s), cadence(at_s, at_s + 0.3, 165.0, "watch"))]
    stood = [one for at_s in range(9, 12) for one in (heart(at_s, at_s), cadence(at_s, at_s + 0.3, 0.0, "watch"))]
    seen = moments(timeline, *ran, *stood, heart(12, 12.1), heart(13, 13.1))
    told = {(one.at_ms - T0) // 1_000: (one.spm, one.ran_at_ms) for one in seen}
    assert {at_s: told[at_s] for at_s in (8, 9, 11, 12)} == {
        8: (None, None),
        9: (0.0, T0 + 8_000),
        11: (0.0, T0 + 8_000),
        12: (None, None),
    }


def test_old_samples_of_another_device_take_nothing_over():
    timeline = acquainted()
    old = [cadence(seq, seq - 600.0, 150.0, "watch") for seq in range(25)]
    moments(timeline, heart(2, 2.1), *old, cadence(2, 2.2), heart(3, 3.1), cadence(3, 3.2))
    assert timeline.state.sources.device == ["strap", "pod", None]
    assert timeline.ignored == {"backward": 25}


def test_a_sample_that_came_before_changes_nothing():
    timeline = acquainted()
    assert moments(timeline, heart(1, 1.1), cadence(1, 1.2)) == []
    assert timeline.ignored == {"duplicate": 2}


def test_a_gap_makes_no_seconds_but_is_measured():
    timeline = acquainted()
    seen = moments(timeline, heart(2, 40.0), cadence(2, 40.1))
    assert [(moment.at_ms, moment.dt_s) for moment in seen] == [(T0 + 40_000, 39.0)]


def test_a_clock_that_went_back_for_good_is_followed_after_a_while():
    timeline = acquainted()
    seen = moments(timeline, *(heart(seq, seq - 1_000) for seq in range(2, 60)))
    assert seen[0].restarted
    assert T0 - 942_000 <= seen[-1].at_ms <= T0 - 941_000
    assert not any(moment.restarted for moment in seen[1:])


@given(st.lists(facts.samples, max_size=60))
def test_any_stream_gives_ascending_seconds_unless_the_clock_went_back(stream):
    timeline = Timeline()
    seen = [*moments(timeline, *stream), *timeline.flush()]
    for before, after in pairwise(seen):
        assert after.restarted or (after.at_ms > before.at_ms and after.dt_s >= 1.0)


@given(st.lists(facts.samples, max_size=40))
def test_a_stream_sent_twice_gives_the_seconds_of_one(stream):
    once, twice = Timeline(), Timeline()
    assert moments(once, *stream) == [m for one in stream for m in (*twice.add(one), *twice.add(one))]
