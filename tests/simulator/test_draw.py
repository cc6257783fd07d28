"""What a seed gives: every kind, always the same, with a truth that agrees with its seconds."""

from math import sqrt
from random import Random
from statistics import mean, median

import pytest

from processor.features.alpha import dfa_alpha1
from simulator.draw import draw
from simulator.families import CRAMP, FAMILIES, KINDS, SILENT
from simulator.kinds import SAID
from simulator.noise import LongMemory
from simulator.session import Truth
from simulator.writing import counts_strides
from tests.simulator.drawn import run, runs


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_it_is_a_run_of_fifty_minutes_or_more_with_values_that_sensors_give(self, kind):
        session = run(3, kind)
        assert 3_000 <= len({one.t_s for one in session.seconds}) <= 7_802
        assert 0.8 < session.hours < 2.2
        for one in session.seconds:
            assert one.bpm is None or 30 <= one.bpm <= 230
            assert one.spm is None or 0 <= one.spm <= 240
            assert 0 <= one.mps < 8
            assert one.rr_ms == ()

    def test_the_same_seed_gives_the_same_run_and_another_another(self, kind):
        assert draw(3, kind) == run(3, kind)
        assert draw(4, kind).seconds != run(3, kind).seconds

    def test_it_is_said_what_it_is(self, kind):
        assert SAID[kind]

    def test_beats_change_nothing_else(self, kind):
        bare = tuple(one._replace(rr_ms=()) for one in run(3, kind, beats=True).seconds)
        assert bare == run(3, kind).seconds


def test_only_kinds_are_said():
    assert tuple(SAID) == KINDS


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_run_without_a_cramp_is_the_same_in_both_generators(kind):
    assert run(3, kind, "other") == run(3, kind)
    assert run(3, kind).truth.onset_s is None
    assert run(3, kind).truth.family == kind


@pytest.mark.parametrize(("kind", "generator"), [("eesy", "main"), ("easy", "third")])
def test_what_there_is_not_is_refused_with_the_list(kind, generator):
    with pytest.raises(ValueError, match="kinds are easy, hard"):
        draw(1, kind, generator)


def steps(session, start_s, end_s):
    times = 2 if counts_strides(session.truth) else 1
    return [one.spm * times for one in session.seconds if start_s <= one.t_s < end_s and one.spm is not None]


@pytest.mark.parametrize(("kind", "generator"), [(CRAMP, "main"), (SILENT, "main"), (CRAMP, "other")])
def test_a_cramp_stops_the_runner_when_the_truth_says_so(kind, generator):
    for session in runs(kind, generator=generator):
        truth = session.truth
        stopped = steps(session, truth.onset_s + 10, truth.onset_s + 25)
        assert stopped == [] or max(stopped) < 142, session.name
        assert 0.4 < truth.onset_s / len(session.seconds) < 0.95
        assert 30 <= truth.resumed_s - truth.onset_s <= 240
        assert truth.family in FAMILIES


def test_a_build_up_takes_one_to_ten_minutes_and_a_silent_cramp_has_none():
    ramps = [session.truth.ramp_s for session in runs(CRAMP)]
    assert 60 <= min(ramps) < max(ramps) <= 601
    assert all(one.truth.ramp_s is None and one.truth.silent and one.truth.severity is None for one in runs(SILENT))


def test_an_aborted_build_up_has_no_cramp():
    for session in runs("aborted"):
        assert session.truth.onset_s is None
        assert session.truth.repeats_s == ()
        start_s, end_s = session.truth.aborted_s
        assert 180 <= end_s - start_s <= 721


def change_before(session):
    """Cadence in the last seconds before a cramp as a share of that minutes before; None where hardly any is seen."""
    onset_s = session.truth.onset_s
    last = [spm for spm in steps(session, onset_s - 45, onset_s - 5) if spm > 140]
    usual = [spm for spm in steps(session, onset_s - 900, onset_s - 400) if spm > 140]
    return mean(last) / mean(usual) - 1 if len(last) > 20 and len(usual) > 60 else None


def test_before_a_silent_cramp_nothing_is_to_be_seen():
    def typical(kind):
        changes = [change_before(one) for one in runs(kind)]
        return median(one for one in changes if one is not None)

    assert abs(typical(SILENT)) < 0.006
    assert typical(CRAMP) < -0.012


def test_four_in_ten_cramps_come_again():
    again = mean(len(session.truth.repeats_s) for session in runs(CRAMP))
    assert 0.05 < again < 0.45, "a run that ends too early has no second one"


