"""The two scores: channels to a pattern score, signs to a fatigue index; starting weights, not physiology."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from processor.features.online import sat
from processor.features.view import View


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

    In a run-walk plan the level of cadence says nothing: L and C are off.
    """
    parts: dict[str, float] = {}
    if view.unsteadiness is not None:
        _put(parts, "U", view.unsteadiness, settings.unsteady)
    if view.hitch_load > 0:
        _put(parts, "Hd", view.hitch_load, settings.hitches)
        _put(parts, "Ha", view.hitch_load, settings.any_hitch)
    if view.deficit_sigma is not None and not view.planned_walks:
        weight, low, high = settings.deficit
        if view.mps is None or view.base is None or view.base.mps is None:
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


@dataclass(frozen=True, slots=True)
class FatigueSettings:
    """Science 3.5 (ii), reduced to what can be measured here; weights [E].

    Attributes:
        decoupling: weight and range of the rise of heart rate per speed; 0.30 over 0.025-0.20 (Smyth 2022).
        decline: weight and range of the cadence deficit, percent; 0.20 over 2-6.
        slowing: weight and range of speed lost at like heart rate; 0.20 over 0.05-0.25 (wall studies).
        no_speed: beats per step stand in for the decoupling at this share of its weight; 0.5.
        terms: fewer available terms give no index; 2.
    """

    decoupling: tuple[float, float, float] = (0.30, 0.025, 0.20)
    decline: tuple[float, float, float] = (0.20, 2.0, 6.0)
    slowing: tuple[float, float, float] = (0.20, 0.05, 0.25)
    no_speed: float = 0.5
    terms: int = 2


def fatigue_index(view: View, settings: FatigueSettings) -> float | None:
    """The fatigue index, 0-100, over the terms that are available; None when there are too few."""
    terms: list[tuple[float, float]] = []
    if view.decoupling is not None:
        weight, low, high = settings.decoupling
        if view.slowing is None:
            weight *= settings.no_speed
        terms.append((weight, sat(view.decoupling, low, high)))
    if view.decline_percent is not None:
        weight, low, high = settings.decline
        terms.append((weight, sat(view.decline_percent, low, high)))
    if view.slowing is not None:
        weight, low, high = settings.slowing
        terms.append((weight, sat(view.slowing, low, high)))
    if len(terms) < settings.terms:
        return None
    return 100 * sum(weight * value for weight, value in terms) / sum(weight for weight, _ in terms)


def _put(parts: dict[str, float], name: str, x: float, channel: tuple[float, float, float]) -> None:
    weight, low, high = channel
    if x > low:
        parts[name] = weight * sat(x, low, high)
