"""A folder of recordings without a truth: how often their runners would have been disturbed, by whom and by what."""

import contextlib
import csv
import filecmp
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from collector.recordings import ENDINGS
from collector.recordings.files import content
from crampwatch.errors import CrampwatchError, Refused
from processor.detect.pattern import PatternSettings, thresholds_of

from .kept import made, unusable
from .loading import COMPANIONS, MANIFEST, unnameable
from .recorded import watched_file
from .versions import key_of, versions

#: Of a run that lies there in several formats the first of these is taken: what somebody has put in order.
_BEST = (".csv", ".fit", ".tcx", ".gpx")
_Told = dict[str, Any]


def evaluate_real(
    folder: Path,
    *,
    jobs: int | None = None,
    progress: Callable[[int], Callable[[], None]] = lambda _total: lambda: None,
    work: Path | None = None,
) -> _Told:
    """Count alarms over every recording of a folder and those below it: FIT, TCX, GPX, CSV, each also as ``.gz``.

    Nothing is known of the runners; thresholds are as shipped. Nobody knows whether a cramp is in such runs. ``hours``
    is time of running, as every rate an hour is; ``recorded_hours`` what was recorded in all, without the pauses of
    the watch. ``warnings`` are raises to warning or more; strong signs after a warning count once more, since they
    reach the runner once more. ``prompts`` are questions after a sudden stop. ``runs`` tells both for each run, with
    ``at_s`` counted from its first sample; ``by_tag`` and ``by_runner`` sum them up where a ``manifest.csv`` (columns
    file, tags, repo) lies in the folder or the one above; ``problems`` names what could not be read, the rest is
    counted; ``left_out`` names files that hold a run once more (:func:`one_of_each`). ``evidence`` holds the minutes
    around each alarm, for the page.

    Args:
        folder: the recordings.
        jobs: how many processes; None: one a core.
        progress: told how many files there are, then called as each is done. The answer depends on neither.
        work: a folder in which what was found in a file is kept, by its content and by all code.

    Raises:
        Refused: there is no such folder, no recording in it, or none that can be read.
        Misconfigured: ``work`` cannot be written to.
    """
    files, left_out = one_of_each(folder, recordings_in(folder))
    watching = partial(_watched, folder, None if work is None else made(work, key_of("real")))
    found = _every(watching, files, min(jobs or os.cpu_count() or 1, len(files)))
    runs, evidence, problems = _gathered(found, progress(len(files)), work)
    if not runs:
        raise Refused("nothing", f"{folder}: no recording could be read. " + "; ".join(problems))
    listed = _listed(folder)
    return {
        **_rates(runs),
        "runs": runs,
        "by_tag": _grouped(runs, lambda run: _tags(listed, run["file"])),
        "by_runner": _grouped(runs, lambda run: _runner(listed, run["file"])),
        "thresholds": dict(zip(("watch", "warning", "imminent"), thresholds_of(PatternSettings()), strict=True)),
        "versions": versions() | {"generator": None},
        "problems": problems,
        "left_out": left_out,
        "evidence": evidence,
    }


def _gathered(
    found: Iterable[_Told], step: Callable[[], None], work: Path | None
) -> tuple[list[_Told], list[_Told], list[str]]:
    """Runs, evidence and problems of all files, with a step for each."""
    runs: list[_Told] = []
    evidence: list[_Told] = []
    problems: list[str] = []
    try:
        for one in found:
            runs += one.get("runs", ())
            evidence += one.get("evidence", ())
            problems += one.get("problems", ())
            step()
    except OSError as error:  # those of recordings are told by name, so it is the folder
        if work is None:
            raise
        raise unusable(work, error) from error
    return runs, evidence, problems


def recordings_in(folder: Path) -> list[str]:
    """The recordings of a folder and those below it, as paths within it, sorted.

    Raises:
        Refused: there is no such folder, or no recording in it.
    """
    if not folder.is_dir():
        raise Refused("unreadable", f"{folder} is no folder that can be read: name one with recordings")
    found: list[str] = []
    for where, below, names in os.walk(folder):
        below[:] = sorted(one for one in below if not one.startswith("."))
        kept = {name.lower() for name in names}
        found += [str((Path(where) / name).relative_to(folder)) for name in names if _is_recording(name, kept)]
    if not found:
        wanted = ", ".join(ENDINGS)
        raise Refused("empty", f"{folder} holds no recording: crampwatch reads {wanted}, each also as .gz")
    return sorted(found)


