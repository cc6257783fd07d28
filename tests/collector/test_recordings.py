"""Recorded files become recordings: repaired, and honest about it."""

import gzip

import pytest

from collector.recordings import Mark, MarkKind, load
from crampwatch.errors import Refused
from crampwatch.units import CadenceUnit
from tests.collector.files import (
    EVENT,
    HRV,
    LAP,
    START_MS,
    at,
    csv,
    fit,
    gpx,
    only,
    record,
    session,
    tcx,
    told,
    trackpoint,
    trkpt,
)

# --- cadence ------------------------------------------------------------------------------------------------


def test_a_fit_file_that_counts_strides_is_doubled_to_steps(given_file):
    run = only(given_file(fit(session(0), *(record(t) for t in range(60))), "run.fit"))

    assert run.cadence.unit is CadenceUnit.STRIDES
    assert {reading.cadence_per_min for _, reading in run.readings()} == {169}


def test_a_fit_file_that_counts_steps_is_left_alone(given_file):
    records = [record(t, cadence=169, fractional_cadence=None) for t in range(60)]
    run = only(given_file(fit(session(0), *records), "run.fit"))

    assert run.cadence.unit is CadenceUnit.STEPS
    assert {reading.cadence_per_min for _, reading in run.readings()} == {169}


def test_a_walk_in_steps_is_not_mistaken_for_a_run_in_strides(given_file):
    walk = csv("".join(f"{t},110,112,1.35,,\n" for t in range(60)))
    assert only(given_file(walk, "walk.csv")).cadence.unit is CadenceUnit.STEPS


def test_a_walk_in_strides_is_doubled(given_file):
    walk = csv("".join(f"{t},110,56,1.35,,\n" for t in range(60)))
    assert only(given_file(walk, "walk.csv")).points[0][1].cadence_per_min == 112


@pytest.mark.parametrize(("as_written", "unit"), [(86, CadenceUnit.STRIDES), (172, CadenceUnit.STEPS)])
def test_without_speed_the_fast_end_of_the_cadence_decides(given_file, as_written, unit):
    run = only(given_file(csv("".join(f"{t},150,{as_written},,,\n" for t in range(60))), "pod.csv"))
    assert run.cadence.unit is unit


def test_a_handful_of_readings_decides_nothing(given_file):
    run = only(given_file(csv("0,150,86,3,,\n1,150,86,3,,\n"), "short.csv"))

    assert run.cadence.unit is CadenceUnit.UNDECIDED
    assert run.points[0][1].cadence_per_min == 86


# --- missing is missing -------------------------------------------------------------------------------------


def test_heart_rate_0_and_255_are_missing(given_file):
    run = only(given_file(csv("0,0,170,3,,\n1,255,170,3,,\n2,150,170,3,,\n"), "run.csv"))
    assert [reading.bpm for _, reading in run.readings()] == [None, None, 150]


def test_what_no_sensor_can_mean_is_missing_and_counted(given_file):
    run = only(given_file(csv("0,150,170,nan,,\n1,1e9,-4,3,,\n2,150,170,3,,\n"), "run.csv"))

    assert run.points[1][1].bpm is None
    assert run.points[1][1].cadence_per_min is None
    assert run.points[0][1].speed_mps is None
    assert "heart rates beyond any sensor, taken as missing (1x)" in told(run)


def test_zero_cadence_is_a_real_zero(given_file):
    run = only(given_file(fit(session(0), record(0, cadence=0, fractional_cadence=None), record(1)), "run.fit"))
    assert run.points[0][1].cadence_per_min == 0


def test_smart_recording_keeps_its_steps(given_file):
    run = only(given_file(fit(session(0), *(record(t) for t in (0, 2, 9, 17))), "run.fit"))
    assert [t_s for t_s, _ in run.readings()] == [0, 2, 9, 17]


# --- time ---------------------------------------------------------------------------------------------------


def test_a_repeated_time_is_one_reading_and_the_later_word_wins(given_file):
    run = only(given_file(tcx(trackpoint(0), trackpoint(5, bpm=150) + trackpoint(5, bpm=151)), "run.tcx"))

    assert [(t_s, reading.bpm) for t_s, reading in run.readings()] == [(0, 150), (5, 151)]
    assert "points with a repeated time, merged (1x)" in told(run)


def test_a_point_that_goes_back_a_little_is_left_out_and_counted(given_file):
    run = only(given_file(fit(session(0), record(0), record(5), record(3), record(6)), "run.fit"))

    assert [t_s for t_s, _ in run.readings()] == [0, 5, 6]
    assert "points that go back in time, left out (1x)" in told(run)


def test_a_clock_that_was_set_during_the_run_is_bridged_and_the_set_clock_counts(given_file):
    day = 86_400.0
    records = [record(t) for t in (0, 1, 2)] + [record(day + t) for t in (0, 1)]
    run = only(given_file(fit(session(0), *records), "run.fit"))

    assert [t_s for t_s, _ in run.readings()] == [0, 1, 2, 3, 4]
    assert run.started_ms == START_MS + int((day - 3) * 1_000)
    assert "clock settings during the run, bridged (1x)" in told(run)


def test_the_start_is_the_first_point_and_a_csv_has_none(given_file):
    assert only(given_file(fit(session(0), record(7), record(8)), "a.fit")).started_ms == START_MS + 7_000
    assert only(given_file(csv("0,150,170,3,,\n"), "b.csv")).started_ms is None


