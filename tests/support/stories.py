"""Short runs told in stretches, as samples: what a test says about the legs is what the sensors measure."""

from random import Random

from crampwatch.events import Sample
from tests.support.clocks import START_MS
from tests.support.runs import Wearing


class Story:
    """Collects seconds. Cadence wavers by a seeded half step, so that a baseline has a spread.

    ``Story().running(600).standing(30).running(60).samples``
    """

    def __init__(self, seed: int = 7, *, speed: bool = True, heart: bool = True) -> None:
        self.samples: list[Sample] = []
        self.second = 0
        self._random = Random(seed)
        self._wearing = Wearing()
        self._speed, self._heart = speed, heart

    @property
    def now_ms(self) -> int:
        """The second that comes next."""
        return START_MS + self.second * 1_000

    def running(self, seconds: int, spm: float = 170.0, mps: float = 3.0, bpm: int = 150, sway: float = 1.0) -> "Story":
        return self._tell(seconds, spm, mps, bpm, sway)

    def walking(self, seconds: int, spm: float = 110.0) -> "Story":
        return self._tell(seconds, spm, 1.5, 125, 1.0)

    def standing(self, seconds: int) -> "Story":
        return self._tell(seconds, 0.0, 0.0, 120, 0.0)

    def hitching(self, times: int, every_s: int = 30, spm: float = 170.0, depth: float = 0.10) -> "Story":
        for _ in range(times):
            self.running(5, spm * (1 - depth), sway=0.0).running(every_s - 5, spm)
        return self

    def silence(self, seconds: int) -> "Story":
        self.second += seconds
        return self

    def _tell(self, seconds: int, spm: float, mps: float, bpm: int, sway: float) -> "Story":
        for _ in range(seconds):
            self.samples += self._wearing.second(
                self.now_ms,
                bpm=bpm + self._random.choice((-1, 0, 1)) if self._heart else None,
                spm=max(0.0, round(spm + sway * self._random.uniform(-1.5, 1.5))),
                mps=self._measured(mps),
            )
            self.second += 1
        return self

    def _measured(self, mps: float) -> float | None:
        """The speed as a sensor says it: its last digit moves, unless one stands."""
        if not self._speed:
            return None
        return round(mps + 0.01 * (self.second % 2), 2) if mps else mps
