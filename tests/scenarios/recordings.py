"""Every recorded run and walk through a machine, once in a test session, and what tests and tables need of it."""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from crampwatch.events import Assessed, Finding, FindingKind, Sample
from crampwatch.units import HOUR_MS, Level, Motion
from processor.athlete import Athlete
from processor.profile import Profile
from processor.summary import Summary
from tests.support import runs

#: A second of a recording stands for the time since the last one, and for no more than this.
LONGEST_MS = 10_000
WARNING = Level.WARNING.rank


@dataclass(frozen=True, slots=True)
class Observed:
    """What a machine made of a recording. The seconds themselves are not kept: two hundred thousand would slow all.

    Attributes:
        findings: in the order in which they were proved.
        assessed: seconds that were assessed.
        strange: those with a score that is none.
        running_ms: time of running.
        levels: from when on each level stood.
        modes: ms in each mode.
        gates: ms for which each gate was closed.
        state_bytes: of the snapshot at the end.
        summary: what the session teaches.
    """

    findings: tuple[Finding, ...]
    assessed: int
    strange: int
    running_ms: int
    levels: tuple[tuple[int, Level], ...]
    modes: Counter[str]
    gates: Counter[str]
    state_bytes: int
    summary: Summary | None

    @property
    def running_h(self) -> float:
        """Hours of running."""
        return self.running_ms / HOUR_MS

    @property
    def warnings(self) -> list[Finding]:
        """Findings that would push: the level rose to warning or more. Strong signs that ease to a warning did not."""
        told = [one for one in self.findings if one.kind is FindingKind.PATTERN]
        before = [Level.OK, *(one.level for one in told)]
        return [one for one, stood in zip(told, before, strict=False) if one.level.rank > max(stood.rank, WARNING - 1)]

    @property
    def prompts(self) -> list[Finding]:
        """Sudden stops that would be asked about."""
        return [one for one in self.findings if one.kind is FindingKind.CRAMP_STOP]


@cache
def observed() -> dict[Path, Observed]:
    """Every recording, by its file."""
    return {path: alone(path) for path in runs.recorded()}


@cache
def alone(path: Path) -> Observed:
    """A recording of somebody of whom nothing is known."""
    return watched(runs.samples(path))


def watched(samples: Iterable[Sample], profile: Profile | None = None) -> Observed:
    """Samples through a machine of their own."""
    machine = Athlete("r7", "s1", profile)
    outcome, end = machine.observe(samples), machine.flush()
    seconds = [*outcome.assessments, *end.assessments]
    running_ms, modes, gates = _times(seconds)
    return Observed(
        findings=(*outcome.findings, *end.findings),
        assessed=len(seconds),
        strange=sum(not (math.isfinite(one.score) and 0 <= one.score <= 1) for one in seconds),
        running_ms=running_ms,
        levels=_levels(seconds),
        modes=modes,
        gates=gates,
        state_bytes=len(machine.snapshot()),
        summary=machine.summary(),
    )


def _times(seconds: Sequence[Assessed]) -> tuple[int, Counter[str], Counter[str]]:
    running_ms, modes, gates = 0, Counter[str](), Counter[str]()
    for before, one in itertools.pairwise(seconds):
        lasts_ms = max(0, min(LONGEST_MS, one.at_ms - before.at_ms))
        running_ms += lasts_ms if one.motion is Motion.RUN else 0
        modes[one.mode] += lasts_ms
        for gate in one.quiet:
            gates[gate] += lasts_ms
    return running_ms, modes, gates


def _levels(seconds: Sequence[Assessed]) -> tuple[tuple[int, Level], ...]:
    stood = Level.OK
    changes = []
    for one in seconds:
        if one.level is not stood:
            stood = one.level
            changes.append((one.at_ms, stood))
    return tuple(changes)
