"""The judge of the kill matrix sees what it is there to see."""

from collections import Counter

import pytest

from tests.faults.plan import Plan
from tests.faults.rows import Run, doubtful, due
from tests.faults.verdict import Kept, compare_counts, compare_findings, compare_samples


@pytest.fixture(scope="module")
def plan():
    return Plan(3, 1_760_000_000_000)


def kept(plan, **changed):
    return Kept(
        plan.athletes, {athlete: changed.get(athlete, samples) for athlete, (_, samples) in plan.taken.items()}, {}, ()
    )


def test_a_store_that_holds_what_was_sent_is_exact(plan):
    assert compare_samples(plan, kept(plan)).exact


def test_a_sample_that_is_not_there_is_lost(plan):
    stored = compare_samples(plan, kept(plan, r001=plan.taken["r001"][1][:-1]))
    assert (stored.lost, stored.doubled, stored.strange) == (1, 0, 0)


def test_a_measurement_that_came_in_again_under_another_number_is_doubled(plan):
    samples = plan.taken["r002"][1]
    again = samples[-1].model_copy(update={"seq": samples[-1].seq + 1})
    stored = compare_samples(plan, kept(plan, r002=[*samples, again]))
    assert (stored.lost, stored.doubled, stored.strange) == (0, 1, 1)


def test_a_finding_that_is_missing_or_says_something_else_is_named(plan):
    proved = [one for findings in plan.proved.values() for one in findings]
    there = {one.id: one for one in proved}
    assert compare_findings(proved, there) == []
    first, second, *_ = proved
    there[first.id] = first.model_copy(update={"at_ms": first.at_ms + 1})
    del there[second.id]
    assert compare_findings(proved, there) == [f"finding missing: {second.id}", f"finding differs: {first.id}"]


def test_a_push_that_was_felt_twice_or_never_is_named():
    felt = Counter({"Cramp? (r000)": 2})
    assert compare_counts("push", Counter({"Cramp? (r000)": 1, "Signs (r001)": 1}), felt) == [
        "push missing: Signs (r001) x1",
        "push too many: Cramp? (r000) x1",
    ]


def test_a_push_that_was_over_before_it_could_be_made_is_not_missed_and_every_other_one_is():
    stopped, eased, stood = "You stopped (r001)", "You stopped (r002)", "You stopped (r003)"
    sound = Run({}, Counter([stopped, eased, stood]), Counter())
    run = Run({}, Counter([stood]), Counter(), spared=Counter(["r002"]))
    assert due(sound, run) == Counter([stopped, stood])
    assert due(sound, sound) == sound.felt


def test_a_push_that_was_under_way_at_a_kill_may_be_missing_and_one_a_kill_at_most():
    first, second = "You stopped (r001)", "You stopped (r002)"
    sound = Run({}, Counter([first, second]), Counter())
    missing = Run({}, Counter([second]), Counter(), cut_off=Counter(["r001"]))
    assert due(sound, missing) == Counter([second])
    felt_all_the_same = Run({}, Counter([first, second]), Counter(), cut_off=Counter(["r001"]))
    assert due(sound, felt_all_the_same) == sound.felt
    assert doubtful(missing, [("alerter", 3.0)]) == []
    assert doubtful(missing, [("broker", 3.0)]) == ["1 pushes cut off by 0 kills of the alerter"]
