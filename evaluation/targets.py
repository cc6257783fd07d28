"""What the detectors are held to: each quantity, what it must be, what it reaches for, and whether it is."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

REACHED, MET, MISSED, UNMEASURED = "reached", "met", "not met", "not measured"

_Result = Mapping[str, Any]
_Test = Callable[[Any], bool]
#: Reads a value, and says where its threshold comes from.
_Source = tuple[Callable[[_Result], Any], Callable[[_Result], str]]

#: False alarms an hour within which a sensitivity is held to something.
BUDGET = 0.2
#: Above this within it the evaluation is taken to leak until that is disproved; off the curve, where it is highest.
LEAK = 0.7

#: Where a threshold comes from that is not the one that ships.
_PICKED, _SET = "threshold picked on these runs", "threshold set on tune seeds"
_LONG = "build-ups of 4 minutes or more"
_WITHIN = "sensitivity within 0.2 false alarms/h"


@dataclass(frozen=True, slots=True)
class Target:
    """One row.

    Attributes:
        quantity: what is measured; ``{how}`` in it is where its threshold comes from.
        must, reach: in words; ``-``: nothing is asked for.
        value: reads it from a result; None: not measured.
        musts, reaches: whether a value is enough; None: nothing is asked for.
        form: how a value is written.
    """

    quantity: str
    must: str
    reach: str
    value: Callable[[_Result], Any]
    musts: _Test | None
    reaches: _Test | None
    form: str = "{:.2f}"
    how: Callable[[_Result], str] = lambda _: ""

    def row(self, result: _Result) -> dict[str, str]:
        """``quantity``, ``must``, ``reach``, ``value`` in words, and ``verdict``: one of the four above."""
        value = self.value(result)
        return {
            "quantity": self.quantity.format(how=self.how(result)),
            "must": self.must,
            "reach": self.reach,
            "value": "-" if value is None else self._words(value),
            "verdict": UNMEASURED if value is None else self._verdict(value),
        }

    def _words(self, value: Any) -> str:
        return value.words if isinstance(value, _Both | _Tuned) else self.form.format(value)

    def _verdict(self, value: Any) -> str:
        if self.musts is not None and not self.musts(value):
            return MISSED
        return REACHED if self.reaches is not None and self.reaches(value) else MET


@dataclass(frozen=True, slots=True)
class _Both:
    """Two numbers of which one is worth nothing without the other."""

    first: float
    second: float
    words: str


@dataclass(frozen=True, slots=True)
class _Tuned:
    """A sensitivity, or a share of another, at the threshold that keeps 0.2 false alarms an hour on tune seeds; how
    many there were an hour, and whether no more than luck adds to the budget.
    """

    value: float
    false_per_h: float
    keeps: bool

    @property
    def words(self) -> str:
        return f"{self.value:.2f}" + ("" if self.keeps else ", with more false alarms than the budget")


def table(result: _Result) -> list[dict[str, str]]:
    """Every target over a result of an evaluation."""
    return [one.row(result) for one in TARGETS]


def beside(
    full: _Result,
    *,
    no_speed: _Result | None = None,
    no_heart: _Result | None = None,
    other: _Result | None = None,
    real: _Result | None = None,
) -> dict[str, Any]:
    """What other evaluations add to a result, under its key ``beside``: sensitivity within 0.2 false alarms an hour
    without speed, without heart rate and over the second generator as shares of the full one; warnings an hour of
    recorded running. What was not evaluated is None. ``at_tuned`` holds the same shares at the threshold that was set
    on tune seeds, of those that tell it and so does the full one: ``share``, ``false_alarms_per_h`` and ``keeps``.
    """
    others = {"no_speed": no_speed, "no_heart": no_heart, "other": other}
    mine = full["sensitivity"]["0.2"]

    def relative(one: _Result | None) -> float | None:
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


def _relative_at_tuned(full: _Result, one: _Result) -> _Tuned | None:
    mine, theirs = _tuned(full, "sensitivity"), _tuned(one, "sensitivity")
    if mine is None or theirs is None or not mine.value:
        return None
    return replace(theirs, value=theirs.value / mine.value)


def _tuned(result: _Result, *keys: str) -> _Tuned | None:
    """What ``at_tuned`` says of 0.2 an hour; None where it is not there."""
    part = _at("at_tuned", "0.2")(result)
    value, rate, ends = (_at(*one)(part) for one in (keys, ("false_alarms_per_h",), ("false_alarms_interval",)))
    if not isinstance(value, int | float) or not isinstance(rate, int | float):
        return None
    return _Tuned(value, rate, not ends or ends[0] <= BUDGET)


def _at(*keys: str) -> Callable[[_Result], Any]:
    def read(result: _Result) -> Any:
        found: Any = result
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    return read


def _size(result: _Result) -> _Both | None:
    hours, cramps = _at("false_alarms", "negatives", "hours")(result), _at("shipped", "n")(result)
    return _Both(hours, cramps, f"{hours:.0f} h, {cramps} cramps") if hours is not None and cramps is not None else None


def _better(result: _Result) -> _Both | None:
    found = _at("baselines", "ewma_z", "versus")(result)
    if not found:
        return None
    low, difference = found["low"], found["difference"]
    return _Both(low, difference, f"{difference:+.2f} ({low:+.2f} to {found['high']:+.2f})")


def _worst_family(result: _Result) -> _Both | None:
    rates = _at("false_alarms_per_h")(result) or {}
    known = [(rate, name) for name, rate in rates.items() if name not in {"all", "wall"} and rate is not None]
    if not known:
        return None
    rate, name = max(known)
    return _Both(rate, 0.0, f"{rate:.2f} ({name})" if rate else "0.00")


def _asked(result: _Result) -> _Both | None:
    share, rate = _at("now", "share")(result), _at("now", "prompts_per_h")(result)
    return _Both(share, rate, f"{share:.2f} at {rate:.2f}/h") if share is not None and rate is not None else None


_LUCK = "no more than by luck"


def _chance(result: _Result) -> str | None:
    told = {"as shipped": _at("silent")(result), **(_at("silent", "at")(result) or {})}
    within = {name: one["within_chance"] for name, one in told.items() if one and one["within_chance"] is not None}
    if not within:
        return None
    more = [name if name == "as shipped" else f"within {name}/h" for name, one in within.items() if not one]
    return f"more than by luck {', '.join(more)}" if more else _LUCK


def _slope(result: _Result) -> _Both | None:
    slope, ends = _at("calibration", "slope")(result), _at("calibration", "slope_interval")(result)
    if slope is None:
        return None
    return _Both(slope, 0.0, f"{slope:.2f}" + (f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""))


def _number(value: Any) -> float:
    if isinstance(value, _Tuned):
        return value.value if value.keeps else -math.inf
    return value.first if isinstance(value, _Both) else float(value)


def _at_least(
    quantity: str, read: Callable[[_Result], Any], must: float, reach: float | None = None, form: str = "{:.2f}"
) -> Target:
    """More is better."""
    return Target(
        quantity,
        f">= {form.format(must)}",
        "-" if reach is None else form.format(reach),
        read,
        lambda one: _number(one) >= must,
        None if reach is None else lambda one: _number(one) >= reach,
        form,
    )


def _at_most(quantity: str, read: Callable[[_Result], Any], must: float, reach: float | None = None) -> Target:
    """Less is better."""
    return Target(
        quantity,
        f"<= {must}",
        "-" if reach is None else f"<= {reach}",
        read,
        lambda one: _number(one) <= must,
        None if reach is None else lambda one: _number(one) <= reach,
    )


def _tuned_or(
    tuned: Callable[[_Result], _Tuned | None], picked: Callable[[_Result], Any], otherwise: str = _PICKED
) -> _Source:
    """A figure at the threshold that was set on tune seeds, else off the curve; and which it is, in words."""

    def how(result: _Result) -> str:
        found = tuned(result)
        return otherwise if found is None else f"{_SET}: {found.false_per_h:.2f} false alarms/h here"

    return lambda result: tuned(result) or picked(result), how


def _relative_to_full(name: str) -> _Source:
    def tuned(result: _Result) -> _Tuned | None:
        found = _at("beside", "at_tuned", name)(result)
        return None if not found else _Tuned(found["share"], found["false_alarms_per_h"], found["keeps"])

    return _tuned_or(tuned, _at("beside", name), f"each {_PICKED}")


def _seen(quantity: str, source: _Source, must: float, reach: float | None = None) -> Target:
    """A sensitivity that is worth nothing beyond its budget of false alarms."""
    value, how = source
    return replace(_at_least(quantity, value, must, reach), how=how)


_OTHER = _relative_to_full("other")

TARGETS: tuple[Target, ...] = (
    Target(
        "size: hours without a cramp, cramps after a build-up",
        ">= 1000 h, >= 500",
        "-",
        _size,
        lambda one: one.first >= 1_000 and one.second >= 500,
        None,
    ),
    _at_least("as shipped: sensitivity before onset", _at("shipped", "sensitivity"), 0.33, 0.45),
    _at_least(f"as shipped: sensitivity, {_LONG}", _at("shipped", "by_ramp", ">=4 min", "share"), 0.60, 0.75),
    _at_least("as shipped: median lead when seen, s", _at("shipped", "median_lead_s"), 100, 150, "{:.0f}"),
    _at_most("as shipped: false alarms/h over all runs", _at("shipped", "false_alarms_per_h"), 0.2, 0.1),
    _at_most("as shipped: false alarms/h, the worst family but wall", _worst_family, 0.2, 0.1),
    Target(
        'as shipped: "Is it a cramp?" asked in time',
        ">= 0.50 at <= 0.3/h",
        "0.65",
        _asked,
        lambda one: one.first >= 0.50 and one.second <= 0.3,
        lambda one: one.first >= 0.65,
    ),
    _at_most("as shipped: recorded runs, warnings/h", _at("beside", "real"), 0.3, 0.15),
    _seen(
        f"{_WITHIN} ({{how}})", _tuned_or(lambda one: _tuned(one, "sensitivity"), _at("sensitivity", "0.2")), 0.33, 0.45
    ),
    _seen(
        f"{_WITHIN}, {_LONG} ({{how}})",
        _tuned_or(lambda one: _tuned(one, "by_ramp", ">=4 min", "share"), _at("sensitivity_by_ramp", ">=4 min", "0.2")),
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
    _at_most(f"{_WITHIN}, no leak suspected ({_PICKED})", _at("sensitivity", "0.2"), LEAK),
    Target(
        "silent cramps seen: as shipped, and within 0.5 and 1.0 false alarms/h",
        _LUCK,
        "-",
        _chance,
        lambda one: one == _LUCK,
        None,
        "{}",
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
        lambda one: _number(one) >= 0.5,
        how=_OTHER[1],
    ),
)
