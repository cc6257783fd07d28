"""Every recorded run and walk: nothing breaks, nothing storms, and the machine says the same however it is fed."""

import collections
import itertools
import math
from functools import cache

import pytest

from crampwatch.events import FindingKind
from crampwatch.units import Level, Motion
from processor.athlete import Athlete
from tests.support import needs, runs

#: The budget: warnings and stronger per hour of running, over everything; what one bad hour may hold.
WARNINGS_PER_H = 0.3
PROMPTS_PER_H = 0.2
WORST_PER_H = 6.0


@cache
def observed():
    """Findings, assessments and state size of every recording, by name."""
    results = {}
    for path in runs.recorded():
        machine = Athlete("r7", "s1")
        outcome = machine.observe(runs.samples(path))
        end = machine.flush()
        results[path.name] = (
            [*outcome.findings, *end.findings],
            [*outcome.assessments, *end.assessments],
            len(machine.snapshot()),
        )
    return results


def running_h(assessments):
    pairs = itertools.pairwise(assessments)
    return sum(min(10_000, b.at_ms - a.at_ms) for a, b in pairs if b.motion == Motion.RUN) / 3_600_000


def concerns(findings):
    """Findings that would push: the level rose to warning or more."""
    return [one for one in findings if one.kind is FindingKind.PATTERN and one.level.rank >= Level.WARNING.rank]


def prompts(findings):
    return [one for one in findings if one.kind is FindingKind.CRAMP_STOP]


@pytest.fixture(scope="module", autouse=True)
def _recordings():
    needs.data()


def test_every_recording_is_a_run_without_an_error_or_a_nan():
    for name, (findings, assessments, state_bytes) in observed().items():
        assert assessments, name
        assert all(math.isfinite(one.score) and 0 <= one.score <= 1 for one in assessments), name
        assert all(math.isfinite(value) for one in findings for value in one.evidence.values()), name
        assert state_bytes < 8_000, name


def test_every_finding_of_a_recording_has_a_name_of_its_own():
    for name, (findings, _, _) in observed().items():
        assert [one for one, count in collections.Counter(f.id for f in findings).items() if count > 1] == [], name


def test_warnings_stay_within_their_budget_and_no_run_storms():
    hours = sum(running_h(assessments) for _, assessments, _ in observed().values())
    every = sum(len(concerns(findings)) for findings, _, _ in observed().values())
    assert every / hours <= WARNINGS_PER_H
    for name, (findings, assessments, _) in observed().items():
        assert len(concerns(findings)) <= max(1.0, WORST_PER_H * running_h(assessments)), name


def test_cramp_prompts_stay_within_their_budget():
    hours = sum(running_h(assessments) for _, assessments, _ in observed().values())
    assert sum(len(prompts(findings)) for findings, _, _ in observed().values()) / hours <= PROMPTS_PER_H


def test_walks_concern_nobody():
    walks = {path.name for path in (needs.data() / "walks").glob("*.csv")}
    loud = {name: concerns(found) + prompts(found) for name, (found, _, _) in observed().items() if name in walks}
    assert len(loud) == 12
    assert {name: found for name, found in loud.items() if found} == {}


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
        assert findings == observed()[path.name][0], path.name
