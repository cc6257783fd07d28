"""Recordings without a truth: hours, alarms, groups, and what happens to a file that cannot be read."""

import gzip
import json
import os
import shutil

import pytest

from crampwatch.errors import Misconfigured, Refused
from crampwatch.events import Finding, FindingKind
from crampwatch.units import Gate, Level
from evaluation.real import evaluate_real, recordings_in
from evaluation.recorded import _alarms, _around
from processor.features.view import View
from tests.evaluation.builders import write_run
from tests.support import needs

#: A restless recording and a short one.
SLOATSBURG, QUIET = "thomaschampagne+elevate__sloatsburg", "corriporai+runpandas__stopped_example"


@pytest.fixture(scope="module")
def data():
    return needs.data()


@pytest.fixture(scope="module")
def recorded(data, tmp_path_factory):
    """A few recordings of several formats with their manifest, and what is said of them."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "runs").mkdir()
    for name in (f"runs/{SLOATSBURG}.csv", f"runs/{SLOATSBURG}_ev.csv", f"runs/{QUIET}.csv", "manifest.csv"):
        shutil.copy(data / name, folder / name)
    shutil.copy(data / "raw" / f"{QUIET}.tcx", folder / "copy.tcx")
    return folder, evaluate_real(folder, jobs=1)


def test_every_alarm_of_a_recording_is_told_with_its_moment_and_reasons(recorded):
    _, found = recorded
    assert [one["file"] for one in found["runs"]] == ["copy.tcx", f"runs/{QUIET}.csv", f"runs/{SLOATSBURG}.csv"]
    assert found["warnings"] == sum(len(one["warnings"]) for one in found["runs"])
    assert found["prompts"] == sum(len(one["prompts"]) for one in found["runs"])
    for run in found["runs"]:
        for one in run["warnings"]:
            assert one["level"] in {"warning", "imminent"}
            assert one["at_s"] > 0
            assert one["because"]


def test_a_raise_counts_and_so_do_strong_signs_after_it_but_no_fall():
    levels = (Level.WATCH, Level.WARNING, Level.IMMINENT, Level.WARNING, Level.OK, Level.IMMINENT)
    findings = [finding(FindingKind.PATTERN, level, 10 * at_s) for at_s, level in enumerate(levels)]
    findings.append(finding(FindingKind.CRAMP_STOP, Level.NOW, 100))
    findings.append(finding(FindingKind.HITCH, Level.OK, 110))
    told = [(kind, one["at_s"], one["level"]) for kind, one in _alarms(findings, findings[0].at_ms)]
    raises = [("warning", 10.0, "warning"), ("warning", 20.0, "imminent"), ("warning", 50.0, "imminent")]
    assert told == [*raises, ("prompt", 100.0, "now")]


def finding(kind, level, at_s):
    """Something that was proved so long after the start."""
    return Finding(
        kind=kind, id=f"r7/s1/{kind}/{at_s}", session="s1", at_ms=10**12 + at_s * 1_000, level=level, because=()
    )


def test_what_lies_around_a_moment_is_cut_out_of_the_run():
    views = [View(at_ms=10**12 + at_s * 1_000, dt_s=1.0, spm=170.04, score=0.1) for at_s in range(2_000)]
    for view in views[900:905]:
        view.gates.append(Gate.HILL)
    cut = _around(views, 10**12, {"at_s": 1_000.0}, [(0.0, 5.0), (500.0, 7.0)])
    series = cut["series"]
    assert (series["at_s"][0], series["at_s"][-1]) == (400.0, 1_180.0)
    assert set(series["spm"]) == {170.0}
    assert set(series["bpm"]) == {None}
    assert cut["gates"] == {"hill": [[900.0, 905.0]]}
    assert [series["altitude_m"][at] for at in (0, 99, 100, 110, 111)] == [None, None, 7.0, 7.0, None]


def test_a_rate_is_alarms_over_hours_of_running(recorded):
    _, found = recorded
    assert found["hours"] == pytest.approx(sum(one["hours"] for one in found["runs"]))
    assert found["warnings_per_hour"] == found["warnings"] / found["hours"]
    assert 0 < found["hours"] < found["recorded_hours"]


def test_each_alarm_keeps_the_minutes_around_it(recorded):
    _, found = recorded
    assert len(found["evidence"]) == found["warnings"] + found["prompts"]
    for one in found["evidence"]:
        at_s = one["series"]["at_s"]
        assert at_s[0] >= one["at_s"] - 600
        assert at_s[-1] <= one["at_s"] + 180
        assert {len(values) for values in one["series"].values()} == {len(at_s)}


def test_runs_are_summed_up_by_runner_and_tag_of_the_manifest(recorded):
    _, found = recorded
    runner = found["by_runner"]["thomaschampagne/elevate"]
    assert runner["runs"] == 1
    assert runner["warnings"] == len(found["runs"][2]["warnings"])
    assert sum(one["hours"] for one in found["by_runner"].values()) < found["hours"]  # the copy is in no manifest
    assert all(one["warnings_per_hour"] is None or one["warnings_per_hour"] >= 0 for one in found["by_tag"].values())


def test_two_processes_say_what_one_says(recorded):
    folder, found = recorded
    assert evaluate_real(folder, jobs=2) == found


def test_the_answer_is_plain_json(recorded):
    json.dumps(recorded[1], allow_nan=False)


def test_what_was_found_in_a_file_is_kept_until_the_file_changes(tmp_path, monkeypatch):
    folder, work = tmp_path / "runs", tmp_path / "work"
    folder.mkdir()
    write_run(folder, "even", 700)
    first = evaluate_real(folder, jobs=1, work=work)
    asked = []
    monkeypatch.setattr("evaluation.real.watched_file", lambda *known: asked.append(known) or {"runs": first["runs"]})
    assert evaluate_real(folder, jobs=1, work=work) == first
    assert asked == []
    write_run(folder, "even", 800)
    evaluate_real(folder, jobs=1, work=work)
    assert len(asked) == 1


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"runs": 3}'])
def test_what_was_kept_and_is_damaged_is_made_again(tmp_path, damage):
    folder, work = tmp_path / "runs", tmp_path / "work"
    folder.mkdir()
    write_run(folder, "even", 700)
    first = evaluate_real(folder, jobs=1, work=work)
    (kept,) = work.rglob("*.json")
    kept.write_text(damage)
    assert evaluate_real(folder, jobs=1, work=work) == first


def test_a_folder_in_which_nothing_can_be_kept_is_named(tmp_path):
    write_run(tmp_path, "even", 700)
    with pytest.raises(Misconfigured, match=r"^--work: .*even\.csv"):
        evaluate_real(tmp_path, jobs=1, work=tmp_path / "even.csv")


def test_a_run_that_lies_there_twice_counts_once(tmp_path):
    for name in ("raw", "runs", "other"):
        (tmp_path / name).mkdir()
        write_run(tmp_path / name, "even", 700)
    write_run(tmp_path / "other", "even", 800)
    (tmp_path / "raw" / "Even.fit").write_bytes(b"never read")
    found = evaluate_real(tmp_path, jobs=1)
    assert [one["file"] for one in found["runs"]] == ["other/even.csv", "runs/even.csv"]
    assert len(found["left_out"]) == 2
    assert all("the same run as" in one and "runs/even.csv, which was taken" in one for one in found["left_out"])
    assert found["problems"] == []


def test_pipes_and_names_that_are_no_text_are_named(tmp_path):
    write_run(tmp_path, "even", 700)
    os.mkfifo(tmp_path / "pipe.csv")
    shutil.copy(tmp_path / "even.csv", os.fsencode(tmp_path) + b"/r\xff.csv")
    write_run(tmp_path, "even", 800)
    for work in (None, tmp_path / "work"):
        found = evaluate_real(tmp_path, jobs=1, work=work)
        assert [one["file"] for one in found["runs"]] == ["even.csv"]
        pipe, name = found["problems"]
        assert "no regular file" in pipe
        assert "r\\xff.csv: its name is not UTF-8" in name


def test_seconds_after_a_long_pause_are_counted(tmp_path):
    lines = write_run(tmp_path, "even", 700).read_text().splitlines()
    lines += [f"{at_s + 3_100},150,170,3" for at_s in range(700)]
    (tmp_path / "even.csv").write_text("\n".join(lines))
    assert evaluate_real(tmp_path, jobs=1)["recorded_hours"] == pytest.approx(1_400 / 3_600, abs=0.01)


def test_a_broken_file_is_named_and_the_rest_is_counted(data, tmp_path):
    write_run(tmp_path, "even", 700)
    broken = "python-fitparse__activity-unexpected-eof.fit"
    shutil.copy(data / "raw_broken" / broken, tmp_path)
    (tmp_path / "no-run.csv").write_bytes(b"\x00\xff not a table")
    found = evaluate_real(tmp_path, jobs=1)
    assert [one["file"] for one in found["runs"]] == ["even.csv"]
    assert len(found["problems"]) == 2
    assert all(name in one for name, one in zip(("no-run.csv", broken), found["problems"], strict=True))


def test_a_packed_file_in_a_folder_below_is_found(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    packed = gzip.compress(write_run(below, "even", 700).read_bytes())
    (below / "even.csv").unlink()
    (below / "EVEN.CSV.GZ").write_bytes(packed)
    (found,) = evaluate_real(tmp_path, jobs=1)["runs"]
    assert found["file"] == "a/b/EVEN.CSV.GZ"
    assert found["hours"] == pytest.approx(700 / 3_600, abs=0.01)


def test_companions_manifests_and_hidden_files_are_no_recordings(tmp_path):
    for name in ("run.csv", "run_ev.csv", "run_rr.csv", "manifest.csv", "notes.txt", ".hidden.csv", "lone_ev.csv"):
        (tmp_path / name).write_text("")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.csv").write_text("")
    assert recordings_in(tmp_path) == ["lone_ev.csv", "run.csv"]


def test_a_folder_without_a_recording_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"holds no recording: crampwatch reads \.fit"):
        evaluate_real(tmp_path)
    with pytest.raises(Refused, match="is no folder"):
        evaluate_real(tmp_path / "nowhere")


def test_a_folder_in_which_nothing_can_be_read_says_why(tmp_path):
    (tmp_path / "x.csv").write_text("hello")
    with pytest.raises(Refused, match=r"no recording could be read\..*x\.csv"):
        evaluate_real(tmp_path, jobs=1)


def test_an_even_run_has_no_alarm_and_a_rate_of_nothing(tmp_path):
    write_run(tmp_path, "even", 1_500)
    found = evaluate_real(tmp_path, jobs=1)
    assert (found["warnings"], found["warnings_per_hour"], found["evidence"]) == (0, 0.0, [])


def test_a_run_without_any_running_has_no_rate(tmp_path):
    lines = ["t_s,hr_bpm,cadence_spm,speed_mps", *(f"{at_s},90,100,1.3" for at_s in range(700))]
    (tmp_path / "walk.csv").write_text("\n".join(lines))
    found = evaluate_real(tmp_path, jobs=1)
    assert (found["hours"], found["warnings_per_hour"]) == (0, None)


def test_progress_is_told_of_each_file(tmp_path):
    for name in ("one", "two"):
        write_run(tmp_path, name, 60)
    told = []
    evaluate_real(tmp_path, jobs=1, progress=lambda total: told.append(total) or (lambda: told.append("done")))
    assert told == [2, "done", "done"]
