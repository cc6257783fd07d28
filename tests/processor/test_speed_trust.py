"""A speed that leaps up and down while legs and heart are even is left out, and comes back when it is even too."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Mode, Quality
from processor.athlete import Athlete
from processor.features.speed_trust import SpeedTrust, SpeedTrustState
from processor.state import row, unrowed
from tests.support.clocks import START_MS
from tests.support.stories import Story


def told(story):
    machine = Athlete("r7", "s1")
    outcome, end = machine.observe(story.samples), machine.flush()
    return [*outcome.findings, *end.findings], [*outcome.assessments, *end.assessments], [*outcome.views, *end.views]


def untrusted(story):
    """The seconds in which a speed that was measured is not used."""
    _, _, views = told(story)
    return [
        (view.at_ms - START_MS) // 1_000
        for view in views
        if view.mps is None and view.quality["speed"] is Quality.UNRELIABLE
    ]


def leaping(story, times, *, every_s=15, low=1.8, high=4.4, spm=170.0):
    """Speed between two values, as among tall houses; ``spm`` is what the legs do when it is high."""
    for time in range(times):
        up = time % 2 == 1
        story.running(every_s, spm if up else 170.0, mps=high if up else low)
    return story


def test_a_speed_that_leaps_up_and_down_under_even_legs_is_left_out_and_that_is_said():
    story = leaping(Story().running(700), 8).running(200)
    findings, assessed, views = told(story)
    assert untrusted(story) != []
    said = [one for one in findings if one.kind is FindingKind.SIGNAL and one.at_ms > START_MS + 60_000]
    assert [one.because for one in said] == [
        ("The speed cannot be trusted: it is left out.",),
        ("Speed is known again.",),
    ]
    assert Mode.NO_SPEED in {one.mode for one in assessed if one.at_ms > START_MS + 700_000}
    assert all(view.smooth_mps is None for view in views if view.mps is None)


def test_it_is_found_out_within_a_minute_and_a_half_and_believed_a_minute_after_the_last_leap():
    seconds = untrusted(leaping(Story().running(700), 8).running(200))
    assert 700 < seconds[0] <= 790
    assert 820 + 55 <= seconds[-1] <= 820 + 90
    assert seconds == list(range(seconds[0], seconds[-1] + 1))


def test_an_expected_cadence_does_not_follow_a_speed_that_is_left_out():
    _, _, views = told(leaping(Story().running(700), 12))
    blind = [view for view in views if view.quality["speed"] is Quality.UNRELIABLE and view.base is not None]
    assert blind
    assert all(view.expected_spm == view.base.spm for view in blind)


def test_without_heart_rate_even_legs_are_enough():
    assert untrusted(leaping(Story(heart=False).running(700), 8)) != []


@pytest.mark.parametrize(
    "story",
    [
        leaping(Story().running(700), 12, spm=178.0),
        leaping(Story().running(700), 12, low=2.8, high=3.3),
        leaping(Story().running(700), 12, every_s=90, low=2.6, high=4.4),
        Story().running(700).running(120, mps=2.2).running(120, mps=3.6).running(300),
        Story().running(700, mps=2.78).running(300, mps=4.2),
    ],
    ids=["legs that go along", "a pace that sways", "intervals", "a hill up and down", "one change of pace"],
)
def test_a_speed_that_a_runner_may_have_is_believed(story):
    assert untrusted(story) == []


def test_stops_and_walks_in_town_are_believed():
    story = Story().running(700)
    for _ in range(8):
        story.standing(12).running(25).walking(15).running(25)
    assert untrusted(story) == []


def test_a_smart_recording_shows_it_too():
    trust = SpeedTrust()
    believed = [
        trust.step(START_MS + at_s * 1_000, 3.0 if at_s // 16 % 2 else 2.2, 170.0, 150, running=True)
        for at_s in range(0, 400, 7)
    ]
    assert not all(believed)


@settings(max_examples=50, deadline=None)
@given(
    readings=st.lists(
        st.tuples(
            st.sampled_from((1, 1, 2, 5, 8, 40)),
            st.none() | st.sampled_from((0.0, 2.0, 2.1, 3.5)),
            st.none() | st.sampled_from((168.0, 170.0, 180.0)),
            st.none() | st.sampled_from((150, 151, 160)),
            st.sampled_from((True, True, True, False)),
        ),
        max_size=120,
    ),
    share=st.floats(0, 1),
)
def test_cut_anywhere_it_goes_on_from_its_state(readings, share):
    whole, part, at_ms = SpeedTrust(), SpeedTrust(), START_MS
    for number, (dt_s, mps, spm, bpm, running) in enumerate(readings):
        at_ms += dt_s * 1_000
        if number == round(share * len(readings)):
            kept = json.loads(json.dumps(row(part.state, at_ms)))
            part = SpeedTrust(None, unrowed(SpeedTrustState, kept, at_ms))
        said = [one.step(at_ms, mps, spm, bpm, running=running) for one in (whole, part)]
        assert said[0] is said[1]
    assert whole.state == part.state
    assert len(json.dumps(row(whole.state, at_ms))) < 250
