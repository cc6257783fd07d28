"""Recorded files become recordings: repaired, honest about it, or refused with one clear message."""

import gzip
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from garmin_fit_sdk import Encoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.recordings import Mark, MarkKind, Recording, load
from collector.recordings.xml import elements
from crampwatch.errors import Refused
from crampwatch.units import CadenceUnit

START = datetime(2025, 6, 1, 6, 30, tzinfo=UTC)
START_MS = int(START.timestamp() * 1_000)
RECORD, HRV, SESSION, LAP, EVENT = 20, 78, 18, 19, 21


# --- builders -----------------------------------------------------------------------------------------------


def fit(*messages: dict) -> bytes:
    encoder = Encoder()
    encoder.write_mesg({"mesg_num": 0, "type": "activity", "manufacturer": "development", "time_created": START})
    for message in messages:
        encoder.write_mesg(message)
    return bytes(encoder.close())


def at(t_s: float) -> datetime:
    return START + timedelta(seconds=t_s)


def record(t_s: float, **fields) -> dict:
    values = {"heart_rate": 150, "cadence": 84, "fractional_cadence": 0.5, "enhanced_speed": 3.0, **fields}
    return {
        "mesg_num": RECORD,
        "timestamp": at(t_s),
        **{name: value for name, value in values.items() if value is not None},
    }


def session(t_s: float, sport: str = "running") -> dict:
    return {"mesg_num": SESSION, "timestamp": at(t_s + 600), "start_time": at(t_s), "sport": sport}


def trackpoint(
    t_s: float, bpm: int = 150, cadence: int = 84, speed: str = "<Speed>3.0</Speed>", metres: float = 0
) -> str:
    return (
        f"<Trackpoint><Time>{at(t_s).isoformat().replace('+00:00', 'Z')}</Time>"
        f"<DistanceMeters>{metres}</DistanceMeters><HeartRateBpm><Value>{bpm}</Value></HeartRateBpm>"
        f"<Extensions><ns3:TPX>{speed.replace('Speed>', 'ns3:Speed>')}<ns3:RunCadence>{cadence}</ns3:RunCadence>"
        "</ns3:TPX></Extensions></Trackpoint>"
    )


def tcx(*tracks: str, sport: str = "Running") -> bytes:
    body = "".join(f"<Track>{track}</Track>" for track in tracks)
    return (
        '<?xml version="1.0"?><TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
        ' xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2"><Activities>'
        f'<Activity Sport="{sport}"><Lap>{body}</Lap></Activity></Activities></TrainingCenterDatabase>'
    ).encode()


def gpx(*segments: str, kind: str = "<type>running</type>") -> bytes:
    body = "".join(f"<trkseg>{segment}</trkseg>" for segment in segments)
    return (
        '<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"'
        ' xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"<metadata><time>{START.isoformat()}</time></metadata><trk><name>a</name>{kind}{body}</trk></gpx>"
    ).encode()


def trkpt(t_s: float, lat: float, bpm: int = 150, cadence: int = 84) -> str:
    return (
        f'<trkpt lat="{lat:.7f}" lon="7.0"><time>{at(t_s).isoformat()}</time><extensions><x:TrackPointExtension>'
        f"<x:hr>{bpm}</x:hr><x:cad>{cadence}</x:cad></x:TrackPointExtension></extensions></trkpt>"
    )


HEADER = "t_s,hr_bpm,cadence_spm,speed_mps,altitude_m,distance_m\n"


def csv(rows: str, header: str = HEADER) -> bytes:
    return (header + rows).encode()


@pytest.fixture
def given_file(tmp_path: Path):
    def write(data: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def only(path: Path) -> Recording:
    (recording,) = load(path)
    return recording


def told(recording: Recording) -> str:
    return "; ".join(map(str, recording.notes))


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


# --- broken files -------------------------------------------------------------------------------------------

GOOD_FIT = fit(session(0), *(record(t) for t in range(30)))
BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><gpx>&b;</gpx>'


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "empty.fit", "empty"),
        (b"hello", "letter.fit", "not_fit"),
        (tcx(trackpoint(0)), "really-tcx.fit", "not_fit"),
        (GOOD_FIT, "really-fit.tcx", "wrong_format"),
        (gpx(trkpt(0, 50.0)), "really-gpx.tcx", "wrong_format"),
        (b"<gpx", "cut.gpx", "wrong_format"),
        (b"<gpx><trk><trkseg>", "cut.gpx", "damaged"),
        (b"<gpx></gpx>", "bare.gpx", "empty"),
        (gpx(""), "hollow.gpx", "empty"),
        (BOMB, "bomb.gpx", "unsafe_xml"),
        (BOMB.replace(b"gpx", b"TrainingCenterDatabase"), "bomb.tcx", "unsafe_xml"),
        (b"a,b\n1,2\n", "other.csv", "wrong_format"),
        (b"\xff\xfe\x00", "binary.csv", "wrong_format"),
        (HEADER.encode(), "bare.csv", "empty"),
        (b"t_s_of_preceding_record,rr_s\n", "run_rr.csv", "wrong_format"),
        (csv("0,,,3,,\n"), "speed-only.csv", "no_signal"),
        (b"\x1f\x8b\x08", "cut.fit.gz", "bad_gzip"),
        (b"plain", "plain.tcx.gz", "bad_gzip"),
        (b"x", "run.kml", "unknown_format"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_its_name_and_a_reason(given_file, data, name, reason):
    with pytest.raises(Refused, match=name) as refused:
        load(given_file(data, name))
    assert refused.value.reason == reason


@pytest.mark.parametrize("t_s", ["nan", "inf", "-inf", "1e999"])
def test_a_time_that_is_no_number_is_left_out_and_counted(given_file, t_s):
    run = only(given_file(csv(f"0,150,170,3,,\n{t_s},150,170,3,,\n2,150,170,3,,\n"), "words.csv"))

    assert [t for t, _ in run.points] == [0.0, 2.0]
    assert "rows without a time, left out (1x)" in told(run)


@pytest.mark.parametrize("t_s", [1e13, 1e300, 8 * 86_400])
def test_a_run_of_more_than_a_week_is_refused(given_file, t_s):
    with pytest.raises(Refused, match=r"long\.csv .* mend its times") as refused:
        load(given_file(csv(f"{t_s},150,170,3,,\n{t_s + 1},150,170,3,,\n"), "long.csv"))
    assert refused.value.reason == "too_long"


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "1989-12-31T00:00:05Z",
        "2150-01-01T00:00:00Z",
        "9999-12-31T23:50:00-12:00",
    ],
)
@pytest.mark.parametrize("name", ["x.gpx", "x.tcx"])
def test_a_date_that_no_watch_can_have_meant_is_left_out(given_file, time, name):
    right = at(0).isoformat()
    data = gpx(trkpt(0, 50.0)) if name == "x.gpx" else tcx(trackpoint(0)).replace(b"Z</Time>", b"+00:00</Time>")
    run = only(given_file(data.replace(right.encode(), time.encode()), name))

    assert run.started_ms is None
    assert "date before 1990 or after 2099, left out" in told(run)


