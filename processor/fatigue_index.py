"""The fatigue index: signs that a run has become hard, weighted over what can be measured here."""

from dataclasses import dataclass

from processor.features.online import sat
from processor.features.view import View


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
