"""Generated runs as files: what was written is read back, by our readers and by Garmin's."""

import json
from pathlib import Path

import pytest
from garmin_fit_sdk import Decoder, Stream
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.recordings import load
from collector.recordings.csv import read_csv
from collector.recordings.fit import read_fit
from crampwatch.units import CadenceUnit
from simulator.fit import STARTED_S, fit_bytes
from simulator.session import Second
from simulator.writing import ascending, counts_strides, rr_csv, run_csv, truth_json, truth_of
from tests.simulator.drawn import run, runs

NOTHING = st.none()
BEATS = st.lists(st.integers(2_500, 20_000).map(lambda tenths: tenths / 10), max_size=12).map(tuple)


@st.composite
def some_seconds(draw):
    """A run of any values that a watch can give, with gaps, seconds that come twice and some from before."""
    t_s, distance_dm, found = 0, 0, []
    for _ in range(draw(st.integers(1, 30))):
        t_s = max(0, t_s + draw(st.integers(-2, 9)))
        distance_dm += draw(st.integers(0, 90))
        found.append(
            Second(
                float(t_s),
                draw(NOTHING | st.integers(1, 254)),
                draw(NOTHING | st.integers(0, 254)),
                draw(NOTHING | st.integers(0, 4_999).map(lambda cm: cm / 100)),
                draw(NOTHING | st.integers(-4_990, 88_000).map(lambda dm: dm / 10)),
                draw(NOTHING | st.just(distance_dm / 10)),
                draw(BEATS),
            )
        )
    return found


@given(some_seconds())
@settings(deadline=None, max_examples=60)
def test_what_is_written_as_csv_is_read_back(seconds):
    kept = list(ascending(seconds))
    (draft,) = read_csv(run_csv(kept).encode(), Path("nowhere.csv"))
    for one, point in zip(kept, draft.points, strict=True):
        assert (point.at_s, point.bpm, point.cadence) == (one.t_s, one.bpm, one.spm)
        assert (point.speed_mps, point.distance_m) == (one.mps, one.distance_m)
    assert sum(draft.found.values()) == 0


@given(some_seconds(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_is_written_as_fit_is_read_back(seconds, counts_strides):
    kept = list(ascending(seconds))
    data = fit_bytes(seconds, counts_strides=counts_strides)
    (draft,) = read_fit(data, "made.fit")
    assert draft.damage is None
    assert draft.sport == "running"
    for one, point in zip(kept, draft.points, strict=True):
        strides = None if one.spm is None else one.spm if counts_strides else one.spm / 2
        assert (point.at_s - STARTED_S, point.bpm, point.cadence) == (one.t_s, one.bpm, strides)
        assert (point.speed_mps, point.distance_m) == (one.mps, one.distance_m)
        assert point.rr_ms == pytest.approx(one.rr_ms, abs=0.51)


@given(some_seconds())
@settings(deadline=None, max_examples=30)
def test_garmin_s_own_decoder_finds_nothing_wrong(seconds):
    kept = list(ascending(seconds))
    data = fit_bytes(seconds, serial=7)
    assert Decoder(Stream.from_byte_array(bytearray(data))).check_integrity()
    messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read()
    assert errors == []
    for one, record in zip(kept, messages["record_mesgs"], strict=True):
        altitude_m = record.get("enhanced_altitude")
        assert altitude_m is None if one.altitude_m is None else altitude_m == pytest.approx(one.altitude_m, abs=0.11)
    assert messages["file_id_mesgs"][0]["serial_number"] == 7
    assert [one["event_type"] for one in messages["event_mesgs"]] == ["start", "stop_all"]
    (session,), (lap,), (activity,) = (messages[f"{name}_mesgs"] for name in ("session", "lap", "activity"))
    assert session["total_elapsed_time"] == lap["total_timer_time"] == kept[-1].t_s - kept[0].t_s
    assert session["sport"] == "running"
    assert activity["num_sessions"] == session["num_laps"] == 1


def test_a_file_needs_a_second():
    with pytest.raises(ValueError, match="a second at least"):
        fit_bytes([])


def test_a_value_that_does_not_fit_its_field_is_missing_and_takes_nothing_along():
    (draft,) = read_fit(fit_bytes([Second(0.0, 300, 600, 3.0, 1e9, 10.0)]), "made.fit")
    point = draft.points[0]
    assert (point.bpm, point.speed_mps, point.distance_m) == (None, 3.0, 10.0)
    assert point.cadence is None or point.cadence < 1


@pytest.fixture
def folder(tmp_path):
    def written(session):
        kept = tuple(ascending(session.seconds))
        (tmp_path / "run.csv").write_text(run_csv(kept))
        (tmp_path / "run_rr.csv").write_text(rr_csv(kept))
        (tmp_path / "run.fit").write_bytes(fit_bytes(kept, counts_strides=counts_strides(session.truth)))
        return kept, load(tmp_path / "run.csv")[0], load(tmp_path / "run.fit")[0]

    return written


def test_a_whole_run_is_the_same_from_both_kinds_of_file(folder):
    kept, of_csv, of_fit = folder(run(3, "hard", beats=True))
    assert of_csv.cadence.unit is CadenceUnit.STEPS
    assert of_fit.cadence.unit is CadenceUnit.STRIDES, "as running watches write it"
    for one, (at_s, ours), (fit_s, theirs) in zip(kept, of_csv.points, of_fit.points, strict=True):
        assert at_s == fit_s == one.t_s
        assert (ours.bpm, ours.cadence_per_min, ours.speed_mps) == (one.bpm, one.spm, one.mps)
        assert (theirs.bpm, theirs.cadence_per_min, theirs.speed_mps) == (one.bpm, one.spm, one.mps)
        assert ours.rr_ms == pytest.approx(one.rr_ms, abs=0.06)
        assert theirs.rr_ms == pytest.approx(one.rr_ms, abs=0.51)


def test_a_watch_that_counts_strides_is_read_in_steps_from_both(folder):
    session = next(one for one in runs("faults", 30) if counts_strides(one.truth))
    kept, of_csv, of_fit = folder(session)
    assert of_csv.cadence.unit is of_fit.cadence.unit is CadenceUnit.STRIDES
    assert [one.cadence_per_min for _, one in of_csv.points] == [one.cadence_per_min for _, one in of_fit.points]
    assert [one.cadence_per_min for _, one in of_csv.points] == [
        None if one.spm is None else 2 * one.spm for one in kept
    ]


def test_files_know_no_time_that_goes_back():
    session = next(one for one in runs("faults", 30) if any(what == "packets twice" for *_, what in one.truth.faulty_s))
    times = [one.t_s for one in ascending(session.seconds)]
    assert len(times) < len(session.seconds)
    assert times == sorted(set(times))


def test_a_truth_says_first_what_scoring_reads():
    session = run(3, "cramp")
    told = json.loads(truth_json(session, generator="main", version=1))
    assert list(told)[:4] == ["family", "onset_s", "prodrome_s", "silent"]
    assert told["onset_s"] == session.truth.onset_s
    assert (told["seed"], told["generator"], told["version"]) == (3, "main", 1)
    assert told["traits"] == session.traits
    assert set(type(session.truth).__slots__) <= set(told)


def test_a_truth_without_a_cramp_says_null_and_not_nothing():
    told = truth_of(run(3, "easy"))
    assert (told["family"], told["onset_s"], told["prodrome_s"], told["silent"]) == ("easy", None, None, False)
