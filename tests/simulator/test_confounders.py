"""What looks like fatigue and is none comes as often, and costs as much, as is said."""

from itertools import groupby, pairwise
from random import Random
from statistics import mean

import pytest

from simulator import confounders as like
from simulator.script import RUN, STAND, WALK, Script

LENGTH_S = 7_200
SEEDS = range(40)


def written(what, *arguments):
    """Many runs into which one thing alone was written."""
    scripts = []
    for seed in SEEDS:
        script = Script(LENGTH_S)
        what(script, Random(seed), *arguments)
        scripts.append(script)
    return scripts


def spells(values, usual):
    """(first second, length) of each stretch that is not as usual."""
    found, second = [], 0
    for unusual, group in groupby(values, lambda value: value != usual):
        length = len(list(group))
        if unusual:
            found.append((second, length))
        second += length
    return found


def of_all(scripts, channel, usual):
    return [spell for script in scripts for spell in spells(getattr(script, channel), usual)]


@pytest.mark.parametrize(
    ("what", "arguments", "channel", "usual", "per_h", "low_s", "high_s"),
    [
        (like.traffic, (6.0,), "gait", RUN, 6.0, 5, 90),
        (like.traffic, (0.7,), "gait", RUN, 0.7, 5, 90),
        (like.drinks, (), "gait", RUN, 0.8, 9, 61),
        (like.turns, (5.0,), "cadence", 1.0, 5.0, 3, 14),
        (like.surface, (), "noise", 1.0, 0.4, 89, 601),
    ],
)
def test_it_comes_at_its_rate_and_lasts_as_long_as_is_said(what, arguments, channel, usual, per_h, low_s, high_s):
    scripts = written(what, *arguments)
    found = of_all(scripts, channel, usual)
    assert len(found) / (len(SEEDS) * LENGTH_S / 3_600) == pytest.approx(per_h, rel=0.3)
    lengths = [length for _, length in found]
    assert low_s <= min(lengths)
    # Two that overlap are one; few do.
    assert mean(length <= high_s for length in lengths) > 0.9


def test_traffic_makes_a_runner_stand_and_a_drink_makes_one_walk():
    assert {gait for one in written(like.traffic, 6.0) for gait in one.gait} == {RUN, STAND}
    assert {gait for one in written(like.drinks) for gait in one.gait} == {RUN, WALK}


def test_short_stops_are_more_common_than_long_ones():
    lengths = [length for _, length in of_all(written(like.traffic, 6.0), "gait", RUN)]
    assert mean(length < 24 for length in lengths) == pytest.approx(0.5, abs=0.1)


def test_a_climb_costs_speed_while_the_heart_works_harder_and_what_goes_up_comes_down():
    hilly = [script for script in written(like.hills, 0.5) if any(script.climb)]
    climbing = [
        (script.pace[second], script.work[second])
        for script in hilly
        for second, climb in enumerate(script.climb)
        if climb > 0.0
    ]
    assert mean(pace < 1 < work for pace, work in climbing) > 0.9, "but where two hills meet"
    assert all(0 < max(script.climb) < 0.2 for script in hilly)
    assert mean(min(script.climb) < 0 for script in hilly) > 0.9, "unless the run ends on top"


def test_work_and_recovery_take_turns():
    for script in written(like.intervals):
        work = [length for _, length in spells([pace > 1.08 for pace in script.pace], False)]
        assert len(work) >= 8
        assert all(30 <= length <= 301 for length in work)
        assert {round(max(script.pace), 1)} <= {1.1, 1.2, 1.3, 1.4}


def test_a_plan_is_kept_to_within_some_seconds():
    for script in written(like.run_walk):
        starts = [start for start, _ in spells(script.gait, RUN)]
        steps = [later - start for start, later in pairwise(starts)]
        assert len(starts) >= 8
        assert max(steps) - min(steps) <= 34


def test_the_wall_slows_a_runner_for_good():
    for script in written(like.wall):
        assert 0.6 <= script.pace[-1] <= 0.8
        assert 0.95 <= script.cadence[-1] <= 0.986
        assert script.pace[: int(0.45 * LENGTH_S)] == [1.0] * int(0.45 * LENGTH_S)


def test_a_fast_finish_is_at_the_end():
    for script in written(like.fast_finish):
        ((start_s, length_s),) = spells(script.pace, 1.0)
        assert start_s + length_s == LENGTH_S
        assert 299 <= length_s <= 721
        assert 1.08 <= script.pace[-120] <= 1.18


def test_chance_keeps_away_from_both_ends_and_from_what_is_fixed():
    script = Script(LENGTH_S)
    script.taken.append((1_000.0, 3_000.0))
    for seed in range(30):
        for moment in script.moments(Random(seed), 60.0):
            assert 90 <= moment < LENGTH_S - 60
            assert not 980 <= moment <= 3_020


def test_what_never_happens_has_no_moments():
    assert list(Script(LENGTH_S).moments(Random(1), 0.0)) == []


def test_standing_wins_over_walking_and_a_spell_ends_with_the_run():
    script = Script(100)
    script.spell(80, 120, STAND)
    script.spell(70, 90, WALK)
    assert list(script.gait[60:]) == [RUN] * 10 + [WALK] * 10 + [STAND] * 20
