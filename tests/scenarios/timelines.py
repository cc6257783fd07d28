"""The golden timeline of a recording: what was said and when, small enough to be read and kept beside the code."""

import csv
import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from crampwatch.events import Finding, FindingKind
from crampwatch.units import SECOND_MS
from tests.scenarios.recordings import Observed
from tests.support import needs
from tests.support.clocks import START_MS

GOLDEN = Path(__file__).parent / "golden" / "recorded"
#: Kinds that say nothing about an athlete alone: how many there were, and the first and the last, is enough.
COUNTED = frozenset({FindingKind.HITCH, FindingKind.SIGNAL, FindingKind.CONTEXT})

Timeline = dict[str, Any]


def timeline(path: Path, seen: Observed) -> Timeline:
    """A recording as its golden file has it; times in seconds of its own clock."""
    name = f"{path.parent.name}/{path.name}"
    told = [one for one in seen.findings if one.kind not in COUNTED]
    return {
        "recording": name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "tags": _tags().get(name, []),
        "running_s": round(seen.running_ms / SECOND_MS),
        "findings": [[_seconds_into(one.at_ms), _tagged(one), str(one.level)] for one in told],
        "counted": _counted(seen),
        "levels": [[_seconds_into(at_ms), str(level)] for at_ms, level in seen.levels],
        "modes_s": _seconds(seen.modes),
        "gates_s": _seconds(seen.gates),
    }


def _seconds_into(at_ms: int) -> int:
    return (at_ms - START_MS) // SECOND_MS


def _tagged(finding: Finding) -> str:
    """Kind and tag, as the finding's own name has them."""
    return finding.id.split("/")[2]


def _counted(seen: Observed) -> dict[str, list[int]]:
    """How many, the first and the last, by kind and tag."""
    found: dict[str, list[int]] = {}
    for one in seen.findings:
        if one.kind in COUNTED:
            at_s = _seconds_into(one.at_ms)
            entry = found.setdefault(_tagged(one), [0, at_s, at_s])
            entry[0] += 1
            entry[2] = at_s
    return dict(sorted(found.items()))


def _seconds(times_ms: Mapping[str, int]) -> dict[str, int]:
    return {str(name): round(ms / SECOND_MS) for name, ms in sorted(times_ms.items())}


@cache
def _tags() -> dict[str, list[str]]:
    """What the list beside the recordings says of each: its tags, how densely it was kept, a suspected lock."""
    manifest = needs.data() / "manifest.csv"
    if not manifest.is_file():
        return {}
    found = {}
    with manifest.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tags = {*row["tags"].split("|"), row["sampling"]} - {""}
            found[row["file"]] = sorted(tags | ({"cadence-lock"} if float(row["hrcad_lock_s"] or 0) else set()))
    return found


def golden_file(path: Path) -> Path:
    """Where the golden timeline of a recording lies."""
    return GOLDEN / f"{path.stem}.json"


def text_of(told: Timeline) -> str:
    """A timeline as its file holds it: one finding a line, so that two versions can be compared by eye."""
    return "{\n" + ",\n".join(f'"{name}": {_value(value)}' for name, value in told.items()) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + ",\n".join(f" {json.dumps(one)}" for one in value) + "\n]"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f' "{name}": {json.dumps(one)}' for name, one in value.items()) + "\n}"
    return json.dumps(value, ensure_ascii=False)


def goldens() -> list[Timeline]:
    """Every golden timeline that is kept."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))]


def difference(path: Path, told: Timeline) -> str:
    """What a recording says now against its golden file; empty where nothing changed."""
    file = golden_file(path)
    was = file.read_text(encoding="utf-8") if file.is_file() else ""
    return "\n".join(_lines(file.name, was, text_of(told)))


def _lines(name: str, was: str, now: str) -> Iterable[str]:
    return difflib.unified_diff(was.splitlines(), now.splitlines(), f"{name} (golden)", f"{name} (now)", "", "", 0, "")
