"""A runner who is not there: the same readings for the same seed, and the truth about them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .simulation.body import Asked, Heart, Legs, draw_traits
from .simulation.scenario import SCENARIOS, Gait, Leg, Prodrome, Scenario, later, value_at
from .wearer import Reading

#: Corners and kerbs: 4 to 13 s at 4 to 8 % less cadence, this often.
_TURNS_PER_H = 2.0
#: Nothing is left to chance while a runner starts, nor around the moments that the script fixes.
_QUIET_START_S = 90.0
_QUIET_AROUND_S = 60.0
_RUNNING_SPM = 140

#: People of a made-up club; a group larger than that begins again with a number.
_NAMES = (
    *("Ada", "Amir", "Anouk", "Bela", "Bruno", "Carla", "Chidi", "Dana", "Davide", "Elif", "Emil", "Farid"),
    *("Frida", "Greta", "Hana", "Hugo", "Ines", "Ivo", "Jonas", "Kaja", "Lena", "Luca", "Mara", "Milan"),
    *("Nadia", "Nils", "Oskar", "Petra", "Ravi", "Rosa", "Sami", "Sofia", "Tomas", "Uma", "Vera", "Yuki"),
)


@dataclass(frozen=True, slots=True)
class Dip:
    """Some seconds of lower cadence; ``depth`` is the fraction lost."""

    start_s: float
    end_s: float
    depth: float


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What was made to happen, in seconds since the start.

    Attributes:
        prodrome_s: when the build-up begins; None where there is no cramp.
        onset_s: when the cramp stops the runner.
        resumed_s: when the runner runs again after it.
        stops: (from, to) of every spell of standing.
        hitches_s: when each hitch of the build-up begins.
    """

    prodrome_s: float | None
    onset_s: float | None
    resumed_s: float | None
    stops: tuple[tuple[float, float], ...]
    hitches_s: tuple[float, ...]


