"""A run's script: what each second asks of the runner. Confounders and build-ups are written into it one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

RUN: Final = 0
WALK: Final = 1
STAND: Final = 2


@dataclass(slots=True)
class Script:
    """One value a second; shares multiply what is usual for the runner.

    Attributes:
        length_s: seconds in the run.
        gait: :data:`RUN`, :data:`WALK` or :data:`STAND`.
        pace: share of the runner's speed.
        cadence: share of the cadence that this speed has.
        noise: share of the cadence's noise.
        work: share of the heart's answer to this speed: above 1 uphill.
        extra_bpm: added to what the heart aims at.
        climb: grade; 0.05 is 5 % up.
        taken: (from, to) where something fixed happens: chance keeps away from it.
    """

    length_s: int
    gait: bytearray = field(init=False)
    pace: list[float] = field(init=False)
    cadence: list[float] = field(init=False)
    noise: list[float] = field(init=False)
    work: list[float] = field(init=False)
    extra_bpm: list[float] = field(init=False)
    climb: list[float] = field(init=False)
    taken: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = self.length_s
        self.gait = bytearray(count)
        self.pace, self.cadence, self.noise = [1.0] * count, [1.0] * count, [1.0] * count
        self.work, self.extra_bpm, self.climb = [1.0] * count, [0.0] * count, [0.0] * count

    def spell(self, start_s: float, end_s: float, gait: int) -> None:
        """Walk or stand; standing wins over walking."""
        for second in self.seconds(start_s, end_s):
            self.gait[second] = max(self.gait[second], gait)

    def scale(self, values: list[float], start_s: float, end_s: float, share: float, ease_s: float = 0.0) -> None:
        """Multiply some seconds, with a straight ramp of ``ease_s`` at both ends."""
        for second in self.seconds(start_s, end_s):
            near_s = min(second - start_s, end_s - second) + 0.5
            part = min(1.0, near_s / ease_s) if ease_s > 0 else 1.0
            values[second] *= 1.0 + (share - 1.0) * part

    def seconds(self, start_s: float, end_s: float) -> range:
        """The whole seconds of a spell that lie in the run."""
        return range(max(0, int(start_s)), min(self.length_s, int(end_s)))

    def moments(
        self, random: Random, per_h: float, *, quiet_start_s: float = 90.0, quiet_end_s: float = 60.0
    ) -> Iterator[float]:
        """Chance moments at a rate, away from both ends and from what is fixed."""
        if per_h <= 0:
            return
        at_s = quiet_start_s
        while (at_s := at_s + random.expovariate(per_h / 3_600)) < self.length_s - quiet_end_s:
            if not any(start - 20.0 <= at_s <= end + 20.0 for start, end in self.taken):
                yield at_s
