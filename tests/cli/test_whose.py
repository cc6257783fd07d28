"""``--athlete``: recordings read as those of somebody who is known."""

import json

import pytest

from crampwatch.cli import exits
from crampwatch.cli.offline import watched
from crampwatch.cli.weighing import above_quiet, marks_of, missing
from crampwatch.cli.whose import profile_for
from crampwatch.settings import load
from processor.detect.pattern import PatternSettings, thresholds_of
from processor.profile import Profile
from tests.cli.rig import csv_of
from tests.cli.test_baseline import lately, learned_from
from tests.support.stories import Story

COMMANDS = [("backtest",), ("explain",), ("plot",)]


@pytest.fixture
def recording(tmp_path):
    return csv_of(Story().running(600).hitching(4, every_s=30).running(120), tmp_path / "some_hitches.csv")


@pytest.fixture
def anna(tmp_path):
    """Somebody of the settings, who ran five times."""
    text = '[[athletes]]\nid = "anna"\nsensitivity = "high"\ncramped_12_months = true\n'
    (tmp_path / "crampwatch.toml").write_text(text, encoding="utf-8")
    learned_from(tmp_path / "state", *lately(slope=10.0), athlete="anna")
    return "anna"


def prior(crampwatch, recording, *options):
    return json.loads(crampwatch("explain", recording, "--at", "700", "--json", *options).out)["prior"]


def test_a_profile_holds_what_was_learned_and_what_the_settings_say(anna):
    profile = profile_for(load(None), anna)
    assert (profile.sensitivity, profile.prior) == (2.0, 0.7)
    assert (profile.usual.sessions, profile.usual.slope, profile.usual.longest_s) == (5, 8.0, 6_000)


def test_of_nobody_nothing_is_known(anna):
    assert profile_for(load(None), None) is None


def test_who_is_known_by_the_settings_alone_has_no_history_yet(anna, tmp_path):
    with (tmp_path / "crampwatch.toml").open("a", encoding="utf-8") as file:
        file.write('[[athletes]]\nid = "ben"\nsensitivity = "low"\n')
    assert profile_for(load(None), "ben") == Profile(sensitivity=0.5)


def test_somebody_with_a_history_and_a_high_sensitivity_is_told_more(crampwatch, recording, anna):
    told = [crampwatch("backtest", recording, "--json", *options).out for options in ((), ("--athlete", anna))]
    levels = [[row["level"] for row in map(json.loads, said.splitlines()) if row["level"] != "ok"] for said in told]
    assert len(levels[1]) > len(levels[0])


def test_without_it_a_command_says_what_it_says_of_nobody(crampwatch, recording, anna):
    assert prior(crampwatch, recording) == 0.0
    assert prior(crampwatch, recording, "--athlete", anna) > 0.0


def test_what_is_missing_to_a_level_is_told_by_the_marks_of_that_athlete(recording, anna):
    (run,) = watched(recording, profile=profile_for(load(None), anna))
    (words,) = missing(run, 500)
    begins = above_quiet(thresholds_of(marks_of(run.profile))[0])
    assert begins < above_quiet(PatternSettings().thresholds[0])
    assert f"Watch begins at {begins:.2f}" in words


def test_a_picture_is_drawn_of_an_athlete(crampwatch, recording, anna):
    pytest.importorskip("matplotlib")
    assert crampwatch("plot", recording, "--athlete", anna).code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_somebody_unknown_is_refused_with_those_who_are_known_and_the_setting(crampwatch, recording, anna, command):
    said = crampwatch(*command, recording, "--athlete", "hanna")
    assert said.code == exits.MISCONFIGURED
    assert "--athlete: there is no athlete 'hanna'; known are anna; the setting athletes makes others known" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_processors_file_it_says_what_to_start(crampwatch, recording, tmp_path, command):
    said = crampwatch(*command, recording, "--athlete", "anna")
    assert said.code == exits.UNAVAILABLE
    assert "processor.db does not exist yet" in said.err
    assert not (tmp_path / "state").exists()
