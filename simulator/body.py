"""Legs, heart and ground: the script as a body answers it, second by second, before any sensor."""

import math
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from .noise import Fading, LongMemory
from .runner import Runner
from .script import RUN, STAND, WALK, Script

_START_MPS2, _STOP_MPS2 = 0.9, 2.2
_LEGS_S = 1.0
_STANDING_SPM = 25.0
_DRIFT_FROM_S = 600
#: The heart of somebody who stands is this much above rest.
_UPRIGHT_BPM = 15.0
_LOW_BPM, _HIGH_BPM = 40.0, 215.0


class Truly(NamedTuple):
    """What a second truly was."""

    spm: float
    mps: float
    bpm: float
    altitude_m: float


def lived(runner: Runner, script: Script, random: Random) -> Iterator[Truly]:
    """Each second of the script."""
    legs, heart = _Legs(runner, random), _Heart(runner, random)
    altitude_m = 100.0
    for second in range(script.length_s):
        spm, mps = legs.step(script, second)
        altitude_m += mps * script.climb[second]
        yield Truly(spm, mps, heart.step(script, second, mps), altitude_m)


class _Legs:
    """Speed wanders by 2 %; cadence follows speed, tires by the hour, and has a noise of its own."""

    def __init__(self, runner: Runner, random: Random) -> None:
        self._runner = runner
        self._wander = LongMemory(random, 0.9)
        self._jitter = LongMemory(random, runner.hurst)
        self._keep = math.exp(-1.0 / runner.smooth_s)
        # What smoothing takes from the spread is given back, so that ``noise_spm`` is what is seen.
        self._noise = runner.noise_spm / max(0.6, 1.0 - 0.11 * runner.smooth_s)
        self._mps = self._level = self._noised = 0.0

    def step(self, script: Script, second: int) -> tuple[float, float]:
        runner, gait = self._runner, script.gait[second]
        wander, jitter = self._wander.step(), self._jitter.step()
        wanted = 0.0
        if gait == RUN:
            wanted = runner.speed_mps * script.pace[second] * (1 + 0.02 * wander)
        elif gait == WALK:
            wanted = runner.walk_mps * (1 + 0.03 * wander)
        self._mps += min(max(wanted - self._mps, -_STOP_MPS2), _START_MPS2)
        level = 0.0
        if gait == RUN:
            level = runner.cadence_spm + runner.spm_per_mps * (wanted - runner.speed_mps)
            level *= script.cadence[second] * (1 - runner.tiring_per_h * second / 3_600)
        elif gait == WALK:
            level = runner.walk_spm
        self._level += (level - self._level) * (1 - math.exp(-1 / _LEGS_S))
        self._noised += (jitter * self._noise * script.noise[second] - self._noised) * (1 - self._keep)
        if gait == STAND and self._level < _STANDING_SPM:
            self._level = 0.0
            return 0.0, self._mps
        return max(0.0, self._level + self._noised), self._mps


class _Heart:
    """A first-order answer to the work, after a dead time, with drift from minute ten on."""

    def __init__(self, runner: Runner, random: Random) -> None:
        self._runner = runner
        self._bpm = runner.rest_bpm + 25.0
        self._wander = Fading(random, 1.5, 50.0)
        self._aims = [self._bpm] * (runner.dead_s + 1)

    def step(self, script: Script, second: int, mps: float) -> float:
        runner = self._runner
        drift = 1 + runner.drift_per_h * max(0, second - _DRIFT_FROM_S) / 3_600
        work = runner.effort * (mps / runner.speed_mps) ** 1.1 * script.work[second] * drift
        standing = runner.rest_bpm + _UPRIGHT_BPM
        self._aims.append(standing + (runner.max_bpm - standing) * min(work, 1.0) + script.extra_bpm[second])
        self._bpm += (self._aims.pop(0) - self._bpm) * (1 - math.exp(-1 / runner.lag_s))
        return min(max(self._bpm + self._wander.step(), _LOW_BPM), _HIGH_BPM)
