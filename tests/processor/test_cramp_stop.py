"""The cramp-type stop: when somebody is asked, second by second; the marks are those of this test."""

import pytest

from crampwatch.units import Gate, Level, Motion
from processor.detect.cramp import CrampStop, CrampStopSettings
from tests.processor.moments import second
from tests.support.clocks import START_MS

ASKED = CrampStopSettings(score=0.2, score_walk=0.3)


def test_a_question_says_why_it_is_asked():
    stop = CrampStop(ASKED)
    stop.observe(second(0, read_at_ms=START_MS, peak_score=0.4))
    for at_s in range(1, 9):
        view = second(at_s, spm=0.0, still_since_ms=START_MS + 1_000, motion=Motion.STOP, peak_score=0.4)
        view.settled = False
        stop.observe(view)
    assert view.level is Level.NOW
    assert view.because == ("You stopped suddenly after signs of fatigue.",)


def test_a_stop_between_two_readings_of_a_smart_recording_is_sudden():
    stop = CrampStop(ASKED)
    stop.observe(second(0, dt_s=7.0, read_at_ms=START_MS, peak_score=0.4))
    for at_s in (7, 14):
        view = second(at_s, dt_s=7.0, spm=0.0, still_since_ms=START_MS + 7_000, motion=Motion.STOP, peak_score=0.4)
        view.settled = False
        stop.observe(view)
    assert view.level is Level.NOW


@pytest.mark.parametrize(("step_s", "asked"), [(1, True), (4, True), (5, True), (6, False), (8, False)])
def test_a_walk_after_a_step_too_long_to_tell_how_sudden_it_was_is_not_asked_about(step_s, asked):
    stop = CrampStop(ASKED)
    stop.observe(second(0, dt_s=float(step_s), read_at_ms=START_MS, peak_score=0.4))
    proofs = []
    for at_s in range(step_s, 60, step_s):
        view = second(at_s, dt_s=float(step_s), spm=98.0, motion=Motion.WALK, peak_score=0.4)
        view.settled = False
        proofs += stop.observe(view)
    assert (proofs != []) is asked


@pytest.mark.parametrize("gate", [Gate.ANSWERED, Gate.RUN_WALK])
def test_no_stop_is_asked_about(gate):
    stop = CrampStop(ASKED)
    stop.observe(second(0, read_at_ms=START_MS, peak_score=0.4))
    levels = set()
    for at_s in range(1, 30):
        view = second(at_s, spm=0.0, still_since_ms=START_MS + 1_000, motion=Motion.STOP, peak_score=0.4)
        view.settled = False
        view.gates.append(gate)
        assert stop.observe(view) == ()
        levels.add(view.level)
    assert levels == {Level.OK}


@pytest.mark.parametrize(
    ("gate", "motion", "spm", "asked"),
    [
        (Gate.HILL, Motion.WALK, 96.0, False),
        (Gate.HILL, Motion.STOP, 0.0, True),
        (Gate.TURN, Motion.WALK, 96.0, True),
    ],
)
def test_who_begins_to_walk_up_a_climb_is_not_asked_and_who_stands_there_is(gate, motion, spm, asked):
    stop = CrampStop(ASKED)
    stop.observe(second(0, read_at_ms=START_MS, peak_score=0.4))
    proofs = []
    for at_s in range(1, 30):
        view = second(at_s, spm=spm, motion=motion, peak_score=0.4)
        view.settled = False
        view.gates.append(gate)
        proofs += stop.observe(view)
    assert (proofs != []) is asked


@pytest.mark.parametrize(("spm", "peak", "asked"), [(0.0, 0.25, True), (115.0, 0.25, False), (115.0, 0.35, True)])
def test_who_begins_to_walk_is_asked_after_clearer_signs_than_who_stands(spm, peak, asked):
    stop = CrampStop(ASKED)
    stop.observe(second(0, read_at_ms=START_MS, peak_score=peak))
    proofs = []
    for at_s in range(1, 30):
        view = second(at_s, spm=spm, motion=Motion.WALK if spm else Motion.STOP, peak_score=peak)
        view.settled = False
        proofs += stop.observe(view)
    assert (proofs != []) is asked


@pytest.mark.parametrize(("ran_s", "asked"), [(12, 1), (19, 1), (20, 2), (300, 2)])
def test_within_half_a_minute_of_a_question_it_stands_again_and_there_is_no_other(ran_s, asked):
    stop = CrampStop(ASKED)
    proofs, levels = [], []
    for begins_s in (0, 10 + ran_s):
        for at_s in range(begins_s, begins_s + 10):
            view = second(at_s, read_at_ms=START_MS + at_s * 1_000, peak_score=0.4)
            if at_s > begins_s:
                view.spm, view.still_since_ms, view.motion = 0.0, START_MS + (begins_s + 1) * 1_000, Motion.STOP
                view.settled = False
            proofs += stop.observe(view)
        levels.append(view.level)
        for at_s in range(begins_s + 10, begins_s + 10 + ran_s):
            stop.observe(second(at_s, read_at_ms=START_MS + at_s * 1_000, peak_score=0.4))
    assert len(proofs) == asked
    assert levels == [Level.NOW, Level.NOW]
