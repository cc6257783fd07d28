"""Scenarios as data: what happens on a run, to which second, whoever runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

MINUTE_S = 60.0

#: A line through points (second, value), flat before the first and after the last.
Curve = tuple[tuple[float, float], ...]


class Gait(StrEnum):
    """What the legs are asked to do."""

    RUN = "run"
    WALK = "walk"
    STAND = "stand"


@dataclass(frozen=True, slots=True)
class Leg:
    """A spell of something other than running, from ``start_s`` up to ``end_s``."""

    start_s: float
    end_s: float
    gait: Gait


@dataclass(frozen=True, slots=True)
class Prodrome:
    """An assumed build-up before a cramp: nobody has measured one, so its form is a premise, not a finding.

    Over ``ramp_s`` up to ``onset_s``, with u growing from 0 to 1: cadence falls with u^1.5, its noise grows with u,
    and short hitches come ever more often.

    Attributes:
        severity: 0 to 1, scales everything.
        cadence_loss: fraction of the cadence lost at the end of a severe build-up.
        hitches_per_min: how often hitches come at the end of a severe build-up.
        walk_share: fraction of severe hitches that become a short walk.
    """

    onset_s: float
    ramp_s: float
    severity: float = 1.0
    cadence_loss: float = 0.03
    hitches_per_min: float = 1.5
    walk_share: float = 0.2

    def strain(self, t_s: float) -> float:
        """How far the build-up is: u times severity, 0 outside of the ramp."""
        u = (t_s - self.onset_s + self.ramp_s) / self.ramp_s
        return u * self.severity if 0.0 < u <= 1.0 else 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run's script.

    Attributes:
        name: how it is asked for.
        length_s: when the runner stops the watch.
        pace: share of the runner's own easy speed.
        legs: standing and walking.
        cadence_loss: fraction of the cadence lost to ordinary fatigue, beyond what the speed explains.
        effort: share of the heart-rate reserve that the easy speed costs, lowest and highest over people.
        drift_per_h: fraction by which heart rate at the same speed rises per hour, from minute 10 on.
        stops_per_h: how often traffic makes the runner stand.
        prodrome: the build-up to a cramp, if there is one.
    """

    name: str
    length_s: float
    pace: Curve = ((0.0, 0.94), (60.0, 1.0))
    legs: tuple[Leg, ...] = ()
    cadence_loss: Curve = ((0.0, 0.0),)
    effort: tuple[float, float] = (0.60, 0.72)
    drift_per_h: float = 0.03
    stops_per_h: float = 0.0
    prodrome: Prodrome | None = None


def value_at(curve: Curve, t_s: float) -> float:
    """The curve's value at a second."""
    before = curve[0]
    for after in curve:
        if t_s < after[0]:
            if after is before:
                return before[1]
            share = (t_s - before[0]) / (after[0] - before[0])
            return before[1] + share * (after[1] - before[1])
        before = after
    return before[1]


def later(scenario: Scenario, by_s: float) -> Scenario:
    """The same script with everything after its first minute happening ``by_s`` later."""

    def moved(curve: Curve) -> Curve:
        return tuple((t_s if t_s <= MINUTE_S else t_s + by_s, value) for t_s, value in curve)

    prodrome = scenario.prodrome
    return replace(
        scenario,
        length_s=scenario.length_s + by_s,
        pace=moved(scenario.pace),
        legs=tuple(replace(leg, start_s=leg.start_s + by_s, end_s=leg.end_s + by_s) for leg in scenario.legs),
        cadence_loss=moved(scenario.cadence_loss),
        prodrome=None if prodrome is None else replace(prodrome, onset_s=prodrome.onset_s + by_s),
    )


def _work_and_rest(first_s: float, count: int, work_s: float, rest_s: float) -> Curve:
    """A pace curve of intervals, with three seconds to change from one to the other."""
    points = [(0.0, 0.9), (first_s, 1.0)]
    for number in range(count):
        start_s = first_s + number * (work_s + rest_s)
        points += [(start_s + 3.0, 1.2), (start_s + work_s, 1.2), (start_s + work_s + 3.0, 0.75)]
        points.append((start_s + work_s + rest_s, 0.75))
    return (*points, (points[-1][0] + 5.0, 0.9))


_CRAMP_S = 19 * MINUTE_S

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("steady", 40 * MINUTE_S),
        Scenario(
            "fatigue_then_cramp",
            40 * MINUTE_S,
            pace=((0.0, 0.94), (60.0, 1.0), (_CRAMP_S, 1.0), (_CRAMP_S + 300.0, 0.85)),
            legs=(
                Leg(_CRAMP_S, _CRAMP_S + 180.0, Gait.STAND),
                Leg(_CRAMP_S + 180.0, _CRAMP_S + 300.0, Gait.WALK),
            ),
            effort=(0.66, 0.78),
            drift_per_h=0.08,
            # Drawn boldly: a demonstration must show what it is about with any seed.
            prodrome=Prodrome(onset_s=_CRAMP_S, ramp_s=6 * MINUTE_S, hitches_per_min=2.0, walk_share=0.0),
        ),
        Scenario("traffic_stops", 45 * MINUTE_S, stops_per_h=6.0),
        Scenario(
            "fading",
            50 * MINUTE_S,
            pace=((0.0, 0.97), (60.0, 1.02), (14 * MINUTE_S, 1.02), (42 * MINUTE_S, 0.92)),
            cadence_loss=((14 * MINUTE_S, 0.0), (42 * MINUTE_S, 0.08)),
            effort=(0.74, 0.82),
            drift_per_h=0.15,
        ),
        Scenario("intervals", 45 * MINUTE_S, pace=_work_and_rest(12 * MINUTE_S, 8, work_s=120.0, rest_s=75.0)),
    )
}