# --- beats, marks, speed ------------------------------------------------------------------------------------


def test_beats_belong_to_the_record_before_them(given_file):
    beats = {"mesg_num": HRV, "time": [0.4, 0.41]}
    run = only(given_file(fit(session(0), beats, record(0), beats, record(1)), "run.fit"))

    assert run.points[0][1].rr_ms == (400.0, 410.0)
    assert run.points[1][1].rr_ms == ()
    assert "beat intervals before the first record, left out (2x)" in told(run)


def test_laps_and_timer_stops_are_marked(given_file):
    stop = {"mesg_num": EVENT, "timestamp": at(2), "event": "timer", "event_type": "stop_all"}
    again = {"mesg_num": EVENT, "timestamp": at(60), "event": "timer", "event_type": "start"}
    lap = {"mesg_num": LAP, "timestamp": at(61), "sport": "running"}
    run = only(given_file(fit(record(0), record(2), stop, again, record(60), record(61), lap, session(0)), "run.fit"))

    assert run.marks == (
        Mark(2, MarkKind.TIMER_STOP),
        Mark(60, MarkKind.TIMER_START),
        Mark(61, MarkKind.LAP),
    )


def test_a_second_track_in_a_lap_marks_a_timer_stop(given_file):
    run = only(given_file(tcx(trackpoint(0) + trackpoint(4), trackpoint(90) + trackpoint(91)), "run.tcx"))
    assert run.marks[:2] == (Mark(4, MarkKind.TIMER_STOP), Mark(90, MarkKind.TIMER_START))


def test_a_second_segment_marks_a_timer_stop_and_its_way_is_not_run(given_file):
    first = trkpt(0, 50.0) + trkpt(10, 50.00027)
    run = only(given_file(gpx(first, trkpt(100, 50.1) + trkpt(110, 50.10027)), "run.gpx"))

    assert run.marks == (Mark(10, MarkKind.TIMER_STOP), Mark(100, MarkKind.TIMER_START))
    assert run.points[-1][1].distance_m == pytest.approx(60, abs=1)


def test_speed_is_derived_from_the_distance_where_there_is_none(given_file):
    points = "".join(trackpoint(t, speed="", metres=3.0 * t) for t in range(20))
    run = only(given_file(tcx(points), "run.tcx"))

    assert run.points[0][1].speed_mps is None
    assert {reading.speed_mps for _, reading in run.points[1:]} == {3.0}
    assert "speeds derived from the distance (19x)" in told(run)


def test_derived_speed_says_nothing_across_a_gap(given_file):
    seconds = [*range(10), *range(300, 310)]
    points = "".join(trackpoint(t, speed="", metres=3.0 * (t if t < 10 else t - 290)) for t in seconds)
    run = dict(only(given_file(tcx(points), "run.tcx")).points)

    assert run[300.0].speed_mps is None
    assert run[301.0].speed_mps == 3.0


def test_a_csv_has_companions_for_beats_and_events(given_file):
    given_file(b"t_s_of_preceding_record,rr_s\n0.0,0.401\n1.0,0.402\n1.0,0.403\n", "run_rr.csv")
    given_file(b"t_s,event\n0.0,timer_start\n1.0,lap\n1.0,dance\n", "run_ev.csv")
    run = only(given_file(csv("0,150,170,3,,\n1,151,170,3,,\n"), "run.csv"))

    assert [reading.rr_ms for _, reading in run.readings()] == [(401.0,), (402.0, 403.0)]
    assert run.marks == (Mark(0, MarkKind.TIMER_START), Mark(1, MarkKind.LAP))
    assert "events of an unknown kind, left out (1x)" in told(run)


# --- sessions and sports ------------------------------------------------------------------------------------


def test_each_running_session_is_a_recording_and_other_sports_are_named(given_file):
    sessions = [session(0, "swimming"), session(100, "running"), session(200, "cycling"), session(300, "running")]
    records = [record(t) for t in range(0, 400, 10)]
    first, second = load(given_file(fit(*records, *sessions), "tri.fit"))

    assert (first.name, second.name) == ("tri (1)", "tri (2)")
    assert first.started_ms == START_MS + 100_000
    assert len(first.points) == len(second.points) == 10
    assert "session of swimming, skipped" in told(first)
    assert "session of cycling, skipped" in told(second)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (fit(record(0), session(0, "cycling")), "ride.fit"),
        (tcx(trackpoint(0), sport="Biking"), "ride.tcx"),
        (gpx(trkpt(0, 50.0), kind="<type>cycling</type>"), "ride.gpx"),
    ],
)
def test_a_file_without_a_run_is_refused_by_its_sport(given_file, data, name):
    with pytest.raises(Refused, match=name) as refused:
        load(given_file(data, name))
    assert refused.value.reason == "not_running"


def test_a_nameless_sport_at_the_speed_of_a_ride_is_refused(given_file):
    points = "".join(trackpoint(t, speed="<Speed>9.1</Speed>") for t in range(30))
    with pytest.raises(Refused, match="no run") as refused:
        load(given_file(tcx(points, sport="Other"), "x.tcx"))
    assert refused.value.reason == "not_running"


def test_packed_files_are_unpacked(given_file):
    assert only(given_file(gzip.compress(tcx(trackpoint(0))), "run.tcx.gz")).name == "run"
    assert only(given_file(gzip.compress(fit(session(0), record(0))), "RUN.FIT.GZ")).name == "RUN"