def rate(sessions, what):
    """A fault's mean number a run."""
    return mean(sum(fault[2] == what for fault in session.truth.faulty_s) for session in sessions)


@pytest.mark.parametrize(("what", "per_run"), [("no heart rate", 3.0), ("no cadence", 2.0), ("zero cadence", 2.0)])
def test_sensors_fail_as_often_as_is_said_and_three_times_as_often_in_runs_of_faults(what, per_run):
    for kind, times in (("easy", 1), ("faults", 3)):
        sessions = runs(kind)
        spread = sqrt(times * per_run / len(sessions))
        assert abs(rate(sessions, what) - times * per_run) < 3.5 * spread


def test_only_runs_of_faults_have_clocks_that_jump_packets_twice_and_watches_that_count_strides():
    for what in ("clock jumped", "packets twice", "strides instead of steps"):
        assert rate(runs("easy"), what) == 0
        assert 0 < rate(runs("faults", 30), what) < 0.6


def test_a_fault_is_seen_where_the_truth_has_it():
    for session in runs("easy"):
        by_s = {one.t_s: one for one in session.seconds}
        faults = session.truth.faulty_s
        for start_s, end_s, what in faults:
            if sum(start < end_s and end > start_s for start, end, _ in faults) > 1:
                continue  # where two meet the later word wins
            for second in range(int(start_s), int(end_s)):
                assert what != "no heart rate" or by_s[second].bpm is None
                assert what != "no cadence" or by_s[second].spm is None
                assert what != "zero cadence" or by_s[second].spm == 0


def stops_per_h(kind):
    sessions = runs(kind)
    return sum(len(one.truth.stops_s) for one in sessions) / sum(one.hours for one in sessions)


def test_a_city_stops_a_runner_six_times_an_hour_and_the_country_hardly_ever():
    assert stops_per_h("city") == pytest.approx(6.0, rel=0.25)
    assert stops_per_h("easy") == pytest.approx(0.7, rel=0.5)


def test_every_stop_is_in_the_speed():
    for session in runs("city", 12):
        by_s = {one.t_s: one for one in session.seconds}
        for start_s, end_s in session.truth.stops_s:
            slowest = min(by_s[second].mps for second in range(int(start_s), int(end_s) + 10) if second in by_s)
            assert slowest < 2.0 or end_s - start_s < 15, (session.name, start_s)


def test_more_effort_is_less_memory_in_the_beats():
    """DFA-alpha1 falls from about 1 at little effort to 0.5 at much (doi 10.3389/fphys.2020.596567)."""
    alphas = {"little": [], "much": []}
    for kind in ("easy", "hard"):
        for seed in range(4):
            session = run(seed, kind, beats=True)
            for effort, alpha in alpha_windows(session):
                if effort < 0.65:
                    alphas["little"].append(alpha)
                elif effort > 0.8:
                    alphas["much"].append(alpha)
    assert mean(alphas["little"]) > 0.8
    assert 0.4 < mean(alphas["much"]) < 0.75


def alpha_windows(session):
    rest, most = session.traits["rest_bpm"], session.traits["max_bpm"]
    beats = [(rr, one.bpm) for one in session.seconds for rr in one.rr_ms]
    for start in range(0, len(beats) - 220, 220):
        window = beats[start : start + 220]
        effort = (mean(bpm for _, bpm in window) - rest) / (most - rest)
        if (alpha := dfa_alpha1([rr for rr, _ in window])) is not None:
            yield effort, alpha


def test_beats_make_up_the_heart_rate():
    session = run(0, "easy", beats=True)
    steady = [one for one in session.seconds[600:1_200] if one.bpm]
    assert 60_000 / mean(rr for one in steady for rr in one.rr_ms) == pytest.approx(
        mean(one.bpm for one in steady), rel=0.02
    )


@pytest.mark.parametrize("hurst", [0.75, 0.9])
def test_noise_has_the_spread_and_the_long_memory_that_were_asked_for(hurst):
    series = [[noise.step() for _ in range(600)] for noise in (LongMemory(Random(seed), hurst) for seed in range(60))]
    flat = [one for few in series for one in few]
    assert mean(flat) == pytest.approx(0, abs=0.15)
    assert mean(one * one for one in flat) == pytest.approx(1, abs=0.2)
    after = mean(few[at] * few[at + 30] for few in series for at in range(0, 560, 10))
    assert after > (0.08 if hurst < 0.8 else 0.18)


def test_a_run_without_anything_has_a_truth_that_says_so():
    assert Truth("easy").ramp_s is None
    assert not Truth("easy").silent
