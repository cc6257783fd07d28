"""The fatigue index: five terms over what can be measured, each said in words, none where a gate explains it."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level, Mode, Motion, Quality
from processor.athlete import Athlete
from processor.detect.fatigue import Fatigue, FatigueDetectorSettings, FatigueState
from processor.fatigue_index import FatigueSettings, fatigue_evidence, fatigue_parts, fatigue_reasons
from processor.features.usual_alpha import UsualAlpha, UsualAlphaSettings, UsualAlphaState
from processor.features.view import Baseline, View
from processor.labels import BANDS, HOT, Label
from processor.profile import Profile, Usual
from processor.state import packed, unpacked
from tests.support.clocks import START_MS
from tests.support.runs import Wearing

BASE = Baseline(170.0, 1.5, 1.0, 0.8, 3.0, 150.0)
GOOD = {"heart_rate": Quality.GOOD, "cadence": Quality.GOOD, "speed": Quality.GOOD}


def index(*, by_speed=True, **terms):
    return sum(fatigue_parts(View(START_MS, 1.0, **terms), FatigueSettings(), by_speed=by_speed).values())


def second(at_s, *, bpm=150, mps=3.0, gates=(), quality=GOOD, base=BASE, run_s=None, **rest):
    """A settled second of steady running, 600 s into the run at the start."""
    return View(
        at_ms=START_MS + round(at_s * 1_000),
        dt_s=rest.pop("dt_s", 1.0),
        motion=Motion.RUN,
        run_s=600.0 + at_s if run_s is None else run_s,
        settled=True,
        heart_settled=True,
        spm=170.0,
        bpm=bpm,
        mps=mps,
        smooth_mps=mps,
        quality=quality,
        base=base,
        gates=list(gates),
        **rest,
    )


def told(detector, *views):
    for view in views:
        detector.observe(view)
    return views[-1]


def learned(**rest):
    """A detector that knows what is usual: eight minutes at 150 bpm and 3 m/s."""
    detector = Fatigue()
    told(detector, *(second(at_s, **rest) for at_s in range(500)))
    return detector


# --- the index ---------------------------------------------------------------------------------------------------


def test_every_term_at_its_end_makes_a_hundred():
    assert index(decoupling=0.2, decline_percent=6, slowing=0.25, alpha1_gap=0.4, exposure=1.5) == pytest.approx(100)
    assert index(decoupling=0.025, decline_percent=2, slowing=0.05, alpha1_gap=0.15, exposure=0.8) == 0


@pytest.mark.parametrize(
    ("term", "weight"),
    [("decoupling", 30), ("decline_percent", 20), ("slowing", 20), ("alpha1_gap", 15), ("exposure", 15)],
)
def test_each_term_has_its_weight(term, weight):
    nothing = {"decoupling": 0.0, "decline_percent": 0.0, "slowing": 0.0, "alpha1_gap": 0.0, "exposure": 0.0}
    assert index(**nothing | {term: 9.0}) == pytest.approx(weight)


def test_the_index_is_taken_over_the_terms_there_are_and_two_are_needed():
    assert index(decoupling=0.2, exposure=0.0) == pytest.approx(100 * 0.30 / 0.45)
    assert fatigue_parts(View(START_MS, 1.0, decoupling=0.2), FatigueSettings(), by_speed=True) == {}


def test_without_speed_heart_rate_against_rhythm_counts_half():
    assert index(decoupling=0.2, decline_percent=0, by_speed=False) == pytest.approx(100 * 0.15 / 0.35)


@given(
    terms=st.fixed_dictionaries(
        {},
        optional={
            name: st.floats(-5, 50) for name in ("decoupling", "decline_percent", "slowing", "alpha1_gap", "exposure")
        },
    ),
    by_speed=st.booleans(),
)
def test_the_index_lies_between_nothing_and_a_hundred_and_more_is_never_less(terms, by_speed):
    low = index(by_speed=by_speed, **terms)
    assert 0 <= low <= 100 + 1e-9
    for name in terms:
        assert index(by_speed=by_speed, **terms | {name: terms[name] + 1}) >= low - 1e-9


def test_the_two_largest_parts_are_named():
    view = View(START_MS, 1.0, decoupling=0.05, slowing=0.2, exposure=1.2, decline_percent=0.0)
    view.fatigue_parts = fatigue_parts(view, FatigueSettings(), by_speed=True)
    assert fatigue_reasons(view) == (
        "You are slower at a like heart rate.",
        "You have been running longer than on your longest recent run.",
    )


@pytest.mark.parametrize(("by_speed", "what"), [(True, "pace"), (False, "rhythm")])
def test_a_rise_of_heart_rate_is_said_of_what_it_was_compared_with(by_speed, what):
    view = View(START_MS, 1.0, by_speed=by_speed, slowing=None, fatigue_parts={"decoupling": 20.0})
    assert fatigue_reasons(view) == (f"Your heart rate is up for the same {what}.",)


def hour_on(label=None, hours=1.0, bpm=171, **settings):
    """The second of a run in which heart rate is up by 14 %, so long after it began to be told apart from warmth."""
    detector = Fatigue(FatigueDetectorSettings(**settings))
    told(detector, *(second(at_s) for at_s in range(500)))
    run_s = 780.0 + hours * 3_600
    after = [second(500 + at_s, bpm=bpm, run_s=run_s, decline_percent=5.0) for at_s in range(900)]
    if label is not None:
        after[0].labels = (Label(after[0].at_ms, label),)
    return told(detector, *after)


class TestHeat:
    def test_where_it_is_hot_the_rise_that_is_usual_there_does_not_count(self):
        plain, hot = hour_on(), hour_on(HOT)
        assert hot.decoupling == plain.decoupling
        assert hot.heat_drift == pytest.approx(0.03)
        lost = plain.fatigue_parts["decoupling"] - hot.fatigue_parts["decoupling"]
        assert lost == pytest.approx(100 * 0.30 / 0.70 * 0.03 / 0.175)
        assert fatigue_evidence(hot)["heat_drift"] == 0.03
        assert "heat_drift" not in fatigue_evidence(plain)

    @pytest.mark.parametrize("label", [None, "cool", "mild"])
    def test_nothing_is_allowed_for_where_nobody_said_that_it_is_hot(self, label):
        assert hour_on(label).fatigue_parts == hour_on().fatigue_parts

    def test_nothing_is_allowed_for_before_drift_begins_and_never_more_than_half_of_the_range(self):
        assert hour_on(HOT, hours=-0.1).heat_drift == 0.0
        assert hour_on(HOT, hours=9.0).heat_drift == 0.10
        assert hour_on(HOT, hours=1.0, warmer_percent_per_h=(0.0, 0.0, 5.0)).heat_drift == pytest.approx(0.05)

    def test_it_is_said_once_and_last_and_only_where_it_is_hot(self):
        words = "It is hot: a higher heart rate is expected."
        assert fatigue_reasons(hour_on(HOT))[-1] == words
        assert words not in fatigue_reasons(hour_on("mild", warmer_percent_per_h=(0.0, 2.0, 5.0)))
        assert words not in fatigue_reasons(hour_on(HOT, hours=-0.1))

    @given(band=st.sampled_from(BANDS), run_s=st.floats(0, 90_000), warmer=st.tuples(*[st.floats(0, 10)] * 3))
    def test_it_only_ever_lowers_the_index(self, band, run_s, warmer):
        detector = Fatigue(FatigueDetectorSettings(warmer_percent_per_h=warmer), FatigueState(band=band))
        view = second(0, run_s=run_s)
        detector.observe(view)
        assert 0.0 <= view.heat_drift <= 0.10
        view.decoupling, view.decline_percent = 0.15, 3.0
        lowered = fatigue_parts(view, FatigueSettings(), by_speed=True)
        assert sum(lowered.values()) <= index(decoupling=0.15, decline_percent=3.0) + 1e-9


@pytest.mark.parametrize("part", ["alpha1", "decline", "decoupling", "exposure", "slowing"])
def test_every_part_has_words_that_claim_no_cause_and_foretell_nothing(part):
    (words,) = fatigue_reasons(View(START_MS, 1.0, exposure=0.9, fatigue_parts={part: 20.0}))
    assert words.endswith(".")
    assert not any(claim in words.lower() for claim in ("cramp", "risk", "%", "dehydrat", "drink", "predict"))


def test_an_index_without_a_part_worth_naming_still_says_what_it_is():
    assert fatigue_reasons(View(START_MS, 1.0)) == ("Signs of fatigue are rising.",)


def test_the_numbers_behind_it_are_those_there_are():
    assert fatigue_evidence(View(START_MS, 1.0, fatigue=41.23456, alpha1_gap=0.2)) == {
        "index": 41.2346,
        "alpha1_gap": 0.2,
    }


# --- heart rate against pace --------------------------------------------------------------------------------------


def test_heart_rate_up_for_the_same_pace_is_decoupling():
    view = told(learned(), *(second(at_s, bpm=165) for at_s in range(500, 1_200)))
    assert view.decoupling == pytest.approx(0.10, abs=0.01)
    assert view.slowing == 0.0


def test_slower_at_a_like_heart_rate_is_slowing():
    view = told(learned(), *(second(at_s, mps=2.55) for at_s in range(500, 1_200)))
    assert view.slowing == pytest.approx(0.15, abs=0.01)


def test_slower_at_a_lower_heart_rate_is_an_easy_stretch():
    assert told(learned(), *(second(at_s, mps=2.4, bpm=130) for at_s in range(500, 1_200))).slowing == 0.0


@pytest.mark.parametrize("gate", [Gate.HILL, Gate.FAST_FINISH])
def test_on_a_hill_and_in_a_fast_finish_both_stand_still(gate):
    detector = learned()
    before = told(detector, second(500))
    during = told(detector, *(second(at_s, bpm=175, mps=2.2, gates=[gate]) for at_s in range(501, 700)))
    assert (during.decoupling, during.slowing) == (before.decoupling, before.slowing)


def test_nor_are_they_measured_while_heart_rate_is_not_good():
    detector = learned()
    bad = GOOD | {"heart_rate": Quality.UNRELIABLE}
    before = told(detector, second(500))
    assert told(detector, *(second(at_s, bpm=190, quality=bad) for at_s in range(501, 700))).decoupling == (
        before.decoupling
    )


def test_what_was_not_measured_for_ten_minutes_is_not_said():
    detector = learned()
    views = [second(at_s, gates=[Gate.HILL]) for at_s in range(500, 1_200)]
    told(detector, *views)
    assert [view.decoupling is None for view in (views[590], views[620])] == [False, True]
    assert told(detector, second(1_200)).decoupling is not None


def test_in_intervals_neither_is_said():
    view = told(learned(), second(500, gates=[Gate.INTERVALS]))
    assert view.decoupling is view.slowing is None


def test_a_treadmill_quiets_what_its_speed_says_but_not_the_rhythm():
    assert told(learned(), second(500, gates=[Gate.TREADMILL])).decoupling is None
    no_speed = BASE._replace(mps=None)
    detector = learned(mps=None, base=no_speed)
    view = told(detector, second(500, mps=None, base=no_speed, gates=[Gate.TREADMILL]))
    assert view.decoupling == pytest.approx(0.0, abs=0.01)


def test_intervals_teach_nothing_of_what_is_usual():
    detector = Fatigue()
    told(detector, *(second(at_s, bpm=180, gates=[Gate.INTERVALS]) for at_s in range(500)))
    assert detector.snapshot().usual == {}
    assert detector.snapshot().usual_ratio is None


def test_the_parts_on_the_board_add_up_to_the_index():
    view = told(learned(), *(second(at_s, bpm=165, decline_percent=4.0, exposure=1.1) for at_s in range(500, 900)))
    assert set(view.fatigue_parts) == {"decline", "decoupling", "exposure", "slowing"}
    assert sum(view.fatigue_parts.values()) == view.fatigue > 20


def test_rising_fatigue_is_told_once_with_its_two_largest_reasons():
    detector = learned()
    proofs = []
    for at_s in range(500, 1_500):
        proofs += detector.observe(second(at_s, bpm=175, mps=2.8, decline_percent=6.0))
    (proof,) = proofs
    assert proof.because == (
        "Your heart rate is up for the same pace.",
        "Your cadence has been falling away for some minutes.",
    )


def test_an_index_that_hovers_about_its_mark_is_told_when_it_has_stood_for_a_minute():
    detector = learned()
    heights, proofs = set(), []
    for at_s in range(500, 700):
        hovering = second(at_s, exposure=1.5, decline_percent=5.9 if at_s // 10 % 2 else 5.1)
        proofs += detector.observe(hovering)
        heights.add(hovering.fatigue > 40)
    assert heights == {True, False}
    assert len(proofs) == 1


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