def one_of_each(folder: Path, files: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files of which each holds a run of its own, sorted; and of the others, why they are left out.

    Files are of one run where they have the same name but for folder and ending and are of several formats: a CSV is
    taken before FIT, TCX and GPX. Two of the same format are of one run where they have the same content; the one in
    a folder ``runs`` is taken.
    """
    named: dict[str, list[str]] = {}
    for file in sorted(files, key=_order):
        named.setdefault(_stem(file).lower(), []).append(file)
    taken: list[str] = []
    left_out: list[str] = []
    for group in named.values():
        mine: list[str] = []
        for file in group:
            if (same := _same(folder, file, mine)) is None:
                mine.append(file)
            else:
                left_out.append(f"{folder / file}: the same run as {folder / same}, which was taken")
        taken += mine
    return sorted(taken), sorted(left_out)


def _order(file: str) -> tuple[int, bool, str]:
    return _BEST.index(_format(file)), Path(file).parent.name != "runs", file


def _format(file: str) -> str:
    return _parted(file)[1].lower().removesuffix(".gz")


def _same(folder: Path, file: str, taken: Sequence[str]) -> str | None:
    """Which of these holds the run of this file."""
    for other in taken:
        if _format(other) != _format(file):
            return other
        with contextlib.suppress(OSError):
            one, two = folder / file, folder / other
            if one.is_file() and two.is_file() and filecmp.cmp(one, two, shallow=False):
                return other
    return None


def _is_recording(name: str, names: set[str]) -> bool:
    name = name.lower()
    stem, ending = _parted(name)
    if name.startswith(".") or not ending or name == MANIFEST:
        return False
    companion = next((one for one in COMPANIONS if stem.endswith(one)), None)
    return companion is None or stem.removesuffix(companion) + ending not in names


def _parted(name: str) -> tuple[str, str]:
    """A file's name and its ending; no ending where it is no recording."""
    packed = ".gz" if name.lower().endswith(".gz") else ""
    plain = name[: len(name) - len(packed)]
    ending = next((one for one in ENDINGS if plain.lower().endswith(one)), "")
    return (plain[: len(plain) - len(ending)], ending + packed) if ending else (name, "")


def _every(watching: Callable[[str], _Told], files: Sequence[str], cores: int) -> Iterator[_Told]:
    """What is found in each file, in the files' order."""
    if cores == 1:
        yield from map(watching, files)
        return
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        yield from pool.map(watching, files)


def _watched(folder: Path, work: Path | None, file: str) -> _Told:
    """One file in a worker: what was found, or what is wrong with it.

    Raises:
        OSError: nothing can be kept in ``work``.
    """
    path = folder / file
    if problem := unnameable(path):
        return {"problems": [problem]}
    try:
        kept = None if work is None else work / _key(path, file)
        told = None if kept is None else _read(kept)
        if told is not None:
            return told
        told = watched_file(path, Path(file).as_posix())
    except (CrampwatchError, OSError) as error:
        return {"problems": [str(error)]}
    if kept is not None:
        half = kept.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(told, allow_nan=False), encoding="utf-8")
        half.replace(kept)
    return told


def _key(path: Path, file: str) -> str:
    """Under which name it is kept what was found in a file of this name and content."""
    stem, ending = _parted(path.name)
    beside = [path.with_name(stem + one + ending) for one in COMPANIONS]
    digest = hashlib.sha256(file.encode() + b"\0" + content(path))
    for one in beside:
        digest.update(b"\0" + (content(one) if one.is_file() else b""))
    return f"{digest.hexdigest()[:24]}.json"


def _read(kept: Path) -> _Told | None:
    """What was found before; None where there is nothing, or nothing that can be used."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(kept.read_text(encoding="utf-8"))
        if isinstance(told, dict) and isinstance(told.get("runs"), list) and isinstance(told.get("evidence"), list):
            return told
    return None


def _rates(runs: Sequence[_Told]) -> _Told:
    """Sums and rates over runs; a rate over no running at all is None."""
    hours = sum(run["hours"] for run in runs)
    warnings, prompts = (sum(len(run[what]) for run in runs) for what in ("warnings", "prompts"))
    return {
        "hours": hours,
        "recorded_hours": sum(run["recorded_hours"] for run in runs),
        "warnings": warnings,
        "warnings_per_hour": warnings / hours if hours else None,
        "prompts": prompts,
        "prompts_per_hour": prompts / hours if hours else None,
    }


def _grouped(runs: Sequence[_Told], names_of: Callable[[_Told], Iterable[str]]) -> dict[str, _Told]:
    groups: dict[str, list[_Told]] = {}
    for run in runs:
        for name in names_of(run):
            groups.setdefault(name, []).append(run)
    return {name: {"runs": len(groups[name]), **_rates(groups[name])} for name in sorted(groups)}


def _listed(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """The manifest's rows by the name of the file without its ending; empty without one that can be read."""
    for where in (folder, folder.resolve().parent):
        try:
            with (where / MANIFEST).open(newline="", encoding="utf-8-sig") as file:
                rows = [row for row in csv.DictReader(file) if row.get("file")]
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
        return {_stem(row["file"]): row for row in rows}
    return {}


def _stem(file: str) -> str:
    return _parted(Path(file).name)[0]


def _tags(listed: Mapping[str, Mapping[str, str]], file: str) -> list[str]:
    tags = listed.get(_stem(file), {}).get("tags") or ""
    return [one for one in dict.fromkeys(tags.split("|")) if one]


def _runner(listed: Mapping[str, Mapping[str, str]], file: str) -> list[str]:
    repo = listed.get(_stem(file), {}).get("repo")
    return [repo] if repo else []
