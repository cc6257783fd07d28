"""Kinds of runs: the ten without a cramp, and what surrounds those with one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from . import confounders as like
from .script import Script


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of run.

    Attributes:
        effort: share of the heart-rate reserve that the usual speed costs.
        drift: rise of heart rate for the same work an hour.
        tiring: share of cadence lost an hour; None: as in everybody.
        faults: how often sensors fail, as a multiple.
        write: what makes the kind, written into the script.
        weight: how often it surrounds a cramp.
    """

    effort: tuple[float, float]
    drift: tuple[float, float]
    write: Callable[[Script, Random], None]
    tiring: tuple[float, float] | None = None
    faults: float = 1.0
    weight: int = 1


def _common(script: Script, random: Random, *, stops_per_h: float = 0.7, turns_per_h: float | None = None) -> None:
    """What happens on every run now and then."""
    like.warm_up(script, random)
    like.traffic(script, random, stops_per_h)
    like.drinks(script, random)
    like.turns(script, random, random.uniform(3, 6) if turns_per_h is None else turns_per_h)
    like.change_of_pace(script, random)
    like.metronome(script, random, 0.08)
    like.surface(script, random)


def _plain(script: Script, random: Random) -> None:
    _common(script, random)
    like.hills(script, random, 0.5)


def _wall(script: Script, random: Random) -> None:
    _plain(script, random)
    like.wall(script, random)


def _intervals(script: Script, random: Random) -> None:
    _common(script, random, stops_per_h=0.3)
    like.intervals(script, random)


def _hills(script: Script, random: Random) -> None:
    _common(script, random)
    like.hills(script, random, random.uniform(4, 8))


def _run_walk(script: Script, random: Random) -> None:
    _plain(script, random)
    like.run_walk(script, random)


def _city(script: Script, random: Random) -> None:
    _common(script, random, stops_per_h=6.0, turns_per_h=random.uniform(5, 10))


def _trail(script: Script, random: Random) -> None:
    _common(script, random, turns_per_h=random.uniform(6, 12))
    like.hills(script, random, random.uniform(2, 6))
    like.trail(script, random)


def _fast_finish(script: Script, random: Random) -> None:
    _plain(script, random)
    like.fast_finish(script, random)


_EASY, _HARD = (0.60, 0.72), (0.72, 0.82)

FAMILIES: Final[Mapping[str, Family]] = {
    "easy": Family(_EASY, (0.0, 0.05), _plain, weight=5),
    "hard": Family(_HARD, (0.08, 0.15), _plain, tiring=(0.015, 0.035), weight=5),
    "wall": Family(_HARD, (0.05, 0.12), _wall, weight=2),
    "intervals": Family(_EASY, (0.0, 0.08), _intervals, weight=1),
    "hills": Family(_EASY, (0.0, 0.08), _hills, weight=2),
    "run_walk": Family(_EASY, (0.0, 0.06), _run_walk, weight=1),
    "city": Family(_EASY, (0.0, 0.06), _city, weight=2),
    "faults": Family(_EASY, (0.0, 0.08), _plain, faults=3.0, weight=2),
    "trail": Family(_EASY, (0.0, 0.08), _trail, weight=2),
    "fast_finish": Family(_HARD, (0.05, 0.12), _fast_finish, weight=2),
}

#: Kinds that are drawn beside the families: a cramp after a build-up, one without, a build-up without a cramp.
CRAMP: Final = "cramp"
SILENT: Final = "silent"
ABORTED: Final = "aborted"
KINDS: Final[tuple[str, ...]] = (*FAMILIES, CRAMP, SILENT, ABORTED)


def surroundings(random: Random) -> str:
    """The family of a run with a cramp."""
    return random.choices(list(FAMILIES), [one.weight for one in FAMILIES.values()])[0]
