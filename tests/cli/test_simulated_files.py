"""``crampwatch simulate --to``: runs that never took place, as files with the truth about them."""

import json

import pytest

from collector.recordings import load
from crampwatch.cli import exits
from evaluation import loading
from simulator.draw import draw
from simulator.frozen import fingerprint
from simulator.kinds import SAID


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_run_has_its_truth_beside_it(crampwatch, tmp_path):
    told = crampwatch("simulate", "--to", "runs", "--kind", "silent", "--count", "2", "--seed", "40")
    assert told.code == 0
    assert told.out == "wrote 2 runs to runs\n"
    folder = tmp_path / "runs"
    assert files(folder) == ["silent-40.csv", "silent-40.truth.json", "silent-41.csv", "silent-41.truth.json"]
    truth = json.loads((folder / "silent-40.truth.json").read_text())
    assert truth["silent"] is True
    assert (truth["generator"], truth["seed"], truth["fingerprint"]) == ("main", 40, fingerprint())
    (recording,) = load(folder / "silent-40.csv")
    assert recording.duration_s > truth["onset_s"] > 0
    assert recording.notes == ()


@pytest.mark.parametrize("kind", ["cramp", "silent", "aborted", "wall"])
@pytest.mark.parametrize("form", ["csv", "fit"])
def test_an_evaluation_reads_what_was_written(crampwatch, tmp_path, kind, form):
    assert crampwatch("simulate", "--to", tmp_path, "--kind", kind, "--format", form).code == 0
    loaded = loading.load(tmp_path / f"{kind}-7.{form}")
    truth = draw(7, kind).truth
    for name in ("family", "onset_s", "prodrome_s", "silent", "aborted_s", "severity"):
        assert getattr(loaded.truth, name) == getattr(truth, name)


def test_both_formats_and_the_beats_of_the_other_generator(crampwatch, tmp_path):
    asked = ("--kind", "aborted", "--format", "both", "--beats", "--generator", "other")
    assert crampwatch("simulate", "--to", tmp_path, *asked).code == 0
    stem = "aborted-7-other"
    wanted = {f"{stem}{ending}" for ending in (".csv", "_rr.csv", ".fit", ".truth.json")}
    assert wanted <= set(files(tmp_path))
    (of_csv,), (of_fit,) = load(tmp_path / f"{stem}.csv"), load(tmp_path / f"{stem}.fit")
    assert [at_s for at_s, _ in of_csv.points] == [at_s for at_s, _ in of_fit.points]
    assert any(reading.rr_ms for _, reading in of_fit.points)
    assert json.loads((tmp_path / f"{stem}.truth.json").read_text())["generator"] == "other"


def test_all_is_a_run_of_every_kind(crampwatch, tmp_path):
    assert crampwatch("simulate", "--to", "runs", "--format", "fit").code == 0
    assert files(tmp_path / "runs") == sorted(
        f"{kind}-7{ending}" for kind in SAID for ending in (".fit", ".truth.json")
    )


def test_nothing_is_overwritten_unless_it_is_said(crampwatch, tmp_path):
    asked = ("simulate", "--to", "runs", "--kind", "easy")
    assert crampwatch(*asked, "--beats").code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    refused = crampwatch(*asked, "--count", "2")
    assert refused.code == exits.MISCONFIGURED
    assert "runs/easy-7.csv is there already" in refused.err
    assert {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()} == before
    assert crampwatch(*asked, "--force").code == 0
    assert files(tmp_path / "runs") == ["easy-7.csv", "easy-7.truth.json"], "the beats were of the run before"


def test_a_kind_that_there_is_not_is_named_with_the_list(crampwatch):
    for command in (("simulate", "--to", "runs"), ("simulate",), ("demo",)):
        told = crampwatch(*command, "--kind", "eesy")
        assert told.code == exits.MISCONFIGURED
        assert told.err.startswith("error: --kind: there is no kind 'eesy'; write one of easy, hard,")


def test_a_folder_that_cannot_be_used_is_named(crampwatch, tmp_path):
    (tmp_path / "taken").write_text("")
    told = crampwatch("simulate", "--to", "taken", "--kind", "easy")
    assert told.code == exits.MISCONFIGURED
    assert "error: --to: taken cannot be written: File exists" in told.err


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("--to", "runs", "--runners", "2"), "--runners: is for runners that are collected from"),
        (("--to", "runs", "--into", "2"), "--into: is for runners that are collected from"),
        (("--count", "2"), "--count: needs --to FOLDER"),
        (("--format", "fit"), "--format: needs --to FOLDER"),
        (("--beats",), "--beats: needs --to FOLDER"),
        (("--generator", "other"), "--generator: the scripted group has none; add --kind"),
    ],
)
def test_an_option_that_would_say_nothing_is_named(crampwatch, asked, why):
    told = crampwatch("simulate", *asked)
    assert told.code == exits.MISCONFIGURED
    assert why in told.err


def test_every_kind_is_explained(crampwatch):
    told = crampwatch("simulate", "--list")
    assert told.code == 0
    assert [line.split()[0] for line in told.out.splitlines()] == list(SAID)
    assert all(said in told.out for said in SAID.values())
