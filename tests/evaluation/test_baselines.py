"""Simple methods: what they answer on cadence of which the answer is known, and that they are what they are called."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crampwatch.errors import Misconfigured
from evaluation import foreign
from evaluation.baselines import METHODS
from evaluation.gated import SETTLED_S, WARM_UP_S, cadence_of, gated
from evaluation.trace import OPEN, RUNNING
from simulator.session import Second, Session, Truth
from tests.evaluation.builders import raised
from tests.support import needs

LIVE = ("fixed_drop", "ewma_z", "page_hinkley", "adwin")


def session(*stretches, onset_s=None, step_s=1, mps=3.0):
    """A run of (seconds, cadence) one after the other; a cadence of None was not measured."""
    seconds, now = [], 0
    for lasts_s, spm in stretches:
        seconds += [Second(float(at_s), 150, spm, mps) for at_s in range(now, now + lasts_s, step_s)]
        now += lasts_s
    return Session("run", 0, Truth("easy", onset_s), tuple(seconds))


def wavering(seconds, fall_at_s, fall_spm=8, onset_s=None, seed=1):
    """Cadence that wavers around 170, and around less from a moment on."""
    chance = random.Random(seed)
    made = tuple(
        Second(float(at_s), 150, round(chance.gauss(170 - fall_spm * (at_s >= fall_at_s), 1.5)), 3.0)
        for at_s in range(seconds)
    )
    return Session("run", 0, Truth("easy", onset_s), made)


def by(method, run):
    """What a method makes of a run."""
    return METHODS[method](cadence_of(run))


def score_at(trace, at_s):
    """The score of a second."""
    return trace.score[list(trace.at_s).index(at_s)]


@pytest.fixture(scope="module")
def river():
    if not _there("river"):
        needs.missing("river", ".venv/bin/pip install -c constraints.txt -e '.[benchmark]'")
    return _there("river")


@pytest.fixture(scope="module")
def ruptures():
    if not _there("ruptures"):
        needs.missing("ruptures", ".venv/bin/pip install -c constraints.txt -e '.[benchmark]'")
    return _there("ruptures")


def _there(name):
    try:
        return __import__(name)
    except ImportError:
        return None


def test_nothing_is_open_before_eight_minutes_of_running_or_soon_after_a_stop():
    seconds = list(gated(session((600, 170), (60, 0), (100, 170)).seconds))
    open_s = [one.at_s for one in seconds if one.flags & OPEN]
    assert WARM_UP_S - 1 <= open_s[0] <= WARM_UP_S + 2
    again_s = next(at_s for at_s in open_s if at_s > 600)
    assert SETTLED_S <= again_s - 660 <= SETTLED_S + 1
    assert not any(one.flags & RUNNING for one in seconds if 605 <= one.at_s < 660)


def test_cadence_in_strides_is_taken_in_steps():
    strides = list(gated(session((700, 85)).seconds))
    assert strides[-1].spm == 170
    assert strides[-1].usual_spm == 170


def test_a_second_that_came_late_or_twice_is_left_out():
    seconds = session((20, 170)).seconds
    mixed = (*seconds[:10], seconds[5], seconds[9], *seconds[10:])
    assert [one.at_s for one in gated(mixed)] == [one.t_s for one in seconds]


def test_a_drop_is_told_as_its_share_of_what_is_usual():
    trace = by("fixed_drop", session((900, 170), (60, 153)))
    assert score_at(trace, 899.0) == 0
    assert score_at(trace, 930.0) == pytest.approx(0.10)
    assert len(raised(trace, 0.09)) == 1
    assert raised(trace, 0.11) == []


def test_the_mean_of_a_drop_reaches_ten_seconds_back():
    trace = by("fixed_drop", session((900, 170), (60, 153)))
    assert score_at(trace, 904.0) == pytest.approx(0.05)


@pytest.mark.parametrize("step_s", [1, 2, 4])
def test_the_means_of_a_z_score_follow_their_times(step_s):
    trace = by("ewma_z", session((1_200, 170), (60, 160), step_s=step_s))
    gone_s = 60.0
    fast, slow = (170 - 10 * (1 - math.exp(-gone_s / tau_s)) for tau_s in (30.0, 600.0))
    spread = score_at(trace, 1_260.0 - step_s)
    # The spread is less than that of a jump that lies within its time, and never less than a step a minute.
    assert (slow - fast) / 10 < spread <= (slow - fast) / 1.0 + 0.1


def test_a_z_score_of_an_even_run_is_nothing():
    assert max(by("ewma_z", session((1_500, 170))).score) == 0


def test_page_hinkley_says_what_river_says(river):
    from river import drift

    run = wavering(1_500, 900)
    found = []
    for one in foreign.LAMBDAS:
        alone = drift.PageHinkley(min_instances=30, delta=foreign.TOLERANCE_SPM, threshold=one, mode="down")
        found.append([at_s for at_s, spm in settled(run) if _drifts(alone, spm)])
    assert found[0]
    assert list(by("page_hinkley", run).score) == expected(run, found)


def test_adwin_says_what_river_says_of_falls(river):
    from river import drift

    run = wavering(1_500, 900)
    found = []
    for one in foreign.DELTAS:
        alone = drift.ADWIN(delta=one)
        befores = []
        told = [(at_s, befores.append(alone.estimation), _drifts(alone, spm)) for at_s, spm in settled(run)]
        afters = [*befores[1:], alone.estimation]
        fell = [after < before for before, after in zip(befores, afters, strict=True)]
        found.append([at_s for (at_s, _, drifted), down in zip(told, fell, strict=True) if drifted and down])
    assert found[0]
    assert list(by("adwin", run).score) == expected(run, found)


def settled(run):
    """The moments and cadences that a method is given."""
    return [(one.at_s, one.spm) for one in gated(run.seconds) if one.spm is not None]


def _drifts(detector, spm):
    detector.update(spm)
    return detector.drift_detected


def expected(run, found):
    """The strictest setting that has found something lately, at every second."""
    scores = []
    for second in gated(run.seconds):
        held = [
            number
            for number, moments in enumerate(found, start=1)
            if any(0 <= second.at_s - at_s < foreign.HELD_S for at_s in moments)
        ]
        scores.append(max(held, default=0) / len(found) if second.flags & OPEN else 0.0)
    return scores


def test_a_rise_of_cadence_is_no_fall_to_adwin(river):
    assert raised(by("adwin", wavering(1_500, 900, fall_spm=8)), 0.3)
    assert raised(by("adwin", wavering(1_500, 900, fall_spm=-8)), 0.3) == []


def test_pelt_finds_the_fall_where_it_lies(ruptures):
    trace = by("ruptures_cut", wavering(1_800, 1_200))
    (at_s,) = raised(trace, 0.5)
    assert at_s == pytest.approx(1_200, abs=foreign.BLOCK_S + 1)


def test_the_kernel_search_is_pelt_with_an_l2_cost(ruptures):
    import numpy as np

    means = np.array([spm for _, spm in foreign._blocks(cadence_of(wavering(1_800, 1_200)), math.inf)])[:, None]
    for penalty in foreign.PENALTIES:
        pelt = ruptures.Pelt(model="l2", min_size=foreign.LEAST_BLOCKS, jump=1).fit(means).predict(pen=penalty)
        kernel = ruptures.KernelCPD(kernel="linear", min_size=foreign.LEAST_BLOCKS).fit(means).predict(pen=penalty)
        assert kernel == pelt


def test_pelt_is_given_nothing_from_fifteen_seconds_before_a_cramp_on(ruptures):
    shown = by("ruptures_cut", wavering(1_800, 1_200, onset_s=1_300.0))
    hidden = by("ruptures_cut", wavering(1_800, 1_290, onset_s=1_300.0))
    assert raised(shown, 0.3)
    assert raised(hidden, 0.3) == []


def test_a_run_that_is_too_short_for_two_stretches_has_no_change(ruptures):
    assert max(by("ruptures_cut", session((30, 170))).score) == 0


def test_a_missing_library_names_what_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Misconfigured, match=r"river is not installed; run: pip install .*benchmark"):
        foreign.demand()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 300), st.sampled_from([None, 0, 85, 100, 150, 170, 185])), min_size=1, max_size=8
    ),
    st.sampled_from([1, 3, 8]),
)
def test_every_score_is_a_number_at_an_open_second_and_nothing_elsewhere(stretches, step_s):
    run = session((600, 170), *stretches, step_s=step_s)
    for name in LIVE if _there("river") else LIVE[:2]:
        trace = by(name, run)
        assert len(trace.at_s) == len(trace.score) == len(trace.flags)
        for score, flag in zip(trace.score, trace.flags, strict=True):
            assert math.isfinite(score)
            assert score >= 0
            assert flag & OPEN or score == 0


@settings(max_examples=10, deadline=None)
@given(st.integers(700, 1_400))
def test_what_comes_later_changes_no_live_score(cut_s):
    run = wavering(1_500, 1_000)
    part = Session(run.name, 0, run.truth, run.seconds[:cut_s])
    for name in LIVE if _there("river") else LIVE[:2]:
        assert list(by(name, part).score) == list(by(name, run).score)[:cut_s]
