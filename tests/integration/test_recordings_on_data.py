"""The recorded runs: every original loads, and says the same as the CSV that was once made from it."""

from collections import Counter
from functools import cache
from pathlib import Path
from statistics import fmean, median

import pytest

from collector.gatt.heart_rate import decode_heart_rate
from collector.gatt.rsc import decode_rsc
from collector.recorded import frames_of
from collector.recordings import Mark, MarkKind, Recording, load
from collector.source import HEART_RATE_MEASUREMENT
from crampwatch.errors import Refused
from crampwatch.units import CadenceUnit
from tests.support import needs

#: Some CSVs round seconds to tenths.
MARKS_APART_S = 0.1


def files(folder: str, *endings: str) -> list[Path]:
    found = sorted(path for path in (needs.data() / folder).iterdir() if path.name.lower().endswith(endings))
    return [path for path in found if not path.name.endswith(("_rr.csv", "_ev.csv"))]


@cache
def only(path: Path) -> Recording:
    (recording,) = load(path)
    return recording


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Recording, Recording]]:
    originals = [only(path) for path in files("raw", ".fit", ".tcx", ".tcx.gz", ".gpx")]
    return [(original, only(needs.data() / "runs" / f"{original.name}.csv")) for original in originals]


def has_own_speed(original: Recording) -> bool:
    return not any("speeds derived" in note.what for note in original.notes)


def test_every_original_loads_as_one_run_that_counted_strides(pairs):
    assert len(pairs) >= 48
    assert {original.cadence.unit for original, _ in pairs} == {CadenceUnit.STRIDES}
    assert all(original.started_ms for original, _ in pairs)


def test_every_csv_loads_and_counts_steps():
    recordings = [only(path) for folder in ("runs", "walks") for path in files(folder, ".csv")]
    assert len(recordings) >= 71
    assert {recording.cadence.unit for recording in recordings} == {CadenceUnit.STEPS}


def test_originals_and_csvs_have_the_same_seconds(pairs):
    for original, csv in pairs:
        assert len(original.points) == len(csv.points), original.name
        apart_s = max(abs(a - b) for (a, _), (b, _) in zip(original.points, csv.points, strict=True))
        # One file has hundredths of seconds, its CSV tenths.
        assert apart_s <= 0.05, original.name


def test_heart_rate_and_cadence_agree_in_every_second(pairs):
    for original, csv in pairs:
        for (t_s, ours), (_, theirs) in zip(original.points, csv.points, strict=True):
            assert (ours.bpm, ours.cadence_per_min) == (theirs.bpm, theirs.cadence_per_min), (original.name, t_s)


def test_recorded_speed_agrees_within_rounding(pairs):
    for original, csv in pairs:
        if not has_own_speed(original):
            continue
        for (t_s, ours), (_, theirs) in zip(original.points, csv.points, strict=True):
            assert (ours.speed_mps is None) == (theirs.speed_mps is None), (original.name, t_s)
            assert ours.speed_mps == pytest.approx(theirs.speed_mps, abs=0.001), (original.name, t_s)


def test_derived_speed_agrees_on_average(pairs):
    # Where the original has no speed both sides derive it from the distance, and not alike: we take the mean over
    # the last 5 s, which a watch could have shown then; the CSVs look 5 s ahead as well. So stops come later here.
    derived = [(original, csv) for original, csv in pairs if not has_own_speed(original)]
    assert len(derived) == 7
    for original, csv in derived:
        both = [
            (ours.speed_mps, theirs.speed_mps)
            for (_, ours), (_, theirs) in zip(original.points, csv.points, strict=True)
            if ours.speed_mps is not None and theirs.speed_mps is not None
        ]
        assert len(both) > 0.98 * len(csv.points)
        assert fmean(a for a, _ in both) == pytest.approx(fmean(b for _, b in both), rel=0.03), original.name
        assert median(abs(a - b) for a, b in both) < 0.25, original.name


def test_beats_agree_to_the_millisecond(pairs):
    for original, csv in pairs:
        for (t_s, ours), (_, theirs) in zip(original.points, csv.points, strict=True):
            assert ours.rr_ms == pytest.approx(theirs.rr_ms, abs=1.0), (original.name, t_s)
    assert sum(len(reading.rr_ms) for original, _ in pairs for _, reading in original.points) > 80_000


def test_marks_agree_but_for_a_last_lap_that_the_csvs_leave_out(pairs):
    for original, csv in pairs:

        def unmatched(one: Recording, other: Recording) -> list[Mark]:
            return [
                mark
                for mark in one.marks
                if not any(mark.kind is m.kind and abs(mark.t_s - m.t_s) <= MARKS_APART_S for m in other.marks)
            ]

        assert unmatched(csv, original) == [], original.name
        for mark in unmatched(original, csv):
            # The timer's restart after a track break is in no CSV either.
            assert mark.kind is MarkKind.TIMER_START or mark.t_s == original.duration_s, (original.name, mark)


@pytest.mark.parametrize(
    ("name", "reason", "says"),
    [
        ("activity-filecrc", "damaged", "CRC"),
        ("activity-settings-corruptheader", "damaged", "not a fit file"),
        ("activity-settings-nodata", "damaged", "neither heart rate nor cadence"),
        ("activity-unexpected-eof", "damaged", "neither heart rate nor cadence"),
        ("nick", "not_running", "cycling"),
        ("strava-android-app-201.10-b1218918", "damaged", "local message"),
    ],
)
def test_broken_originals_are_refused_with_one_clear_message(name, reason, says):
    path = needs.data() / "raw_broken" / f"python-fitparse__{name}.fit"
    with pytest.raises(Refused, match=says) as refused:
        load(path)
    assert refused.value.reason == reason
    assert path.name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_frame_of_every_run_says_what_the_recording_says():
    dropped = Counter[str]()
    for path in files("runs", ".csv"):
        recording = only(path)
        readings = {round(t_s * 1_000): reading for t_s, reading in recording.points}
        for frame in frames_of(recording, "pod", 0, dropped):
            reading = readings[frame.at_ms]
            if frame.characteristic == HEART_RATE_MEASUREMENT:
                assert decode_heart_rate(frame.payload).bpm == reading.bpm
            else:
                gait = decode_rsc(frame.payload)
                assert gait.cadence_per_min in {reading.cadence_per_min, None}
                assert gait.speed_mps == pytest.approx(reading.speed_mps, abs=1 / 512)
    # Nine cadences above 254 and the beats of pauses; 21 cadences in seconds without a speed.
    assert dropped["cadence"] == 9
    assert dropped["cadence_without_speed"] <= 25
    assert +dropped == Counter({reason: dropped[reason] for reason in ("cadence", "cadence_without_speed", "rr")})
