"""When warnings would have been raised at another threshold: the rules of the pattern level over a kept score."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from processor.detect.pattern import PatternSettings, thresholds_of

from .trace import CAPPED, OPEN, SIGN, Trace

_SHIPPED = PatternSettings()
#: The thresholds in force for somebody of whom nothing is known: of a warning, and of strong signs.
SHIPPED_WARNING, SHIPPED_STRONG = thresholds_of(_SHIPPED)[1:]
#: So many seconds are skipped at once where the score stays below the threshold.
_BLOCK = 64


class Spell(NamedTuple):
    """A warning that stood, in seconds of its session: raised at ``from_s``, over at ``to_s``."""

    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How a score becomes an alarm; times in seconds. Every default is what ships, read from ``PatternSettings``.

    Attributes:
        hold_s: so long the score must stand at the threshold.
        leave_share: the alarm ends below this share of it.
        leave_s: for so long.
        refractory_s: none is raised again so soon after it was.
        strong_hold_s: strong signs come after so long.
        strong: their threshold, or the warning's where that is higher.
    """

    hold_s: float = _SHIPPED.hold_s[1]
    leave_share: float = _SHIPPED.leave_share
    leave_s: float = _SHIPPED.leave_s
    refractory_s: float = _SHIPPED.refractory_s[1]
    strong_hold_s: float = _SHIPPED.hold_s[2]
    strong: float = SHIPPED_STRONG


_RULES = Rules()


class Scan:
    """A trace made ready to be asked about many thresholds."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        seconds = range(len(trace.score))
        #: The highest score of each block of seconds in which a warning could be asked for.
        self.peaks = [
            max((trace.score[at] for at in seconds[first : first + _BLOCK] if trace.flags[at] & OPEN), default=-1.0)
            for first in seconds[::_BLOCK]
        ]
        self.peak = max(self.peaks, default=-1.0)

    def spells(self, theta: float, rules: Rules = _RULES) -> list[Spell]:
        """Every warning at this threshold, ascending; strong signs on top of one are no further one.

        At the shipped threshold and rules these begin where the machine itself went from below warning to warning or
        more.
        """
        if self.peak < theta:
            return []
        return list(_Replay(self, theta, rules).spells())


class _Replay:
    """The two levels of :class:`processor.detect.pattern.Pattern` that warn, second by second over a kept score.

    ``rank`` is 0 (below), 1 (warning) or 2 (strong signs).
    """

    def __init__(self, scan: Scan, theta: float, rules: Rules) -> None:
        self._scan, self._rules = scan, rules
        self._thetas = (theta, max(theta, rules.strong))
        self._rank = 0
        self._asked_s: list[float | None] = [None, None]
        self._entered_s: list[float | None] = [None, None]
        self._quiet_s: float | None = None

    def spells(self) -> Iterator[Spell]:
        """Every warning, ascending; one that stands at the end ends there."""
        trace, peaks = self._scan.trace, self._scan.peaks
        at, end, from_s = 0, len(trace.score), 0.0
        while at < end:
            if at % _BLOCK == 0 and not self._rank and peaks[at // _BLOCK] < self._thetas[0]:
                self._asked_s = [None, None]
                at += _BLOCK
                continue
            stood = self._rank
            self._step(trace.at_s[at], trace.score[at], trace.flags[at])
            if self._rank and not stood:
                from_s = trace.at_s[at]
            elif stood and not self._rank:
                yield Spell(from_s, trace.at_s[at])
            at += 1
        if self._rank:
            yield Spell(from_s, trace.at_s[-1])

    def _step(self, at_s: float, score: float, flags: int) -> None:
        asked = self._asked(at_s, score, flags)
        if asked > self._rank:
            self._rank, self._quiet_s = asked, None
            self._entered_s[:asked] = [at_s] * asked
        elif self._rank and flags & CAPPED:
            self._rank, self._quiet_s = 0, None
        elif self._rank:
            self._ease(at_s, score)

    def _ease(self, at_s: float, score: float) -> None:
        share = self._rules.leave_share
        if score >= share * self._thetas[self._rank - 1]:
            self._quiet_s = None
            return
        if self._quiet_s is None:
            self._quiet_s = at_s
        if at_s - self._quiet_s >= self._rules.leave_s:
            lower = self._rank == 2 and score >= share * self._thetas[0]
            self._rank, self._quiet_s = int(lower), None

    def _asked(self, at_s: float, score: float, flags: int) -> int:
        if not flags & OPEN or score < self._thetas[0]:
            self._asked_s = [None, None]
            return 0
        asked = 0
        if self._holds(0, at_s, self._rules.hold_s):
            asked = 1
        if not (flags & SIGN and score >= self._thetas[1]):
            self._asked_s[1] = None
        elif self._holds(1, at_s, self._rules.strong_hold_s):
            asked = 2
        return asked

    def _holds(self, index: int, at_s: float, hold_s: float) -> bool:
        """Whether a level has been asked for long enough, and was not entered too recently."""
        since_s, entered_s = self._asked_s[index], self._entered_s[index]
        if since_s is None:
            since_s = self._asked_s[index] = at_s
        if at_s - since_s < hold_s:
            return False
        return self._rank > index or entered_s is None or at_s - entered_s >= self._rules.refractory_s


def peaks_of(scans: list[Scan], every_s: float = 600.0) -> list[float]:
    """The highest score of each so many seconds over many traces, descending: thresholds that change something."""
    found: list[float] = []
    for scan in scans:
        at_s, blocks = scan.trace.at_s, scan.peaks
        first = 0
        while first < len(blocks):
            end = bisect_left(at_s, at_s[first * _BLOCK] + every_s)
            last = max(first + 1, min(len(blocks), end // _BLOCK))
            peak = max(blocks[first:last])
            if peak > 0:
                found.append(peak)
            first = last
    return sorted(found, reverse=True)
