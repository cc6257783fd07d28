"""The fatigue index: signs that a run has become hard, weighted over what can be measured here."""

from dataclasses import dataclass

from crampwatch.units import Mode
from processor.features.online import sat
from processor.features.view import View


@dataclass(frozen=True, slots=True)
class FatigueSettings:
    """Science 3.5 (ii); each term has its weight and the range over which it counts. Weights [E].

    Attributes:
        decoupling: the rise of heart rate per speed; 0.30 over 0.025-0.20 (Smyth 2022).
        decline: the cadence deficit, percent; 0.20 over 2-6.
        slowing: speed lost at like heart rate; 0.20 over 0.05-0.25 (wall studies).
        alpha1: how far alpha1 is below what it was at this heart rate; 0.15 over 0.15-0.40 (from 0.71 to 0.32 in six
            hours at one pace, Rogers 2021).
        exposure: time against the longest run of 30 days; 0.15 over 0.8-1.5.
        no_speed: heart rate against rhythm stands in for the decoupling at this share of its weight; 0.5.
        terms: fewer available terms give no index; 2.
    """

    decoupling: tuple[float, float, float] = (0.30, 0.025, 0.20)
    decline: tuple[float, float, float] = (0.20, 2.0, 6.0)
    slowing: tuple[float, float, float] = (0.20, 0.05, 0.25)
    alpha1: tuple[float, float, float] = (0.15, 0.15, 0.40)
    exposure: tuple[float, float, float] = (0.15, 0.8, 1.5)
    no_speed: float = 0.5
    terms: int = 2


def fatigue_parts(view: View, settings: FatigueSettings, *, by_speed: bool) -> dict[str, float]:
    """What each available term adds to the index, which is their sum, 0-100; empty when there are too few terms.

    The order is that of the names, so that parts that were stored sum up to the same. ``by_speed`` says that the
    decoupling compares heart rate with speed; without speed it weighs less. Of the decoupling that part does not count
    which is usual in this weather.
    """
    parts: dict[str, float] = {}
    total = 0.0
    decoupling = None if view.decoupling is None else view.decoupling - view.heat_drift
    for name, value, (weight, low, high) in (
        ("alpha1", view.alpha1_gap, settings.alpha1),
        ("decline", view.decline_percent, settings.decline),
        ("decoupling", decoupling, settings.decoupling),
        ("exposure", view.exposure, settings.exposure),
        ("slowing", view.slowing, settings.slowing),
    ):
        if value is None:
            continue
        counts = weight * settings.no_speed if name == "decoupling" and not by_speed else weight
        parts[name] = counts * sat(value, low, high)
        total += counts
    if len(parts) < settings.terms:
        return {}
    for name in parts:
        parts[name] *= 100 / total
    return parts


_WORDS = {
    "decline": "Your cadence has been falling away for some minutes.",
    "slowing": "You are slower at a like heart rate.",
    "alpha1": "Your heartbeat follows another pattern than before at this heart rate.",
}
_HOT = "It is hot: a higher heart rate is expected."


def fatigue_reasons(view: View) -> tuple[str, ...]:
    """The two largest parts of the index in words for a runner, and nothing about their cause.

    Where it is hot and the index allows for that, it is said last.
    """
    parts = view.fatigue_parts
    largest = sorted((name for name, part in parts.items() if part >= 1), key=lambda name: (-parts[name], name))
    words = tuple(_words(name, view) for name in largest[:2]) or ("Signs of fatigue are rising.",)
    return (*words, _HOT) if view.hot and view.heat_drift > 0 else words


def _words(name: str, view: View) -> str:
    if name == "decoupling":
        if view.mode is Mode.HEART_ONLY:
            return "Your heart rate has crept up."
        return f"Your heart rate is up for the same {'pace' if view.by_speed else 'rhythm'}."
    if name == "exposure":
        longer = view.exposure is not None and view.exposure > 1
        return f"You have been running {'longer than' if longer else 'nearly as long as'} on your longest recent run."
    return _WORDS[name]


def fatigue_evidence(view: View) -> dict[str, float]:
    """The numbers behind the index."""
    found = {
        "index": view.fatigue,
        "decoupling": view.decoupling,
        "heat_drift": view.heat_drift or None,
        "slowing": view.slowing,
        "decline_percent": view.decline_percent,
        "alpha1_gap": view.alpha1_gap,
        "exposure": view.exposure,
    }
    return {name: round(value, 4) for name, value in found.items() if value is not None}
