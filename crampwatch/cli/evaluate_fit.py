"""``crampwatch evaluate fit``: the weights of the pattern score, by training seeds and a budget of false alarms."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from crampwatch.cli import exits
from crampwatch.cli.console import errors, out, plain
from crampwatch.cli.evaluate import counting
from crampwatch.errors import Misconfigured
from crampwatch.extras import checkout

if TYPE_CHECKING:
    from evaluation.refit import Refit

_PAGE = "evaluation-fit.md"


def fit(
    real: Annotated[
        Path | None, typer.Option(help="uneventful runs; those of half the sources teach as well", metavar="DIR")
    ] = None,
    real_weight: Annotated[
        float | None,
        typer.Option(min=0, help="what an hour of them counts, in simulated hours (default: 1)"),
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="where the weights go (default: those that ship)")] = None,
    check: Annotated[bool, typer.Option("--check", help="fit again; say whether the file is what comes out")] = False,
    tried: Annotated[bool, typer.Option("--tried", help="compare what else was tried; write the table")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="processes (default: one a core)")] = None,
) -> None:
    """Fit the weights of the pattern score on training seeds, and its thresholds on tune seeds by a false-alarm budget.

    The file of weights says what it was made of. The test seeds are not looked at. With --real the recordings of half
    the sources (a file's name up to "__") count as uneventful and are fitted on; all recordings bound the thresholds.
    """
    from evaluation import fitting, refit  # heavy: only when it is used
    from processor.weights import FILE

    if tried and (check or real is not None or to is not None):
        raise Misconfigured("--tried", "is for simulated runs and writes a table only: leave the other options out")
    fitting.demand()
    refit.demand_frozen()
    if tried:
        _try(jobs)
        return
    path = to or FILE
    before = _read(path) if check else ""
    with counting("fit", jobs, None) as how:
        found = refit.refit(real, real_weight, how)
    _tell(found)
    if check:
        _compare(found, before, path)
    else:
        refit.written(found, path, _command(real, real_weight), datetime.now(UTC).date().isoformat())
        out.print(plain(f"written: {path}"), soft_wrap=True)
    if found.problems:
        raise typer.Exit(exits.ERROR)


def _compare(found: "Refit", before: str, path: Path) -> None:
    from evaluation.refit import unlike

    apart = unlike(found, before)
    for one in apart:
        errors.print(plain(one), soft_wrap=True)
    if apart:
        errors.print(plain(f"{path} is not what this fit gives: fit again without --check"), soft_wrap=True)
        raise typer.Exit(exits.ERROR)
    out.print(plain(f"{path} is what this fit gives"), soft_wrap=True)


def _try(jobs: int | None) -> None:
    from evaluation import fit_tried

    root = checkout()
    with counting("try", jobs, None) as how:
        rows = fit_tried.compared(how)
    table = fit_tried.table(rows)
    typer.echo(table)
    if root is not None:
        page = root / "docs" / _PAGE
        _write(page, fit_tried.between_markers(_read(page), table))
        out.print(plain(f"written: {page}"), soft_wrap=True)


def _command(real: Path | None, real_weight: float | None) -> str:
    """What was asked for, without the names of folders on this machine."""
    parts = ["crampwatch evaluate fit"]
    parts += ["--real DIR"] if real is not None else []
    parts += [f"--real-weight {real_weight:g}"] if real_weight is not None else []
    return " ".join(parts)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(str(path), f"cannot be read ({error.strerror or error}): name another file") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(str(path), f"cannot be written ({error.strerror or error})") from error


def _tell(found: "Refit") -> None:
    for problem in found.problems:
        errors.print(plain(f"not used: {problem}"), soft_wrap=True)
    for one in found.left_out:
        errors.print(plain(f"left out: {one}"), soft_wrap=True)
    tune = found.tune
    out.print(_levels(found.body["thresholds"], tune))
    out.print(_budgets(found.body["budgets"]))
    out.print(_rates(tune["false_per_h"]["1"]))
    table = _table("After a sudden stop, and on recordings", "", "value")
    rows = {
        "cramps asked about within 30 s": tune["asked"],
        "questions an hour without a cramp": tune["asked_per_h"],
        "warnings an hour of all recordings": tune["recorded"]["warnings_per_h"],
        "warnings an hour of those the curves were not fitted on": tune["check"]["warnings_per_h"],
        "questions an hour of all recordings": tune["recorded"]["asked_per_h"],
        "questions an hour of those the curves were not fitted on": tune["check"]["asked_per_h"],
    }
    for name, value in rows.items():
        table.add_row(name, _number(value))
    out.print(table)
    out.print(plain(json.dumps(found.body["now"])), style="dim")


def _levels(thresholds: Mapping[str, Any], tune: Mapping[str, Any]) -> Table:
    table = _table("Thresholds, on tune seeds", "sensitivity", "watch", "warning", "imminent", "false/h", "cramps seen")
    for name, three in thresholds.items():
        rate = tune["false_per_h"][name]["warning"].get("all")
        table.add_row(name, *(f"{one:.3f}" for one in three), _number(rate), _number(tune["seen"][name]))
    return table


def _budgets(budgets: Mapping[str, float]) -> Table:
    table = _table("Warnings by budget, for evaluations", "false alarms an hour, on tune seeds", *budgets)
    table.add_row("threshold", *(f"{one:.3f}" for one in budgets.values()))
    return table


def _rates(rates: Mapping[str, Mapping[str, float]]) -> Table:
    table = _table("False alarms an hour", "", *rates)
    for group in next(iter(rates.values())):
        table.add_row(group, *(_number(one.get(group)) for one in rates.values()))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left")
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
