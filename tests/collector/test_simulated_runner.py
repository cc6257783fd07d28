"""The simulated runner: believable numbers, the same each time, and a truth that fits them."""

from dataclasses import replace
from itertools import islice
from random import Random
from statistics import fmean, stdev

import pytest

from collector.simulated import SimulatedRunner, group
from collector.simulation.noise import CorrelatedNoise, expected_autocorrelation
from collector.simulation.scenario import SCENARIOS, later, value_at
from collector.wearer import Reading

SEEDS = range(8)


def run(scenario: str, seed: int = 1) -> list[Reading]:
    return [reading for _, reading in SimulatedRunner(seed, scenario, "Ada").readings()]


def cadences(readings: list[Reading], start_s: float, end_s: float) -> list[float]:
    return [float(reading.cadence_per_min or 0) for reading in readings[int(start_s) : int(end_s)]]


def autocorrelation(values: list[float], lag: int) -> float:
    mean = fmean(values)
    variance = sum((value - mean) ** 2 for value in values)
    return sum((a - mean) * (b - mean) for a, b in zip(values, values[lag:], strict=False)) / variance


@pytest.mark.parametrize(("lag_s", "real"), [(1, 0.95), (5, 0.71), (10, 0.54), (30, 0.20)])
def test_cadence_remembers_as_long_as_real_cadence_does(lag_s, real):
    runs = [cadences(run("steady", seed), 180, 2_400) for seed in range(12)]
    assert fmean(autocorrelation(values, lag_s) for values in runs) == pytest.approx(real, abs=0.1)


def test_the_noise_has_unit_variance_and_the_memory_it_promises():
    noise = CorrelatedNoise(Random(3))
    values = [noise.step() for _ in range(60_000)]

    assert stdev(values) == pytest.approx(1.0, abs=0.1)
    for lag_s in (1, 5, 10, 30):
        assert autocorrelation(values, lag_s) == pytest.approx(expected_autocorrelation(lag_s), abs=0.06)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_gives_the_same_run_each_time_it_is_asked(scenario):
    runner, again = SimulatedRunner(5, scenario, "Ada"), SimulatedRunner(5, scenario, "Ada")

    assert list(islice(runner.readings(), 900)) == list(islice(again.readings(), 900))
    assert list(islice(runner.readings(), 900)) == list(islice(runner.readings(), 900))
    assert runner.ground_truth == again.ground_truth


