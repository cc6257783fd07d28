"""What the detectors are held to: each quantity, what it must be, what it reaches for, and whether it is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .target import Both, Read, Result, Target, Tuned, at, at_least, at_most, number

#: Reads a value, and says where its threshold comes from.
_Source = tuple[Read, Callable[[Result], str]]

#: False alarms an hour within which a sensitivity is held to something.
BUDGET = 0.2
#: Above this within it the evaluation is taken to leak until that is disproved; off the curve, where it is highest.
LEAK = 0.7

#: Where a threshold comes from that is not the one that ships.
_PICKED, _SET = "threshold picked on these runs", "threshold set on tune seeds"
_LONG = "build-ups of 4 minutes or more"
_WITHIN = "sensitivity within 0.2 false alarms/h"


def table(result: Result) -> list[dict[str, str]]:
    """Every target over a result of an evaluation."""
    return [one.row(result) for one in TARGETS]


def beside(
    full: Result,
    *,
    no_speed: Result | None = None,
    no_heart: Result | None = None,
    other: Result | None = None,
    real: Result | None = None,
) -> dict[str, Any]:
    """What other evaluations add to a result, under its key ``beside``: sensitivity within 0.2 false alarms an hour
    without speed, without heart rate and over the second generator as shares of the full one; warnings an hour of
    recorded running. What was not evaluated is None. ``at_tuned`` holds the same shares at the threshold that was set
    on tune seeds, of those that tell it and so does the full one: ``share``, ``false_alarms_per_h`` and ``keeps``.
    """
    others = {"no_speed": no_speed, "no_heart": no_heart, "other": other}
    mine = full["sensitivity"]["0.2"]

    def relative(one: Result | None) -> float | None:
        theirs = None if one is None else one["sensitivity"]["0.2"]
        return None if theirs is None or not mine else float(theirs / mine)

    return {
        **{name: relative(one) for name, one in others.items()},
        "real": None if real is None else real["warnings_per_hour"],
        "at_tuned": {
            name: {"share": found.value, "false_alarms_per_h": found.false_per_h, "keeps": found.keeps}
            for name, one in others.items()
            if one is not None and (found := _relative_at_tuned(full, one)) is not None
        },
    }


def _relative_at_tuned(full: Result, one: Result) -> Tuned | None:
    mine, theirs = _tuned(full, "sensitivity"), _tuned(one, "sensitivity")
    if mine is None or theirs is None or not mine.value:
        return None
    return replace(theirs, value=theirs.value / mine.value)


def _tuned(result: Result, *keys: str) -> Tuned | None:
    """What ``at_tuned`` says of 0.2 an hour; None where it is not there."""
    part = at("at_tuned", "0.2")(result)
    value, rate, ends = (at(*one)(part) for one in (keys, ("false_alarms_per_h",), ("false_alarms_interval",)))
    if not isinstance(value, int | float) or not isinstance(rate, int | float):
        return None
    return Tuned(value, rate, not ends or ends[0] <= BUDGET)


def _size(result: Result) -> Both | None:
    hours, cramps = at("false_alarms", "negatives", "hours")(result), at("shipped", "n")(result)
    if hours is None or cramps is None:
        return None
    return Both(hours, cramps, lambda digits: f"{hours:.{digits}f} h, {cramps} cramps")


def _better(result: Result) -> Both | None:
    found = at("baselines", "ewma_z", "versus")(result)
    if not found:
        return None
    low, difference, high = found["low"], found["difference"], found["high"]
    return Both(low, difference, lambda digits: f"{difference:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})")


def _worst_family(result: Result) -> Both | None:
    rates = at("false_alarms_per_h")(result) or {}
    known = [(rate, name) for name, rate in rates.items() if name not in {"all", "wall"} and rate is not None]
    if not known:
        return None
    rate, name = max(known)
    return Both(rate, 0.0, lambda digits: f"{rate:.{digits}f}" + (f" ({name})" if rate else ""))


def _asked(result: Result) -> Both | None:
    share, rate = at("now", "share")(result), at("now", "prompts_per_h")(result)
    if share is None or rate is None:
        return None
    return Both(share, rate, lambda digits: f"{share:.{digits}f} at {rate:.{digits}f}/h")


_LUCK = "no more than by luck"


def _chance(result: Result) -> str | None:
    told = {"as shipped": at("silent")(result), **(at("silent", "at")(result) or {})}
    within = {name: one["within_chance"] for name, one in told.items() if one and one["within_chance"] is not None}
    if not within:
        return None
    more = [name if name == "as shipped" else f"within {name}/h" for name, one in within.items() if not one]
    return f"more than by luck {', '.join(more)}" if more else _LUCK


def _slope(result: Result) -> Both | None:
    slope, ends = at("calibration", "slope")(result), at("calibration", "slope_interval")(result)
    if slope is None:
        return None
    within = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""
    return Both(slope, 0.0, lambda digits: f"{slope:.{digits}f}{within}")


def _tuned_or(tuned: Callable[[Result], Tuned | None], picked: Read, otherwise: str = _PICKED) -> _Source:
    """A figure at the threshold that was set on tune seeds, else off the curve; and which it is, in words."""

    def how(result: Result) -> str:
        found = tuned(result)
        return otherwise if found is None else f"{_SET}: {found.false_per_h:.2f} false alarms/h here"

    return lambda result: tuned(result) or picked(result), how


def _relative_to_full(name: str) -> _Source:
    def tuned(result: Result) -> Tuned | None:
        found = at("beside", "at_tuned", name)(result)
        return None if not found else Tuned(found["share"], found["false_alarms_per_h"], found["keeps"])

    return _tuned_or(tuned, at("beside", name), f"each {_PICKED}")


def _seen(quantity: str, source: _Source, must: float, reach: float | None = None) -> Target:
    """A sensitivity that is worth nothing beyond its budget of false alarms."""
    value, how = source
    return replace(at_least(quantity, value, must, reach), how=how)


_OTHER = _relative_to_full("other")

TARGETS: tuple[Target, ...] = (
    Target(
        "size: hours without a cramp, cramps after a build-up",
        ">= 1000 h, >= 500",
        "-",
        _size,
        lambda one: one.first >= 1_000 and one.second >= 500,
        None,
        0,
    ),
    at_least("as shipped: sensitivity before onset", at("shipped", "sensitivity"), 0.33, 0.45),
    at_least(f"as shipped: sensitivity, {_LONG}", at("shipped", "by_ramp", ">=4 min", "share"), 0.60, 0.75),
    at_least("as shipped: median lead when seen, s", at("shipped", "median_lead_s"), 100, 150, 0),
    at_most("as shipped: false alarms/h over all runs", at("shipped", "false_alarms_per_h"), 0.2, 0.1),
    at_most("as shipped: false alarms/h, the worst family but wall", _worst_family, 0.2, 0.1),
    Target(
        'as shipped: "Is it a cramp?" asked in time',
        ">= 0.50 at <= 0.3/h",
        "0.65",
        _asked,
        lambda one: one.first >= 0.50 and one.second <= 0.3,
        lambda one: one.first >= 0.65,
    ),
    at_most("as shipped: recorded runs, warnings/h", at("beside", "real"), 0.3, 0.15),
    _seen(
        f"{_WITHIN} ({{how}})", _tuned_or(lambda one: _tuned(one, "sensitivity"), at("sensitivity", "0.2")), 0.33, 0.45
    ),
    _seen(
        f"{_WITHIN}, {_LONG} ({{how}})",
        _tuned_or(lambda one: _tuned(one, "by_ramp", ">=4 min", "share"), at("sensitivity_by_ramp", ">=4 min", "0.2")),
        0.60,
        0.75,
    ),
    Target(
        f"{_WITHIN}, less that of EWMA z (each {_PICKED}; paired bootstrap at these thresholds)",
        "above 0",
        "-",
        _better,
        lambda one: one.first > 0,
        None,
    ),
    at_most(f"{_WITHIN}, no leak suspected ({_PICKED})", at("sensitivity", "0.2"), LEAK),
    Target(
        "silent cramps seen: as shipped, and within 0.5 and 1.0 false alarms/h",
        _LUCK,
        "-",
        _chance,
        lambda one: one == _LUCK,
        None,
    ),
    Target(
        "calibration slope",
        "0.8 to 1.25",
        "0.9 to 1.1",
        _slope,
        lambda one: 0.8 <= one.first <= 1.25,
        lambda one: 0.9 <= one.first <= 1.1,
    ),
    _seen(f"no speed: {_WITHIN}, relative to full ({{how}})", _relative_to_full("no_speed"), 0.80),
    _seen(f"no heart rate: {_WITHIN}, relative to full ({{how}})", _relative_to_full("no_heart"), 0.95),
    Target(
        f"second generator: {_WITHIN}, relative to the main one ({{how}})",
        "told",
        ">= 0.5",
        _OTHER[0],
        None,
        lambda one: number(one) >= 0.5,
        how=_OTHER[1],
    ),
)
