"""The fitted numbers of the pattern level: read once, from the file that says how they came about.

``crampwatch evaluate fit`` writes ``weights.json``; nobody edits it by hand.
"""

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from crampwatch.errors import Misconfigured

#: A line through points (value of a channel, logits), flat before the first, where it is 0, and after the last.
Curve = tuple[tuple[float, float], ...]

FILE = Path(__file__).with_name("weights.json")
VERSION = 1
#: A curve for each of these channels, no more and no fewer; what they read is said in :mod:`processor.score`.
LETTERS = ("U", "V", "Q", "H", "L", "P", "F")
#: The sensitivities that have thresholds of their own.
SENSITIVITIES = ("1", "0.5", "2")

_BUDGET = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted.

    Attributes:
        intercept: logit of an uneventful second.
        curves: by a channel's letter; they never fall.
        thresholds: by sensitivity, the scores at which watch, warning and imminent begin.
        now: the score in the minutes before a sudden stop that makes it worth a question.
        now_walk: the same where running ended in a walk.
        budgets: by false alarms an hour, the score at which a warning keeps that budget on tune seeds; no machine reads
            it, evaluations do. Empty where the file has none.
        made_by: command, seeds, fingerprint of the generator, date, real runs.
    """

    intercept: float
    curves: tuple[tuple[str, Curve], ...]
    thresholds: dict[str, tuple[float, float, float]]
    now: float
    now_walk: float
    budgets: dict[str, float]
    made_by: dict[str, Any]


@cache
def shipped() -> Weights:
    """The weights of this package.

    Raises:
        Misconfigured: the file is not there, or is not as it was shipped.
    """
    return read(FILE)


def read(path: Path) -> Weights:
    """The weights in a file.

    Raises:
        Misconfigured: it cannot be read, or is none.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or error
        raise Misconfigured(
            str(path),
            f"no weights can be read from it ({said}): install crampwatch again "
            "(in a checkout: `git restore processor/weights.json`)",
        ) from error


def parsed(text: str) -> Weights:
    """Weights out of a file's text.

    Raises:
        ValueError: it is of another version, something is missing, a channel is not known, or a number breaks a rule
            that the detectors rely on; the message names the key.
    """
    try:
        body = json.loads(text)
    except RecursionError as error:
        raise ValueError("the file is nested too deeply") from error
    _demand("the file", body, "version", "made_by", "intercept", "curves", "thresholds", "now")
    if type(body["version"]) is not int or body["version"] != VERSION:
        raise ValueError(f"version is {_shown(body['version'])}; this package reads {VERSION}")
    if not isinstance(body["made_by"], dict):
        raise ValueError("made_by must hold names and values")  # noqa: TRY004 - what is wrong is the file
    curves, thresholds, now = body["curves"], body["thresholds"], body["now"]
    _demand("curves", curves, *LETTERS)
    if unknown := [name for name in curves if name not in LETTERS]:
        raise ValueError(f"curves has {', '.join(unknown)[:40]}, which nobody reads")
    _demand("thresholds", thresholds, *SENSITIVITIES)
    _demand("now", now, "score", "score_walk")
    return Weights(
        intercept=_number("intercept", body["intercept"]),
        curves=tuple((name, _curve(f"curves.{name}", points)) for name, points in curves.items()),
        thresholds=_by_sensitivity(thresholds),
        now=_score("now.score", now["score"]),
        now_walk=_score("now.score_walk", now["score_walk"]),
        budgets=_budgets(body.get("budgets", {})),
        made_by=dict(body["made_by"]),
    )


def _demand(what: str, body: Any, *names: str) -> None:
    """See that these are there."""
    if not isinstance(body, dict):
        raise ValueError(f"{what} must hold {', '.join(names)}")  # noqa: TRY004 - what is wrong is the file
    if missing := [name for name in names if name not in body]:
        raise ValueError(f"{what} has no {', '.join(missing)}")


def _shown(value: Any) -> str:
    """A value of a broken file, in a word: what it holds may be of any length and depth."""
    return type(value).__name__ if isinstance(value, list | dict) else repr(value)[:40]


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {_shown(value)}; it must be a number")  # noqa: TRY004 - what is wrong is the file
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is not finite; it must be a number")
    return number


def _score(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0.0 < number < 1.0:
        raise ValueError(f"{name} is {number}; it must lie between 0 and 1")
    return number


def _numbers(name: str, values: Any, count: int) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"{name} must be {count} numbers")
    return [_number(name, one) for one in values]


def _curve(name: str, points: Any) -> Curve:
    if not isinstance(points, list) or len(points) < 2:
        raise ValueError(f"{name} must be two points or more")
    curve = tuple((x, y) for x, y in (_numbers(f"{name}, a point,", one, 2) for one in points))
    if curve[0][1] != 0.0 or not all(x2 > x1 and y2 >= y1 for (x1, y1), (x2, y2) in pairwise(curve)):
        raise ValueError(f"{name} must begin at 0 logits and never fall")
    return curve


def _by_sensitivity(body: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    found = {name: _thresholds(f"thresholds.{name}", body[name]) for name in SENSITIVITIES}
    for seldom, often in (("0.5", "1"), ("1", "2")):
        if any(low > high for low, high in zip(found[often], found[seldom], strict=True)):
            raise ValueError(f"thresholds.{often} must lie no higher than thresholds.{seldom}: it warns more often")
    return found


def _thresholds(name: str, values: Any) -> tuple[float, float, float]:
    watch, warning, imminent = _numbers(name, values, 3)
    if not 0.0 < watch < warning < imminent < 1.0:
        raise ValueError(f"{name} must rise from watch to imminent, within 0 and 1")
    return watch, warning, imminent


def _budgets(values: Any) -> dict[str, float]:
    if not isinstance(values, dict):
        raise ValueError("budgets must hold thresholds by false alarms an hour")  # noqa: TRY004 - what is wrong is the file
    for name in values:
        if not _BUDGET.fullmatch(name):
            raise ValueError(f"budgets has {_shown(name)}; it must be false alarms an hour")
    return {name: _score(f"budgets.{name}", value) for name, value in values.items()}
