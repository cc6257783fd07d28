"""``crampwatch explain``: why a run was given the levels that it was."""

import doctest
import json
import math

import pytest

from crampwatch.cli import exits
from crampwatch.cli import explain as command
from crampwatch.cli.moments import events, index_at
from crampwatch.cli.offline import watched
from crampwatch.cli.weighing import above_quiet, missing, signs
from crampwatch.errors import Misconfigured
from crampwatch.units import Gate, Level, Mode
from processor.score import ScoreSettings, quiet_channels
from tests.cli.rig import csv_of
from tests.support.stories import Story


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    story = Story().running(600).hitching(8, every_s=20).standing(60).running(60)
    return csv_of(story, tmp_path_factory.mktemp("runs") / "build_up.csv")


@pytest.fixture(scope="module")
def run(recording):
    (found,) = watched(recording)
    return found


def told(crampwatch, *arguments):
    said = crampwatch("explain", *arguments)
    assert said.code == 0, said.err
    return said.out


def test_without_a_time_the_run_is_listed_with_its_findings_and_levels(crampwatch, recording):
    lines = told(crampwatch, recording).splitlines()
    assert "findings" in lines[0]
    assert any("hitch" in line and "Your rhythm broke" in line for line in lines)
    assert any("level" in line and "Watch" in line and "until" in line for line in lines)
    assert any("Check now" in line and "You stopped suddenly" in line for line in lines)
    times = [line.split()[0] for line in lines[1:]]
    assert times == sorted(times)


def test_the_listed_findings_are_those_of_backtest(crampwatch, recording):
    tested = [json.loads(line) for line in crampwatch("backtest", recording, "--json").out.splitlines()]
    listed = [json.loads(line) for line in told(crampwatch, recording, "--json").splitlines()]
    moments = {(row["at_s"], tuple(row["words"])) for row in listed}
    assert tested
    assert {(row["at_s"], tuple(row["because"])) for row in tested} <= moments


def test_one_second_is_explained_from_the_channels_to_the_level(crampwatch, recording):
    text = told(crampwatch, recording, "--at", "11:50")
    for words in (
        "0:11:50",
        "heart rate",
        "cadence",
        "steps/min",
        "hitches, fading",
        "fatigue terms",
        "quiet",
        "before",
    ):
        assert words in text


@pytest.mark.parametrize("time", ["710", "11:50", "0:11:50", "710.4"])
def test_a_time_may_be_written_in_any_usual_way(crampwatch, recording, time):
    explained = json.loads(told(crampwatch, recording, "--at", time, "--json"))
    assert explained["at_s"] == 710.0


def test_json_holds_everything_that_the_text_says(crampwatch, recording):
    explained = json.loads(told(crampwatch, recording, "--at", "11:50", "--json"))
    assert [one["name"] for one in explained["channels"]] == ["heart rate", "cadence", "speed"]
    assert [one["letter"] for one in explained["signs"]] == [*ScoreSettings().curves, "-"]
    assert {"mode", "gates", "level", "because", "missing", "fatigue_terms", "before", "after"} <= set(explained)
    assert explained["before"][-1]["kind"] in {"hitch", "pattern"}


def test_what_each_channel_adds_is_what_the_machine_weighed(run):
    weighed = [view for view in run.views if view.parts]
    assert weighed
    for view in weighed:
        assert {one.letter: one.adds for one in signs(view) if one.adds} == {
            name: part for name, part in view.parts.items() if part
        }


def test_no_two_signs_share_a_letter(run):
    letters = [one.letter for one in signs(run.views[-1])]
    assert len(set(letters)) == len(letters)


def test_the_scale_of_signs_begins_at_an_uneventful_second():
    score = ScoreSettings(intercept=-4.0)
    assert above_quiet(1 / (1 + math.exp(4.0)), score) == pytest.approx(0)
    assert above_quiet(0.5, score) == pytest.approx(4.0)


def test_before_the_baseline_the_next_level_lacks_something_to_compare_with(run):
    (words,) = missing(run, index_at(run, 120.0))
    assert "eight minutes" in words


def test_with_a_heart_rate_only_no_running_is_promised_to_change_what_can_be_said(tmp_path):
    lines = ["t_s,hr_bpm,cadence_spm,speed_mps", *(f"{second},{150 + second % 3},," for second in range(900))]
    path = tmp_path / "heart.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (only,) = watched(path)
    (words,) = missing(only, index_at(only, 800.0))
    assert words == (
        "Heart rate only: breaks in rhythm cannot be seen. Only the fatigue index can raise a level, to Watch."
    )


