"""What ``crampwatch explain`` says: one second as tables, a run as lines, both as JSON."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from crampwatch.cli import moments, weighing
from crampwatch.cli.console import LOOKS, clock_text, out, plain
from crampwatch.cli.offline import Watched
from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level
from crampwatch.wording import GATE_WORDS, LEVEL_WORDS, MODE_WORDS
from processor.features.view import View


def explained(run: Watched, index: int) -> dict[str, Any]:
    """One second as JSON has it."""
    view = run.views[index]
    before, after = moments.neighbours(run, view)
    prior, most_prior = weighing.prior(run, index)
    return {
        "run": run.name,
        "at_s": max(0, view.at_ms - run.first_ms) / SECOND_MS,
        "mode": str(view.mode),
        "motion": str(view.motion),
        "settled": view.settled,
        "baseline": view.base is not None,
        "channels": [asdict(one) for one in moments.readings(view)],
        "alpha1": view.alpha1,
        "gates": [str(gate) for gate in view.gates],
        "signs": [asdict(one) for one in weighing.signs(view)],
        "prior": prior,
        "most_prior": most_prior,
        "weight": round(weighing.above_quiet(view.score), 3),
        "fatigue": view.fatigue,
        "fatigue_terms": [asdict(one) for one in weighing.terms(view)],
        "level": str(view.level),
        "level_since_s": moments.level_since_s(run, index),
        "because": list(view.because),
        "missing": list(weighing.missing(run, index)),
        "before": [asdict(one) for one in before],
        "after": [asdict(one) for one in after],
    }


def tell(run: Watched, index: int) -> None:
    """Print one second for people."""
    view, what = run.views[index], explained(run, index)
    shape, colour = LOOKS[view.level]
    at = clock_text(round(what["at_s"] * SECOND_MS))
    out.print(Text.assemble((at, "bold"), " into ", plain(run.name)), soft_wrap=True)
    _say("level", Text(f"{shape} {weighing.level_words(run, index)}", style=colour))
    for reason in what["because"]:
        _say("", plain(reason))
    for words in what["missing"]:
        _say("to the next", plain(words))
    _say("sees", plain(MODE_WORDS[view.mode]))
    _say("legs", plain(moments.motion_words(view)))
    for gate in view.gates:
        _say("quiet", plain(GATE_WORDS[gate]))
    if not view.gates:
        _say("quiet", plain("No gate held."))
    out.print()
    out.print(_channels(what["channels"], view.alpha1))
    out.print()
    out.print(_signs(view, what))
    out.print()
    out.print(_terms(what))
    for heading, found in (("before", what["before"]), ("after", what["after"])):
        for one in found:
            when = clock_text(round(one["at_s"] * SECOND_MS))
            _say(heading, plain(f"{when}  {one['kind']}  {' '.join(one['because'])}"))


def _say(heading: str, words: Text) -> None:
    out.print(Text.assemble((f"{heading:<12}", "dim"), words), soft_wrap=True)


def _channels(channels: list[dict[str, Any]], alpha1: float | None) -> Table:
    table = _table("channel", "value", "usual here", "quality")
    for one in channels:
        digits = 2 if one["unit"] == "m/s" else 0
        value, usual = (_number(one[name], digits) for name in ("value", "usual"))
        table.add_row(one["name"], f"{value} {one['unit']}" if one["value"] is not None else "-", usual, one["quality"])
    if alpha1 is not None:
        table.add_row("beats", f"{alpha1:.2f} alpha 1", "", "good")
    return table


def _signs(view: View, explained: dict[str, Any]) -> Table:
    table = _table("pattern signs", "measured", "counts from", "full at", "adds", "of")
    for one in explained["signs"]:
        numbers = (_number(one[name], 2) for name in ("value", "low", "high", "adds", "most"))
        name = f"{one['name']}, kept quiet" if one["quiet"] else one["name"]
        table.add_row(f"{one['letter']:<3}{name}", *numbers)
    for letter, adds in view.parts.items():
        if letter not in {one["letter"] for one in explained["signs"]}:
            table.add_row(letter, "", "", "", _number(adds, 2), "")
    if explained["prior"]:
        table.add_row(
            "pi history and answers", "", "", "", _number(explained["prior"], 2), _number(explained["most_prior"], 2)
        )
    weighed = view.base is not None and view.residual_spm is not None
    words = "all together, averaged" if weighed else "not weighed at this second; what stands from before"
    table.add_row(Text(words, "bold"), "", "", "", f"{explained['weight']:.2f}", "")
    return table


def _terms(explained: dict[str, Any]) -> Table:
    names = {
        "decoupling": "heart rate up for the pace, share",
        "decline": "cadence down, percent",
        "slowing": "slower at a like heart rate, share",
        "alpha1": "alpha 1 below its usual",
        "exposure": "time, of the longest recent run",
    }
    table = _table("fatigue terms", "measured", "adds")
    for one in explained["fatigue_terms"]:
        value = "not measured" if one["value"] is None else f"{one['value']:.3f}"
        table.add_row(names[one["name"]], value, _number(one["adds"], 1))
    index = explained["fatigue"]
    words = "too few terms" if index is None else f"{index:.0f}"
    table.add_row(Text("index (40 is rising, 70 is high)", "bold"), "", words)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right", header_style="dim")
    return table


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def timeline(run: Watched, *, as_json: bool, named: bool) -> None:
    """Print what happened in a run."""
    listed = moments.events(run)
    if as_json:
        for event in listed:
            typer.echo(json.dumps({"run": run.name} | asdict(event)))
        return
    counts = Counter(event.what for event in listed)
    title = f"{run.name}: {clock_text(run.duration_ms)}" if named else clock_text(run.duration_ms)
    told = f"{counts['finding']} findings, {counts['level']} raised levels, {counts['gate']} gates"
    out.print(Text.assemble((title, "bold"), f", {told}"), soft_wrap=True)
    gated = {event.at_s for event in listed if event.what == "gate"}
    for event in listed:
        # The gate's own line says it, and until when.
        if not (event.name == FindingKind.CONTEXT and event.at_s in gated):
            _line(event)


def _line(event: moments.Event) -> None:
    when = clock_text(int(event.at_s * SECOND_MS))
    name = plain(event.name)
    if event.what == "level":
        shape, colour = LOOKS[event.level]
        name = Text(f"{shape} {LEVEL_WORDS[event.level]}", colour)
    elif event.level is not Level.OK:
        name = plain(event.name, "bold")
    lasted = "" if event.until_s is None else f"  until {clock_text(int(event.until_s * SECOND_MS))}"
    words = plain("; ".join(event.words), "dim")
    out.print(Text.assemble(f"{when}  {event.what:<9}", name, "  ", words, lasted), soft_wrap=True)
