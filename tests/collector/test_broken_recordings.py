"""What is no recording is refused with one clear message; of a damaged one is kept what can be read."""

import gzip
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.recordings import load
from collector.recordings.xml import elements
from crampwatch.errors import Refused
from tests.collector.files import HEADER, at, csv, fit, gpx, only, record, session, tcx, told, trackpoint, trkpt

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
