"""The help teaches, and comes at once."""

import subprocess
import sys

import pytest
import typer
from click import Context

from crampwatch import __version__
from crampwatch.cli.main import app

GROUP = typer.main.get_command(app)
COMMANDS = GROUP.list_commands(Context(GROUP))
#: What takes long to import and no help needs.
HEAVY = ("bleak", "bumble", "garmin_fit_sdk", "aiomqtt", "uvicorn", "starlette", "collector", "processor", "alerts")


def test_every_command_of_the_plan_is_there():
    plan = "demo run collect process alert serve scan simulate replay backtest doctor config"
    assert set(plan.split()) <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_teaches(crampwatch, name):
    told = crampwatch(name, "--help")
    assert told.code == 0
    command = GROUP.get_command(Context(GROUP), name)
    first, *more = [part for part in command.help.split("\n\n") if part.strip()]
    assert first.endswith("."), "the first line is a sentence"
    assert more, "and it is not left alone"
    assert first in " ".join(told.out.split())


@pytest.mark.parametrize("name", ["backtest", "explain", "plot"])
def test_the_help_of_what_reads_a_recording_says_what_it_knows_of_the_runner(name):
    told = " ".join(GROUP.get_command(Context(GROUP), name).help.split())
    assert "Without --athlete it knows nothing of whose run it is" in told
    assert "the sensitivity of the setting `athletes`. Answers given live are never known." in told


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_and_option_says_what_it_is_for(name):
    command = GROUP.get_command(Context(GROUP), name)
    assert [one.name for one in command.params if not getattr(one, "help", None)] == []


def test_without_a_command_the_help_says_where_to_start_and_what_is_not_claimed(crampwatch):
    told = crampwatch()
    text = " ".join(told.out.split())
    assert "Start here" in text
    assert "Not a medical device" in text
    for name in COMMANDS:
        assert name in text


def test_the_version_is_told(crampwatch):
    assert crampwatch("--version").out.strip() == f"crampwatch {__version__}"


def test_a_command_that_is_none_ends_with_a_hint_and_code_2(crampwatch):
    told = crampwatch("dmeo")
    assert told.code == 2
    assert "demo" in told.err, "it guesses what was meant"


def test_the_help_loads_neither_the_radio_nor_the_services():
    program = f"import sys, crampwatch.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