def test_another_seed_is_another_runner():
    assert run("steady", 1)[600:700] != run("steady", 2)[600:700]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_second_is_there_and_could_be_a_persons(scenario, seed):
    runner = SimulatedRunner(seed, scenario, "Ada")
    points = list(runner.readings())

    assert [t_s for t_s, _ in points] == list(range(int(runner.scenario.length_s) + 1))
    assert all(40 <= (reading.bpm or 0) <= 215 for _, reading in points)
    assert all(0 <= (reading.cadence_per_min or 0) <= 215 for _, reading in points)
    assert all(0 <= (reading.speed_mps or 0) <= 7 for _, reading in points)
    distances = [reading.distance_m or 0 for _, reading in points]
    assert distances == sorted(distances)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_beats_add_up_to_the_time_and_agree_with_the_heart_rate(seed):
    readings = run("steady", seed)[600:1_200]
    beats = [rr for reading in readings for rr in reading.rr_ms]

    assert sum(beats) == pytest.approx(600_000, rel=0.005)
    assert 60_000 / fmean(beats) == pytest.approx(fmean(reading.bpm or 0 for reading in readings), rel=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_heart_rate_answers_a_stop_within_a_minute_or_two(seed):
    readings = run("fatigue_then_cramp", seed)
    before = fmean(reading.bpm or 0 for reading in readings[1_110:1_140])
    after = fmean(reading.bpm or 0 for reading in readings[1_290:1_320])
    assert after < before - 20


# --- what the scenarios promise -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_baseline_can_form_before_anything_happens(seed):
    readings = cadences(run("fatigue_then_cramp", seed), 90, 560)
    assert all(value >= 130 for value in readings)
    assert stdev(readings) < 6


@pytest.mark.parametrize("seed", SEEDS)
def test_the_build_up_loses_cadence_and_grows_unsteady(seed):
    readings = run("fatigue_then_cramp", seed)
    easy, late = cadences(readings, 300, 600), cadences(readings, 1_020, 1_140)
    change_easy = fmean(abs(a - b) for a, b in zip(easy, easy[5:], strict=False))
    change_late = fmean(abs(a - b) for a, b in zip(late, late[5:], strict=False))

    assert fmean(late) < 0.97 * fmean(easy)
    assert change_late > 1.6 * change_easy


@pytest.mark.parametrize("seed", SEEDS)
def test_hitches_come_thicker_towards_the_cramp(seed):
    truth = SimulatedRunner(seed, "fatigue_then_cramp", "Ada").ground_truth
    middle_s = (truth.prodrome_s + truth.onset_s) / 2
    early = [t_s for t_s in truth.hitches_s if t_s < middle_s]

    assert len(truth.hitches_s) >= 4
    assert len(early) * 2 < len(truth.hitches_s)
    assert all(truth.prodrome_s < t_s < truth.onset_s for t_s in truth.hitches_s)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cramp_stops_the_legs_within_five_seconds_then_they_walk_and_run_slower(seed):
    runner = SimulatedRunner(seed, "fatigue_then_cramp", "Ada")
    truth, readings = runner.ground_truth, run("fatigue_then_cramp", seed)
    onset = int(truth.onset_s)

    assert (truth.prodrome_s, truth.onset_s, truth.resumed_s) == (780.0, 1_140.0, 1_440.0)
    assert cadences(readings, onset - 1, onset)[0] > 130
    assert max(cadences(readings, onset + 5, onset + 180)) == 0
    assert 90 < fmean(cadences(readings, onset + 190, onset + 300)) < 125
    assert fmean(reading.speed_mps or 0 for reading in readings[1_500:2_400]) < 0.93 * fmean(
        reading.speed_mps or 0 for reading in readings[300:780]
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_traffic_stops_stand_where_the_truth_says_so(seed):
    truth = SimulatedRunner(seed, "traffic_stops", "Ada").ground_truth
    readings = run("traffic_stops", seed)

    assert truth.onset_s is None
    for start_s, end_s in truth.stops:
        if end_s - start_s > 8:
            assert cadences(readings, end_s - 2, end_s - 1)[0] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_fading_costs_cadence_and_speed_while_the_heart_works_no_less(seed):
    readings = run("fading", seed)
    early, late = readings[480:840], readings[2_640:3_000]

    assert fmean(r.speed_mps or 0 for r in late) < 0.95 * fmean(r.speed_mps or 0 for r in early)
    assert fmean(r.cadence_per_min or 0 for r in late) < 0.95 * fmean(r.cadence_per_min or 0 for r in early)
    assert fmean(r.bpm or 0 for r in late) > 0.97 * fmean(r.bpm or 0 for r in early)


def test_intervals_are_faster_than_their_rests():
    readings = run("intervals")
    work, rest = readings[760:830], readings[860:905]
    assert fmean(r.speed_mps or 0 for r in work) > 1.3 * fmean(r.speed_mps or 0 for r in rest)


def test_an_unknown_scenario_names_those_that_exist():
    with pytest.raises(ValueError, match="steady"):
        SimulatedRunner(1, "marathon", "Ada")


def test_a_scenario_can_happen_later():
    scenario = later(SCENARIOS["fatigue_then_cramp"], 360.0)
    truth = SimulatedRunner(1, scenario, "Ada").ground_truth

    assert (truth.onset_s, truth.resumed_s, scenario.length_s) == (1_500.0, 1_800.0, 2_760.0)
    assert value_at(scenario.pace, 1_499.0) == 1.0
    assert value_at(scenario.pace, 1_900.0) == 0.85


def test_a_curve_is_flat_outside_and_straight_between():
    curve = ((10.0, 1.0), (20.0, 3.0))
    assert [value_at(curve, t_s) for t_s in (0, 10, 15, 20, 99)] == [1, 1, 2, 3, 3]


# --- groups -------------------------------------------------------------------------------------------------


def test_a_group_has_two_cramps_at_different_times_one_fader_and_others():
    runners = group(12, seed=4)
    onsets = [runner.ground_truth.onset_s for runner in runners if runner.ground_truth.onset_s]

    assert onsets == [1_140.0, 1_500.0]
    assert [runner.scenario.name for runner in runners].count("fading") == 1
    assert {"steady", "traffic_stops", "intervals"} <= {runner.scenario.name for runner in runners}


def test_a_single_runner_of_a_group_is_the_one_who_cramps():
    (runner,) = group(1, seed=0)
    assert runner.scenario.name == "fatigue_then_cramp"


@pytest.mark.parametrize("n", [0, 1, 12, 100])
def test_names_in_a_group_are_distinct_and_the_same_for_the_same_seed(n):
    names = [runner.name for runner in group(n, seed=9)]

    assert len(set(names)) == n
    assert names == [runner.name for runner in group(n, seed=9)]
    assert all(len(name.encode()) <= 20 for name in names)


def test_two_steady_runners_of_a_group_are_different_people():
    steady = [runner for runner in group(12, seed=4) if runner.scenario.name == "steady"]
    assert len({runner.traits for runner in steady}) == len(steady)


def test_hitches_of_a_build_up_can_become_walks_but_the_runner_runs_into_the_cramp():
    scenario = SCENARIOS["fatigue_then_cramp"]
    walking = replace(scenario, name="walking", prodrome=replace(scenario.prodrome, walk_share=1.0))
    runner = SimulatedRunner(3, walking, "Ada")
    readings = [reading for _, reading in runner.readings()]
    truth = runner.ground_truth
    first = truth.hitches_s[0]

    assert min(cadences(readings, first + 3, first + 5)) < 128
    assert min(cadences(readings, truth.onset_s - 8, truth.onset_s)) > 128
