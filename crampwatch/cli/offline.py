"""Recordings through the athlete machine, without a broker or a store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.offline import samples_of
from collector.recordings import Recording, load
from crampwatch.cli.guarded import one_file
from crampwatch.errors import Refused
from crampwatch.events import Finding
from processor.athlete import Athlete, Outcome
from processor.backtest import backtest
from processor.features.view import View
from processor.profile import Profile

ATHLETE = "backtest"
SESSION = "backtest"


@dataclass(frozen=True, slots=True)
class Watched:
    """One running session of a file, as the machine saw it.

    Attributes:
        name: the recording's name.
        first_ms: the moment of its first sample; times are told from there.
        views: every second as the detectors left it, ascending; never empty.
        findings: what was proved, in the order in which it was.
        profile: what the machine knew beforehand.
    """

    name: str
    first_ms: int
    views: Sequence[View]
    findings: Sequence[Finding]
    profile: Profile = field(default_factory=Profile)

    @property
    def duration_ms(self) -> int:
        """From the first sample to the last second."""
        return self.views[-1].at_ms - self.first_ms


def findings_of(
    file: Path, machines: type[Athlete] = Athlete, profile: Profile | None = None
) -> Iterator[dict[str, Any]]:
    """Each finding of each running session in a file, of somebody of whom this is known, or nothing.

    Raises:
        Refused: the file cannot be read as a recording, or breaks what reads it.
    """
    with one_file(file):
        for _, first_ms, outcomes in _sessions(file, machines, profile):
            for outcome in outcomes:
                for finding in outcome.findings:
                    yield _row(file, finding, first_ms)


def watched(file: Path, machines: type[Athlete] = Athlete, profile: Profile | None = None) -> list[Watched]:
    """Each running session in a file with all its seconds, from the same reading and the same machine.

    Raises:
        Refused: the file cannot be read as a recording, breaks what reads it, or holds no second of a run.
    """
    found: list[Watched] = []
    with one_file(file):
        for recording, first_ms, outcomes in _sessions(file, machines, profile):
            views: list[View] = []
            findings: list[Finding] = []
            for outcome in outcomes:
                views.extend(outcome.views)
                findings.extend(outcome.findings)
            if views:
                found.append(Watched(recording.name, first_ms, views, findings, profile or Profile()))
        if not found:
            raise Refused("empty", f"{file} holds no second of heart rate, cadence or speed")
    return found


def _sessions(
    file: Path, machines: type[Athlete], profile: Profile | None
) -> Iterator[tuple[Recording, int, Iterator[Outcome]]]:
    for recording in load(file):
        if samples := samples_of(recording):
            yield recording, samples[0].at_ms, backtest(ATHLETE, SESSION, samples, profile, machines=machines)


def _row(file: Path, finding: Finding, first_ms: int) -> dict[str, Any]:
    return {
        "file": str(file),
        "at_s": (finding.at_ms - first_ms) / 1_000,
        "kind": str(finding.kind),
        "level": str(finding.level),
        "because": list(finding.because),
    }
