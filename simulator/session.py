"""What a generator gives: one run as a watch would have recorded it, and what was made to happen in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Second(NamedTuple):
    """One row of a recording; None where the sensor had nothing, which is not 0.

    ``spm`` is what the watch says, in steps or strides a minute as it counts them; ``rr_ms`` the beats that ended in
    this second, where the run was drawn with beats.
    """

    t_s: float
    bpm: int | None
    spm: int | None
    mps: float | None
    altitude_m: float | None = None
    distance_m: float | None = None
    rr_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Truth:
    """What was made to happen.

    Attributes:
        family: of which kind the run is; a name in :data:`simulator.families.FAMILIES`, or the maker's own.
        onset_s: when the first cramp stops the runner; None in a run without one.
        prodrome_s: when its build-up begins; None in a run without a cramp, and for a silent cramp.
        silent: the cramp comes without a build-up: whoever warns of it was lucky, or has seen the truth.
        aborted_s: (from, to) of a build-up that ended without a cramp; alarms in it are neither right nor wrong.
        repeats_s: onsets of further cramps.
        resumed_s: when the runner runs again after the first cramp.
        severity: 0 to 1, of the build-up.
        stops_s: (from, to) of every spell of standing.
        faulty_s: (from, to, what) of every fault of a sensor.
    """

    family: str
    onset_s: float | None = None
    prodrome_s: float | None = None
    silent: bool = False
    aborted_s: tuple[float, float] | None = None
    repeats_s: tuple[float, ...] = ()
    resumed_s: float | None = None
    severity: float | None = None
    stops_s: tuple[tuple[float, float], ...] = ()
    faulty_s: tuple[tuple[float, float, str], ...] = ()

    @property
    def ramp_s(self) -> float | None:
        """How long the build-up took; None without one."""
        if self.onset_s is None or self.prodrome_s is None:
            return None
        return self.onset_s - self.prodrome_s


@dataclass(frozen=True, slots=True)
class Session:
    """One run. ``seconds`` are in the order in which they came, which a faulty clock may have turned round."""

    name: str
    seed: int
    truth: Truth
    seconds: tuple[Second, ...]
    traits: Mapping[str, float] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        """From the first second to the last."""
        return (self.seconds[-1].t_s - self.seconds[0].t_s) / 3_600 if self.seconds else 0.0
