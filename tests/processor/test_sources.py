"""Each channel is taken from one device, whoever else is heard beside it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.sources import Channel, Sources, SourceSettings, SourceState
from processor.state import row, unrowed

HEART, CADENCE, SPEED = Channel
TAKES_S, APART_S, ABSENT_S = SourceSettings().takes_s, SourceSettings().apart_s, SourceSettings().absent_s


def held(*told, channel=CADENCE):
    """Sources after (second, device, value), and what counted."""
    sources = Sources(SourceState())
    return sources, [sources.admits(channel, device, value, second) for second, device, value in told]


def each(seconds, *told):
    """The same of every second: (device, value)."""
    return [(second, device, value) for second in seconds for device, value in told]


def owner(*told, channel=CADENCE):
    return held(*told, channel=channel)[0].state.device[channel]


def test_whoever_is_heard_first_measures_and_another_beside_it_is_left_out():
    _, counted = held(*each(range(600), ("watch", 168.0), ("pod", 171.0)))
    assert counted == [True, False] * 600


@pytest.mark.parametrize(("channel", "value"), [(CADENCE, 170.0), (SPEED, 3.0), (HEART, 150)])
def test_another_takes_over_after_a_quarter_of_a_minute_without_the_first_and_keeps_it(channel, value):
    sources, counted = held(*each(range(60), ("watch", value)), *each(range(60, 90), ("pod", value)), channel=channel)
    assert counted[60:] == [False] * TAKES_S + [True] * (30 - TAKES_S)
    assert not sources.admits(channel, "watch", value, 90)
    assert sources.state.device[channel] == "pod"


@pytest.mark.parametrize("gap_s", [4, 12, TAKES_S - 1])
@pytest.mark.parametrize("order", [("pod", "watch"), ("watch", "pod")])
def test_links_that_break_in_turns_and_come_back_move_nothing(gap_s, order):
    since_s = {"watch": 0, "pod": 120}
    both = [(second, device, 170.0) for second in range(100, 1_800) for device in order]
    heard = [(second, device, spm) for second, device, spm in both if (second + since_s[device]) % 240 >= gap_s]
    assert owner(*heard) == order[0]


@pytest.mark.parametrize(("channel", "low", "runs"), [(CADENCE, 0.0, 170.0), (CADENCE, 40.0, 170.0), (SPEED, 0.3, 3.0)])
def test_a_first_that_reads_far_too_little_gives_way(channel, low, runs):
    _, counted = held(*each(range(30), ("watch", low), ("pod", runs)), channel=channel)
    watch, pod = counted[::2], counted[1::2]
    assert pod == [False] * TAKES_S + [True] * (30 - TAKES_S)
    assert watch == [True] * (TAKES_S + 1) + [False] * (29 - TAKES_S)


def test_a_first_that_walks_keeps_its_channel():
    assert owner(*each(range(120), ("watch", 55.0), ("pod", 110.0))) == "watch"


def test_one_that_stutters_takes_over_all_the_same_and_so_does_one_of_two():
    spoilt = (None, 0.0, 60.0)
    stutter = [(second, "pod", spoilt[second % 3] if second % 5 == 0 else 170.0) for second in range(60, 90)]
    assert owner(*each(range(60), ("watch", 168.0)), *stutter) == "pod"
    assert owner(*each(range(60), ("watch", 20.0), ("pod", 170.0), ("third", 0.0))) == "pod"


@pytest.mark.parametrize("apart_s", [8, APART_S])
def test_smart_recording_takes_over_after_as_long(apart_s):
    seldom = each(range(60, 120, apart_s), ("pod", 170.0))
    sources, counted = held(*each(range(60), ("watch", 168.0)), *seldom)
    assert sources.state.device[CADENCE] == "pod"
    assert (counted.index(True, 60) - 60) * apart_s >= TAKES_S


@pytest.mark.parametrize(("on_s", "off_s"), [(1, 11), (2, 12), (3, 14), (5, 10)])
def test_one_that_is_heard_now_and_then_gives_way_to_one_that_is_always(on_s, off_s):
    flaps = [("pod", 170.0)]
    told = [
        one for at_s in range(300) for one in each([at_s], *(flaps * (at_s % (on_s + off_s) < on_s)), ("watch", 168.0))
    ]
    assert owner(*told) == "watch"


def test_of_two_others_one_takes_over():
    assert owner(*each(range(60), ("pod", 170.0)), *each(range(60, 90), ("watch", 168.0), ("other", 166.0))) == "watch"


def test_two_others_one_after_the_other_do_not_add_up():
    lost = each(range(60), ("pod", 170.0))
    assert owner(*lost, *each(range(60, 72), ("watch", 168.0)), *each(range(83, 95), ("other", 166.0))) == "pod"


def test_smart_recording_keeps_its_channel_beside_one_that_tells_each_second():
    told = [one for at_s in range(600) for one in each([at_s], *[("watch", 168.0)] * (at_s % 8 == 0), ("pod", 170.0))]
    assert owner(*told) == "watch"


def test_who_lost_a_channel_has_it_again_after_as_long():
    first = *each(range(60), ("watch", 168.0)), *each(range(60, 78), ("pod", 170.0))
    sources, _ = held(*first)
    assert sources.state.device[CADENCE] == "pod"
    again = [sources.admits(CADENCE, "watch", 168.0, second) for second in range(78, 100)]
    assert again == [False] * TAKES_S + [True] * (22 - TAKES_S)


def test_values_too_far_apart_take_nothing_over():
    assert owner(*each(range(60), ("watch", 168.0)), *each(range(60, 600, APART_S + 1), ("pod", 170.0))) == "watch"


@pytest.mark.parametrize("stand_s", [5, 50, 60, 600])
@pytest.mark.parametrize("late_s", [0, 3, 8])
@pytest.mark.parametrize("asleep", [False, True])
def test_after_a_stop_who_is_first_to_see_running_takes_nothing_over(stand_s, late_s, asleep):
    stop, again = 60, 60 + stand_s
    standing = each(range(stop, again + late_s), ("pod", 0.0))
    told = [
        *each(range(stop), ("pod", 170.0), ("watch", 168.0)),
        *each(range(stop, again), ("watch", 0.0)),
        *each(range(again, again + 60), ("watch", 160.0)),
        *([] if asleep else standing),
        *each(range(again + late_s, again + 60), ("pod", 165.0)),
    ]
    assert owner(*sorted(told, key=lambda one: one[0])) == "pod"


def test_arms_that_swing_while_the_runner_stands_are_no_runner():
    _, counted = held(*each(range(60), ("pod", 170.0)), *each(range(60, 300), ("pod", 0.0), ("watch", 40.0)))
    assert counted[60:] == [True, False] * 240


@pytest.mark.parametrize("spm", [0.0, 40.0, 90.0])
def test_that_nobody_runs_is_taken_from_another_that_ran_as_well(spm):
    told = *each(range(60), ("pod", 170.0), ("watch", 168.0)), *each(range(60, 400), ("watch", spm))
    sources, counted = held(*told)
    assert counted[120:] == [False] * ABSENT_S + [True] * (340 - ABSENT_S)
    assert sources.state.device[CADENCE] == "pod"
    assert sources.admits(CADENCE, "pod", 165.0, 400)
    assert not sources.admits(CADENCE, "watch", 160.0, 400)


@pytest.mark.parametrize("always", [0.0, 40.0, 85.0])
def test_one_that_never_told_of_running_does_not_stand_in(always):
    told = *each(range(60), ("pod", 170.0), ("watch", always)), *each(range(60, 80), ("watch", always))
    _, counted = held(*told)
    assert counted[120:] == [False] * 20


def test_one_that_told_of_no_running_for_long_does_not_stand_in():
    ran, held_rail = (
        each(range(60), ("pod", 170.0), ("watch", 168.0)),
        each(range(60, 200), ("pod", 170.0), ("watch", 40.0)),
    )
    _, counted = held(*ran, *held_rail, *each(range(200, 220), ("watch", 40.0)))
    assert counted[400:] == [False] * 20


def test_a_third_that_never_told_of_running_does_not_stand_in_either():
    ran = each(range(60), ("pod", 170.0), ("watch", 168.0), ("bag", 0.0))
    _, counted = held(*ran, *each(range(60, 74), ("watch", 168.0), ("bag", 0.0)))
    assert counted[180:] == [False] * 28


def test_what_is_not_known_counts_for_nobody_and_claims_nothing():
    _, counted = held((0, "watch", 168.0), *each(range(1, 60), ("pod", None)))
    assert counted[1:] == [False] * 59
    _, counted = held(*each(range(30), ("watch", None), ("pod", 170.0)))
    assert counted[1::2] == [True] * 30


def test_a_strap_that_gives_beats_goes_before_a_watch():
    sources = Sources(SourceState())
    assert sources.admits(HEART, "watch", 150, 0)
    assert sources.admits(HEART, "strap", 152, 1, beats=True)
    assert [sources.admits(HEART, "watch", 150, second) for second in range(1, 9)] == [False] * 8
    assert sources.admits(HEART, "strap", 152, 9)
    assert not sources.admits(HEART, "other", 150, 9, beats=True)


def test_a_strap_with_beats_goes_before_two_watches():
    sources = Sources(SourceState())
    assert sources.admits(HEART, "watch", 150, 0)
    assert not sources.admits(HEART, "other", 150, 0)
    assert sources.admits(HEART, "strap", 150, 0, beats=True)


def test_a_strap_that_loses_its_beats_gives_way_to_one_that_has_them():
    sources = Sources(SourceState())
    assert sources.admits(HEART, "strap", 150, 0, beats=True)
    assert sources.admits(HEART, "strap", 150, TAKES_S)
    assert not sources.admits(HEART, "other", 150, TAKES_S, beats=True)
    assert sources.admits(HEART, "other", 150, TAKES_S + 1, beats=True)


def test_a_clock_that_went_back_keeps_nobody_waiting_for_the_old_one():
    sources, _ = held(*each(range(3_600, 3_660), ("watch", 170.0), ("pod", 168.0)))
    counted = [sources.admits(CADENCE, "pod", 168.0, second) for second in range(100, 130)]
    assert counted == [False] * TAKES_S + [True] * (30 - TAKES_S)


values = st.none() | st.sampled_from([0.0, 40.0, 90.0, 165.0, 180.0])
told = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(Channel), st.sampled_from("abc"), values, st.booleans()), max_size=60
)


@given(told)
def test_a_device_alone_is_always_heard(said):
    sources, second = Sources(SourceState()), 0
    for later, channel, _, value, beats in said:
        second += later
        assert sources.admits(channel, "only", value, second, beats=beats)


@given(told)
def test_sources_go_on_from_their_row_as_they_would_have(said):
    sources, second = Sources(SourceState()), 0
    for later, channel, device, value, beats in said:
        second += later
        again = Sources(unrowed(SourceState, row(sources.state)))
        admits = sources.admits(channel, device, value, second, beats=beats)
        assert again.admits(channel, device, value, second, beats=beats) == admits
        assert again.state == sources.state


@given(told)
def test_cadence_changes_hands_for_running_only_and_not_again_within_a_quarter_of_a_minute(said):
    sources, second, changes = Sources(SourceState()), 0, []
    for later, _, device, value, _ in said:
        second += later
        before = sources.state.device[CADENCE]
        sources.admits(CADENCE, device, value, second)
        if before not in {None, sources.state.device[CADENCE]}:
            changes.append(second)
            assert value is not None
            assert value >= 100.0
    assert all(later - earlier >= TAKES_S for earlier, later in pairwise(changes))
