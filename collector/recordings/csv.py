"""Plain CSV: ``t_s,hr_bpm,cadence_spm,speed_mps,altitude_m,distance_m``, with optional companions.

``RUN_rr.csv`` (``t_s_of_preceding_record,rr_s``) holds the beats, ``RUN_ev.csv`` (``t_s,event``) laps and timer
stops. Only ``t_s`` and one of ``hr_bpm`` and ``cadence_spm`` are needed.
"""

import bisect
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from crampwatch.errors import Refused

from .assembly import Draft, Point
from .files import content
from .recording import MarkKind
from .xml import number

_EVENTS = {
    "lap": MarkKind.LAP,
    "timer_start": MarkKind.TIMER_START,
    "timer_stop": MarkKind.TIMER_STOP,
    "timer_stop_all": MarkKind.TIMER_STOP,
    "track_break": MarkKind.TIMER_STOP,
}
#: The note of rows that a decimal comma has made longer, so that each cell after it is another column's.
TOO_LONG = "rows with more cells than the first line"
_HEADER = "t_s,hr_bpm,cadence_spm,speed_mps,altitude_m,distance_m"


def read_csv(data: bytes, path: Path) -> list[Draft]:
    """The run of a CSV file and its companions, as a draft.

    Raises:
        Refused: ``wrong_format`` or ``companion`` (an ``_rr`` or ``_ev`` file alone); whatever is wrong with a
            companion.
    """
    draft = Draft(sport="running", dated=False)
    needed = ({"t_s"}, {"hr_bpm", "cadence_spm"})
    for row in _rows(data, str(path), needed, _HEADER, draft.found):
        t_s = number(row.get("t_s"))
        if t_s is None or t_s < 0:
            draft.found["rows without a time, left out"] += 1
            continue
        draft.points.append(
            Point(
                at_s=t_s,
                bpm=number(row.get("hr_bpm")),
                cadence=number(row.get("cadence_spm")),
                speed_mps=number(row.get("speed_mps")),
                distance_m=number(row.get("distance_m")),
            )
        )
    _beats(draft, _companion(path, "_rr"))
    _events(draft, _companion(path, "_ev"))
    return [draft]


def _companion(path: Path, ending: str) -> Path:
    suffixes = "".join(path.suffixes[-2:]) if path.suffix.lower() == ".gz" else path.suffix
    return path.with_name(f"{path.name.removesuffix(suffixes)}{ending}{suffixes}")


def _beats(draft: Draft, path: Path) -> None:
    if not path.is_file():
        return
    times = [point.at_s for point in draft.points]
    columns = ({"t_s_of_preceding_record"}, {"rr_s"})
    for row in _rows(content(path), str(path), columns, "t_s_of_preceding_record,rr_s"):
        t_s, rr_s = number(row["t_s_of_preceding_record"]), number(row["rr_s"])
        index = -1 if t_s is None else bisect.bisect_right(times, t_s) - 1
        if index < 0 or rr_s is None:
            draft.found["beat intervals without a record, left out"] += 1
            continue
        point = draft.points[index]
        draft.points[index] = replace(point, rr_ms=(*point.rr_ms, round(rr_s * 1_000, 3)))


def _events(draft: Draft, path: Path) -> None:
    if not path.is_file():
        return
    for row in _rows(content(path), str(path), ({"t_s"}, {"event"}), "t_s,event"):
        t_s, kind = number(row["t_s"]), _EVENTS.get(row["event"])
        if t_s is None or kind is None:
            draft.found["events of an unknown kind, left out"] += 1
            continue
        draft.marks.append((t_s, kind))


def _rows(
    data: bytes, file: str, needed: tuple[set[str], set[str]], header: str, found: Counter[str] | None = None
) -> Iterator[dict[str, str]]:
    """Rows by column name: every column of the first set must be there, and one of the second.

    ``found`` counts rows that hold more than there are columns.
    """
    try:
        reader = csv.DictReader(data.decode("utf-8-sig").splitlines(), strict=True)
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames, columns = names, set(names)
        if not needed[0] <= columns or not needed[1] & columns:
            if any(";" in name for name in names):
                said = "its columns are parted by semicolons: write commas, and points in numbers"
                raise Refused("wrong_format", f"{file}: {said}")
            raise Refused("wrong_format", f"{file}: its first line must be {header}")
        for row in reader:
            # A short row leaves columns None, a long one collects the rest under None.
            if found is not None and any(row.get(None) or ()):
                found[TOO_LONG] += 1
            yield {name: value or "" for name, value in row.items() if name is not None}
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused("wrong_format", f"{file} is no CSV ({error}): export it once more") from error
