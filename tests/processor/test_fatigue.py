"""The fatigue index: five terms over what can be measured, each said in words, none where a gate explains it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.units import Gate, Quality
from processor.detect.fatigue import Fatigue, FatigueDetectorSettings, FatigueState
from processor.fatigue_index import FatigueSettings, fatigue_evidence, fatigue_parts, fatigue_reasons
from processor.features.view import View
from processor.labels import BANDS, HOT, Label
from tests.processor.tiring import BASE, GOOD, learned, second, told
from tests.support.clocks import START_MS


def index(*, by_speed=True, **terms):
    return sum(fatigue_parts(View(START_MS, 1.0, **terms), FatigueSettings(), by_speed=by_speed).values())


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
