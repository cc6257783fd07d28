"""What a body does, second by second: the common tongue of simulated runners and recorded runs.

A virtual watch sends it over the radio; a recorded source turns it into frames directly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reading:
    """What a watch would measure at one moment; None where it has nothing.

    ``cadence_per_min`` is in steps, 0 is a real zero; a watch that counts strides sends half of it.
    """

    bpm: int | None
    cadence_per_min: int | None
    speed_mps: float | None
    distance_m: float | None = None
    rr_ms: tuple[float, ...] = ()
    running: bool = False


class Wearer(Protocol):
    """Somebody who wears a watch."""

    @property
    def name(self) -> str:
        """Shown on the watch's advertisement."""
        ...

    def readings(self) -> Iterator[tuple[float, Reading]]:
        """(seconds since the start, reading), ascending, from the start each time it is called; it may end."""
        ...