@pytest.mark.parametrize(
    ("lat", "lon"), [("inf", "7"), ("nan", "inf"), ("1e308", "-1e308"), ("91", "7"), ("50", "181")]
)
def test_a_place_that_is_not_on_earth_gives_no_distance(given_file, lat, lon):
    data = gpx(trkpt(0, 50.0) + trkpt(1, 51.0) + trkpt(2, 50.0))
    run = only(given_file(data.replace(b'lat="51.0000000" lon="7.0"', f'lat="{lat}" lon="{lon}"'.encode()), "x.gpx"))

    assert [reading.distance_m for _, reading in run.readings()] == [0.0, None, 0.0]


def test_a_heap_of_empty_elements_is_refused_before_it_is_taken_apart(given_file):
    with pytest.raises(Refused, match=r"heap\.gpx\.gz holds more than .* XML elements") as refused:
        load(given_file(gzip.compress(b"<gpx>" + b"<a/>" * 5_000_000 + b"</gpx>", 1), "heap.gpx.gz"))
    assert refused.value.reason == "too_large"


def test_finished_elements_do_not_pile_up(given_file):
    left = [
        len(element)
        for event, name, element in elements(gpx("".join(trkpt(t, 50.0) for t in range(50))), "gpx", "trkpt", "x.gpx")
        if event == "end" and name in {"trk", "trkseg", "gpx"}
    ]

    assert left == [0, 0, 0]


def test_a_missing_file_is_refused_too(tmp_path):
    with pytest.raises(Refused, match=r"nowhere\.fit") as refused:
        load(tmp_path / "nowhere.fit")
    assert refused.value.reason == "unreadable"


def test_a_wrong_checksum_costs_a_note_not_the_run(given_file):
    run = only(given_file(GOOD_FIT[:-2] + bytes([GOOD_FIT[-2] ^ 0xFF, GOOD_FIT[-1]]), "crc.fit"))

    assert len(run.points) == 30
    assert "CRC" in told(run)


def test_a_truncated_fit_keeps_what_came_before(given_file):
    run = only(given_file(GOOD_FIT[: len(GOOD_FIT) * 2 // 3], "cut.fit"))

    assert 10 < len(run.points) < 30
    assert "what came before it was taken" in told(run)


def test_truncated_xml_keeps_what_came_before(given_file):
    data = tcx("".join(trackpoint(t) for t in range(30)))
    run = only(given_file(data[: len(data) // 2], "cut.tcx"))

    assert 5 < len(run.points) < 30
    assert "what came before it was taken" in told(run)


def test_a_damaged_file_without_heart_rate_and_cadence_says_both(given_file):
    poor = fit(session(0), *(record(t, heart_rate=None, cadence=None, fractional_cadence=None) for t in range(9)))
    with pytest.raises(Refused, match=r"damaged .*CRC.* neither heart rate nor cadence") as refused:
        load(given_file(poor[:-1] + bytes([poor[-1] ^ 0xFF]), "poor.fit"))
    assert refused.value.reason == "damaged"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    original=st.sampled_from(
        [
            (GOOD_FIT, "x.fit"),
            (tcx(trackpoint(0) + trackpoint(1)), "x.tcx"),
            (gpx(trkpt(0, 50.0) + trkpt(5, 50.0001)), "x.gpx"),
            (csv("0,150,170,3,1,2\n1,150,170,3,1,2\n"), "x.csv"),
            (gzip.compress(GOOD_FIT), "x.fit.gz"),
        ]
    ),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=8),
)
def test_whatever_happened_to_a_file_it_is_read_or_refused(given_file, original, cut, changes):
    data, name = bytearray(original[0]), original[1]
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        recordings = load(given_file(bytes(data[: int(cut * len(data)) + 1]), name))
    except Refused as refused:
        assert name in str(refused)
        return
    for recording in recordings:
        seconds = [t_s for t_s, _ in recording.readings()]
        assert seconds
        assert all(before < after for before, after in pairwise(seconds))