def test_a_quiet_second_lacks_signs(run):
    (words,) = missing(run, index_at(run, 590.0))
    assert "more: Watch begins at" in words


def test_somebody_who_answered_keeps_every_level_from_rising(run):
    index = index_at(run, 590.0)
    run.views[index].gates.append(Gate.ANSWERED)
    try:
        assert "No level rises" in missing(run, index)[0]
    finally:
        run.views[index].gates.remove(Gate.ANSWERED)


@pytest.mark.parametrize(("gate", "quiet"), [(Gate.HILL, "LPF"), (Gate.RUN_WALK, "L"), (Gate.TURN, "")], ids=str)
def test_what_a_gate_keeps_quiet_is_marked(run, gate, quiet):
    view = run.views[index_at(run, 590.0)]
    view.gates.append(gate)
    try:
        assert {one.letter for one in signs(view) if one.quiet} == set(quiet) == quiet_channels(view)
    finally:
        view.gates.remove(gate)
    assert not any(one.quiet for one in signs(view))


def test_nothing_is_missing_above_the_highest_level(run):
    asked = next(index for index, view in enumerate(run.views) if view.level is Level.NOW)
    assert missing(run, asked) == ()


def test_a_level_that_fades_keeps_its_reasons_and_names_no_fatigue_that_nobody_measured(run):
    raised = [view for view in run.views if view.level in {Level.WATCH, Level.WARNING, Level.IMMINENT}]
    assert raised
    assert all(view.because for view in raised)
    assert [view.because for view in raised if view.fatigue is None and "fatigue" in " ".join(view.because)] == []


def test_a_level_stands_in_the_list_from_when_it_began_until_it_ended(run):
    for event in events(run):
        if event.what == "level":
            index = index_at(run, event.at_s)
            assert run.views[index].level is event.level
            assert run.views[index - 1].level is not event.level
            assert event.until_s is None or run.views[index_at(run, event.until_s)].level is not event.level


def test_gates_and_modes_are_listed_for_as_long_as_they_hold(run):
    for view in run.views[100:130]:
        view.gates.append(Gate.HILL)
    for view in run.views[200:]:
        view.mode = Mode.CADENCE_LOST
    try:
        listed = [event for event in events(run) if event.what in {"gate", "mode"} and event.at_s < 300]
        hill = next(event for event in listed if event.name == "hill")
        assert (hill.at_s, hill.until_s) == (100.0, 130.0)
        assert "hill" in hill.words[0]
        lost = next(event for event in listed if event.name == "cadence_lost")
        assert lost.until_s is None
    finally:
        for view in run.views[100:130]:
            view.gates.remove(Gate.HILL)


@pytest.mark.parametrize("time", ["", "ten", "1:75", "1:2:3:4", "-5", "1:60:00"])
def test_a_time_that_is_none_is_refused_with_how_to_write_one(crampwatch, recording, time):
    said = crampwatch("explain", recording, f"--at={time}")
    assert said.code == exits.MISCONFIGURED
    assert "h:mm:ss" in said.err


def test_a_time_after_the_run_is_refused_with_how_long_it_lasts(crampwatch, recording):
    said = crampwatch("explain", recording, "--at", "5:00:00")
    assert said.code != 0
    assert "5:00:00" in said.err
    assert "the run lasts 0:1" in said.err


@pytest.mark.parametrize(("name", "content"), [("gone.csv", None), ("broken.fit", b"\x0e\x10nonsense")])
def test_a_file_that_cannot_be_read_is_named(crampwatch, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    said = crampwatch("explain", tmp_path / name)
    assert said.code == 1
    assert name in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_no_number_reads_like_a_chance_of_anything(crampwatch, recording):
    for text in (told(crampwatch, recording), told(crampwatch, recording, "--at", "11:50")):
        assert "%" not in text
        assert "risk" not in text


def test_the_examples_of_the_time_hold():
    assert doctest.testmod(command).failed == 0


def test_other_digits_than_ascii_are_no_time():
    with pytest.raises(Misconfigured, match="is no time"):
        command.seconds_of("٩٠")
