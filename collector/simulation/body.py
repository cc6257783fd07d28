"""A body: the traits of one runner, and heart, legs and watch second by second.

Ranges and time constants follow the literature where it has them (cadence 165 +- 8, pubmed 31284825; 4-8 spm per
m/s; heart-rate lag 57.6 +- 23.6 s, doi 10.1186/s12938-015-0112-7; maximum 208 - 0.7 age, Tanaka 2001); the rest is
assumed. It is compact: no dead time, no optical lag, no hills.
"""

import math
from dataclasses import dataclass
from random import Random

from .noise import CorrelatedNoise
from .scenario import Gait

#: Legs follow what is asked within this, speed as fast as people start and stop.
_LEGS_S = 1.2
_START_MPS2, _STOP_MPS2 = 0.9, 2.2
#: A watch's speed is smoothed.
_SPEED_S = 3.0
_STANDING_SPM = 25.0
_DRIFT_FROM_S = 600.0
#: Breathing moves beats apart and together by a few ms.
_BREATHS_HZ, _BREATH_MS = 0.4, 4.0
_LOW_BPM, _HIGH_BPM = 40.0, 215.0


@dataclass(frozen=True, slots=True)
class Traits:
    """What stays the same in one runner on one day. Units end the names; ``lag_s`` is the heart's."""

    cadence_spm: float
    spm_per_mps: float
    speed_mps: float
    walk_mps: float
    walk_spm: float
    noise_spm: float
    rest_bpm: float
    max_bpm: float
    effort: float
    lag_s: float


def draw_traits(random: Random, effort: tuple[float, float]) -> Traits:
    """One runner of the population."""
    age = random.uniform(18, 65)
    return Traits(
        cadence_spm=min(max(random.gauss(167, 8), 150), 190),
        spm_per_mps=random.uniform(4, 8),
        speed_mps=min(max(random.gauss(3.0, 0.4), 2.3), 4.2),
        walk_mps=random.uniform(1.2, 1.5),
        walk_spm=random.uniform(104, 116),
        noise_spm=random.uniform(0.9, 1.5),
        rest_bpm=min(max(random.gauss(55, 7), 42), 72),
        max_bpm=208 - 0.7 * age + random.uniform(-7, 7),
        effort=random.uniform(*effort),
        lag_s=min(max(random.lognormvariate(math.log(52.7), 0.4), 25), 110),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a second asks of the legs: ``pace`` and ``cadence`` are shares of what is usual, ``noise`` of its noise."""

    gait: Gait
    pace: float
    cadence: float = 1.0
    noise: float = 1.0


class Legs:
    """Cadence and speed."""

    def __init__(self, traits: Traits, random: Random) -> None:
        self._traits = traits
        self._wander = CorrelatedNoise(random, stretch=4.0)
        self._jitter = CorrelatedNoise(random)
        self._speed = self._shown = 0.0
        self._level = 0.0
        self.distance_m = 0.0

    @property
    def speed_mps(self) -> float:
        """As a watch shows it."""
        return self._shown

    def step(self, asked: Asked) -> float:
        """One second; returns the cadence in steps/min, 0 when standing."""
        traits = self._traits
        wander, jitter = self._wander.step(), self._jitter.step()
        wanted = {Gait.RUN: traits.speed_mps * asked.pace * (1 + 0.02 * wander), Gait.WALK: traits.walk_mps}
        speed = wanted.get(asked.gait, 0.0)
        self._speed += min(max(speed - self._speed, -_STOP_MPS2), _START_MPS2)
        self._shown += (self._speed - self._shown) * (1 - math.exp(-1 / _SPEED_S))
        self.distance_m += self._speed
        level = {
            Gait.RUN: traits.cadence_spm + traits.spm_per_mps * (speed - traits.speed_mps),
            Gait.WALK: traits.walk_spm,
        }
        self._level += (level.get(asked.gait, 0.0) * asked.cadence - self._level) * (1 - math.exp(-1 / _LEGS_S))
        if asked.gait is Gait.STAND and self._level < _STANDING_SPM:
            self._level = 0.0
            return 0.0
        return max(0.0, self._level + jitter * traits.noise_spm * asked.noise)


class Heart:
    """Heart rate as a first-order answer to speed, with drift, and the beats that make it up."""

    def __init__(self, traits: Traits, random: Random, drift_per_h: float) -> None:
        self._traits = traits
        self._drift_per_h = drift_per_h
        self._bpm = traits.rest_bpm + 25.0
        self._wander = CorrelatedNoise(random)
        self._beats = CorrelatedNoise(random, stretch=2.0)
        #: The beat under way: when it ends, and its interval.
        self._beat_s = self._coming_ms = 0.0

    def step(self, t_s: float, speed_mps: float, strain: float) -> tuple[int, tuple[float, ...]]:
        """One second: bpm, and the intervals (ms) of the beats that fell into it."""
        traits = self._traits
        drift = 1 + self._drift_per_h * max(0.0, t_s - _DRIFT_FROM_S) / 3_600
        work = traits.effort * (speed_mps / traits.speed_mps) ** 1.1 * drift
        target = traits.rest_bpm + 15.0 + (traits.max_bpm - traits.rest_bpm - 15.0) * min(work, 1.0) + 4.0 * strain
        self._bpm += (target - self._bpm) * (1 - math.exp(-1 / traits.lag_s))
        bpm = min(max(self._bpm + 1.5 * self._wander.step(), _LOW_BPM), _HIGH_BPM)
        beats = []
        while self._beat_s <= t_s:
            if self._coming_ms:
                beats.append(self._coming_ms)
            breath_ms = _BREATH_MS * math.sin(2 * math.pi * _BREATHS_HZ * self._beat_s)
            self._coming_ms = round(60_000 / bpm * (1 + 0.012 * self._beats.step()) + breath_ms, 1)
            self._beat_s += self._coming_ms / 1_000
        return round(bpm), tuple(beats)
