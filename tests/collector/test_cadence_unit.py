"""Steps or strides: decided by what a body can do, once a session, never flipped within it."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.cadence_unit import (
    ENOUGH,
    NOT_YET,
    SATURATED,
    UnitState,
    evidence,
    next_session,
    observe,
    overridden,
    steps_per_min,
)
from crampwatch.units import CadenceUnit
from tests.support import needs

STEPS, STRIDES, UNDECIDED = CadenceUnit.STEPS, CadenceUnit.STRIDES, CadenceUnit.UNDECIDED

readings = st.tuples(
    st.integers(0, 254).map(float), st.none() | st.booleans(), st.none() | st.floats(0, 12, allow_nan=False)
)


def judge(readings, state=None, start_s=0):
    state = state or UnitState()
    for second, (raw, running, mps) in enumerate(readings, start=start_s):
        state = observe(state, second * 1_000, raw, running, mps)
    return state


@pytest.mark.parametrize(
    ("raw", "running", "mps", "unit"),
    [
        (172, None, None, STEPS),
        (172, True, 2.9, STEPS),
        (86, True, None, STRIDES),
        (86, True, 2.9, STRIDES),
        (86, None, 2.9, STRIDES),
        (57, False, 1.4, STRIDES),
        (114, False, 1.4, STEPS),
        (95, False, 0.9, STEPS),
        (80, None, 1.3, STRIDES),
    ],
)
def test_one_second_proves_what_a_body_can_do(raw, running, mps, unit):
    assert evidence(raw, running, mps).unit is unit


@pytest.mark.parametrize(
    ("raw", "running", "mps"),
    [(0, None, 3.0), (12, None, 3.0), (86, None, None), (86, None, 0.0), (100, False, 1.55), (110, True, 1.2)],
)
def test_what_could_be_either_or_contradicts_itself_proves_nothing(raw, running, mps):
    assert evidence(raw, running, mps) is None


def test_a_runner_on_a_single_leg_pod_is_decided_within_five_seconds_and_the_reason_is_said():
    state = judge([(86.0, True, 2.9)] * 5)
    assert (state.unit, state.decided_by) == (STRIDES, "running and 86/min")


def test_a_few_wild_readings_decide_nothing():
    assert judge([(82.0, None, 9.0)] * (ENOUGH - 1)).unit is UNDECIDED


def test_a_unit_is_never_flipped_within_a_session():
    state = judge([(172.0, True, 2.9)] * 5)
    assert judge([(86.0, True, 2.9)] * 600, state, start_s=5).unit is STEPS


def test_a_remembered_unit_needs_one_agreeing_second_in_the_next_session():
    state = next_session(judge([(86.0, True, 2.9)] * 60))
    assert (state.unit, state.decided_by) == (UNDECIDED, NOT_YET)
    assert judge([(86.0, True, 2.9)], state, start_s=99).unit is STRIDES


def test_a_device_that_changed_its_ways_is_judged_anew_in_the_next_session():
    state = judge([(172.0, True, 2.9)] * 60)
    state = judge([(86.0, True, 2.9)] * 600, state, start_s=60)
    assert judge([(86.0, True, 2.9)], next_session(state), start_s=700).unit is STRIDES


def test_a_device_that_notifies_often_gives_no_more_evidence_than_its_seconds():
    state = UnitState()
    for tenth in range(20):
        state = observe(state, tenth * 100, 172.0, None, None)
    assert state.unit is UNDECIDED


@given(st.lists(readings, max_size=60))
def test_an_override_is_never_outvoted(run):
    assert judge(run, overridden(STRIDES)) == overridden(STRIDES)
    assert next_session(overridden(STRIDES)) == overridden(STRIDES)


@given(st.lists(readings, max_size=120))
def test_once_decided_it_stays_so_and_the_score_stays_bounded(run):
    state, decided = UnitState(), None
    for second, (raw, running, mps) in enumerate(run):
        state = observe(state, second * 1_000, raw, running, mps)
        decided = decided or (state.unit if state.unit is not UNDECIDED else None)
        assert state.unit is (decided or UNDECIDED)
        assert abs(state.score) <= SATURATED
        assert len(state.decided_by) <= 40


def test_steps_per_minute_are_missing_until_the_unit_is_known_but_zero_is_zero():
    assert steps_per_min(UNDECIDED, 86.0) is None
    assert steps_per_min(UNDECIDED, 0.0) == 0.0
    assert steps_per_min(STRIDES, 86.0) == 172.0
    assert steps_per_min(STEPS, 172.0) == 172.0


def recorded():
    """(name, [(t_s, steps/min, m/s)]) of every recorded run and walk that has speed."""
    folder = needs.data()
    for path in sorted([*(folder / "runs").glob("*.csv"), *(folder / "walks").glob("*.csv")]):
        if path.stem.endswith(("_ev", "_rr")):
            continue
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["cadence_spm"]]
        if any(float(row["speed_mps"] or 0) > 0 for row in rows):
            yield path.name, [(float(r["t_s"]), float(r["cadence_spm"]), float(r["speed_mps"] or 0)) for r in rows]


def seconds_of_movement_until_decided(points, share):
    """The unit decided for a device that counts ``share`` of the steps, and after how long."""
    state, began_s = UnitState(), None
    for t_s, spm, mps in points:
        raw = float(int(spm * share))
        began_s = t_s if began_s is None and raw > 0 else began_s
        state = observe(state, int(t_s * 1_000), raw, None, mps)
        if state.unit is not UNDECIDED:
            return state.unit, t_s - began_s
    return state.unit, None


def test_every_recorded_run_is_decided_right_whichever_way_its_watch_counts():
    took, wrong = [], []
    for name, points in recorded():
        for share, unit in ((1, STEPS), (0.5, STRIDES)):
            decided, seconds = seconds_of_movement_until_decided(points, share)
            if decided is not unit:
                wrong.append((name, unit, decided))
            took.append(seconds)
    assert wrong == []
    took.sort()
    assert took[len(took) // 2] <= 12
    assert took[-1] <= 80
