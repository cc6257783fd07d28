"""Every recorded run and walk: nothing breaks, nothing storms, and the machine says the same however it is fed."""

import collections
import math

import pytest

from processor.athlete import Athlete
from tests.scenarios.recordings import observed
from tests.support import needs, runs

#: The budget: warnings and stronger per hour of running, over everything; what one bad hour may hold.
WARNINGS_PER_H = 0.3
WORST_PER_H = 6.0
#: The goal for a machine without beats.
STATE_BYTES = 4_096


@pytest.fixture(scope="module", autouse=True)
def _recordings():
    needs.data()


def test_every_recording_is_a_run_without_an_error_or_a_nan():
    for path, seen in observed().items():
        assert seen.assessed, path.name
        assert seen.strange == 0, path.name
        assert all(math.isfinite(value) for one in seen.findings for value in one.evidence.values()), path.name
        assert seen.state_bytes < STATE_BYTES, path.name


def test_every_finding_of_a_recording_has_a_name_of_its_own():
    for path, seen in observed().items():
        counts = collections.Counter(one.id for one in seen.findings)
        assert [name for name, count in counts.items() if count > 1] == [], path.name


def test_warnings_stay_within_their_budget_and_no_run_storms():
    hours = sum(seen.running_h for seen in observed().values())
    assert sum(len(seen.warnings) for seen in observed().values()) / hours <= WARNINGS_PER_H
    for path, seen in observed().items():
        assert len(seen.warnings) <= max(1.0, WORST_PER_H * seen.running_h), path.name


def test_cramp_prompts_stay_within_their_budget():
    hours = sum(seen.running_h for seen in observed().values())
    assert sum(len(seen.prompts) for seen in observed().values()) / hours <= 0.3


def test_walks_concern_nobody():
    walks = {
        path.name: seen.warnings + seen.prompts for path, seen in observed().items() if path.parent.name == "walks"
    }
    assert len(walks) == 12
    assert {name: found for name, found in walks.items() if found} == {}


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85])
def test_a_recording_cut_anywhere_goes_on_from_its_snapshot(share):
    for path in runs.recorded()[::12]:
        samples = list(runs.samples(path))
        cut = round(share * len(samples))
        first = Athlete("r7", "s1")
        findings = list(first.observe(samples[:cut]).findings)
        second = Athlete.restore(first.snapshot())
        findings += second.observe(samples[cut:]).findings
        findings += second.flush().findings
        assert findings == list(observed()[path].findings), path.name
