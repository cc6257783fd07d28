"""The figures of an evaluation as tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from crampwatch.cli.console import plain

HONEST = "Simulated build-ups are an assumption: none of these figures says anything about real cramps."


def tables(found: Mapping[str, Any]) -> Iterator[Table]:
    """Sensitivity, false alarms and the rest, of sessions with a truth."""
    yield _sensitivity(found)
    if found["at_tuned"]:
        yield _at_tuned(found["at_tuned"])
    yield _false_alarms(found["false_alarms"])
    yield _rest(found)
    if rows := found.get("targets"):
        table = _table("What it is held to", "", "measured", "must", "reach for", "")
        for row in rows:
            table.add_row(*(plain(row[name]) for name in ("quantity", "value", "must", "reach", "verdict")))
        yield table


def real_tables(found: Mapping[str, Any]) -> Iterator[Table]:
    """Alarms over recordings without a truth."""
    table = _table("Recordings", "", "value")
    for name in ("hours", "warnings", "warnings_per_hour", "prompts", "prompts_per_hour"):
        if name in found:
            table.add_row(name.replace("_", " "), _number(found[name], 0 if name in {"warnings", "prompts"} else 2))
    yield table
    alarms = [run for run in found["runs"] if run["warnings"]]
    if alarms:
        table = _table("Alarms", "file", "at", "level", "because")
        for run in alarms:
            for one in run["warnings"]:
                because = "; ".join(one["because"])
                table.add_row(plain(run["file"]), f"{one['at_s']:.0f} s", plain(one["level"]), plain(because))
        yield table


def _sensitivity(found: Mapping[str, Any]) -> Table:
    budgets = list(found["sensitivity"])
    table = _table(
        "Cramps seen beforehand, thresholds picked on these runs",
        "at false alarms/h",
        *(f"<= {one}" for one in budgets),
    )
    table.add_row("all build-ups", *(_percent(found["sensitivity"][one]) for one in budgets))
    for name, row in found["sensitivity_by_ramp"].items():
        table.add_row(f"  of {name}", *(_percent(row[one]) for one in budgets))
    for name, other in found.get("baselines", {}).items():
        table.add_row(plain(name), *(_percent(other["sensitivity"][one]) for one in budgets))
    return table


def _at_tuned(part: Mapping[str, Any]) -> Table:
    table = _table(
        "Cramps seen beforehand, thresholds set on tune seeds",
        "at false alarms/h there",
        *(f"<= {one}" for one in part),
    )
    every = part.values()
    table.add_row("threshold", *(_number(one["threshold"], 3) for one in every))
    table.add_row("false alarms/h here", *(_number(one["false_alarms_per_h"], 3) for one in every))
    table.add_row("all build-ups", *(_percent(one["sensitivity"]) for one in every))
    table.add_row("  95 %", *(_interval(one["interval"]) for one in every))
    table.add_row("  of >=4 min", *(_percent(one["by_ramp"][">=4 min"]["share"]) for one in every))
    table.add_row("median lead, s", *(_number(one["median_lead_s"], 0) for one in every))
    return table


def _false_alarms(found: Mapping[str, Any]) -> Table:
    table = _table("False alarms at the shipped thresholds", "", "number", "hours", "per hour", "95 %")
    rows = {"all": found, **found["by_family"], "before cramps": found["before_cramps"]}
    for name, one in rows.items():
        row = (_number(one["n"], 0), _number(one["hours"], 1), _number(one["per_h"], 3), _interval(one["interval"]))
        table.add_row(plain(name), *row)
    return table


def _rest(found: Mapping[str, Any]) -> Table:
    shipped, lead, now, silent = found["shipped"], found["lead"], found["now"], found["silent"]
    table = _table("At the shipped thresholds", "", "value", "95 %")
    table.add_row("sessions", _number(found["sessions"], 0), "")
    table.add_row("cramps seen beforehand", _percent(shipped["sensitivity"]), _interval(shipped["interval"]))
    table.add_row("median lead, s", _number(lead["median_s"], 0), _interval(lead["interval"], 0))
    if silent:
        table.add_row("silent cramps hit", _percent(silent["rate"]), _interval(silent["interval"]))
        table.add_row("  by chance alone", _percent(silent["chance"]), _interval(silent["chance_interval"]))
    table.add_row("asked within 30 s of a cramp", _percent(now["share"]), _interval(now["interval"]))
    table.add_row("  asked for nothing, per hour", _number(now["prompts_per_h"], 3), _interval(now["prompts_interval"]))
    table.add_row("time in warning", _percent(shipped["time_in_warning"], 1), "")
    if found["calibration"]:
        table.add_row("calibration slope", _number(found["calibration"]["slope"], 2), "")
        table.add_row("Brier skill", _number(found["calibration"]["skill"], 3), "")
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, expand=False)
    table.add_column(first)
    for one in others:
        table.add_column(one, justify="right")
    return table


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f} %"


def _interval(ends: Sequence[float] | None, digits: int = 2) -> str:
    return "" if ends is None else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"
