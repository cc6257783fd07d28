"""Whether cramps without a build-up are seen more often than by luck: then the truth leaks into the detectors."""

import math
from typing import Any

from . import intervals
from .curve import Curve, Point
from .scoring import SILENT, WINDOW_S

#: Budgets beside the shipped point, false alarms an hour, within which silent cramps are compared with luck.
LOOSER = (0.5, 1.0)


def silent_part(curve: Curve, point: Point) -> dict[str, Any] | None:
    """How many silent cramps were seen beforehand, beside what luck alone would see; None without silent cramps.

    At this point, and off the curve within looser budgets, where a leak has more room to show.
    """
    if not any(one.role == SILENT for one in curve.cases):
        return None
    looser = {str(one): curve.within(one) for one in LOOSER}
    at = {name: None if one is None else _beside_luck(curve, one) for name, one in looser.items()}
    return {**_beside_luck(curve, point), "at": at}


def _beside_luck(curve: Curve, point: Point) -> dict[str, Any]:
    part = [one for case, one in zip(curve.cases, point.outcomes, strict=True) if case.role == SILENT]
    rate = point.false_per_h
    hits, n = sum(one.hit for one in part), len(part)
    chance = None if rate is None else 1 - math.exp(-rate * (WINDOW_S[0] - WINDOW_S[1]) / 3_600)
    most = None if chance is None else intervals.most_by_luck(n, chance)
    return {
        "n": n,
        "hits": hits,
        "rate": hits / n,
        "interval": intervals.wilson(hits, n),
        "chance": chance,
        "chance_interval": None if most is None else (0.0, most),
        "within_chance": None if most is None else hits / n <= most,
    }
