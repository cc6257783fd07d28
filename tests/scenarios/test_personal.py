"""Recorded runs of one person after the other: what is learned makes the machine no more talkative."""

from collections import defaultdict
from functools import cache

import pytest

from crampwatch.events import FindingKind
from crampwatch.units import HOUR_MS, Level
from processor.athlete import Athlete
from processor.personal import Personal, learned
from processor.population import POPULATION, SCORE_AT_QUANTILE, score_quantile
from processor.profile import Asked, profile_of
from tests.scenarios.test_recorded import concerns, observed, prompts
from tests.support import needs, runs

#: From the start of one run to the next: nobody's run is a hard session of the two days before.
APART_MS = 60 * HOUR_MS


@pytest.fixture(scope="module", autouse=True)
def _recordings():
    needs.data()


@cache
def in_turn():
    """Findings and summary of every recorded run, by name, each begun with what its person's earlier ones taught."""
    people = defaultdict(list)
    for path in runs.recorded():
        if path.parent.name == "runs":
            people[path.stem.split("__")[0]].append(path)
    results = {}
    for paths in people.values():
        personal = Personal()
        for number, path in enumerate(paths):
            moved = number * APART_MS
            samples = [one.model_copy(update={"at_ms": one.at_ms + moved}) for one in runs.samples(path)]
            profile = profile_of(Asked(), personal, samples[0].at_ms)
            machine = Athlete("r7", "s1", profile)
            findings = [*machine.observe(samples).findings, *machine.flush().findings]
            summary = machine.summary()
            results[path.name] = findings, summary, profile
            personal = learned(personal, summary)
            assert len(personal.encode()) <= 2_048
    return results


def test_what_is_learned_sets_off_no_more_warnings_and_questions():
    for told in (concerns, prompts):
        alone = sum(len(told(observed()[name][0])) for name in in_turn())
        assert sum(len(told(findings)) for findings, _, _ in in_turn().values()) <= alone


def test_the_population_is_that_of_the_recordings():
    summaries = [summary for _, summary, _ in in_turn().values() if summary.uneventful and sum(summary.scores)]
    together = [sum(column) for column in zip(*(one.scores for one in summaries), strict=True)]
    assert score_quantile(together) == pytest.approx(SCORE_AT_QUANTILE, rel=0.25)
    for name in ("sigma_spm", "block_sigma_spm"):
        values = sorted(value for one in summaries if (value := getattr(one, name)) is not None)
        assert values[len(values) // 2] == pytest.approx(getattr(POPULATION, name), rel=0.2)


def test_a_run_in_which_somebody_was_warned_is_not_uneventful():
    for findings, summary, _ in in_turn().values():
        warned = any(one.kind is FindingKind.PATTERN and one.level.rank >= Level.WARNING.rank for one in findings)
        assert not (summary.uneventful and (warned or prompts(findings)))


def test_who_has_run_four_times_lately_is_compared_with_the_longest():
    longest = [profile.usual.longest_s for _, _, profile in in_turn().values()]
    assert sum(one is not None for one in longest) >= 15
    assert all(one is None or one >= 300 for one in longest)
