"""Each channel is taken from one device, whoever else is heard beside it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.sources import Channel, Sources, SourceSettings, SourceState
from processor.state import row, unrowed

HEART, CADENCE, SPEED = Channel
QUIET_S, ABSENT_S, LOST_S = SourceSettings().quiet_s, SourceSettings().absent_s, SourceSettings().lost_s


def held(*told, channel=CADENCE):
    """Sources after (second, device, value), and what counted."""
    sources = Sources(SourceState())
    return sources, [sources.hears(channel, device, value, second) for second, device, value in told]


def each(seconds, *told):
    """The same of every second: (device, value)."""
    return [(second, device, value) for second in seconds for device, value in told]


def test_whoever_is_heard_first_measures_and_another_beside_it_is_left_out():
    _, counted = held(*each(range(600), ("watch", 168.0), ("pod", 171.0)))
    assert counted == [True, False] * 600


def test_another_takes_over_where_the_first_is_lost_and_keeps_it():
    sources, counted = held(*each(range(60), ("watch", 168.0)), *each(range(60, 120), ("pod", 171.0)))
    assert counted[60:] == [False] * LOST_S + [True] * (60 - LOST_S)
    assert not sources.hears(CADENCE, "watch", 168.0, 120)
    assert sources.state.device[CADENCE] == "pod"


@pytest.mark.parametrize("gap_s", [4, 12, LOST_S])
@pytest.mark.parametrize("order", [("pod", "watch"), ("watch", "pod")])
def test_links_that_break_in_turns_and_come_back_move_nothing(gap_s, order):
    since_s = {"watch": 0, "pod": 120}
    both = [(second, device, 170.0) for second in range(100, 1_800) for device in order]
    sources, _ = held(
        *((second, device, spm) for second, device, spm in both if (second + since_s[device]) % 240 >= gap_s)
    )
    assert sources.state.device[CADENCE] == order[0]


def test_heart_rate_and_speed_change_hands_sooner_because_nothing_is_learned_anew():
    for channel, value in ((HEART, 150), (SPEED, 3.0)):
        told = *each(range(60), ("watch", value)), *each(range(60, 80), ("pod", value))
        _, counted = held(*told, channel=channel)
        assert counted[60:] == [False] * QUIET_S + [True] * (20 - QUIET_S)


@pytest.mark.parametrize(
    ("channel", "low", "runs"), [(CADENCE, 20.0, 170.0), (CADENCE, 40.0, 170.0), (SPEED, 0.3, 3.0)]
)
def test_a_first_that_reads_far_too_little_gives_way(channel, low, runs):
    _, counted = held(*each(range(30), ("watch", low), ("pod", runs)), channel=channel)
    assert counted[1::2] == [False] * QUIET_S + [True] * (30 - QUIET_S)


def test_one_that_stutters_takes_over_from_one_that_is_lost_all_the_same():
    stutter = [
        (second, "pod", (None, 0.0, 60.0)[second % 3] if second % 5 == 0 else 170.0) for second in range(60, 200)
    ]
    sources, _ = held(*each(range(60), ("watch", 168.0)), *stutter)
    assert sources.state.device[CADENCE] == "pod"


def test_one_that_reads_zeros_while_another_runs_loses_its_channel():
    _, counted = held(*each(range(60), ("pod", 170.0)), *each(range(60, 80), ("pod", 0.0), ("watch", 168.0)))
    pod, watch = counted[60::2], counted[61::2]
    assert watch == [False] * QUIET_S + [True] * (20 - QUIET_S)
    assert pod == [True] * (QUIET_S + 1) + [False] * (19 - QUIET_S)


@pytest.mark.parametrize("stand_s", [5, 60, 600])
def test_after_a_stop_who_is_first_to_see_running_takes_nothing_over(stand_s):
    stop, again = 60, 60 + stand_s
    standing = each(range(stop, again), ("pod", 0.0), ("watch", 0.0))
    _, counted = held(
        *each(range(stop), ("pod", 170.0), ("watch", 168.0)),
        *standing,
        *each(range(again, again + 5), ("watch", 160.0), ("pod", 0.0)),
        *each(range(again + 5, again + 60), ("watch", 168.0), ("pod", 170.0)),
    )
    assert counted[2 * again :] == [False, True] * 60


def test_arms_that_swing_while_the_runner_stands_are_no_runner():
    _, counted = held(*each(range(60), ("pod", 170.0)), *each(range(60, 300), ("pod", 0.0), ("watch", 40.0)))
    assert counted[60:] == [True, False] * 240


def test_one_that_wakes_again_has_its_channel_still():
    sources, _ = held(*each(range(60), ("pod", 170.0)), *each(range(60, 300), ("watch", 0.0)))
    assert sources.hears(CADENCE, "pod", 165.0, 300)
    assert not sources.hears(CADENCE, "watch", 160.0, 300)


@pytest.mark.parametrize("spm", [0.0, 40.0, 90.0])
def test_no_running_is_taken_from_another_that_is_alone(spm):
    sources, counted = held(*each(range(60), ("pod", 170.0)), *each(range(60, 80), ("watch", spm)))
    assert counted[60:] == [False] * ABSENT_S + [True] * (20 - ABSENT_S)
    assert sources.state.device[CADENCE] == "pod"


def test_what_is_not_known_counts_for_nobody():
    _, counted = held((0, "watch", 168.0), *each(range(1, 60), ("pod", None)))
    assert counted[1:] == [False] * 59


def test_a_first_that_knows_nothing_holds_nothing():
    _, counted = held(*each(range(30), ("watch", None), ("pod", 170.0)))
    assert counted[1::2] == [True] * 30


def test_a_strap_that_gives_beats_goes_before_a_watch():
    sources = Sources(SourceState())
    assert sources.hears(HEART, "watch", 150, 0)
    assert sources.hears(HEART, "strap", 152, 1, beats=True)
    assert [sources.hears(HEART, "watch", 150, second) for second in range(1, 9)] == [False] * 8
    assert sources.hears(HEART, "strap", 152, 9)
    assert not sources.hears(HEART, "other", 150, 9, beats=True)


def test_a_strap_that_loses_its_beats_gives_way_to_one_that_has_them():
    sources = Sources(SourceState())
    assert sources.hears(HEART, "strap", 150, 0, beats=True)
    assert sources.hears(HEART, "strap", 150, QUIET_S)
    assert not sources.hears(HEART, "other", 150, QUIET_S, beats=True)
    assert sources.hears(HEART, "other", 150, QUIET_S + 1, beats=True)


def test_after_a_clock_went_back_each_has_its_channel_and_is_waited_for_as_long():
    sources, _ = held(*each(range(3_600, 3_660), ("watch", 3.0)), channel=SPEED)
    sources.begin_anew(100)
    counted = [sources.hears(SPEED, "pod", 3.1, second) for second in range(100, 120)]
    assert counted == [False] * (QUIET_S + 1) + [True] * (19 - QUIET_S)


values = st.none() | st.sampled_from([0.0, 40.0, 90.0, 165.0, 180.0])
told = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(Channel), st.sampled_from("ab"), values, st.booleans()), max_size=60
)


@given(told)
def test_a_device_alone_is_always_heard(said):
    sources, second = Sources(SourceState()), 0
    for later, channel, _, value, beats in said:
        second += later
        assert sources.hears(channel, "only", value, second, beats=beats)


@given(told)
def test_sources_go_on_from_their_row_as_they_would_have(said):
    sources, second = Sources(SourceState()), 0
    for later, channel, device, value, beats in said:
        second += later
        again = Sources(unrowed(SourceState, row(sources.state)))
        counts = sources.hears(channel, device, value, second, beats=beats)
        assert again.hears(channel, device, value, second, beats=beats) == counts
        assert again.state == sources.state


@given(told)
def test_a_channel_changes_hands_for_a_runners_value_only_and_never_twice_at_once(said):
    sources, second, owners = Sources(SourceState()), 0, []
    for later, _, device, value, _ in said:
        second += later
        before = sources.state.device[CADENCE]
        counts = sources.hears(CADENCE, device, value, second)
        assert counts or before is not None
        if sources.state.device[CADENCE] != before:
            owners.append(second)
            assert value is not None
            assert before is None or value >= 100.0
    assert all(later - earlier >= QUIET_S for earlier, later in pairwise(owners))
