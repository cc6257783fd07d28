"""Which seeds are for what: none is ever in two parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.families import ABORTED, CRAMP, FAMILIES, SILENT

from .jobs import Drawn

#: Where the seeds of each part begin; a part never holds more than this of one kind.
TRAIN_FROM, TUNE_FROM, TEST_FROM = 1_000_000, 2_000_000, 3_000_000
ROOM = 1_000_000
SPLITS: Final[dict[str, int]] = {"train": TRAIN_FROM, "tune": TUNE_FROM, "test": TEST_FROM}


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions: of each negative family, with a cramp after a build-up, a silent one, an aborted build-up."""

    each_family: int
    cramps: int
    silent: int
    aborted: int


#: Over 1,000 hours that can hold a false alarm, and what science 4.4 asks for of the others.
FULL: Final = Size(80, 520, 160, 60)
#: For continuous integration: two minutes on two cores.
SMALL: Final = Size(6, 40, 15, 6)
#: What the map from scores to chances is fitted on, of the tune seeds.
FITTING: Final = Size(12, 80, 25, 0)
FITTING_SMALL: Final = Size(3, 20, 6, 0)


def sessions(split: str, size: Size, generator: str = "main", without: frozenset[str] = frozenset()) -> list[Drawn]:
    """The sessions of a part, in a fixed order. A smaller size holds the first of each kind of a larger one.

    Args:
        split: a name in :data:`SPLITS`.
        size: how many of each kind.
        generator: whose premises about build-ups.
        without: what no sensor is worn for: ``speed``, ``heart``.
    """
    return [Drawn(SPLITS[split] + number, kind, generator, without) for kind, number in _kinds(size)]


def _kinds(size: Size) -> Iterator[tuple[str, int]]:
    counts = dict.fromkeys(FAMILIES, size.each_family) | {
        CRAMP: size.cramps,
        SILENT: size.silent,
        ABORTED: size.aborted,
    }
    for kind, count in counts.items():
        assert count <= ROOM
        for number in range(count):
            yield kind, number
