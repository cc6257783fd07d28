"""How like recorded runs simulated ones are, and what is not like them, said openly."""

import numpy as np
import pytest

from docs import calibration
from tests.support import needs

#: What lies outside of eight in ten recorded runs, and is said in docs/simulator.md: cadence that changes too slowly.
UNLIKE = {"slope"}


@pytest.fixture(scope="module")
def rows():
    real = [calibration.measured(one) for one in calibration.recorded(needs.data())]
    made = [calibration.measured(one) for one in calibration.simulated()]
    return calibration.compared(real, made)


def test_simulated_runs_lie_where_eight_in_ten_recorded_ones_do(rows):
    assert {row.name for row in rows if not row.within} == UNLIKE
    assert all(row.runs >= 20 for row in rows), "too few recordings to say anything"


def test_cadence_is_no_steeper_than_is_said(rows):
    (slope,) = (row for row in rows if row.name == "slope")
    assert slope.real[0] - 0.05 < slope.made[1] < slope.real[0]


def test_a_simulated_heart_is_as_restless_as_a_recorded_one(rows):
    (heart,) = (row for row in rows if row.name == "heart_step")
    assert heart.made[1] == pytest.approx(heart.real[1], rel=0.15)


def test_the_page_has_the_table_that_is_measured_now(rows):
    page = calibration.PAGE.read_text(encoding="utf-8")
    assert calibration.table(rows) in page, "run `python -m docs.calibration` and commit the result"
    assert calibration.PICTURE.is_file()


def track(spm, mps=3.0, step_s=1.0):
    count = len(spm)
    every = np.arange(count) * step_s
    return calibration.Track("made", True, every, np.array(spm, float), np.full(count, 150.0), np.full(count, mps))


def test_white_noise_has_no_slope_and_no_memory():
    noise = np.random.default_rng(1).normal(170, 3, 4_000)
    found = calibration.measured(track(noise))
    assert found["slope"] == pytest.approx(0, abs=0.15)
    assert found["acf_5"] == pytest.approx(0, abs=0.05)
    assert found["spread"] == pytest.approx(3, rel=0.05)
    assert found["heart_step"] == 0


def test_a_run_that_is_not_recorded_every_second_says_nothing_of_seconds():
    assert set(calibration.measured(track([170.0] * 900, step_s=3.0))) == {"stops_per_h"}


def test_standing_still_is_a_stop_and_so_is_a_silence_of_half_a_minute():
    one = track([170.0] * 3_600)
    one.mps[1_000:1_006] = 0.0
    one.mps[2_000:2_003] = 0.0
    one.t_s[3_000:] += 45.0
    assert calibration.measured(one)["stops_per_h"] == pytest.approx(2, rel=0.02)
