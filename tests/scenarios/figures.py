"""The tables of docs/evaluation.md, counted from the golden timelines."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from crampwatch.units import Level
from tests.scenarios.timelines import Timeline, goldens
from tests.support.needs import ROOT

PAGE = ROOT / "docs" / "evaluation.md"
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
#: Tags of the list beside the recordings that are shown, with what they mean.
TAGS = {
    "1hz": "a value every second",
    "smart": "smart recording: a value every 2 to 8 s",
    "run-walk": "three walks or more",
    "walk-break": "a walk or two",
    "late-walk": "walking at the end",
    "walk-dominant": "more walking than running",
    "intervals": "fast and slow by turns",
    "variable-pace": "uneven pace",
    "track": "on a track",
    "trail": "named a trail run",
    "treadmill": "on a treadmill",
    "cadence-lock": "heart rate near cadence for minutes",
    ">60min": "longer than an hour",
    "half+": "a half marathon or longer",
    "marathon+": "a marathon or longer",
}


def alarms(told: Timeline) -> list[tuple[int, str]]:
    """When a level rose to warning or more, and when a sudden stop was asked about: second and level.

    Strong signs that ease to a warning are no alarm.
    """
    loud, stood = [], Level.OK
    for at_s, kind, level in told["findings"]:
        if kind == "cramp_stop":
            loud.append((at_s, level))
        elif kind == "pattern":
            before, stood = stood, Level(level)
            if stood.rank > max(before.rank, Level.WARNING.rank - 1):
                loud.append((at_s, level))
    return loud


def warnings(told: Timeline) -> int:
    """How often a level rose to warning or more."""
    return len(alarms(told)) - prompts(told)


def prompts(told: Timeline) -> int:
    """How many sudden stops were asked about."""
    return sum(kind == "cramp_stop" for _, kind, _ in told["findings"])


def watches(told: Timeline) -> int:
    """How often a level came to watch, from below by signs or by the fatigue index, or down from a higher one."""
    return sum(level == Level.WATCH for _, _, level in told["findings"])


def hours(timelines: Iterable[Timeline]) -> float:
    """Hours of running."""
    return sum(told["running_s"] for told in timelines) / 3_600


def headline() -> str:
    """Everything together."""
    every = goldens()
    walks = [told for told in every if told["recording"].startswith("walks/")]
    running_h = hours(every)
    counted = {
        "levels raised to warning or strong signs": sum(map(warnings, every)),
        "sudden stops asked about": sum(map(prompts, every)),
        "watches, by signs or by the fatigue index": sum(map(watches, every)),
        "hitches": sum(told["counted"].get("hitch", [0])[0] for told in every),
        "either of the first two in walks": sum(len(alarms(told)) for told in walks),
    }
    rows = [[what, str(number), f"{number / running_h:.2f}"] for what, number in counted.items()]
    title = f"{len(every) - len(walks)} runs and {len(walks)} walks, {running_h:.1f} hours of running"
    return _table([title, "number", "per hour"], rows)


def sources() -> str:
    """By the repository that a recording comes from, the loudest first."""
    groups: dict[str, list[Timeline]] = {}
    for told in goldens():
        groups.setdefault(Path(told["recording"]).name.split("__")[0].replace("+", "/", 1), []).append(told)
    groups = {name: found for name, found in groups.items() if hours(found) >= 0.05}
    return _grouped("source", {f"`{name}`": found for name, found in groups.items()})


def tags() -> str:
    """By the tags of the list beside the recordings."""
    found = {tag: [told for told in goldens() if tag in told["tags"]] for tag in TAGS}
    return _grouped("tag", {f"{tag}: {TAGS[tag]}": group for tag, group in found.items() if group})


def gates() -> str:
    """For how long each gate was closed."""
    names = sorted({name for told in goldens() for name in told["gates_s"]})
    held = {name: [told["gates_s"][name] for told in goldens() if name in told["gates_s"]] for name in names}
    return _table(
        ["gate", "recordings", "hours"],
        [[f"`{name}`", str(len(found)), f"{sum(found) / 3_600:.2f}"] for name, found in held.items()],
    )


def _grouped(what: str, groups: dict[str, list[Timeline]]) -> str:
    rows = []
    for name, found in sorted(groups.items(), key=lambda group: (-sum(map(warnings, group[1])), -hours(group[1]))):
        raised, running_h = sum(map(warnings, found)), hours(found)
        asked = str(sum(map(prompts, found)))
        rows.append([name, str(len(found)), f"{running_h:.1f}", str(raised), f"{raised / running_h:.2f}", asked])
    return _table([what, "recordings", "hours", "warnings", "per hour", "questions"], rows)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in [headings, rule, *rows])


TABLES = {"headline": headline, "sources": sources, "tags": tags, "gates": gates}


def page(text: str) -> str:
    """The page with its tables counted anew."""
    return _BLOCK.sub(lambda found: found[1] + "\n" + TABLES[found[2]]() + "\n" + found[3], text)
