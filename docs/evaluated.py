"""The figures of docs/evaluation.md that come from simulated runs: ``python -m docs.evaluated FOLDER`` writes them.

The folder holds what ``crampwatch evaluate --json`` wrote: full.json (with ``--baselines``), no_speed.json,
no_heart.json, other.json and real.json. What is not there is told as not measured; without full.json there is nothing
to tell.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.targets import beside, table

PAGE = Path(__file__).with_name("evaluation.md")
FILES = ("full", "no_speed", "no_heart", "other", "real")
_BLOCK = re.compile(r"(?<=<!-- simulated: made by docs/evaluated.py -->\n).*?(?=<!-- end of simulated -->)", re.DOTALL)
_BUDGETS = ("0.1", "0.2", "0.5", "1.0")
_VERSIONS = ("package", "generator", "weights", "machine")
_FLATTERED = "**Thresholds and the map of the calibration were made on these seeds, which flatters the figures.**"
_Result = Mapping[str, Any]


def block(results: Mapping[str, _Result]) -> str:
    """The page's part about simulated runs, as Markdown.

    Args:
        results: by the names in :data:`FILES`.

    Raises:
        ValueError: they are of different parts of the seeds.
    """
    if "full" not in results:
        return "\nNot yet made.\n\n"
    splits = {one["versions"]["split"] for name, one in results.items() if name != "real"}
    if len(splits) > 1:
        raise ValueError(f"results of {' and '.join(sorted(splits))} seeds do not belong on one page")
    full = dict(results["full"])
    others = {name: results.get(name) for name in FILES[1:]}
    full["beside"] = beside(full, **others)
    parts = [_made_by(full), _targets(full), _methods(full), _ramps(full), _families(full), _modes(results)]
    return "\n".join(["", *("\n".join(part) + "\n" for part in parts), ""])


def _made_by(full: _Result) -> Iterator[str]:
    versions = full["versions"]
    told = ", ".join(f"{name} {versions[name]}" for name in _VERSIONS)
    few = ", a few of them" if versions["small"] else ""
    yield f"{full['sessions']} runs of {versions['split']} seeds{few}, {full['hours']:.0f} h. Versions: {told}."
    if versions["split"] != "test":
        yield f"\n{_FLATTERED}"


def _targets(full: _Result) -> Iterator[str]:
    yield from _table(
        ("quantity", "must", "reach for", "measured", "verdict"),
        [(row["quantity"], row["must"], row["reach"], row["value"], row["verdict"]) for row in table(full)],
    )


def _methods(full: _Result) -> Iterator[str]:
    rows = [("the shipped detectors", *_sensitivity(full))]
    rows += [(f"`{name}`", *_sensitivity(one)) for name, one in (full.get("baselines") or {}).items()]
    yield "Seen beforehand within so many false alarms an hour, each threshold picked on these runs:\n"
    yield from _table(("method", *(f"{one}/h" for one in _BUDGETS)), rows)


def _sensitivity(result: _Result) -> list[str]:
    return [_share(result["sensitivity"].get(budget)) for budget in _BUDGETS]


def _ramps(full: _Result) -> Iterator[str]:
    yield "The same by the length of the build-up:\n"
    rows = [
        (ramp, *(_share(shares.get(budget)) for budget in _BUDGETS))
        for ramp, shares in full["sensitivity_by_ramp"].items()
    ]
    yield from _table(("build-up", *(f"{one}/h" for one in _BUDGETS)), rows)


def _families(full: _Result) -> Iterator[str]:
    yield "False alarms an hour as shipped, by what kind of run it was:\n"
    rates = full["false_alarms_per_h"]
    yield from _table(("family", "an hour"), [(name, _rate(rate)) for name, rate in rates.items()])


def _modes(results: Mapping[str, _Result]) -> Iterator[str]:
    names = {"full": "everything", "no_speed": "no speed", "no_heart": "no heart rate", "other": "other build-ups"}
    yield "Within the same budgets with less, and with the second generator, each threshold picked on its runs:\n"
    rows = [(told, *_sensitivity(results[name])) for name, told in names.items() if name in results]
    yield from _table(("runs", *(f"{one}/h" for one in _BUDGETS)), rows)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def main(folder: Path) -> None:
    """Write the page anew.

    Args:
        folder: where the results lie.
    """
    found = {name: folder / f"{name}.json" for name in FILES}
    results = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in found.items() if path.exists()}
    page, count = _BLOCK.subn(lambda _: block(results), PAGE.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{PAGE} does not have its one block between the marks")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
