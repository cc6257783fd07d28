"""Recordings through the athlete machine, without a broker or a store."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.intake import Intake
from collector.recorded import frames_of
from collector.recordings import Recording, load
from crampwatch.cli.guarded import one_file
from crampwatch.errors import Refused
from crampwatch.events import Finding, Sample
from processor.backtest import backtest

#: Recordings without a date begin here (2001-09-09T01:46:40Z); findings are told from the first sample anyway.
UNDATED_MS = 1_000_000_000_000
ATHLETE = "backtest"
SESSION = "backtest"
DEVICE = "recording"


def findings_of(file: Path) -> Iterator[dict[str, Any]]:
    """Each finding of each running session in a file.

    Raises:
        Refused: the file cannot be read as a recording, or breaks what reads it.
    """
    with one_file(file):
        for recording in load(file):
            samples = samples_of(recording)
            if not samples:
                continue
            first_ms = samples[0].at_ms
            for outcome in backtest(ATHLETE, SESSION, samples):
                for finding in outcome.findings:
                    yield _row(file, finding, first_ms)


def samples_of(recording: Recording) -> list[Sample]:
    """A recording as the collector would have told it: the same frames, the same intake."""
    intake = Intake()
    start_ms = recording.started_ms or UNDATED_MS
    samples: list[Sample] = []
    for frame in frames_of(recording, DEVICE, start_ms):
        with contextlib.suppress(Refused):  # as live: that frame is left out, the rest is kept
            samples.extend(intake.take(ATHLETE, frame).samples)
    return samples


def _row(file: Path, finding: Finding, first_ms: int) -> dict[str, Any]:
    return {
        "file": str(file),
        "at_s": (finding.at_ms - first_ms) / 1_000,
        "kind": str(finding.kind),
        "level": str(finding.level),
        "because": list(finding.because),
    }
