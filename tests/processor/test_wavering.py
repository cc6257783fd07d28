"""How far cadence is from what it was 5 s and 2 s before: what roughness is made of."""

import pytest

from crampwatch.events import CadenceMeasured
from crampwatch.units import Motion
from processor.athlete import Athlete
from processor.features.baseline import SessionBaseline
from processor.features.view import View
from tests.support.clocks import START_MS
from tests.support.stories import Story


def wavering(cadence_by_s, unsettled=()):
    """By second, what the slow and the quick wavering were; cadence by the second in which a value was read."""
    baseline, found, before_s = SessionBaseline(), {}, None
    for at_s, spm in cadence_by_s.items():
        dt_s = at_s - (at_s - 1 if before_s is None else before_s)
        at_ms = START_MS + at_s * 1_000
        view = View(at_ms, dt_s, motion=Motion.RUN, settled=at_s not in unsettled, spm=spm, read_at_ms=at_ms)
        baseline.observe(view, calm=True)
        found[at_s], before_s = (view.wobble_spm, view.quick_wobble_spm), at_s
    return found


def test_each_second_is_held_against_the_one_of_5_s_and_of_2_s_before():
    found = wavering({at_s: 170.0 + at_s**2 for at_s in range(10)})
    assert found[9] == (81 - 16, 81 - 49)


def test_the_quick_one_is_known_first():
    found = wavering(dict.fromkeys(range(6), 170.0))
    assert [quick for _, quick in found.values()] == [None, None, 0, 0, 0, 0]
    assert [slow for slow, _ in found.values()] == [None] * 5 + [0]


def test_after_a_pause_both_begin_anew():
    found = wavering(dict.fromkeys(range(16), 170.0), unsettled={8})
    assert found[8] == (None, None)
    assert found[10] == (None, None)
    assert found[11] == (None, 0)
    assert found[14] == (0, 0)


@pytest.mark.parametrize(("every_s", "known"), [(1, True), (2, True), (3, False), (4, False), (8, False)])
def test_values_that_come_seldom_have_no_quick_one(every_s, known):
    found = wavering(dict.fromkeys(range(0, 80, every_s), 170.0))
    assert (found[every_s * ((79) // every_s)][1] is not None) is known


def test_a_second_that_is_not_there_is_not_bridged():
    found = wavering({at_s: 170.0 for at_s in range(20) if at_s != 10})
    assert found[12] == (0, None)
    assert found[13] == (0, 0)


@pytest.mark.parametrize(("every_s", "known"), [(1, True), (2, True), (3, False), (4, False)])
def test_cadence_that_is_bridged_while_the_heart_goes_on_is_not_measured(every_s, known):
    """A heart rate opens each second, so that the last cadence is held in those between."""
    samples = [
        one
        for one in Story(2).running(900).samples
        if not isinstance(one, CadenceMeasured) or (one.at_ms - START_MS) // 1_000 % every_s == 0
    ]
    last_minute = Athlete("r7", "s1").observe(samples).views[-60:]
    assert len(last_minute) == 60
    assert all(view.spm is not None for view in last_minute)
    assert any(view.quick_wobble_spm is not None for view in last_minute) is known