class SimulatedRunner:
    """A :class:`collector.wearer.Wearer` on a scripted run, at 1 Hz. Its cadence counts steps.

    Args:
        seed: the same seed, scenario and name give the same run.
        scenario: a name out of ``SCENARIOS``, or a scenario of one's own.
        name: what the watch advertises.

    Raises:
        ValueError: there is no such scenario.
    """

    def __init__(self, seed: int, scenario: str | Scenario, name: str) -> None:
        if isinstance(scenario, str):
            if scenario not in SCENARIOS:
                raise ValueError(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
            scenario = SCENARIOS[scenario]
        self._seed = f"{seed}/{scenario.name}"
        self._name = name
        self.scenario = scenario
        random = Random(f"{self._seed}/plan")
        self.traits = draw_traits(random, scenario.effort)
        self._hitches = _hitches(random, scenario.prodrome) if scenario.prodrome else ()
        walked = _walked(random, self._hitches, scenario.prodrome)
        self._legs = (*scenario.legs, *_traffic(random, scenario), *walked)
        self._build_up_loss = scenario.prodrome.cadence_loss if scenario.prodrome else 0.0
        self._dips = (*self._hitches, *_turns(random, scenario))

    @property
    def name(self) -> str:
        """What the watch advertises."""
        return self._name

    @property
    def length_s(self) -> float:
        """The moment of the last reading."""
        return float(int(self.scenario.length_s))

    @property
    def ground_truth(self) -> GroundTruth:
        """What was made to happen."""
        prodrome = self.scenario.prodrome
        onset_s = prodrome.onset_s if prodrome else None
        return GroundTruth(
            prodrome_s=prodrome.onset_s - prodrome.ramp_s if prodrome else None,
            onset_s=onset_s,
            resumed_s=max(leg.end_s for leg in self.scenario.legs) if prodrome and self.scenario.legs else None,
            stops=tuple(sorted((leg.start_s, leg.end_s) for leg in self._legs if leg.gait is Gait.STAND)),
            hitches_s=tuple(dip.start_s for dip in self._hitches),
        )

    def readings(self) -> Iterator[tuple[float, Reading]]:
        """(second, reading) from 0 to the scenario's length."""
        random = Random(f"{self._seed}/signal")
        legs = Legs(self.traits, random)
        heart = Heart(self.traits, random, self.scenario.drift_per_h)
        for second in range(int(self.scenario.length_s) + 1):
            t_s = float(second)
            cadence = round(legs.step(self._asked(t_s)))
            bpm, rr_ms = heart.step(t_s, legs.speed_mps, self._strain(t_s))
            yield (
                t_s,
                Reading(
                    bpm=bpm,
                    cadence_per_min=cadence,
                    speed_mps=round(legs.speed_mps, 3),
                    distance_m=round(legs.distance_m, 1),
                    rr_ms=rr_ms,
                    running=cadence >= _RUNNING_SPM,
                ),
            )

    def _strain(self, t_s: float) -> float:
        return self.scenario.prodrome.strain(t_s) if self.scenario.prodrome else 0.0

    def _asked(self, t_s: float) -> Asked:
        gaits = {leg.gait for leg in self._legs if leg.start_s <= t_s < leg.end_s}
        gait = next((gait for gait in (Gait.STAND, Gait.WALK) if gait in gaits), Gait.RUN)
        strain = self._strain(t_s)
        share = 1.0 - value_at(self.scenario.cadence_loss, t_s) - self._build_up_loss * strain**1.5
        dip = max((dip.depth for dip in self._dips if dip.start_s <= t_s < dip.end_s), default=0.0)
        return Asked(
            gait=gait,
            pace=value_at(self.scenario.pace, t_s) * (1.0 - 0.06 * strain),
            cadence=share * (1.0 - dip) if gait is Gait.RUN else 1.0,
            noise=1.0 + 1.5 * strain,
        )


def group(n: int, seed: int) -> tuple[SimulatedRunner, ...]:
    """A believable group: the first cramps at minute 19, from six runners on another six minutes later.

    One fades (from three runners on), the others run steadily, stop for traffic or do intervals.
    """
    others = ("steady", "traffic_stops", "steady", "intervals")
    scripts: list[str | Scenario] = ["fatigue_then_cramp", "steady", "fading", "traffic_stops", "steady"]
    scripts.append(later(SCENARIOS["fatigue_then_cramp"], 360.0))
    scripts += [others[number % len(others)] for number in range(max(0, n - len(scripts)))]
    names = Random(f"{seed}/names").sample(_NAMES, len(_NAMES))
    return tuple(SimulatedRunner(seed * 1_000 + number, scripts[number], _named(names, number)) for number in range(n))


def _named(names: list[str], number: int) -> str:
    round_, place = divmod(number, len(names))
    return f"{names[place]} {round_ + 1}" if round_ else names[place]


def _hitches(random: Random, prodrome: Prodrome) -> tuple[Dip, ...]:
    """Hitches whose rate grows with the strain.

    Their number is what that rate gives on average and they are spread as it grows, so that every severe build-up
    has some: a demonstration must not hang on a seed.
    """
    count = max(1, math.ceil(prodrome.hitches_per_min * prodrome.severity * prodrome.ramp_s / 60.0 / 2.0))
    begin_s = prodrome.onset_s - prodrome.ramp_s
    dips = []
    for number in range(count):
        # The rate grows in proportion to u, so the share of hitches before u is u squared.
        u = math.sqrt((number + random.uniform(0.25, 0.75)) / count)
        start_s = min(begin_s + u * prodrome.ramp_s, prodrome.onset_s - 25.0)
        dips.append(Dip(start_s, start_s + random.uniform(4.0, 9.0), random.uniform(0.08, 0.18)))
    return tuple(dips)


def _walked(random: Random, hitches: tuple[Dip, ...], prodrome: Prodrome | None) -> tuple[Leg, ...]:
    """Some severe hitches become a short walk, the last never: the runner runs into the cramp."""
    if prodrome is None:
        return ()
    return tuple(
        Leg(dip.start_s, min(dip.start_s + random.uniform(5.0, 25.0), prodrome.onset_s - 15.0), Gait.WALK)
        for dip in hitches[:-1]
        if random.random() < prodrome.walk_share * prodrome.severity
    )


def _turns(random: Random, scenario: Scenario) -> tuple[Dip, ...]:
    return tuple(
        Dip(start_s, start_s + random.uniform(4.0, 13.0), random.uniform(0.04, 0.08))
        for start_s in _moments(random, _TURNS_PER_H, scenario)
    )


def _traffic(random: Random, scenario: Scenario) -> tuple[Leg, ...]:
    """Lights and crossings: 6 to 90 s, short ones more often."""
    return tuple(
        Leg(start_s, start_s + math.exp(random.uniform(math.log(6.0), math.log(90.0))), Gait.STAND)
        for start_s in _moments(random, scenario.stops_per_h, scenario)
    )


def _moments(random: Random, per_h: float, scenario: Scenario) -> tuple[float, ...]:
    """Chance moments at a rate, away from the start and from what the script fixes."""
    if per_h <= 0:
        return ()
    fixed = [(leg.start_s, leg.end_s) for leg in scenario.legs]
    moments = []
    t_s = _QUIET_START_S
    while (t_s := t_s + random.expovariate(per_h / 3_600)) < scenario.length_s - _QUIET_START_S:
        if not any(start - _QUIET_AROUND_S <= t_s <= end + _QUIET_AROUND_S for start, end in fixed):
            moments.append(t_s)
    return tuple(moments)
