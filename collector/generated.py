"""A run of the simulator as somebody who wears a watch."""

from collections.abc import Iterator

from crampwatch.units import CadenceUnit
from simulator.draw import Generator, draw
from simulator.families import KINDS
from simulator.kinds import ALL
from simulator.session import Session
from simulator.writing import ascending, counts_strides

from .wearer import Reading, Wearer

_RUNNING_SPM = 140
_STEPS_A_STRIDE = 2


class Generated:
    """A :class:`collector.wearer.Wearer` on a generated run, at 1 Hz; what came twice or from before is left out.

    Args:
        session: the run, with beats if the watch is to send them.

    Attributes:
        cadence_counts: what the watch must send; its readings count steps in either case.
        length_s: the moment of the last reading.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.cadence_counts = CadenceUnit.STRIDES if counts_strides(session.truth) else CadenceUnit.STEPS
        self._seconds = tuple(ascending(session.seconds))
        self.length_s = self._seconds[-1].t_s

    @property
    def name(self) -> str:
        """Kind and seed, such as ``cramp-7``."""
        return self.session.name

    def readings(self) -> Iterator[tuple[float, Reading]]:
        """(second, reading) with gaps where the sensors had nothing."""
        steps = _STEPS_A_STRIDE if self.cadence_counts is CadenceUnit.STRIDES else 1
        for one in self._seconds:
            spm = None if one.spm is None else one.spm * steps
            yield (
                one.t_s,
                Reading(
                    bpm=one.bpm,
                    cadence_per_min=spm,
                    speed_mps=one.mps,
                    distance_m=one.distance_m,
                    rr_ms=one.rr_ms,
                    running=spm is not None and spm >= _RUNNING_SPM,
                ),
            )


def generated(count: int, kind: str, seed: int, generator: Generator = "main") -> tuple[Generated, ...]:
    """Some runners with beats: seeds from ``seed`` on, the kinds in turn where ``kind`` is "all".

    Raises:
        ValueError: there is no such kind.
    """
    kinds = KINDS if kind == ALL else (kind,)
    return tuple(
        Generated(draw(seed + number, kinds[number % len(kinds)], generator, beats=True)) for number in range(count)
    )


def cadence_counts(wearer: Wearer) -> CadenceUnit:
    """What the watch on this wrist sends as cadence."""
    return wearer.cadence_counts if isinstance(wearer, Generated) else CadenceUnit.STEPS
