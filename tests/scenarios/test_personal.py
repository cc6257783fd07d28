"""Recorded runs of one person after the other: what is learned makes the machine no more talkative."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import pytest

from crampwatch.units import HOUR_MS
from processor.learning import learned
from processor.personal import Personal
from processor.population import POPULATION, SCORE_AT_QUANTILE, score_quantile
from processor.profile import Asked, Profile, profile_of
from processor.summary import Summary
from tests.scenarios.recordings import Observed, alone, watched
from tests.support import needs, runs
from tests.support.clocks import START_MS

#: From the start of one run to the next: nobody's run is a hard session of the two days before.
APART_MS = 60 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Known:
    """A run of somebody whose earlier ones are known: what was known, what was seen, what it teaches."""

    profile: Profile
    seen: Observed
    summary: Summary


@pytest.fixture(scope="module", autouse=True)
def _recordings():
    needs.data()


@cache
def in_turn():
    """Every recorded run, each begun with what its person's earlier ones taught."""
    people = defaultdict(list)
    for path in runs.recorded():
        if path.parent.name == "runs":
            people[path.stem.split("__")[0]].append(path)
    results = {}
    for paths in people.values():
        personal = Personal()
        for number, path in enumerate(paths):
            start_ms = START_MS + number * APART_MS
            profile = profile_of(Asked(), personal, start_ms)
            # A person's first run is that of somebody who is not known, which is there already.
            unknown = profile == Profile() and number == 0
            seen = alone(path) if unknown else watched(runs.samples(path, start_ms), profile)
            assert seen.summary is not None
            results[path] = Known(profile, seen, seen.summary)
            personal = learned(personal, seen.summary)
            assert len(personal.encode()) <= 2_048
    return results


def test_with_what_is_learned_warnings_and_questions_stay_within_their_budgets():
    known = in_turn()
    hours = sum(one.seen.running_h for one in known.values())
    assert sum(len(alone(path).warnings) for path in known) >= 1, "nobody was ever warned: this would compare nothing"
    assert sum(len(one.seen.warnings) for one in known.values()) <= 0.3 * hours
    assert sum(len(one.seen.prompts) for one in known.values()) <= 0.3 * hours


def test_the_population_is_that_of_the_recordings():
    summaries = [one.summary for one in in_turn().values() if one.summary.uneventful and sum(one.summary.scores)]
    together = [sum(column) for column in zip(*(one.scores for one in summaries), strict=True)]
    assert score_quantile(together) == pytest.approx(SCORE_AT_QUANTILE, rel=0.25)
    for name in ("sigma_spm", "block_sigma_spm"):
        values = sorted(value for one in summaries if (value := getattr(one, name)) is not None)
        assert values[len(values) // 2] == pytest.approx(getattr(POPULATION, name), rel=0.2)


def test_a_run_in_which_somebody_was_warned_is_not_uneventful():
    for one in in_turn().values():
        assert not (one.summary.uneventful and (one.seen.warnings or one.seen.prompts))


def test_who_has_run_four_times_lately_is_compared_with_the_longest():
    longest = [one.profile.usual.longest_s for one in in_turn().values()]
    assert sum(one is not None for one in longest) >= 15
    assert all(one is None or one >= 300 for one in longest)
