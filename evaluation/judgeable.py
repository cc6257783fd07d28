"""Whether a run from elsewhere can be judged at all: one that cannot would count as hours and misses without a word."""

from itertools import pairwise
from pathlib import Path
from statistics import median

from collector.recordings import Recording
from crampwatch.errors import Refused

from .scoring import WINDOW_S
from .trace import KNOWN, RUNNING, Trace

#: Rows further apart than this leave every second without what came before it, s.
_FARTHEST_S = 10.0
_JUDGED = RUNNING | KNOWN


def demand(trace: Trace, recording: Recording, path: Path) -> None:
    """See that the machine could have said something on a run, and before its cramp.

    Raises:
        Refused: ``unjudged``: no second counts and has something to be compared with; ``too_early``: none does
            before the last moment at which its cramp can be seen beforehand.
    """
    first_s = next(
        (at_s for at_s, flag in zip(trace.at_s, trace.flags, strict=True) if flag & _JUDGED == _JUDGED), None
    )
    if first_s is None:
        raise Refused("unjudged", f"{path}: no second of it can be judged: {_why(recording)}")
    onset_s = trace.truth.onset_s
    if onset_s is not None and first_s > onset_s - WINDOW_S[1]:
        said = f"its cramp at {onset_s:.0f} s comes before anything can be judged, from {first_s:.0f} s"
        raise Refused("too_early", f"{path}: {said}: leave it out")


def _why(recording: Recording) -> str:
    cadences = [one.cadence_per_min for _, one in recording.points if one.cadence_per_min is not None]
    steps_s = [after - before for (before, _), (after, _) in pairwise(recording.points)]
    if not cadences:
        return "it has no cadence; name the column cadence_spm, and write numbers with a point"
    if not any(cadences):
        return "its cadence is 0 throughout"
    if median(steps_s) > _FARTHEST_S:
        return f"it has a row every {median(steps_s):.0f} s; write one every 8 s or less"
    return "it holds no eight minutes of running with cadence, or its columns are shifted; see its rows"
