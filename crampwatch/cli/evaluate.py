"""``crampwatch evaluate``: how good the detectors are, on simulated runs, on runs with a truth, on runs without."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crampwatch.cli import exits, figures
from crampwatch.cli.console import errors, out, plain, progress
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.extras import checkout

if TYPE_CHECKING:
    from evaluation.evaluating import How

app = typer.Typer(invoke_without_command=True)

LOG = "evaluation-log.csv"
_LOG_COLUMNS = ("date", "package", "generator", "machine", "weights", "size", "command")


class Split(StrEnum):
    """Parts of the seeds that an evaluation may use."""

    TUNE = "tune"
    TEST = "test"


class Generator(StrEnum):
    """Whose premises about build-ups are simulated."""

    MAIN = "main"
    OTHER = "other"


class Channel(StrEnum):
    """What a runner may not wear a sensor for."""

    SPEED = "speed"
    HEART = "heart"


@app.callback()
def evaluate(
    context: typer.Context,
    split: Annotated[Split, typer.Option(help="which simulated runs; test is opened once a release")] = Split.TUNE,
    small: Annotated[bool, typer.Option("--small", help="a few of them, in two minutes")] = False,
    generator: Annotated[Generator, typer.Option(help="whose build-ups: the main ones, or others")] = Generator.MAIN,
    without: Annotated[list[Channel] | None, typer.Option(help="no sensor for it is worn; may be repeated")] = None,
    sessions: Annotated[
        Path | None, typer.Option(help="score a folder of NAME.csv with NAME.truth.json", metavar="DIR")
    ] = None,
    real: Annotated[
        Path | None, typer.Option(help="count alarms over a folder of recordings without a truth", metavar="DIR")
    ] = None,
    as_json: Annotated[str | None, typer.Option("--json", help="write the figures there; - is stdout")] = None,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures there")] = None,
    work: Annotated[Path | None, typer.Option(help="keep what is done there, and go on from it", metavar="DIR")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="processes (default: one a core)")] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="simple methods beside it, on the same runs")] = False,
    log: Annotated[Path | None, typer.Option(help=f"where opening test is noted (default: {LOG})")] = None,
) -> None:
    """Score the detectors: cramps seen beforehand against false alarms per hour, with intervals.

    Simulated figures say how detectors compare and which alarms are false. They say nothing about real cramps: the
    build-up before one is an assumption. `docs/evaluation-format.md` says what each key of --json means.
    """
    if context.invoked_subcommand is not None:
        return
    folder = {"--sessions": sessions, "--real": real}
    simulated = {"--split test": split is Split.TEST, "--small": small, "--without": bool(without)}
    _agree(folder, simulated | {"--generator other": generator is Generator.OTHER}, baselines)
    with counting("evaluate", jobs, work) as how:
        if real is not None:
            found = _real(real, how)
        elif sessions is not None:
            found = _of_folder(sessions, how, baselines)
        else:
            if split is Split.TEST:
                _note(log or _usual_log(), "small" if small else "full")
            found = _drawn(split, small, generator, frozenset(map(str, without or ())), how, baselines)
    found["versions"] = {**found.get("versions", {}), "command": _command()}
    _tell(found, as_json, html, of_real=real is not None)


def _agree(folder: Mapping[str, Path | None], simulated: Mapping[str, bool], baselines: bool) -> None:
    """See that no option is given that the others leave without a meaning."""
    given = [name for name, path in folder.items() if path is not None]
    if len(given) > 1:
        raise Misconfigured("--real", "cannot be used with --sessions: score them one after the other")
    if given and (idle := [name for name, wanted in simulated.items() if wanted]):
        raise Misconfigured(idle[0], f"is for simulated runs: leave it out with {given[0]}")
    if given == ["--real"] and baselines:
        raise Misconfigured("--baselines", "needs runs with a truth: leave it out with --real")


def _drawn(
    split: str, small: bool, generator: str, without: frozenset[str], how: "How", baselines: bool
) -> dict[str, Any]:
    from evaluation.evaluating import evaluate_drawn  # heavy: only when it is used

    methods = _methods(baselines)
    return evaluate_drawn(split, small=small, generator=generator, without=without, baselines=methods, how=how)


def _of_folder(folder: Path, how: "How", baselines: bool) -> dict[str, Any]:
    from evaluation.evaluating import evaluate_folder

    return evaluate_folder(folder, baselines=_methods(baselines), how=how)


def _real(folder: Path, how: "How") -> dict[str, Any]:
    from evaluation.real import evaluate_real

    return evaluate_real(folder, jobs=how.cores, progress=how.progress, work=how.work)


def _methods(wanted: bool) -> tuple[str, ...]:
    """The simple methods beside it, if they are wanted."""
    if not wanted:
        return ()
    from evaluation import baselines, foreign

    foreign.demand()
    return tuple(baselines.METHODS)


@contextmanager
def counting(what: str, jobs: int | None, work: Path | None) -> "Iterator[How]":
    """On what an evaluation runs, with a bar on stderr that is called ``what``."""
    from evaluation.evaluating import How

    with progress() as bar:

        def begin(total: int) -> Callable[[], None]:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        yield How(jobs, work, begin)


def _command() -> str:
    return " ".join(["crampwatch", *sys.argv[1:]])


def _usual_log() -> Path:
    root = checkout()
    return Path(LOG) if root is None else root / "docs" / LOG


def _note(log: Path, size: str) -> None:
    """Note that the test seeds are opened, before anything is seen of them."""
    from evaluation.versions import versions

    told = versions() | {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "size": size,
        "command": _command(),
    }
    try:
        new = not log.exists()
        with log.open("a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            if new:
                rows.writerow(_LOG_COLUMNS)
            rows.writerow(told[name] for name in _LOG_COLUMNS)
    except OSError as error:
        raise Unavailable(
            f"{log}: {error.strerror or error}: opening test is noted first; name another --log"
        ) from error


def _tell(found: Mapping[str, Any], as_json: str | None, html: Path | None, *, of_real: bool) -> None:
    for problem in found["problems"]:
        errors.print(plain(f"not scored: {problem}"), soft_wrap=True)
    if html is not None:
        from evaluation import report

        _write(html, (report.real_page if of_real else report.page)(dict(found)))
    if as_json is not None:
        shown = {name: value for name, value in found.items() if name != "evidence"}
        text = json.dumps(shown, indent=1, allow_nan=False)
        typer.echo(text) if as_json == "-" else _write(Path(as_json), text + "\n")
    if as_json != "-":
        for table in figures.real_tables(found) if of_real else figures.tables(found):
            out.print(table)
        if not of_real:
            out.print(figures.HONEST, style="dim")
    if found["problems"]:
        raise typer.Exit(exits.ERROR)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(str(path), f"cannot be written ({error.strerror or error}): name another file") from error
