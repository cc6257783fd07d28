"""DFA-alpha1: the same as another program's, what noise gives, and nothing where it would mean nothing."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.features.alpha import AlphaSettings, detrended, dfa_alpha1, fluctuations
from tests.processor.beating import fractional_noise, unrounded, wander
from tests.support import needs

RAW = AlphaSettings(smoothness=0.0)
SCALES = AlphaSettings().scales
#: Of ``unrounded(seed, 320)`` by ``fractal_dfa(x, scale=[4..16], overlap=False)`` of NeuroKit2 0.2.13: as it is, and
#: after x - solve(I + 500^2 D2'D2, x) by numpy 2.4. Not of whole numbers: it leaves out boxes on one line exactly.
NEUROKIT = {
    1: (1.088551205, 1.074507476),
    2: (1.140470096, 1.118787248),
    3: (1.086128034, 1.055081853),
    4: (1.152307115, 1.119792196),
}


@pytest.mark.parametrize("seed", NEUROKIT)
def test_alpha1_is_what_neurokit_says(seed):
    beats = unrounded(seed, 320)
    raw, smooth = NEUROKIT[seed]
    assert dfa_alpha1(beats, RAW) == pytest.approx(raw, abs=1e-8)
    assert dfa_alpha1(beats) == pytest.approx(smooth, abs=1e-8)


@pytest.mark.parametrize("seed", range(20, 40))
def test_alpha1_is_what_the_installed_neurokit_says(seed):
    needs.neurokit()
    import neurokit2
    import numpy as np

    beats = np.array(unrounded(seed, 200 + 7 * seed))
    second = np.diff(np.eye(len(beats)), 2, axis=0)
    smooth = beats - np.linalg.solve(np.eye(len(beats)) + 500.0**2 * second.T @ second, beats)
    assert np.allclose(detrended(beats.tolist(), 500.0), smooth, atol=1e-6)
    for series, chosen in ((beats, RAW), (smooth, AlphaSettings())):
        alpha1, _ = neurokit2.fractal_dfa(series, scale=list(SCALES), overlap=False)
        assert dfa_alpha1(beats.tolist(), chosen) == pytest.approx(float(alpha1), abs=1e-8)


@pytest.mark.parametrize("chosen", [RAW, AlphaSettings()], ids=["as it is", "detrended"])
@pytest.mark.parametrize(("hurst", "expected", "within"), [(0.5, 0.58, 0.02), (0.95, 1.01, 0.03)])
def test_two_hundred_windows_of_noise_have_the_mean_that_is_known(chosen, hurst, expected, within):
    random = Random(5)
    windows = [[360 + 5 * one for one in fractional_noise(random, hurst, 300)] for _ in range(200)]
    alphas = [dfa_alpha1(window, chosen) for window in windows]
    mean = sum(alphas) / len(alphas)
    assert mean == pytest.approx(expected, abs=within)
    assert 0.04 < math.sqrt(sum((one - mean) ** 2 for one in alphas) / len(alphas)) < 0.09


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(200, 2_000), min_size=5, max_size=60), smoothness=st.sampled_from((0.5, 10.0, 500.0)))
def test_what_is_taken_away_is_the_smoothest_curve_for_its_distance(values, smoothness):
    left = detrended(values, smoothness)
    trend = [value - one for value, one in zip(values, left, strict=True)]
    bends = [0.0, 0.0, *(a - 2 * b + c for a, b, c in zip(trend, trend[1:], trend[2:], strict=False)), 0.0, 0.0]
    for index, one in enumerate(left):
        pull = smoothness**2 * (bends[index] - 2 * bends[index + 1] + bends[index + 2])
        assert one == pytest.approx(pull, abs=1e-4)


def test_a_steady_change_of_pace_leaves_nothing():
    assert max(map(abs, detrended([500.0 - 0.5 * index for index in range(300)], 500.0))) < 1e-6


def test_a_trend_needs_five_values():
    with pytest.raises(ValueError, match="five"):
        detrended([400.0] * 4, 500.0)


def test_each_box_has_a_line_of_its_own():
    deviations = [one - 5.5 for one in range(12)]
    profile = [sum(deviations[: index + 1]) for index in range(12)]
    left = []
    for start in (0, 4, 8):
        box = profile[start : start + 4]
        mean, slope = sum(box) / 4, sum((x - 1.5) * y for x, y in enumerate(box)) / 5
        left += [(y - mean - slope * (x - 1.5)) ** 2 for x, y in enumerate(box)]
    assert fluctuations(deviations, (4,)) == [pytest.approx(math.sqrt(sum(left) / 12))]


@pytest.mark.parametrize("beats", [[], [400] * 300, wander(1, 31), [60_000 / 171] * 250])
def test_too_few_beats_and_beats_computed_from_a_heart_rate_say_nothing(beats):
    assert dfa_alpha1(beats) is None


@settings(max_examples=60, deadline=None)
@given(beats=st.lists(st.one_of(st.floats(0.0001, 64_000), st.integers(300, 500)), max_size=120))
def test_alpha1_is_a_number_or_nothing(beats):
    alpha1 = dfa_alpha1(beats)
    assert alpha1 is None or math.isfinite(alpha1)
