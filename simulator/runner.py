"""A runner of the population, and the watch worn today. Ranges follow the literature where it has them."""

import math
from dataclasses import asdict, dataclass
from random import Random

from .noise import clipped_gauss


@dataclass(frozen=True, slots=True)
class Runner:
    """What stays the same in one runner on one day.

    Attributes:
        cadence_spm: at ``speed_mps``; N(167, 8) within 145-190 (165 +- 8, PubMed 31284825; elite 182, 30543498).
        spm_per_mps: 4-8 (5.6 and 6.6 in the same).
        speed_mps: N(3.0, 0.4) within 2.2-4.2 (3.04 +- 0.28 in the same).
        walk_mps: assumed.
        walk_spm: 100-125, assumed.
        noise_spm: spread of cadence on the road, before the watch rounds and holds; 0.8-2.1, as in the recorded runs.
        hurst: exponent of the long memory; 0.75-0.9 (PubMed 21036046).
        smooth_s: over which legs and watch smooth cadence; 1-3, as in the recorded runs.
        rest_bpm: N(55, 7).
        max_bpm: 208 - 0.7 age +- 7 (Tanaka 2001).
        lag_s: of heart rate; log-normal, mean 57, spread 24, within 25-110 (doi 10.1186/s12938-015-0112-7).
        dead_s: before heart rate answers at all; 0-10, assumed.
        effort: share of the heart-rate reserve at ``speed_mps``; given by the kind of run.
        drift_per_h: rise of heart rate for the same work from minute 10 on; given by the kind of run.
        tiring_per_h: share of the cadence lost an hour without any cramp: none in half of all runners, else 0.5-2 %
            (1.4 %, Hunter and Smith 2007); given by the kind of run.
    """

    cadence_spm: float
    spm_per_mps: float
    speed_mps: float
    walk_mps: float
    walk_spm: float
    noise_spm: float
    hurst: float
    smooth_s: float
    rest_bpm: float
    max_bpm: float
    lag_s: float
    dead_s: int
    effort: float
    drift_per_h: float
    tiring_per_h: float

    def as_traits(self) -> dict[str, float]:
        """By name, for the truth about a run."""
        return {name: round(float(value), 4) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Watch:
    """How today's sensors measure; assumed, in the span of the recorded runs.

    Attributes:
        step_spm: cadence is rounded to this; 1 or 2 (2 where strides are counted).
        jitter_spm: spread of the error of single values of cadence; 0-0.8, as in the recorded runs.
        hold_s: mean time for which a value is repeated; 1 (never) to 6.
        speed_noise: spread of the speed's error as a share.
        speed_lag_s: time constant of the speed that is shown.
        speed_dead_s: and its dead time.
        heart_lag_s: 0-3 with a strap, 5-15 with an optical sensor.
        heart_jitter_bpm: spread of the error of single values of heart rate; 0-0.4, as in the recorded runs.
        optical: heart rate comes from the wrist.
    """

    step_spm: int
    jitter_spm: float
    hold_s: float
    speed_noise: float
    speed_lag_s: float
    speed_dead_s: int
    heart_lag_s: float
    heart_jitter_bpm: float
    optical: bool


def draw_runner(
    random: Random, effort: tuple[float, float], drift: tuple[float, float], tiring: tuple[float, float] | None
) -> Runner:
    """One runner; the ranges are what the kind of run asks for."""
    age = random.uniform(18, 65)
    common = 0.0 if random.random() < 0.5 else random.uniform(0.005, 0.02)
    return Runner(
        cadence_spm=clipped_gauss(random, 167, 8, 145, 190),
        spm_per_mps=random.uniform(4, 8),
        speed_mps=clipped_gauss(random, 3.0, 0.4, 2.2, 4.2),
        walk_mps=random.uniform(1.2, 1.6),
        walk_spm=random.uniform(100, 125),
        noise_spm=random.uniform(0.8, 2.1),
        hurst=random.uniform(0.75, 0.9),
        smooth_s=random.uniform(1.0, 3.0),
        rest_bpm=clipped_gauss(random, 55, 7, 40, 75),
        max_bpm=208 - 0.7 * age + random.uniform(-7, 7),
        lag_s=min(max(random.lognormvariate(math.log(52.5), 0.404), 25), 110),
        dead_s=random.randint(0, 10),
        effort=random.uniform(*effort),
        drift_per_h=random.uniform(*drift),
        tiring_per_h=common if tiring is None else random.uniform(*tiring),
    )


def draw_watch(random: Random) -> Watch:
    """One watch: two in five hold values, one in three counts strides, one in three measures at the wrist."""
    optical = random.random() < 0.33
    foot_pod = random.random() < 0.4
    return Watch(
        step_spm=2 if random.random() < 0.33 else 1,
        jitter_spm=random.uniform(0.0, 0.8),
        hold_s=random.uniform(1.5, 6.0) if random.random() < 0.4 else 1.0,
        speed_noise=random.uniform(0.005, 0.015) if foot_pod else random.uniform(0.015, 0.04),
        speed_lag_s=random.uniform(1.5, 4.0) if foot_pod else random.uniform(3.0, 10.0),
        speed_dead_s=0 if foot_pod else random.randint(0, 10),
        heart_lag_s=random.uniform(5.0, 15.0) if optical else random.uniform(0.0, 3.0),
        heart_jitter_bpm=random.uniform(0.0, 0.4),
        optical=optical,
    )
