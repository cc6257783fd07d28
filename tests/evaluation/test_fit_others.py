"""Channels that were tried: made afterwards, they are what a machine of other settings would have written."""

import math
from array import array
from dataclasses import replace

import pytest

from evaluation import fit_others, fit_tried
from evaluation.fit_data import learned_whole
from evaluation.fit_others import channels_of
from evaluation.jobs import Drawn
from processor.detect.lately import LatelySettings
from processor.score import CHANNELS

SESSIONS = [("cramp", 1_000_003), ("run_walk", 1_000_002)]


@pytest.fixture(scope="module", params=SESSIONS, ids=lambda one: one[0])
def trace(request):
    kind, seed = request.param
    return learned_whole(Drawn(seed, kind))


def alike(these, those):
    """Whether two channels say the same in every second, and in some of them something."""
    pairs = list(zip(these, those, strict=True))
    said = [(one, other) for one, other in pairs if not (math.isnan(one) and math.isnan(other))]
    return len(said) > 100 and all(one == pytest.approx(other, abs=2e-3) for one, other in said)


def without_steps(trace):
    return replace(trace, channels=trace.channels | {"steps": array("f", bytes(4 * len(trace.at_s)))})


def test_over_the_lengths_that_ship_the_longer_ones_are_those_of_the_score(trace, monkeypatch):
    monkeypatch.setattr(fit_others, "LONGER", LatelySettings())
    made = channels_of(trace)
    assert alike(made["P_longer"], trace.channels["P"])
    assert alike(made["F_longer"], trace.channels["F"])


def test_what_stands_still_while_the_speed_steps_goes_on_alike_where_it_never_does(trace):
    made = channels_of(without_steps(trace))
    assert alike(made["V_stands"], trace.channels["V"])
    quiet = trace.channels["quiet_whole"]
    for letter in "PF":
        loud = [math.nan if hush else one for one, hush in zip(trace.channels[letter], quiet, strict=True)]
        assert alike(made[f"{letter}_stands"], loud)


@pytest.mark.parametrize("name", ["V_stands", "P_stands", "F_stands"])
def test_while_the_speed_steps_it_stands_still(trace, name):
    made, steps = channels_of(trace)[name], trace.channels["steps"]
    stood = [
        (before, now)
        for before, now, stepping in zip(made, made[1:], steps[1:], strict=False)
        if stepping and not math.isnan(before) and not math.isnan(now)
    ]
    assert stood
    # Spreads of the last second's baseline: it may still be learning.
    assert sum(before == pytest.approx(now, abs=0.02) for before, now in stood) > 0.95 * len(stood)


def test_every_channel_that_is_tried_is_there(trace):
    made = channels_of(trace)
    assert all(len(values) == len(trace.at_s) for values in made.values())
    tried = {name for knots in fit_tried.TRIED.values() for name in knots}
    assert tried - set(CHANNELS) == set(made)


def test_in_a_run_walk_plan_only_what_was_before_is_quiet():
    kind, seed = SESSIONS[1]
    plan = learned_whole(Drawn(seed, kind))
    made = channels_of(plan)
    only_whole = [
        index
        for index, (whole, late) in enumerate(zip(plan.channels["quiet_whole"], plan.channels["quiet"], strict=True))
        if whole and not late and not math.isnan(plan.channels["P"][index])
    ]
    assert only_whole
    assert all(math.isnan(made["P_stands"][index]) for index in only_whole)
    assert not any(math.isnan(made["P_longer"][index]) for index in only_whole)
