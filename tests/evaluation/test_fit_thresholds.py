"""Thresholds by budget, on traces made by hand."""

from array import array
from dataclasses import replace
from random import Random

import pytest

from evaluation import fit_thresholds
from evaluation.alarms import SHIPPED_STRONG, Rules
from evaluation.curve import BUDGETS, Curve
from evaluation.fit_data import REAL, learned_whole
from evaluation.fit_thresholds import LEVELS, Asking, Tuning, tuned, upper_per_h, with_stops
from evaluation.fitting import Fit
from evaluation.jobs import Drawn
from evaluation.scoring import Case
from evaluation.trace import KNOWN, OPEN, RUNNING, SIGN
from evaluation.watching import watch_session
from processor.weights import shipped
from simulator.draw import draw
from simulator.session import Truth
from tests.evaluation.builders import told

OPENED = RUNNING | KNOWN | OPEN
WATCH, WARNING, IMMINENT = LEVELS


def hour(*peaks, family="easy", flags=OPENED):
    """An hour of running in which the score rises to each of these for half a minute."""
    stretches = [one for peak in peaks for one in ((700, 0.01, flags), (30, peak, flags))]
    rest = 3_600 - 730 * len(peaks)
    trace = told(*stretches, (rest, 0.01, flags), truth=Truth(family))
    return replace(trace, channels={"stops": array("d"), "walks": array("d")})


def stops(*strengths, family="easy", walks=(), onset_s=None):
    truth = Truth(family) if onset_s is None else Truth(family, onset_s, onset_s - 300.0)
    moments = [onset_s + 5.0] if onset_s else [1_000.0 * (1 + index) for index in range(len(strengths))]
    trace = told((3_600, 0.01, OPENED), truth=truth, prompts=moments)
    kinds = array("d", walks or [0.0] * len(strengths))
    return replace(trace, channels={"stops": array("d", strengths), "walks": kinds})


def test_the_threshold_is_the_lowest_that_keeps_the_budget():
    quiet = [hour(family="easy") for _ in range(9)]
    tuning = Tuning([*quiet, hour(0.6), hour(0.4), hour(0.2)])
    # Two of twelve hours are 0.167; a third would be 0.25.
    assert tuning.thresholds()["1"][1] == pytest.approx(0.201)


def test_each_family_keeps_the_budget_but_those_who_hit_the_wall():
    easy = [hour() for _ in range(20)]
    hills = [hour(family="hills") for _ in range(5)]
    assert Tuning([*easy, *hills, hour(0.5, family="hills")]).thresholds()["1"][1] < 0.1
    assert Tuning([*easy, *hills[:4], hour(0.5, family="hills")]).thresholds()["1"][1] == pytest.approx(0.501)
    wall = [hour(0.5, family="wall"), *[hour(family="wall")] * 2]
    assert Tuning([*easy, *hills, *wall]).thresholds()["1"][1] < 0.1


def test_recordings_keep_a_budget_of_their_own_and_are_no_part_of_the_simulated_hours():
    easy = [hour() for _ in range(10)]
    recorded = [hour(0.5, family=REAL), hour(family=REAL)]
    tuning = Tuning([*easy, *recorded])
    assert tuning.thresholds()["1"][1] == pytest.approx(0.501)
    assert tuning.hours["all"] == pytest.approx(10, rel=0.01)
    assert tuning.hours[REAL] == pytest.approx(2, rel=0.01)


def test_a_watch_keeps_on_recordings_what_it_keeps_on_simulated_runs():
    easy = [hour() for _ in range(10)]
    # Each is a little shorter than an hour: one watch in two of them is 0.5 an hour, two are just over 1.
    recorded = [hour(0.6, 0.5, family=REAL), hour(family=REAL)]
    assert Tuning([*easy, *recorded]).thresholds()["1"][0] == pytest.approx(0.501)
    assert Tuning([*easy, hour(0.6, 0.5)]).thresholds()["1"][0] < 0.1


