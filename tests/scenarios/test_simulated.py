"""Simulated runners: signs are seen before the stop that ends them, and quiet runs stay quiet.

The simulator's build-up is an assumption; these tests guard against regressions and show nothing about cramps.
"""

import pytest

from collector.simulated import SimulatedRunner
from crampwatch.events import FindingKind
from crampwatch.units import Level
from processor.athlete import Athlete
from tests.support.clocks import START_MS
from tests.support.runs import Wearing

SEEDS = range(4)


def run(seed, scenario, *, speed=True, heart=True):
    """(seconds, finding) of one simulated run, and its truth."""
    runner = SimulatedRunner(seed, scenario, "Ada")
    wearing = Wearing()
    samples = [
        sample
        for t_s, reading in runner.readings()
        for sample in wearing.second(
            START_MS + round(t_s * 1_000),
            bpm=reading.bpm if heart else None,
            spm=None if reading.cadence_per_min is None else float(reading.cadence_per_min),
            mps=reading.speed_mps if speed else None,
            rr_ms=reading.rr_ms if heart else (),
        )
    ]
    findings = Athlete("r7", "s1").observe(samples).findings
    return [((one.at_ms - START_MS) / 1_000, one) for one in findings], runner.ground_truth


def levels(found):
    return [(at_s, one.level) for at_s, one in found if one.kind is FindingKind.PATTERN and one.level is not Level.OK]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_build_up_reaches_warning_before_the_stop_and_the_stop_is_asked_about(seed):
    found, truth = run(seed, "fatigue_then_cramp")
    first_s = min(at_s for at_s, level in levels(found) if level.rank >= Level.WARNING.rank)
    assert truth.prodrome_s < first_s < truth.onset_s - 15
    assert [one.level for at_s, one in found if one.kind is FindingKind.CRAMP_STOP] == [Level.NOW]
    (asked_s,) = [at_s for at_s, one in found if one.kind is FindingKind.CRAMP_STOP]
    assert 0 <= asked_s - truth.onset_s <= 30


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_seen_without_heart_rate_as_well(seed):
    found, truth = run(seed, "fatigue_then_cramp", heart=False)
    assert any(level.rank >= Level.WARNING.rank and at_s < truth.onset_s for at_s, level in levels(found))


@pytest.mark.parametrize("scenario", ["steady", "traffic_stops"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_quiet_run_stays_quiet(seed, scenario):
    found, _ = run(seed, scenario)
    assert [(at_s, one.kind) for at_s, one in found if one.level.rank >= Level.WARNING.rank] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stop_at_a_red_light_is_named_and_never_asked_about(seed):
    found, truth = run(seed, "traffic_stops")
    named = [at_s for at_s, one in found if one.kind is FindingKind.STOP]
    assert bool(named) == any(end_s - start_s > 24 for start_s, end_s in truth.stops)
    assert all(any(start_s + 18 < at_s < end_s + 5 for start_s, end_s in truth.stops) for at_s in named)
    assert not [at_s for at_s, one in found if one.kind is FindingKind.CRAMP_STOP]


def test_intervals_are_rarely_warned_of_and_known_for_what_they_are():
    warned = 0
    for seed in SEEDS:
        found, _ = run(seed, "intervals")
        assert [one for _, one in found if one.id.split("/")[2] == "context-intervals"]
        warned += sum(level.rank >= Level.WARNING.rank for _, level in levels(found))
    assert warned <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_runner_who_fades_shows_fatigue_and_decline(seed):
    found, _ = run(seed, "fading")
    kinds = {one.kind for _, one in found}
    assert FindingKind.GRADUAL_DECLINE in kinds
    # A watch is one level, whichever of the two scores reached it first.
    assert kinds & {FindingKind.FATIGUE, FindingKind.PATTERN}
    assert FindingKind.CRAMP_STOP not in kinds
