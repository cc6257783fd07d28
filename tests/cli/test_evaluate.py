"""``crampwatch evaluate``: figures in a table, as JSON, and a note when the test seeds are opened."""

import json
from dataclasses import replace

import pytest

from crampwatch.cli import exits
from crampwatch.errors import Misconfigured
from evaluation import baselines, foreign, report, splits
from evaluation.splits import Size
from processor.weights import shipped
from simulator.draw import draw
from tests.evaluation.builders import write_run, write_session, write_truth


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Two sessions are the whole, and two others teach the chances."""
    for name in ("FULL", "SMALL"):
        monkeypatch.setattr(splits, name, Size(0, 1, 1, 0))
    monkeypatch.setattr(splits, "FITTING_SMALL", Size(0, 2, 0, 0))
    monkeypatch.setattr(splits, "FITTING", Size(0, 0, 0, 0))


@pytest.fixture
def folder(tmp_path):
    """A cramp and an even run, each with its truth, and one run without."""
    there = tmp_path / "sessions"
    there.mkdir()
    write_session(draw(31, "cramp"), there, "c1")
    for name in ("e1", "e2"):
        write_run(there, name)
    write_truth(there, "e1")
    return there


def test_simulated_sessions_are_scored(crampwatch, tmp_path):
    options = ("evaluate", "--small", "--jobs", 1, "--work", tmp_path / "work", "--json", tmp_path / "out.json")
    told = crampwatch(*options)
    assert told.code == 0
    assert "Cramps seen beforehand" in told.out
    assert "says anything about real cramps" in " ".join(told.out.split())
    found = json.loads((tmp_path / "out.json").read_text())
    assert (found["sessions"], found["shipped"]["n"], found["silent"]["n"]) == (2, 1, 1)
    assert found["shipped"]["unlike_the_machine"] == 0
    assert found["versions"]["split"] == "tune"
    again = crampwatch(
        "evaluate", "--small", "--jobs", 1, "--json", tmp_path / "again.json", "--work", tmp_path / "work"
    )
    assert again.out == told.out


def test_what_is_seen_at_thresholds_of_tune_seeds_is_in_the_figures_the_table_and_the_page(
    crampwatch, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr("evaluation.result.shipped", lambda: replace(shipped(), budgets={"0.2": 0.456}))
    written = ("--json", tmp_path / "out.json", "--html", tmp_path / "out.html")
    told = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, *written)
    assert json.loads((tmp_path / "out.json").read_text())["at_tuned"]["0.2"]["threshold"] == 0.456
    for shown in (told.out, (tmp_path / "out.html").read_text()):
        assert "set on tune seeds" in shown
        assert "0.456" in shown


def test_json_on_stdout_is_json_alone(crampwatch, folder):
    (folder / "e2.csv").unlink()
    told = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, "--json", "-")
    assert told.code == 0
    found = json.loads(told.out)
    assert found["sessions"] == 2
    assert list(found["sensitivity"]) == ["0.1", "0.2", "0.5", "1.0"]
    assert found["problems"] == []


def test_what_cannot_be_scored_is_named_and_the_rest_is_scored(crampwatch, folder, tmp_path):
    told = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, "--json", tmp_path / "out.json")
    assert told.code == exits.ERROR
    assert "e2.csv has no e2.truth.json beside it" in told.err
    assert json.loads((tmp_path / "out.json").read_text())["sessions"] == 2


def test_a_folder_without_anything_to_score_is_an_error(crampwatch, tmp_path):
    (tmp_path / "nothing").mkdir()
    for name in ("nothing", "away"):
        told = crampwatch("evaluate", "--sessions", tmp_path / name)
        assert told.code == exits.ERROR
        assert name in told.err
    write_run(tmp_path, "lone")
    told = crampwatch("evaluate", "--sessions", tmp_path, "--jobs", 1)
    assert told.code == exits.ERROR
    assert "no run could be scored" in told.err
    assert "lone.truth.json" in told.err


def test_opening_test_is_noted_before_it_is_seen(crampwatch, tmp_path):
    log = tmp_path / "log.csv"
    options = ("evaluate", "--split", "test", "--jobs", 1, "--log", log, "--work", tmp_path / "work")
    for _ in range(2):
        assert crampwatch(*options).code == 0
    header, *rows = log.read_text().splitlines()
    assert header == "date,package,generator,machine,weights,size,drawn_by,without,command"
    assert len(rows) == 2
    assert "full,main,,crampwatch evaluate --split test" in rows[0]


def test_opening_test_again_with_the_same_weights_is_said(crampwatch, tmp_path):
    log = tmp_path / "log.csv"
    options = ("evaluate", "--split", "test", "--jobs", 1, "--log", log, "--work", tmp_path / "work", "--json", "-")
    first = crampwatch(*options, "--without", "speed", "--without", "heart")
    assert "opened with" not in first.err
    assert json.loads(first.out)["versions"]["opened"] == 1
    row = log.read_text().splitlines()[1]
    assert ",full,main,heart speed," in row
    other = row.split(",")
    log.write_text(log.read_text() + ",".join([*other[:4], "of-others", *other[5:]]) + "\n")
    again = crampwatch(*options)
    assert f"test was opened with these weights once before, last {other[0]}" in again.err
    assert json.loads(again.out)["versions"]["opened"] == 2
    assert "2 times before" in crampwatch(*options).err


@pytest.mark.parametrize("text", ["date,weights\n1,2\n", "\xff"])
def test_a_log_of_something_else_keeps_test_closed_and_stays(crampwatch, tmp_path, text):
    log = tmp_path / "log.csv"
    log.write_bytes(text.encode("latin-1"))
    told = crampwatch("evaluate", "--split", "test", "--log", log)
    assert told.code == exits.UNAVAILABLE
    assert "name another --log" in told.err
    assert log.read_bytes() == text.encode("latin-1")


def test_nothing_is_opened_where_it_could_not_be_written_down(crampwatch, tmp_path):
    log, away = tmp_path / "log.csv", tmp_path / "away" / "out"
    (tmp_path / "file").write_text("")
    for option, path in (("--json", away), ("--html", away), ("--html", tmp_path), ("--work", tmp_path / "file")):
        told = crampwatch("evaluate", "--split", "test", "--log", log, option, path)
        assert told.code == exits.MISCONFIGURED
        assert f"{option}: " in told.err
    for options in (("--html", tmp_path / "x", "--json", tmp_path / "a" / ".." / "x"), ("--json", log)):
        (tmp_path / "a").mkdir(exist_ok=True)
        told = crampwatch("evaluate", "--split", "test", "--log", log, *options)
        assert told.code == exits.MISCONFIGURED
        assert "writes as well" in told.err
    assert not log.exists()


def test_figures_are_written_before_a_page_is_drawn(crampwatch, folder, tmp_path, monkeypatch):
    (folder / "e2.csv").unlink()

    def breaks(_found):
        raise Misconfigured("page", "cannot be drawn")

    monkeypatch.setattr(report, "page", breaks)
    told = crampwatch("evaluate", "--sessions", folder, "--json", tmp_path / "o.json", "--html", tmp_path / "o.html")
    assert told.code == exits.MISCONFIGURED
    assert json.loads((tmp_path / "o.json").read_text())["sessions"] == 2


@pytest.fixture
def others(tmp_path):
    """What other evaluations wrote."""
    (tmp_path / "real.json").write_text(json.dumps({"warnings_per_hour": 0.123}))
    (tmp_path / "speed.json").write_text(json.dumps({"sensitivity": {"0.2": 0.5}}))
    (tmp_path / "none.json").write_text(json.dumps({"sensitivity": {"0.2": None}}))
    return tmp_path


def test_other_results_are_put_beside_it_in_the_figures_the_table_and_the_page(crampwatch, others):
    named = [f"{name}={others}/{file}.json" for name, file in (("real", "real"), ("no_speed", "speed"))]
    written = ("--json", others / "out.json", "--html", others / "out.html")
    beside = [option for one in named for option in ("--beside", one)]
    told = crampwatch("evaluate", "--small", "--jobs", 1, *written, *beside)
    assert told.code == 0
    found = json.loads((others / "out.json").read_text())
    assert found["beside"]["real"] == 0.123
    assert found["beside"]["no_heart"] is None
    (row,) = [row for row in found["targets"] if "recorded runs, warnings/h" in row["quantity"]]
    assert row["value"] == "0.12"
    for shown in (told.out, (others / "out.html").read_text()):
        assert "recorded runs, warnings/h" in shown
        assert "0.12" in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["speed={}/speed.json"], "write NAME=FILE"),
        (["real"], "write NAME=FILE"),
        (["real={}/away.json"], "cannot be read"),
        (["real={}/speed.json"], "is no result for real"),
        (["other={}/real.json"], "is no result for other"),
        (["other={}/speed.json", "other={}/none.json"], "given twice"),
        (["other={}/text"], "is no JSON"),
    ],
)
def test_what_cannot_be_put_beside_it_is_named_before_hours_are_spent(crampwatch, others, given, said):
    (others / "text").write_text("{")
    options = [option for one in given for option in ("--beside", one.format(others))]
    told = crampwatch("evaluate", *options)
    assert told.code == exits.MISCONFIGURED
    assert said in " ".join(told.err.split())


@pytest.mark.parametrize("options", [("--small",), ("--jobs", 1), ("--json", "-"), ("--beside", "real=x")])
def test_an_option_before_a_command_that_does_not_read_it_is_refused(crampwatch, options):
    told = crampwatch("evaluate", *options, "fit")
    assert told.code == exits.MISCONFIGURED
    assert f"{options[0]}: is not for evaluate fit" in told.err


def test_recordings_that_lie_there_twice_are_told_and_are_no_error(crampwatch, tmp_path):
    for name in ("raw", "runs"):
        (tmp_path / name).mkdir()
        write_run(tmp_path / name, "even", 700)
    told = crampwatch("evaluate", "--real", tmp_path, "--jobs", 1, "--json", tmp_path / "out.json")
    assert told.code == 0
    assert "1 file holds a run that was counted already" in told.err
    assert len(json.loads((tmp_path / "out.json").read_text())["left_out"]) == 1


def test_a_note_that_cannot_be_made_keeps_test_closed(crampwatch, tmp_path):
    told = crampwatch("evaluate", "--split", "test", "--log", tmp_path / "away" / "log.csv")
    assert told.code == exits.UNAVAILABLE
    assert "--log" in told.err


def test_options_that_exclude_each_other_and_files_that_cannot_be_written_are_named(crampwatch, folder, tmp_path):
    told = crampwatch("evaluate", "--sessions", folder, "--real", folder)
    assert told.code == exits.MISCONFIGURED
    assert "--sessions" in told.err
    told = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, "--json", tmp_path / "away" / "out.json")
    assert told.code == exits.MISCONFIGURED
    assert "cannot be written" in told.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--sessions", "--small"), "--small"),
        (("--sessions", "--without", "speed"), "--without"),
        (("--real", "--split", "test"), "--split"),
        (("--real", "--generator", "other"), "--generator"),
        (("--real", "--baselines"), "--baselines"),
        (("--sessions", "--beside", "real=x"), "--beside"),
    ],
)
def test_options_without_a_meaning_for_a_folder_are_refused(crampwatch, folder, options, named):
    told = crampwatch("evaluate", options[0], folder, *options[1:])
    assert told.code == exits.MISCONFIGURED
    assert named in told.err


def test_a_sensor_that_is_not_worn_is_said(crampwatch, tmp_path):
    told = crampwatch("evaluate", "--without", "speed", "--jobs", 1, "--json", "-")
    assert json.loads(told.out)["versions"]["without"] == ["speed"]


def test_simple_methods_are_put_beside_it_on_the_same_runs(crampwatch, folder, monkeypatch, tmp_path):
    monkeypatch.setattr(foreign, "demand", lambda: None)
    monkeypatch.setattr(baselines, "METHODS", {"ewma_z": baselines.ewma_z})
    (folder / "e2.csv").unlink()
    told = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, "--baselines", "--json", tmp_path / "out.json")
    assert told.code == 0
    assert "ewma_z" in told.out
    beside = json.loads((tmp_path / "out.json").read_text())["baselines"]["ewma_z"]
    assert list(beside) == ["sensitivity", "curve", "partial_area", "versus"]
    assert beside["versus"]["n"] == 1


def test_simple_methods_are_not_held_to_runs_that_nothing_can_judge(crampwatch, folder, monkeypatch, tmp_path):
    monkeypatch.setattr(foreign, "demand", lambda: None)
    monkeypatch.setattr(baselines, "METHODS", {"ewma_z": baselines.ewma_z})
    write_truth(folder, "e2", onset_s=200)
    told = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, "--baselines", "--json", tmp_path / "out.json")
    assert told.code == exits.ERROR
    assert "e2.csv: its cramp at 200 s comes before anything can be judged" in told.err
    (folder / "e2.csv").unlink()
    (folder / "e2.truth.json").unlink()
    without = crampwatch("evaluate", "--sessions", folder, "--jobs", 1, "--baselines", "--json", tmp_path / "less.json")
    assert without.code == 0
    more, less = (json.loads((tmp_path / name).read_text())["baselines"] for name in ("out.json", "less.json"))
    assert more == less


def test_methods_that_need_a_library_ask_for_it_before_hours_are_spent(crampwatch, monkeypatch):
    def demand():
        raise Misconfigured("--baselines", "river is not installed")

    monkeypatch.setattr(foreign, "demand", demand)
    told = crampwatch("evaluate", "--baselines")
    assert told.code == exits.MISCONFIGURED
    assert "river is not installed" in told.err
