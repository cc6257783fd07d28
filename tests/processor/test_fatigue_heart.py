"""What the heart alone says of fatigue: without cadence, locked on to the steps, and by alpha 1 against what it was."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level, Mode, Quality
from processor.athlete import Athlete
from processor.detect.fatigue import Fatigue, FatigueState
from processor.fatigue_index import fatigue_reasons
from processor.features.usual_alpha import UsualAlpha, UsualAlphaSettings, UsualAlphaState
from processor.features.view import View
from processor.profile import Profile, Usual
from processor.state import packed, unpacked
from tests.processor.tiring import GOOD, learned, second, told
from tests.support.clocks import START_MS
from tests.support.runs import Wearing

# --- heart rate only ----------------------------------------------------------------------------------------------


def heart_only(at_s, bpm, **rest):
    return View(
        at_ms=START_MS + at_s * 1_000,
        dt_s=1.0,
        bpm=bpm,
        quality={"heart_rate": Quality.GOOD, "cadence": Quality.UNDEFINED},
        mode=Mode.HEART_ONLY,
        work_s=float(at_s),
        at_work=at_s >= 150,
        **rest,
    )


def test_with_heart_rate_only_its_drift_and_alpha1_make_the_index():
    detector = Fatigue()
    told(detector, *(heart_only(at_s, 150, alpha1=0.8) for at_s in range(1_600)))
    view = told(detector, *(heart_only(at_s, 168, alpha1=0.4) for at_s in range(1_600, 1_900)))
    assert view.decoupling == pytest.approx(0.11, abs=0.01)
    assert view.slowing is None
    view = told(detector, *(heart_only(at_s, 155, alpha1=0.4) for at_s in range(1_900, 2_900)))
    assert view.alpha1_gap == pytest.approx(0.4)
    assert view.fatigue > 40
    assert "Your heart rate has crept up." not in fatigue_reasons(view)[0]


def strapped(bpm, seconds, profile=None):
    """What a machine makes of a strap alone; ``bpm`` is a function of the second."""
    machine, wearing = Athlete("r7", "s1", profile), Wearing()
    samples = [one for at_s in range(seconds) for one in wearing.second(START_MS + at_s * 1_000, bpm=bpm(at_s))]
    outcome, end = machine.observe(samples), machine.flush()
    return [*outcome.findings, *end.findings], [*outcome.views, *end.views]


#: Who ran 25 minutes at most in the last month.
SHORT_RUNS = Profile(usual=Usual(longest_s=1_500.0))


def hard(at_s):
    return 140 + (at_s // 7) % 3 + min(25, max(0, (at_s - 1_200) // 40))


def test_a_long_run_with_a_strap_alone_and_a_rising_heart_is_a_watch_by_fatigue_and_no_more():
    findings, views = strapped(hard, 3_600, SHORT_RUNS)
    raised = [one for one in findings if one.level is not Level.OK]
    assert [(one.kind, one.level) for one in raised] == [(FindingKind.FATIGUE, Level.WATCH)]
    assert raised[0].because == (
        "You have been running longer than on your longest recent run.",
        "Your heart rate has crept up.",
    )
    assert {view.level for view in views} == {Level.OK, Level.WATCH}
    assert views[-1].because == raised[0].because
    assert views[-1].mode is Mode.HEART_ONLY
    first = next(view for view in views if view.fatigue is not None and view.fatigue >= 70)
    assert raised[0].at_ms - first.at_ms == 60_000


def test_a_watch_of_a_strap_alone_ends_when_the_runner_has_come_to_rest():
    findings, views = strapped(lambda at_s: hard(at_s) if at_s < 3_000 else 80 + at_s % 3, 4_800, SHORT_RUNS)
    assert findings[-1].because == ("The signs have eased.",)
    assert findings[-1].at_ms <= START_MS + (3_000 + 600 + 120) * 1_000
    assert views[-1].level is Level.OK


@pytest.mark.parametrize("longest_s", [None, 600.0])
def test_who_sits_with_a_strap_is_told_nothing_about_themselves(longest_s):
    findings, views = strapped(lambda at_s: 60 + (at_s // 30) % 31, 7_200, Profile(usual=Usual(longest_s=longest_s)))
    assert {one.kind for one in findings} == {FindingKind.SIGNAL}
    assert {view.level for view in views} == {Level.OK}
    assert views[-1].work_s == 0.0
    assert {view.fatigue for view in views} == {None}


def test_time_without_cadence_counts_from_when_it_is_missed_and_only_while_the_heart_works():
    _, views = strapped(lambda at_s: 150 + at_s % 3 if at_s < 600 else 90 + at_s % 3, 1_200)
    assert views[-1].work_s == pytest.approx(600 - 60, abs=12)
    assert not views[-1].at_work


# --- cadence lock -------------------------------------------------------------------------------------------------


def test_a_lock_takes_back_what_its_minute_went_into():
    detector = learned()
    led_astray = told(detector, *(second(at_s, bpm=172) for at_s in range(500, 560)))
    assert led_astray.decoupling > 0.04
    locked = GOOD | {"heart_rate": Quality.UNRELIABLE}
    during = told(detector, *(second(at_s, bpm=172, locked=True, quality=locked) for at_s in range(560, 700)))
    assert during.decoupling is during.slowing is None
    after = told(detector, *(second(at_s) for at_s in range(700, 760)))
    assert after.decoupling == pytest.approx(0.0, abs=0.01)
    assert after.slowing == pytest.approx(0.0, abs=0.01)


def test_what_is_usual_outlasts_a_lock():
    detector = learned()
    before = detector.snapshot().usual_ratio
    told(detector, second(500, locked=True))
    assert detector.snapshot().usual_ratio == before


def test_once_there_is_cadence_drift_is_measured_against_it_anew():
    detector = Fatigue()
    told(detector, *(heart_only(at_s, 150) for at_s in range(1_300)))
    assert detector.snapshot().by == "nothing"
    view = told(detector, second(1_300))
    assert view.decoupling is None
    assert detector.snapshot().by == "speed"


# --- alpha1 against what it was -----------------------------------------------------------------------------------


def usual(points, chosen=None):
    """A learner that saw (minute, bpm, alpha1), and the gap after each."""
    learner = UsualAlpha(chosen)
    gaps = []
    for minute, bpm, alpha1 in points:
        learner.state.bpm = bpm
        at_s = minute * 60
        gaps.append(learner.step(second(at_s, bpm=bpm, alpha1=alpha1), at_s, steady=True))
    return learner, gaps


STEADY = [(minute, 150, 0.8) for minute in range(8, 27, 2)]


def test_alpha1_lower_at_the_same_heart_rate_is_a_gap_after_five_windows():
    _, gaps = usual(STEADY + [(minute, 150, 0.5) for minute in range(28, 40, 2)])
    assert gaps[:14] == [None] * 14
    assert gaps[-1] == pytest.approx(0.3)


def test_alpha1_lower_because_the_heart_beats_faster_is_none():
    falling = [(minute, 130 + minute, 1.2 - 0.02 * minute) for minute in range(8, 27, 2)]
    learner, gaps = usual(falling + [(minute, 156, 0.68) for minute in range(28, 42, 2)])
    assert learner.state.line[2] == pytest.approx(-0.02)
    assert gaps[-1] == pytest.approx(0.0, abs=0.01)


def test_heart_rates_that_were_not_learned_say_nothing():
    _, gaps = usual(STEADY + [(minute, 165, 0.4) for minute in range(28, 60, 2)])
    assert set(gaps) == {None}


def test_a_line_never_rises_nor_falls_beyond_reason():
    rising, _ = usual([(minute, 130 + minute, 0.5 + 0.05 * minute) for minute in range(8, 29, 2)])
    steep, _ = usual([(minute, 130 + minute, 3.0 - 0.1 * minute) for minute in range(8, 29, 2)])
    assert (rising.state.line[2], steep.state.line[2]) == (0.0, -UsualAlphaSettings().steepest)


def test_windows_that_share_beats_count_once():
    learner, _ = usual([(8 + second_ / 60, 150, 0.8) for second_ in range(600)])
    assert len(learner.state.learned) == 5


def test_windows_of_long_ago_are_forgotten():
    _, gaps = usual([*STEADY, *((minute, 150, 0.5) for minute in range(28, 40, 2)), (55, 150, None)])
    assert gaps[-2] is not None
    assert gaps[-1] is None


def test_unsteady_minutes_teach_nothing():
    learner = UsualAlpha()
    for minute in range(8, 30):
        learner.step(second(minute * 60, alpha1=0.8), minute * 60, steady=False)
    assert learner.state.learned == []


@settings(max_examples=30, deadline=None)
@given(
    seconds=st.lists(
        st.tuples(
            st.sampled_from((1.0, 8.0, 130.0)),
            st.none() | st.integers(35, 225),
            st.none() | st.floats(0, 2),
            st.lists(st.sampled_from(Gate), max_size=2),
        ),
        min_size=1,
        max_size=80,
    ),
    share=st.floats(0, 1),
)
def test_a_cut_anywhere_changes_nothing_of_index_and_gap(seconds, share):
    views, at_s = [], 0.0
    for dt_s, bpm, alpha1, gates in seconds:
        at_s += dt_s
        views.append(second(at_s, dt_s=dt_s, bpm=bpm, alpha1=alpha1, gates=gates, exposure=1.0))
    whole, first = Fatigue(), Fatigue()
    cut = round(share * len(views))

    def shown(detector, some):
        found = []
        for view in some:
            mine = dataclasses.replace(view)
            detector.observe(mine)
            found.append((mine.fatigue, mine.alpha1_gap, mine.fatigue_parts))
        return found

    expected = shown(whole, views)
    before = shown(first, views[:cut])
    second_ = Fatigue(None, unpacked(FatigueState, json.loads(json.dumps(packed(first.snapshot()), sort_keys=True))))
    assert before + shown(second_, views[cut:]) == expected
    assert second_.snapshot() == whole.snapshot()
    assert isinstance(whole.snapshot().alpha1, UsualAlphaState)
