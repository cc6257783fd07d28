"""Run with pytest, where crampwatch is installed."""

from itertools import pairwise

from crampwatch_steady_cadence import SteadyCadence

from processor.detector_checks import problems, trial_seconds


def proofs_at(spm):
    detector = SteadyCadence()
    found = []
    for second in trial_seconds():
        second.spm = spm if second.settled else second.spm
        found += detector.observe(second)
    return found


def test_it_is_a_detector():
    assert problems(SteadyCadence) == []


def test_a_minute_below_the_target_is_told_and_not_again_for_ten_minutes():
    times = [one.at_ms for one in proofs_at(160.0)]
    assert times
    assert all(later - earlier >= 600_000 for earlier, later in pairwise(times))


def test_at_the_target_it_is_quiet():
    assert proofs_at(171.0) == []
