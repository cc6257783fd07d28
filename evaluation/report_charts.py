"""The drawings of an evaluation's page: trade-off, build-ups, families, lead times, calibration, silent cramps."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .report_svg import WIDTH, Drawing, Scale, round_ticks, x_axis, y_axis

_LEFT, _RIGHT = 52.0, WIDTH - 14.0
#: The axis of the trade-off, false alarms an hour, and the budget that is marked.
_LEAST, _MOST, BUDGET = 0.02, 2.0, 0.2
_Part = Mapping[str, Any]


def trade_off(result: _Part) -> str:
    """Sensitivity over false alarms an hour, with its band, beside other methods."""
    on = Drawing(330, "Cramps seen beforehand over false alarms per hour")
    x, y = Scale(_LEAST, _MOST, _LEFT, _RIGHT, log=True), Scale(0, 1, 280, 14)
    x_axis(on, x, (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2), "{:g}".format, y=280, top=14)
    y_axis(on, y, (0, 0.25, 0.5, 0.75, 1), _percent, left=_LEFT, right=_RIGHT)
    on.words((_LEFT + _RIGHT) / 2, 318, "false alarms per hour (log)", "faint", "middle")
    on.line(x(BUDGET), 14, x(BUDGET), 280, "mark")
    mine = _points(result["curve"])
    on.area(_band(mine, x, y), "band")
    for number, part in enumerate(result.get("baselines", {}).values(), start=1):
        on.path(_stairs(_points(part["curve"]), x, y), f"line other o{number}")
    on.path(_stairs(mine, x, y), "line ours")
    rate, hit = result["false_alarms_per_h"]["all"], result["shipped"]["sensitivity"]
    if rate and hit is not None:
        on.dot(x(rate), y(hit), "point ours", 6)
        on.words(x(rate) + 10, y(hit) - 8, "as shipped", "name")
    return on.svg()


def by_ramp(result: _Part) -> str:
    """Sensitivity by the length of the build-up: bars within 0.2 an hour, points with intervals as shipped."""
    rows, shipped = result["sensitivity_by_ramp"], result["shipped"]["by_ramp"]
    on = Drawing(40 * len(rows) + 44, "Cramps seen beforehand by the length of the build-up")
    bottom = 40.0 * len(rows) + 8
    x = Scale(0, 1, 92, _RIGHT)
    x_axis(on, x, (0, 0.25, 0.5, 0.75, 1), _percent, y=bottom, top=8)
    for number, (name, row) in enumerate(rows.items()):
        top = 12 + 40.0 * number
        on.words(80, top + 21, name.replace(">=", "≥ "), "", "end")
        value = row.get(str(BUDGET))
        if value is None:
            on.words(98, top + 21, "none scored", "faint")
            continue
        on.rect(x(0), top + 4, x(value) - x(0), 24, "bar ours")
        _whisker(on, x, top + 16, shipped.get(name, {}).get("share"), shipped.get(name, {}).get("interval"))
    return on.svg()


def families(result: _Part) -> str:
    """False alarms an hour with their intervals, by family, against the target."""
    told = result["false_alarms"]
    rows = {"all": told, **told["by_family"], "before cramps": told["before_cramps"]}
    known = {name: one for name, one in rows.items() if one["per_h"] is not None}
    highest = max([0.3, *(one["interval"][1] if one["interval"] else one["per_h"] for one in known.values())])
    high = min(3.0, highest * 1.05)
    on = Drawing(26 * len(known) + 48, "False alarms per hour by family")
    bottom = 26.0 * len(known) + 10
    x = Scale(0, high, 112, _RIGHT)
    x_axis(on, x, round_ticks(0, high, 5), "{:g}".format, y=bottom, top=8)
    on.words((112 + _RIGHT) / 2, bottom + 34, "per hour of exposure", "faint", "middle")
    on.line(x(BUDGET), 8, x(BUDGET), bottom, "mark")
    for number, (name, one) in enumerate(known.items()):
        middle = 24 + 26.0 * number
        on.words(102, middle + 4.5, name.replace("_", " "), "strong" if name == "all" else "", "end")
        _whisker(on, x, middle, one["per_h"], one["interval"])
    return on.svg()


def leads(result: _Part) -> str:
    """How long beforehand, in half minutes."""
    all_s: Sequence[float] = result["lead"]["all_s"]
    on = Drawing(240, "Lead times of cramps that were seen beforehand")
    counts = [0] * 20
    for one in all_s:
        counts[min(19, max(0, int(one // 30)))] += 1
    most = max([1, *counts])
    x, y = Scale(0, 600, _LEFT, _RIGHT), Scale(0, most * 1.08, 190, 12)
    x_axis(on, x, range(0, 601, 120), lambda one: f"{one / 60:g}", y=190, top=12)
    y_axis(on, y, [one for one in round_ticks(0, most) if one == int(one)], "{:g}".format, left=_LEFT, right=_RIGHT)
    on.words((_LEFT + _RIGHT) / 2, 230, "minutes before the onset", "faint", "middle")
    for number, count in enumerate(counts):
        if count:
            left = x(30.0 * number)
            on.rect(left + 1, y(count), x(30.0 * (number + 1)) - left - 2, 190 - y(count), "bar ours")
    if (middle := result["lead"]["median_s"]) is not None:
        on.line(x(middle), 12, x(middle), 190, "mark")
        on.words(x(middle) + 5, 24, f"median {middle:.0f} s")
    return on.svg()


def reliability(calibration: _Part) -> str:
    """What came over what was told, in tenths of the moments; on the dashed line it can be believed."""
    rows = calibration["reliability"]
    on = Drawing(300, "Chance told against share that came")
    high = max([0.02, *(max(one["told"], one["came"]) for one in rows)]) * 1.1
    x, y = Scale(0, high, _LEFT, _RIGHT), Scale(0, high, 250, 12)
    ticks = round_ticks(0, high)
    x_axis(on, x, ticks, _percent, y=250, top=12)
    y_axis(on, y, ticks, _percent, left=_LEFT, right=_RIGHT)
    on.words((_LEFT + _RIGHT) / 2, 288, "chance told of an onset within ten minutes", "faint", "middle")
    on.line(x(0), y(0), x(high), y(high), "mark")
    for one in rows:
        spread = 1.96 * math.sqrt(one["came"] * (1 - one["came"]) / one["n"])
        on.line(x(one["told"]), y(one["came"] - spread), x(one["told"]), y(one["came"] + spread), "whisker")
        on.dot(x(one["told"]), y(one["came"]), "point ours")
    return on.svg()


def silent(part: _Part) -> str:
    """Silent cramps that were hit, beside what luck alone would hit."""
    ends = [one for name in ("interval", "chance_interval") if (pair := part[name]) for one in pair]
    high = max([0.05, part["rate"], *ends]) * 1.1
    on = Drawing(118, "Silent cramps hit, against luck")
    x = Scale(0, high, 92, _RIGHT)
    x_axis(on, x, round_ticks(0, high), _percent, y=82, top=8)
    on.words(80, 32, "hit", "", "end")
    on.words(80, 66, "by luck", "", "end")
    _whisker(on, x, 28, part["rate"], part["interval"])
    if part["chance_interval"]:
        low, top = part["chance_interval"]
        on.rect(x(low), 52, x(top) - x(low), 20, "band")
    if part["chance"] is not None:
        on.line(x(part["chance"]), 50, x(part["chance"]), 74, "mark")
    return on.svg()


def _whisker(on: Drawing, x: Scale, y: float, value: float | None, interval: Sequence[float] | None) -> None:
    if interval:
        on.line(x(interval[0]), y, x(interval[1]), y, "whisker")
        for end in interval:
            on.line(x(end), y - 5, x(end), y + 5, "whisker")
    if value is not None:
        on.dot(x(value), y, "point ours")


def _points(curve: Sequence[_Part]) -> list[_Part]:
    """The points of a curve that lie on the axis, by rising false alarms; of several at one rate the best."""
    best: dict[float, _Part] = {}
    for one in curve:
        rate = one["false_alarms_per_h"]
        if not rate or one["sensitivity"] is None or not _LEAST <= rate <= _MOST:
            continue
        if rate not in best or one["sensitivity"] > best[rate]["sensitivity"]:
            best[rate] = one
    return [best[rate] for rate in sorted(best)]


def _stairs(points: Sequence[_Part], x: Scale, y: Scale) -> list[tuple[float, float] | None]:
    return [(x(one["false_alarms_per_h"]), y(one["sensitivity"])) for one in points]


def _band(points: Sequence[_Part], x: Scale, y: Scale) -> list[tuple[float, float]]:
    known = [one for one in points if one["low"] is not None]
    upper = [(x(one["false_alarms_per_h"]), y(one["high"])) for one in known]
    lower = [(x(one["false_alarms_per_h"]), y(one["low"])) for one in known]
    return [*upper, *reversed(lower)]


def _percent(value: float) -> str:
    return f"{100 * value:g} %"