def test_strong_signs_keep_on_recordings_what_they_keep_on_simulated_runs():
    easy = [hour() for _ in range(10)]
    signed = hour(0.6, family=REAL, flags=OPENED | SIGN)
    quiet = [hour(family=REAL) for _ in range(9)]
    # One warning in ten recorded hours is within its 0.3, one of strong signs is over its 0.05.
    watch, warning, imminent = Tuning([*easy, signed, *quiet]).thresholds()["1"]
    assert watch < warning < 0.1
    assert imminent == pytest.approx(0.601)


def test_a_sensitivity_scales_the_budgets():
    tuning = Tuning([hour(0.1 * peak) for peak in range(1, 9)] + [hour()] * 12)
    found = tuning.thresholds()
    assert found["0.5"][1] > found["1"][1] > found["2"][1]


def test_a_budget_over_all_simulated_runs_has_no_bound_of_a_family_or_of_recordings():
    loud = [hour(peak, family="hills") for peak in (0.6, 0.55, 0.5, 0.45, 0.4, 0.375)]
    recorded = [hour(0.7, family=REAL)]
    found = Tuning([*[hour()] * 93, *loud, hour(0.35, family="wall"), *recorded]).budgets(0.9)
    # Of a hundred hours six alarms have an upper bound of 0.0995 an hour, seven of 0.112.
    assert found["0.1"] == 0.351
    assert all(found[one] < 0.1 for one in ("0.2", "0.5", "1.0"))


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_threshold_of_a_budget_is_the_lowest_whose_upper_bound_of_what_the_curve_counts_keeps_it(budget):
    traces = [hour(0.05 * peak, 0.9 - 0.05 * peak, family="hard" if peak % 2 else "easy") for peak in range(1, 16)]
    cases = [Case(one) for one in [*traces, *[hour()] * 15]]
    theta = Tuning([one.trace for one in cases]).budgets(SHIPPED_STRONG)[str(budget)]

    def upper(at):
        alarms = [one.of(one.scan.spells(at, Rules(strong=SHIPPED_STRONG))).false for one in cases]
        assert sum(alarms) / len(cases) == pytest.approx(Curve(cases).aside(at).false_per_h, rel=0.02)
        return upper_per_h(alarms, [one.hours for one in cases])

    assert upper(theta) <= budget < upper(theta - 0.0011)


def test_strong_signs_soon_after_a_warning_are_a_further_one_and_are_counted_so():
    peaks = ((1_000, 0.01, OPENED), (10, 0.5, OPENED), (100, 0.01, OPENED), (10, 0.5, OPENED | SIGN))
    trace = told(*peaks, (2_480, 0.01, OPENED))
    tuning = Tuning([replace(trace, channels=hour().channels), *[hour()] * 19])
    # One in twenty hours has an upper bound of 0.13 an hour; two, of one session, of 0.26.
    assert tuning.budgets(strong=0.4)["0.2"] == 0.501
    assert tuning.budgets(strong=0.6)["0.2"] < 0.1


def test_the_upper_bound_of_a_rate_goes_by_sessions():
    assert upper_per_h([1, 0, 0, 0], [1.0] * 4) == pytest.approx(0.25 + 1.645 * 0.25)
    assert upper_per_h([4, 0, 0, 0], [1.0] * 4) > upper_per_h([1, 1, 1, 1], [1.0] * 4) == 1.0
    assert upper_per_h([3], [2.0]) == 1.5
    assert upper_per_h([0, 0], [0.0, 0.0]) == upper_per_h([], []) == 0.0


def test_the_upper_bound_of_a_rate_lies_above_the_true_one_in_nineteen_of_twenty_sets():
    random = Random(5)

    def drawn():
        # One session in four is a restless one, with 0.8 alarms an hour.
        hours = [random.choice((0.5, 1.0, 1.5, 2.0)) for _ in range(800)]
        chances = [0.4 if random.random() < 0.25 else 0.0 for _ in hours]
        alarms = [sum(random.random() < p for _ in range(round(2 * h))) for h, p in zip(hours, chances, strict=True)]
        return upper_per_h(alarms, hours)

    held = sum(drawn() >= 0.2 for _ in range(500)) / 500
    assert held == pytest.approx(0.95, abs=0.03)


