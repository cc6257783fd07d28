"""What alarms are worth: hits before a cramp, lead time, false alarms per hour, by the rules of science 4.4."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from simulator.session import Truth

from .alarms import Scan, Spell
from .trace import LONGEST_STEP_S, RUNNING, Trace

#: An alarm counts as seen beforehand from 600 s to 15 s before the onset (science 4.4).
WINDOW_S = (600.0, 15.0)
#: The same alarm counts again for every 5 minutes that it stands on (science 4.4).
AGAIN_S = 300.0
#: A cramp is asked about in time from a rounded second before the onset to 30 s after it.
ASKED_S = (-2.0, 30.0)
#: A build-up without a known end is left out for as long as the longest that is simulated.
LONGEST_RAMP_S = 600.0

NEGATIVE, CRAMP, SILENT, ABORTED = "negative", "cramp", "silent", "aborted"

#: Build-ups by length, s; the last also holds what the one before holds.
RAMPS: dict[str, tuple[float, float]] = {
    "1-2 min": (60.0, 120.0),
    "2-4 min": (120.0, 240.0),
    "4-7 min": (240.0, 420.0),
    "7-10 min": (420.0, 600.001),
    ">=4 min": (240.0, float("inf")),
}


def role_of(truth: Truth) -> str:
    """What a session is scored as: negative, cramp (after a build-up), silent (without one) or aborted."""
    if truth.onset_s is not None:
        return SILENT if truth.silent else CRAMP
    return ABORTED if _build_up_s(truth) else NEGATIVE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method made of one session at one threshold.

    Attributes:
        false: alarms that were false, those that stood on counted again.
        lead_s: from the first alarm in the window to the onset; None without one.
    """

    false: int = 0
    lead_s: float | None = None

    @property
    def hit(self) -> bool:
        """Whether a cramp was seen beforehand."""
        return self.lead_s is not None


_NOTHING = Outcome()


class Case:
    """A session made ready to be scored at many thresholds.

    Exposure is running after the warm-up, up to ten minutes before a cramp and outside of an aborted build-up: only
    there an alarm can be false. What follows a first onset says nothing for or against a method.

    Attributes:
        trace: the session.
        scan: its score.
        role: what it is scored as.
        hours: exposure.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace, self.scan = trace, Scan(trace)
        self.role = role_of(trace.truth)
        self._spared_s = _build_up_s(trace.truth)
        self.hours = sum(step for _, step in self._exposed()) / 3_600

    def at(self, theta: float) -> Outcome:
        """What came of it at a threshold."""
        if self.scan.peak < theta:
            return _NOTHING
        return self.of(self.scan.spells(theta))

    def of(self, spells: Sequence[Spell]) -> Outcome:
        """What came of these alarms."""
        false, lead_s = 0, None
        onset_s = self.trace.truth.onset_s
        for at_s in self._moments(spells):
            if self._is_exposed(at_s):
                false += 1
            elif onset_s is not None and lead_s is None and WINDOW_S[1] <= onset_s - at_s <= WINDOW_S[0]:
                lead_s = onset_s - at_s
        return Outcome(false, lead_s)

    def warned_h(self, spells: Sequence[Spell]) -> float:
        """Hours of exposure in which an alarm stood."""
        if not spells:
            return 0.0
        begins, ends = [one.from_s for one in spells], [one.to_s for one in spells]
        total = 0.0
        for at_s, step in self._exposed():
            index = bisect_right(begins, at_s) - 1
            if index >= 0 and at_s <= ends[index]:
                total += step
        return total / 3_600

    def prompts(self) -> tuple[int, bool]:
        """False questions "Is it a cramp?", and whether the cramp was asked about in time."""
        onset_s = self.trace.truth.onset_s
        if onset_s is None:
            return sum(not self._is_spared(at_s) for at_s in self.trace.prompts), False
        asked = any(ASKED_S[0] <= at_s - onset_s <= ASKED_S[1] for at_s in self.trace.prompts)
        return sum(at_s < onset_s - WINDOW_S[0] for at_s in self.trace.prompts), asked

    def _moments(self, spells: Sequence[Spell]) -> Iterator[float]:
        """When alarms count: as they are raised, and every five minutes for which they stand on; while running."""
        at_s, flags = self.trace.at_s, self.trace.flags
        for spell in spells:
            moment = spell.from_s
            while True:
                index = min(bisect_left(at_s, moment), len(at_s) - 1)
                if flags[index] & RUNNING:
                    yield moment
                moment += AGAIN_S
                if moment >= spell.to_s:
                    break

    def _exposed(self) -> Iterator[tuple[float, float]]:
        """Seconds of exposure and how long each stands."""
        before: float | None = None
        for at_s, flag in zip(self.trace.at_s, self.trace.flags, strict=True):
            if flag & RUNNING and before is not None and self._is_exposed(at_s):
                yield at_s, min(LONGEST_STEP_S, at_s - before)
            before = at_s

    def _is_exposed(self, at_s: float) -> bool:
        onset_s = self.trace.truth.onset_s
        if onset_s is not None:
            return at_s < onset_s - WINDOW_S[0]
        return not self._is_spared(at_s)

    def _is_spared(self, at_s: float) -> bool:
        spared = self._spared_s
        return spared is not None and spared[0] <= at_s <= spared[1]


def ramp_names(ramp_s: float | None) -> list[str]:
    """The bins of :data:`RAMPS` that a build-up falls in."""
    return [] if ramp_s is None else [name for name, (low, high) in RAMPS.items() if low <= ramp_s < high]


def share(hits: int, n: int) -> float | None:
    """A share; None of nothing."""
    return hits / n if n else None


def quartiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Lower quartile, median and upper quartile (halves without the middle); None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    half = len(ordered) // 2
    lower, upper = ordered[:half] or ordered, ordered[len(ordered) - half :] or ordered
    return median(lower), median(ordered), median(upper)


def _build_up_s(truth: Truth) -> tuple[float, float] | None:
    """From when to when a build-up stood that led to no cramp."""
    if truth.onset_s is not None:
        return None
    if truth.aborted_s is not None:
        return truth.aborted_s
    return None if truth.prodrome_s is None else (truth.prodrome_s, truth.prodrome_s + LONGEST_RAMP_S)
