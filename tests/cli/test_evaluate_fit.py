"""``crampwatch evaluate fit``: weights are written, checked, and refused where they could not be believed."""

import json

import pytest

from crampwatch.cli import evaluate_fit, exits
from evaluation import fitting, refit, splits
from processor.weights import parsed
from simulator import frozen

pytest.importorskip("scipy")


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """A session or two are the whole."""
    monkeypatch.setattr(refit, "TRAIN", splits.Size(0, 2, 0, 0))
    monkeypatch.setattr(refit, "TUNE", splits.Size(0, 1, 0, 0))


def test_weights_are_written_and_are_what_another_fit_gives(crampwatch, tmp_path):
    path = tmp_path / "weights.json"
    told = crampwatch("evaluate", "fit", "--jobs", 1, "--out", path)
    assert told.code == 0
    assert f"written: {path}" in told.out
    assert "Warnings by budget, for evaluations" in told.out
    weights = parsed(path.read_text())
    assert weights.made_by["command"] == "crampwatch evaluate fit"
    assert weights.made_by["real"] == "none"
    checked = crampwatch("evaluate", "fit", "--jobs", 1, "--out", path, "--check")
    assert checked.code == 0
    assert "is what this fit gives" in checked.out
    body = json.loads(path.read_text())
    body["intercept"] -= 1
    path.write_text(json.dumps(body))
    checked = crampwatch("evaluate", "fit", "--jobs", 1, "--out", path, "--check")
    assert checked.code == exits.ERROR
    assert "intercept" in checked.err
    assert json.loads(path.read_text()) == body, "a check writes nothing"


def test_another_generator_is_refused_before_minutes_are_spent(crampwatch, tmp_path, monkeypatch):
    monkeypatch.setattr(frozen, "PINNED", {"main": "0" * 64})
    told = crampwatch("evaluate", "fit", "--out", tmp_path / "weights.json")
    assert told.code == exits.MISCONFIGURED
    assert "not the one that is pinned" in told.err
    assert not (tmp_path / "weights.json").exists()


def test_a_library_that_is_missing_is_named(crampwatch, monkeypatch):
    monkeypatch.setattr(fitting, "_LIBRARIES", ("no_such_library",))
    told = crampwatch("evaluate", "fit")
    assert told.code == exits.MISCONFIGURED
    assert "no_such_library is not installed" in told.err


def test_a_file_to_check_and_a_folder_of_recordings_must_be_there(crampwatch, tmp_path):
    told = crampwatch("evaluate", "fit", "--check", "--out", tmp_path / "away.json")
    assert told.code == exits.MISCONFIGURED
    assert "away.json" in told.err
    told = crampwatch("evaluate", "fit", "--real", tmp_path / "away")
    assert told.code == exits.ERROR
    assert "no folder" in told.err


def test_trying_others_is_for_simulated_runs(crampwatch, tmp_path):
    told = crampwatch("evaluate", "fit", "--tried", "--real", tmp_path)
    assert told.code == exits.MISCONFIGURED
    assert "--tried" in told.err


def test_what_made_the_weights_names_no_folder_of_this_machine(tmp_path):
    assert evaluate_fit._command(tmp_path, 2.0) == "crampwatch evaluate fit --real DIR --real-weight 2"
