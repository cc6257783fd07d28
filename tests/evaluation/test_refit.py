"""A whole fit in small, and its file."""

import json
import re
from dataclasses import replace

import pytest

from crampwatch.errors import Misconfigured
from evaluation import fit_tried, refit, splits
from evaluation.curve import BUDGETS
from evaluation.evaluating import How
from evaluation.fit_tried import Tried
from processor.score import CHANNELS
from processor.weights import parsed
from simulator import frozen
from tests.evaluation.builders import write_run

pytest.importorskip("scipy")

FEW = splits.Size(0, 3, 0, 0)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    for number in range(4):
        write_run(folder, f"r{number}", spm=164 + number)
    (folder / "raw").mkdir()
    (folder / "raw" / "R0.fit").write_bytes(b"never read")
    return folder


@pytest.fixture(scope="module")
def found(recordings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refit, "TRAIN", FEW)
        patch.setattr(refit, "TUNE", FEW)
        return refit.refit(recordings, how=How(1))


def test_a_file_of_weights_is_what_the_machine_reads(found, tmp_path):
    path = tmp_path / "weights.json"
    refit.written(found, path, "crampwatch evaluate fit --real DIR", "2026-11-22")
    weights = parsed(path.read_text())
    assert weights.intercept == found.body["intercept"]
    assert {name: [list(one) for one in curve] for name, curve in weights.curves} == found.body["curves"]
    assert set(dict(weights.curves)) == set(CHANNELS)
    assert weights.budgets == found.body["budgets"]
    assert list(weights.budgets) == [str(one) for one in BUDGETS]
    assert (weights.now, weights.now_walk) == tuple(found.body["now"].values())
    assert list(weights.made_by) == ["command", "generator", "fingerprint", "seeds", "real", "date"]
    assert weights.made_by["fingerprint"] == frozen.fingerprint()
    assert "of 4 recordings" in weights.made_by["real"]


def test_what_was_written_is_what_comes_out(found, tmp_path):
    path = tmp_path / "weights.json"
    refit.written(found, path, "any", "any")
    assert refit.unlike(found, path.read_text()) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda body: body.update(intercept=body["intercept"] + 0.01), "intercept"),
        (lambda body: body["curves"]["V"][-1].__setitem__(1, 9.0), "curves.V"),
        (lambda body: body["thresholds"]["0.5"].__setitem__(2, 0.999), r"thresholds.0.5\[2\]"),
        (lambda body: body["now"].update(score=0.001), "now.score"),
        (lambda body: body["budgets"].update({"0.2": 0.997}), "budgets.0.2"),
        (lambda body: body.pop("budgets"), "budgets: None in the file"),
        (lambda body: body["made_by"].update(seeds="others"), "made_by.seeds"),
    ],
)
def test_a_file_that_was_tampered_with_is_found_out(found, change, named):
    body = json.loads(refit.as_text(found.body))
    change(body)
    apart = refit.unlike(found, json.dumps(body))
    assert len(apart) == 1
    assert re.match(named, apart[0])


def test_a_file_without_a_curve_cannot_be_checked(found):
    body = json.loads(refit.as_text(found.body))
    del body["curves"]["V"]
    with pytest.raises(Misconfigured, match="curves has no V"):
        refit.unlike(found, json.dumps(body))


def test_a_file_of_other_recordings_cannot_be_checked(found):
    body = json.loads(refit.as_text(found.body))
    body["made_by"]["real"] = "none"
    with pytest.raises(Misconfigured, match="made with recordings: none"):
        refit.unlike(found, json.dumps(body))
    with pytest.raises(Misconfigured, match="cannot be read"):
        refit.unlike(found, "{}")


def test_nothing_is_written_for_another_generator(found, tmp_path, monkeypatch):
    monkeypatch.setattr(frozen, "PINNED", {"main": "0" * 64})
    with pytest.raises(Misconfigured, match="not the one that is pinned"):
        refit.written(found, tmp_path / "weights.json", "any", "any")
    assert not (tmp_path / "weights.json").exists()


def test_the_generator_is_the_one_that_is_pinned():
    refit.demand_frozen()


def test_a_file_that_cannot_be_written_is_named(found, tmp_path):
    with pytest.raises(Misconfigured, match="name another file"):
        refit.written(found, tmp_path / "away" / "weights.json", "any", "any")


def test_figures_are_told_for_all_recordings(found):
    hours = found.tune["recorded"]["hours"]
    assert hours == pytest.approx(4 * (1_500 - 480) / 3_600, rel=0.05)
    assert found.problems == []


def test_a_run_that_lies_there_as_fit_and_as_csv_is_fitted_on_once_and_told(found):
    (left_out,) = found.left_out
    assert "R0.fit: the same run as" in left_out
    assert "r0.csv, which was taken" in left_out


def test_every_other_that_was_tried_is_fitted_and_told(monkeypatch):
    monkeypatch.setattr(fit_tried, "SIZE", FEW)
    monkeypatch.setattr(fit_tried.importlib.util, "find_spec", lambda name: None if name == "sklearn" else True)
    rows = fit_tried.compared(How(1))
    assert [one.name for one in rows] == list(fit_tried.TRIED)
    assert all(0 <= share <= 1 for one in rows for share in one.seen)
    lines = fit_tried.table(rows).splitlines()
    assert len(lines) == len(rows) + 3
    assert lines[-1].count("not measured") == 5


def test_the_table_goes_between_its_markers():
    lines = fit_tried.table(
        [Tried("this", [0.1, 0.25, None], 0.5, 118.4), Tried(fit_tried.TREES, [0.1] * 3, 0.1, None)]
    )
    page = fit_tried.between_markers(f"before\n{fit_tried.BEGIN}\n\nold\n\n{fit_tried.END}\nafter\n", lines)
    assert "| this | 0.10 | 0.25 | - | 0.50 | 118 s |" in page
    assert "old" not in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    with pytest.raises(ValueError, match="no <!-- table"):
        fit_tried.between_markers("nothing", lines)


def test_two_fits_are_alike_within_their_digits(found):
    body = json.loads(refit.as_text(found.body))
    body["intercept"] += 0.001
    assert refit.unlike(found, json.dumps(body)) == []
    other = replace(found, body={**found.body, "intercept": found.body["intercept"] + 0.1})
    assert len(refit.unlike(other, json.dumps(body))) == 1
