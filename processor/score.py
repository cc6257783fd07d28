"""The pattern score: channels to a logit; starting weights, not physiology."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from crampwatch.units import Gate
from processor.features.online import sat
from processor.features.view import View

#: What changes the level of cadence without any fatigue (science 2.6).
_LEVEL_GATES = frozenset({Gate.HILL, Gate.INTERVALS, Gate.RUN_WALK, Gate.FAST_FINISH})


def level_quiet(view: View) -> bool:
    """Whether a gate keeps the level of cadence quiet: L and C in the score, level shifts, declines."""
    return bool(view.gates) and not _LEVEL_GATES.isdisjoint(view.gates)


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """Science 3.5 (i): a non-negative logistic fit on simulated runs; every channel stays explainable.

    Attributes:
        intercept: logit of an uneventful second; -4.55.
        unsteady: weight and range of the unsteadiness ratio; 2.2 over 1.4-3.0.
        hitches: weight and range of the leaky hitch count; 1.5 over 0.8-4.0.
        any_hitch: the same count in its low range; 0.8 over 0.5-1.5.
        deficit: weight and range of the cadence deficit in spreads; 1.0 over 0.8-3.0.
        deficit_no_speed: its range when no speed corrects it; 1.2-4.0.
        shift: weight and range of the CUSUM; 0.5 over 4-20.
        warning_share: below warning unless unsteadiness, hitches or deficit reach this share of their range; 0.25.
    """

    intercept: float = -4.55
    unsteady: tuple[float, float, float] = (2.2, 1.4, 3.0)
    hitches: tuple[float, float, float] = (1.5, 0.8, 4.0)
    any_hitch: tuple[float, float, float] = (0.8, 0.5, 1.5)
    deficit: tuple[float, float, float] = (1.0, 0.8, 3.0)
    deficit_no_speed: tuple[float, float] = (1.2, 4.0)
    shift: tuple[float, float, float] = (0.5, 4.0, 20.0)
    warning_share: float = 0.25


def pattern_parts(view: View, settings: ScoreSettings) -> dict[str, float]:
    """What each channel adds to the logit, by its letter in science 3.5: U, Hd, Ha, L, C. Silent channels are left out.

    While a gate keeps the level of cadence quiet L and C are off. On a treadmill L has the range of no speed.
    """
    parts: dict[str, float] = {}
    if view.unsteadiness is not None:
        _put(parts, "U", view.unsteadiness, settings.unsteady)
    if view.hitch_load > 0:
        _put(parts, "Hd", view.hitch_load, settings.hitches)
        _put(parts, "Ha", view.hitch_load, settings.any_hitch)
    if view.deficit_sigma is not None and not level_quiet(view):
        weight, low, high = settings.deficit
        if view.mps is None or view.base is None or view.base.mps is None or Gate.TREADMILL in view.gates:
            low, high = settings.deficit_no_speed
        _put(parts, "L", view.deficit_sigma, (weight, low, high))
        _put(parts, "C", view.cusum, settings.shift)
    return parts


def pattern_score(parts: Mapping[str, float], prior: float, settings: ScoreSettings) -> float:
    """The score of a second, 0-1; ``prior`` is what is known of the athlete, in logits. Not a probability."""
    logit = settings.intercept + prior
    for part in parts.values():
        logit += part
    return 1.0 / (1.0 + math.exp(-logit))


def may_warn(parts: Mapping[str, float], settings: ScoreSettings) -> bool:
    """Whether cadence itself carries enough of the score for more than "watch"."""
    share = settings.warning_share
    return (
        parts.get("U", 0.0) > share * settings.unsteady[0]
        or parts.get("Hd", 0.0) > share * settings.hitches[0]
        or parts.get("L", 0.0) > share * settings.deficit[0]
    )


def _put(parts: dict[str, float], name: str, x: float, channel: tuple[float, float, float]) -> None:
    weight, low, high = channel
    if x > low:
        parts[name] = weight * sat(x, low, high)
