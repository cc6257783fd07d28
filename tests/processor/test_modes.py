"""What can be seen of an athlete: the mode follows the channels slowly, and a change is told once."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Level, Mode, Quality
from processor.athlete import Athlete
from processor.detect.signal import Signal
from processor.features.view import View
from processor.modes import BEATS, CADENCE, CEILING, HEART, SPEED, TRUSTED, Modes, ModeState, mode_of
from processor.state import packed, unpacked
from tests.support.clocks import START_MS
from tests.support.stories import Story


@pytest.mark.parametrize(
    ("gone", "mode"),
    [
        (0, Mode.FULL),
        (BEATS, Mode.NO_BEATS),
        (BEATS | SPEED, Mode.NO_SPEED),
        (BEATS | HEART | TRUSTED, Mode.NO_HEART),
        (BEATS | HEART | TRUSTED | SPEED, Mode.NO_HEART),
        (TRUSTED, Mode.HEART_SUSPECT),
        (CADENCE, Mode.CADENCE_LOST),
        (CADENCE | SPEED, Mode.CADENCE_LOST),
        (CADENCE | HEART, Mode.BLIND),
    ],
)
def test_the_mode_is_named_by_the_worst_that_is_gone(gone, mode):
    assert mode_of(gone) is mode


def test_a_heart_rate_that_looks_like_the_cadence_is_suspect_at_once():
    assert mode_of(0, suspect=True) is Mode.HEART_SUSPECT


def test_without_a_cadence_ever_it_is_heart_rate_only():
    assert mode_of(CADENCE, had_cadence=False) is Mode.HEART_ONLY


def test_every_mode_has_a_ceiling_and_less_sight_never_allows_more():
    ranks = [CEILING[mode].rank for mode in Mode]
    assert ranks == sorted(ranks, reverse=True)
    assert (CEILING[Mode.CADENCE_LOST], CEILING[Mode.HEART_ONLY]) == (Level.WATCH, Level.WATCH)


def second(at_s, *, heart=True, cadence=True, speed=True, beats=False, dt_s=1.0):
    return View(
        at_ms=START_MS + at_s * 1_000,
        dt_s=dt_s,
        broken=dt_s > 20,
        spm=170.0 if cadence else None,
        bpm=150 if heart else None,
        mps=3.0 if speed else None,
        rr_ms=(400.0,) if beats else (),
        quality={"heart_rate": Quality.GOOD if heart else Quality.UNDEFINED},
    )


def followed(*stretches, modes=None):
    """The mode of each second of (seconds, what is missing or there)."""
    modes, at_s, seen = modes or Modes(), 0, []
    for seconds, channels in stretches:
        for _ in range(seconds):
            seen.append(modes.step(second(at_s, **channels)))
            at_s += 1
    return seen


def test_a_channel_is_gone_after_a_minute_and_back_after_ten_seconds():
    seen = followed((100, {}), (70, {"cadence": False}), (20, {}))
    assert seen[159] is Mode.NO_BEATS
    assert seen[160] is Mode.CADENCE_LOST
    assert seen[179] is Mode.CADENCE_LOST
    assert seen[180] is Mode.NO_BEATS


def test_a_session_begins_with_the_benefit_of_the_doubt():
    seen = followed((61, {"speed": False}))
    assert (seen[59], seen[60]) == (Mode.NO_BEATS, Mode.NO_SPEED)


def test_a_speed_that_cannot_be_trusted_is_gone_at_once_and_that_is_the_mode():
    modes = Modes()
    good = {"heart_rate": Quality.GOOD, "speed": Quality.GOOD}
    wild = good | {"speed": Quality.UNRELIABLE}
    seen = [
        modes.step(View(START_MS + at_s * 1_000, 1.0, spm=170.0, bpm=150, mps=mps, quality=quality))
        for at_s, (mps, quality) in enumerate([(3.0, good)] * 30 + [(None, wild)] * 5 + [(3.0, good)] * 20)
    ]
    assert (seen[29], seen[30], seen[34]) == (Mode.NO_BEATS, Mode.NO_SPEED, Mode.NO_SPEED)
    assert (seen[40], seen[-1]) == (Mode.NO_SPEED, Mode.NO_BEATS)


def test_neither_cadence_nor_heart_rate_is_blind_after_twenty_seconds():
    seen = followed((100, {}), (21, {"cadence": False, "heart": False}))
    assert (seen[119], seen[120]) == (Mode.NO_BEATS, Mode.BLIND)


def test_beats_are_seen_after_ten_seconds_of_them_and_a_second_without_one_is_none_lost():
    seen = followed((12, {"beats": True}), (8, {}), (1, {"beats": True}))
    assert seen[0] is Mode.NO_BEATS
    assert set(seen[10:]) == {Mode.FULL}


def test_silence_is_no_loss_of_a_single_channel():
    modes = Modes()
    followed((100, {}), modes=modes)
    assert modes.step(second(300, cadence=False, dt_s=200.0)) is Mode.NO_BEATS


channels = st.fixed_dictionaries({name: st.booleans() for name in ("heart", "cadence", "speed", "beats")})


@given(st.lists(st.tuples(st.sampled_from([1, 5, 30, 70]), channels), max_size=8), st.integers(0, 400))
def test_modes_go_on_from_their_state(stretches, cut):
    seconds = [channel for count, channel in stretches for channel in [channel] * count]
    whole = followed(*((1, one) for one in seconds))
    first = Modes()
    seen = [first.step(second(at_s, **one)) for at_s, one in enumerate(seconds[:cut])]
    again = Modes(None, unpacked(ModeState, packed(first.state)))
    seen += [again.step(second(at_s, **one)) for at_s, one in enumerate(seconds[cut:], start=len(seen))]
    assert seen == whole


# --- what is told


def told(modes):
    """When what is told, given the mode of each second."""
    signal = Signal()
    views = (View(at_ms=START_MS + at_s * 1_000, dt_s=1.0, mode=mode) for at_s, mode in enumerate(modes))
    return [((view.at_ms - START_MS) // 1_000, proof.because) for view in views for proof in signal.observe(view)]


def test_a_start_with_all_that_is_needed_is_nothing_to_tell():
    assert told([Mode.NO_BEATS] * 20 + [Mode.FULL] * 20) == []


def test_going_and_coming_back_are_each_told_once():
    assert told([Mode.FULL] * 10 + [Mode.NO_SPEED] * 500 + [Mode.FULL] * 10) == [
        (10, ("There is no speed: hills may look like fatigue.",)),
        (510, ("Speed is known again.",)),
    ]


def test_one_thing_back_and_another_missing_is_told_in_one_breath():
    assert told([Mode.NO_HEART] * 400 + [Mode.NO_SPEED])[-1] == (
        400,
        ("The heart-rate signal is back.", "There is no speed: hills may look like fatigue."),
    )


def test_beats_that_end_are_told_and_beats_that_never_were_are_not():
    assert [words for _, words in told([Mode.NO_BEATS] * 9 + [Mode.FULL] * 9 + [Mode.NO_BEATS])] == [
        ("Beats are measured no more: their pattern is left out.",)
    ]


@given(st.lists(st.sampled_from([Mode.FULL, Mode.NO_HEART, Mode.CADENCE_LOST]), min_size=1, max_size=3))
def test_a_flapping_channel_says_the_same_at_most_once_in_five_minutes(flaps):
    modes = [mode for _ in range(400) for mode in flaps]
    by_words = {}
    for at_s, words in told(modes):
        by_words.setdefault(words[-1], []).append(at_s)
    for times in by_words.values():
        assert all(later - earlier >= 300 for earlier, later in itertools.pairwise(times))


def test_a_mode_that_lasts_is_told_when_its_quiet_time_is_over():
    modes = [Mode.FULL, Mode.NO_HEART, Mode.FULL] + [Mode.NO_HEART] * 400
    assert [at_s for at_s, _ in told(modes)] == [1, 2, 301]


def test_what_a_machine_cannot_see_is_no_alarm_about_a_person():
    story = Story(heart=False).running(200)
    findings = Athlete("r7", "s1").observe(story.samples).findings
    assert {one.kind for one in findings} == {FindingKind.SIGNAL}
    assert {one.level for one in findings} == {Level.OK}
