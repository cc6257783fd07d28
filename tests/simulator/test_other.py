"""The other generator's build-ups: each does what it says, to the script and to nothing after the onset."""

from random import Random
from statistics import mean

import pytest

from simulator.other import FORMS, other_form
from simulator.prodrome import BuildUp
from simulator.script import RUN, Script
from tests.simulator.drawn import runs

ONSET_S = 900
RAMP_S = 480


def written(form, seed=5, severity=1.0):
    script = Script(1_200)
    form(script, Random(seed), BuildUp(ONSET_S - RAMP_S, ONSET_S, severity))
    return script


def last(values, seconds=20):
    return mean(values[ONSET_S - seconds : ONSET_S])


@pytest.mark.parametrize("name", FORMS)
class TestEveryForm:
    def test_nothing_happens_before_it_nor_from_the_onset_on(self, name):
        script = written(FORMS[name])
        for quiet in (range(ONSET_S - RAMP_S), range(ONSET_S, script.length_s)):
            for second in quiet:
                assert (script.pace[second], script.cadence[second], script.noise[second]) == (1, 1, 1)
                assert script.gait[second] == RUN

    def test_without_severity_there_is_nothing_to_see(self, name):
        script = written(FORMS[name], severity=0.0)
        assert script == Script(1_200)

    def test_the_runner_runs_into_the_cramp(self, name):
        for seed in range(20):
            assert set(written(FORMS[name], seed).gait[ONSET_S - 5 : ONSET_S]) == {RUN}


def test_quick_steps_are_more_of_them_at_less_speed():
    script = written(FORMS["quick_steps"])
    assert 1.018 < last(script.cadence) < 1.05
    assert 0.88 < last(script.pace) < 0.965


def test_a_limp_is_some_noise_and_no_more():
    script = written(FORMS["limp"])
    assert set(script.cadence) == {1.0}
    assert 1.19 < last(script.noise) < 1.6
    assert last(script.pace) > 0.965


def test_falls_recover_and_come_ever_sooner():
    script = written(FORMS["falls"])
    down = [cadence < 0.99 for cadence in script.cadence]
    starts = [second for second in range(1, len(down)) if down[second] and not down[second - 1]]
    ends = [second for second in range(1, len(down)) if down[second - 1] and not down[second]]
    assert len(starts) >= 3
    assert all(17 <= end - start <= 60 for start, end in zip(starts[:-1], ends, strict=False))
    gaps = [start - end for end, start in zip(ends, starts[1:], strict=False)]
    assert gaps == sorted(gaps, reverse=True)
    assert set(script.noise) == {1.0}


def test_speed_falls_first_and_cadence_follows():
    script = written(FORMS["slow_first"])
    slower = next(second for second, pace in enumerate(script.pace) if pace < 0.995)
    fewer = next(second for second, cadence in enumerate(script.cadence) if cadence < 0.995)
    assert 40 <= fewer - slower <= 240
    assert last(script.cadence) < 0.985


def test_pauses_are_short_many_and_come_more_often_towards_the_end():
    def paused(start_s, end_s):
        return sum(
            sum(gait != RUN for gait in written(FORMS["pauses"], seed).gait[start_s:end_s]) for seed in range(20)
        )

    assert paused(ONSET_S - 200, ONSET_S) > 1.5 * paused(ONSET_S - RAMP_S, ONSET_S - RAMP_S + 200)
    assert set(written(FORMS["pauses"]).cadence) == {1.0}


def test_straight_growth_is_half_done_half_way():
    script = written(FORMS["straight"])
    half = ONSET_S - RAMP_S // 2
    assert 1 - script.cadence[half] == pytest.approx((1 - script.cadence[ONSET_S - 1]) / 2, rel=0.01)


def test_each_form_comes_as_often_as_the_others(monkeypatch):
    seen = []
    for name in FORMS:
        monkeypatch.setitem(FORMS, name, lambda *_, name=name: seen.append(name))
    random = Random(1)
    for _ in range(600):
        other_form(Script(10), random, BuildUp(0, 10, 1.0))
    assert all(70 < seen.count(name) < 130 for name in FORMS)


def test_the_other_generator_differs_in_runs_with_a_build_up():
    assert all(
        ours.seconds != theirs.seconds for ours, theirs in zip(runs("cramp", 4), runs("cramp", 4, "other"), strict=True)
    )
