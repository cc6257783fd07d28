"""Names of runners, sensors and files are words, whatever they hold: never markup, never orders to a terminal."""

import io

import pytest
from rich.console import Console

from crampwatch.cli.console import Line, line_table, plain, say_all, tell_refused
from crampwatch.errors import Refused

NASTY = "[red]Ada[/red] [/b]\x1b]0;owned\x07\x1b[2J\u202e"


def drawn(what):
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(what)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "line",
    [Line(NASTY), Line(NASTY, 0, 0, 150, 170.0, because=NASTY), Line(NASTY, 0, -60_000)],
    ids=["waiting", "running", "silent"],
)
def test_a_runner_is_shown_as_it_is_called(line):
    shown = drawn(line_table([line], 0))
    assert "[red]Ada[/red] [/b]" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_letters_of_every_language_stay():
    assert plain("Zoë Ångström 走る").plain == "Zoë Ångström 走る"


def test_a_refused_file_cannot_steer_the_terminal(capsys):
    tell_refused(Refused("empty", f"{NASTY}.fit holds no run; pip install 'crampwatch[broker]'"))
    said = capsys.readouterr().err
    assert "\x1b" not in said.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert "crampwatch[broker]" in " ".join(said.split())


def test_a_terminal_without_our_letters_gets_a_question_mark():
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii"), width=80)
    say_all(console)
    console.print(plain("● calm"))
    console.file.flush()
    assert raw.getvalue() == b"? calm\n"
