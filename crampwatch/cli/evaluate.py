"""``crampwatch evaluate``: how good the detectors are, on simulated runs, on runs with a truth, on runs without."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crampwatch.cli import evaluate_files as files
from crampwatch.cli import exits, figures
from crampwatch.cli.console import errors, out, plain, progress
from crampwatch.errors import Misconfigured
from crampwatch.extras import checkout

if TYPE_CHECKING:
    from evaluation.evaluating import How

app = typer.Typer(invoke_without_command=True)

LOG = "evaluation-log.csv"
_BESIDE = f"put what --json wrote elsewhere beside it: {', '.join(files.BESIDE)}; may be repeated"


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
    beside: Annotated[list[str] | None, typer.Option(help=_BESIDE, metavar="NAME=FILE")] = None,
    log: Annotated[Path | None, typer.Option(help=f"where opening test is noted (default: {LOG})")] = None,
) -> None:
    """Score the detectors: cramps seen beforehand against false alarms per hour, with intervals.

    Simulated figures say how detectors compare and which alarms are false. They say nothing about real cramps: the
    build-up before one is an assumption. `docs/evaluation-format.md` says what each key of --json means.
    """
    if context.invoked_subcommand is not None:
        _demand_nothing(context)
        return
    folder = {"--sessions": sessions, "--real": real}
    simulated = {"--split test": split is Split.TEST, "--small": small, "--without": bool(without)}
    simulated["--beside"] = bool(beside)
    _agree(folder, simulated | {"--generator other": generator is Generator.OTHER}, baselines)
    others = files.read_beside(beside or ())
    worn = frozenset(map(str, without or ()))
    noted = (log or _usual_log()) if split is Split.TEST else None
    _demand(as_json, html, noted, work, baselines)
    opened = {} if noted is None else {"opened": _note(noted, "small" if small else "full", generator, worn)}
    with counting("evaluate", jobs, work) as how:
        if real is not None:
            found = _real(real, how)
        elif sessions is not None:
            found = _of_folder(sessions, how, baselines)
        else:
            found = _drawn(split, small, generator, worn, how, baselines)
    found["versions"] = {**found.get("versions", {}), **opened, "command": _command()}
    if others:
        _put_beside(found, others)
    _tell(found, as_json, html, of_real=real is not None)


def _demand_nothing(context: typer.Context) -> None:
    """See that no option stands before a command that does not read it."""
    for one in context.command.params:
        source = context.get_parameter_source(one.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise Misconfigured(one.opts[0], f"is not for evaluate {context.invoked_subcommand}: leave it out")


def _agree(folder: Mapping[str, Path | None], simulated: Mapping[str, bool], baselines: bool) -> None:
    """See that no option is given that the others leave without a meaning."""
    given = [name for name, path in folder.items() if path is not None]
    if len(given) > 1:
        raise Misconfigured("--real", "cannot be used with --sessions: score them one after the other")
    if given and (idle := [name for name, wanted in simulated.items() if wanted]):
        raise Misconfigured(idle[0], f"is for simulated runs: leave it out with {given[0]}")
    if given == ["--real"] and baselines:
        raise Misconfigured("--baselines", "needs runs with a truth: leave it out with --real")


def _demand(as_json: str | None, html: Path | None, log: Path | None, work: Path | None, baselines: bool) -> None:
    """See before anything is opened that all of it can be written, kept and compared."""
    written = {"--json": None if as_json in {None, "-"} else Path(str(as_json)), "--html": html}
    files.demand_writable(written)
    files.demand_apart({**written, "--log": log})
    _methods(baselines)
    if work is not None:
        from evaluation import kept

        kept.made(work, "")


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


def _put_beside(found: dict[str, Any], others: Mapping[str, Any]) -> None:
    """Add what other evaluations say, and the targets that need it."""
    from evaluation import targets

    found["beside"] = targets.beside(found, **others)
    found["targets"] = targets.table(found)


def _command() -> str:
    return " ".join(["crampwatch", *sys.argv[1:]])


def _usual_log() -> Path:
    root = checkout()
    return Path(LOG) if root is None else root / "docs" / LOG


def _note(log: Path, size: str, drawn_by: str, without: frozenset[str]) -> int:
    """Note that the test seeds are opened, and say so where they were before; how often with these weights, so far."""
    from evaluation.versions import versions

    told = versions() | {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "size": size,
        "drawn_by": drawn_by,
        "without": " ".join(sorted(without)),
        "command": _command(),
    }
    before = files.note(log, told)
    if before:
        times = "once" if len(before) == 1 else f"{len(before)} times"
        said = f"test was opened with these weights {times} before, last {before[-1]} ({log})"
        errors.print(plain(f"{said}: what is chosen by looking at it again is no test"), soft_wrap=True)
    return len(before) + 1


def _tell(found: Mapping[str, Any], as_json: str | None, html: Path | None, *, of_real: bool) -> None:
    for problem in found["problems"]:
        errors.print(plain(f"not scored: {problem}"), soft_wrap=True)
    if left_out := found.get("left_out"):
        many = f"{len(left_out)} files hold" if len(left_out) > 1 else "1 file holds"
        said = f"{many} a run that was counted already: see left_out in --json"
        errors.print(plain(said), soft_wrap=True)
    if as_json is not None:
        shown = {name: value for name, value in found.items() if name != "evidence"}
        text = json.dumps(shown, indent=1, allow_nan=False)
        typer.echo(text) if as_json == "-" else files.write(Path(as_json), text + "\n")
    if html is not None:
        from evaluation import report

        files.write(html, (report.real_page if of_real else report.page)(dict(found)))
    if as_json != "-":
        for table in figures.real_tables(found) if of_real else figures.tables(found):
            out.print(table)
        if not of_real:
            out.print(figures.HONEST, style="dim")
    if found["problems"]:
        raise typer.Exit(exits.ERROR)
