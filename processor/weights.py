"""The fitted numbers of the pattern level: read once, from the file that says how they came about.

``crampwatch evaluate fit`` writes ``weights.json``; nobody edits it by hand.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

#: A line through points (value of a channel, logits), flat before the first, where it is 0, and after the last.
Curve = tuple[tuple[float, float], ...]

FILE = Path(__file__).with_name("weights.json")
VERSION = 1
#: The sensitivities that have thresholds of their own.
SENSITIVITIES = ("1", "0.5", "2")


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted.

    Attributes:
        intercept: logit of an uneventful second.
        curves: by a channel's letter; they never fall.
        thresholds: by sensitivity, the scores at which watch, warning and imminent begin.
        now: the score in the minutes before a sudden stop that makes it worth a question.
        now_walk: the same where running ended in a walk.
        made_by: command, seeds, fingerprint of the generator, date, real runs.
    """

    intercept: float
    curves: tuple[tuple[str, Curve], ...]
    thresholds: dict[str, tuple[float, float, float]]
    now: float
    now_walk: float
    made_by: dict[str, Any]


@cache
def shipped() -> Weights:
    """The weights of this package."""
    return parsed(FILE.read_text(encoding="utf-8"))


def parsed(text: str) -> Weights:
    """Weights out of a file's text.

    Raises:
        ValueError: it is of another version, or a number in it breaks a rule that the detectors rely on.
    """
    body = json.loads(text)
    if body["version"] != VERSION:
        raise ValueError(f"weights of version {body['version']}; this package reads {VERSION}")
    thresholds = {name: _thresholds(name, body["thresholds"][name]) for name in SENSITIVITIES}
    return Weights(
        intercept=_number("intercept", body["intercept"]),
        curves=tuple((name, _curve(name, points)) for name, points in body["curves"].items()),
        thresholds=thresholds,
        now=_number("now", body["now"]["score"]),
        now_walk=_number("now", body["now"]["score_walk"]),
        made_by=dict(body["made_by"]),
    )


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; it must be a number")
    return float(value)


def _curve(name: str, points: Any) -> Curve:
    curve = tuple((_number(name, x), _number(name, y)) for x, y in points)
    rises = all(x2 > x1 and y2 >= y1 for (x1, y1), (x2, y2) in pairwise(curve))
    if len(curve) < 2 or curve[0][1] != 0.0 or not rises:
        raise ValueError(f"the curve of {name} must begin at 0 logits and never fall")
    return curve


def _thresholds(name: str, values: Any) -> tuple[float, float, float]:
    watch, warning, imminent = (_number(f"thresholds of {name}", one) for one in values)
    if not 0.0 < watch < warning < imminent < 1.0:
        raise ValueError(f"the thresholds of {name} must rise from watch to imminent, within 0 and 1")
    return watch, warning, imminent
