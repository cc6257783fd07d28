"""A recording as samples, without a radio, a spool or a broker: what offline commands and evaluations begin with."""

import contextlib

from collector.intake import Intake
from collector.recorded import frames_of
from collector.recordings import Recording
from crampwatch.errors import Refused
from crampwatch.events import Sample

#: Recordings without a date begin here (2001-09-09T01:46:40Z); findings are told from the first sample anyway.
UNDATED_MS = 1_000_000_000_000
DEVICE = "recording"
_WEARER = "offline"
#: Longer than any recording, s.
_NEVER_S = 1e9


def samples_of(recording: Recording) -> list[Sample]:
    """A recording as the collector would have told it: the same frames, the same intake.

    One recording is one session, however long its runner paused: it goes to one machine, which takes a sequence that
    begins again for samples that came twice.
    """
    intake = Intake(session_gap_s=_NEVER_S)
    start_ms = recording.started_ms or UNDATED_MS
    samples: list[Sample] = []
    for frame in frames_of(recording, DEVICE, start_ms):
        with contextlib.suppress(Refused):  # as live: that frame is left out, the rest is kept
            samples.extend(intake.take(_WEARER, frame).samples)
    return samples