def test_thresholds_rise_from_watch_to_imminent_even_where_nothing_happens():
    for name, (watch, warning, imminent) in Tuning([hour()]).thresholds().items():
        assert 0 < watch < warning < imminent < 1, name


def test_a_level_is_counted_where_it_may_be_asked_for():
    closed, signed = hour(0.5, flags=RUNNING | KNOWN), hour(0.5, flags=OPENED | SIGN)
    counted = [[Tuning([one]).false_at(level, 0.3)["all"] for level in LEVELS] for one in (closed, hour(0.5), signed)]
    assert counted == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_a_warning_that_stands_on_counts_again_and_a_watch_does_not():
    trace = hour()
    long = replace(trace, score=array("d", [0.5 if 1_000 <= at < 1_800 else 0.01 for at in range(3_600)]))
    tuning = Tuning([long])
    assert tuning.false_at(WARNING, 0.3)["all"] == 3
    assert tuning.false_at(WATCH, 0.3)["all"] == 1


def test_questions_are_asked_as_low_as_their_budget_lets_them():
    quiet = [stops(0.1), stops(0.2), *[stops() for _ in range(4)]]
    cramps = [stops(0.15, onset_s=3_000.0), stops(0.05, onset_s=3_000.0)]
    asking = Tuning([*quiet, *cramps]).now(0.3)
    # One of six hours is 0.17, two are 0.33.
    assert 0.1 < asking.stand <= 0.15
    assert asking.share([Case(one) for one in cramps]) == 0.5
    assert asking.per_h([Case(one) for one in quiet]) == pytest.approx(1 / 6, rel=0.01)


def test_walkers_are_asked_after_clearer_signs():
    quiet = [stops(0.25, walks=[1.0]), *[stops() for _ in range(2)]]
    cramps = [stops(0.1, onset_s=3_000.0), stops(0.28, walks=[1.0], onset_s=3_000.0)]
    asking = Tuning([*quiet, *cramps]).now(0.3)
    assert asking.stand <= 0.1
    assert 0.25 < asking.walk <= 0.28


def test_with_no_room_for_a_question_only_a_warning_asks():
    assert Tuning([stops(*[0.9] * 3)]).now(0.3) == Asking(0.3, 0.3)


@pytest.mark.parametrize(("kind", "seed"), [("cramp", 2_000_001), ("city", 2_000_003), ("trail", 2_000_002)])
def test_what_thresholds_are_set_on_is_what_the_machine_says(kind, seed):
    weights = shipped()
    trace = watch_session(draw(seed, kind))
    again = tuned(Drawn(seed, kind), "machine", Fit(weights.intercept, dict(weights.curves)))
    asking = Asking(weights.now, weights.now_walk)
    assert asking.asked(Case(again)) == list(trace.prompts)
    spells = Case(again).scan.spells(weights.thresholds["1"][1], WARNING.rules)
    assert [one.from_s for one in spells] == [one.at_s for one in trace.warnings if not one.escalation]


def test_three_hitches_before_somebody_stands_are_enough_whatever_the_score():
    whole = learned_whole(Drawn(1_000_003, "cramp"))
    hitched = replace(whole, channels={**whole.channels, "hitches_lately": array("f", [3.0] * len(whole.at_s))})
    found = with_stops(whole, hitched).channels
    stood = [strength for strength, walks in zip(found["stops"], found["walks"], strict=True) if not walks]
    assert stood
    assert set(stood) == {float("inf")}


def test_the_search_stops_where_the_budget_is_first_overstepped():
    assert fit_thresholds._lowest(lambda step: step >= 437 or step < 200) == 437
