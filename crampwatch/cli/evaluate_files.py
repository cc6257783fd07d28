"""The files of ``crampwatch evaluate``: checked before hours are spent, the log of openings, other results."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crampwatch.errors import Misconfigured, Unavailable

LOG_COLUMNS = ("date", "package", "generator", "machine", "weights", "size", "drawn_by", "without", "command")
#: What may be named with ``--beside``, and what each result has to say.
BESIDE = {"no_speed": "sensitivity", "no_heart": "sensitivity", "other": "sensitivity", "real": "warnings_per_hour"}


def demand_writable(files: Mapping[str, Path | None]) -> None:
    """See that each of these can be written.

    Args:
        files: by the name of the option; None: not asked for.

    Raises:
        Misconfigured: one cannot; the message names the option.
    """
    for option, path in files.items():
        if path is not None and (why := _unwritable(path)):
            raise Misconfigured(option, f"{path} cannot be written ({why}): name another file")


def demand_apart(files: Mapping[str, Path | None]) -> None:
    """See that no two of these, by the name of the option, are one file.

    Raises:
        Misconfigured: two are.
    """
    taken: dict[Path, str] = {}
    for option, path in files.items():
        if path is None:
            continue
        if (there := path.resolve()) in taken:
            raise Misconfigured(option, f"{path} is what {taken[there]} writes as well: name another file")
        taken[there] = option


def _unwritable(path: Path) -> str | None:
    folder = path.parent
    if path.is_dir():
        return "it is a folder"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(path if path.exists() else folder, os.W_OK):
        return "it is not yours to write"
    return None


def write(path: Path, text: str) -> None:
    """Write a file; what of a name is no letter is written with backslashes.

    Raises:
        Misconfigured: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise Misconfigured(str(path), f"cannot be written ({error.strerror or error}): name another file") from error


def note(log: Path, told: Mapping[str, str]) -> list[str]:
    """Note that the test seeds are opened, before anything is seen of them.

    Args:
        log: the file; begun where it is not there.
        told: a value for each of :data:`LOG_COLUMNS`.

    Returns:
        When they were opened with the same weights before, in the order of the file.

    Raises:
        Unavailable: it cannot be read or written, or is no such log.
    """
    try:
        rows = _rows(log)
        with log.open("a", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writing = csv.writer(file, lineterminator="\n")
            if rows is None:
                writing.writerow(LOG_COLUMNS)
            writing.writerow(told[name] for name in LOG_COLUMNS)
    except (OSError, ValueError, csv.Error) as error:
        what = getattr(error, "strerror", None) or error
        raise Unavailable(f"{log}: {what}: opening test is noted first; name another --log") from error
    return [row["date"] for row in rows or () if row["weights"] == told["weights"]]


def _rows(log: Path) -> list[dict[str, str]] | None:
    """What is in the log; None where nothing is."""
    if not log.exists() or not log.stat().st_size:
        return None
    with log.open(newline="", encoding="utf-8") as file:
        reading = csv.DictReader(file)
        if tuple(reading.fieldnames or ()) != LOG_COLUMNS:
            raise ValueError(f"its first line is not {','.join(LOG_COLUMNS)}")
        return list(reading)


def read_beside(given: Sequence[str]) -> dict[str, Any]:
    """Other results by name, from ``NAME=FILE`` each.

    Raises:
        Misconfigured: a name is none of :data:`BESIDE` or is given twice, or a file holds no such result.
    """
    found: dict[str, Any] = {}
    for one in given:
        name, _, file = one.partition("=")
        if name not in BESIDE or not file:
            raise Misconfigured("--beside", f"{one}: write NAME=FILE, with a name of {', '.join(BESIDE)}")
        if name in found:
            raise Misconfigured("--beside", f"{name} is given twice: leave one of them out")
        found[name] = _result(name, Path(file))
    return found


def _result(name: str, file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured("--beside", f"{file} cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        raise Misconfigured("--beside", f"{file} is no JSON ({error})") from error
    key = BESIDE[name]
    value = told.get(key, "") if isinstance(told, dict) else ""
    if key == "sensitivity":
        value = value.get("0.2", "") if isinstance(value, dict) else ""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        wanted = "crampwatch evaluate --real DIR --json" if name == "real" else "crampwatch evaluate --json"
        raise Misconfigured("--beside", f"{file} is no result for {name}: name a file that {wanted} wrote")
    return dict(told)
