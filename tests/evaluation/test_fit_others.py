"""Channels that were tried: made afterwards, they are what a machine of other settings would have written."""

import math
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


def test_over_the_lengths_that_ship_the_longer_ones_are_those_of_the_score(trace, monkeypatch):
    monkeypatch.setattr(fit_others, "LONGER", LatelySettings())
    made = channels_of(trace)
    assert alike(made["P_longer"], trace.channels["P"])
    assert alike(made["F_longer"], trace.channels["F"])


def test_without_a_dip_the_shortfall_is_the_one_that_takes_dips(trace, monkeypatch):
    made = channels_of(trace)
    assert not alike(made["P_dips"], trace.channels["P"])
    monkeypatch.setattr(fit_others, "DIPS", LatelySettings())
    assert alike(channels_of(trace)["P_dips"], trace.channels["P"])


def test_without_its_dips_the_fall_is_one_of_the_same_lengths(trace, monkeypatch):
    made = channels_of(trace)
    assert not alike(made["F_smooth"], trace.channels["F"])
    smooth = fit_others.SMOOTH
    monkeypatch.setattr(fit_others, "SMOOTH", replace(smooth, dip_percent=math.inf))
    assert alike(channels_of(trace)["F_smooth"], trace.channels["F"])


def test_every_channel_that_is_tried_is_there(trace):
    made = channels_of(trace)
    assert all(len(values) == len(trace.at_s) for values in made.values())
    tried = {name for knots in fit_tried.TRIED.values() for name in knots}
    assert tried - set(CHANNELS) == set(made)
