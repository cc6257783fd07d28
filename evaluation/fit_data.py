"""What weights are fitted on: sessions through a machine that never warns, and which of their seconds teach what."""

import hashlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.offline import samples_of
from collector.recordings import load
from collector.recordings.files import content
from crampwatch.errors import Refused
from processor.athlete import Athlete
from processor.detect.cramp import CrampStop, CrampStopSettings
from processor.profile import Profile
from simulator.session import Truth

from .jobs import Drawn, Job
from .scoring import CRAMP, NEGATIVE, role_of
from .trace import FREE, Trace
from .watching import watch, watch_session

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

#: One second of so many teaches: neighbours say the same, s.
EVERY_S = 5.0
#: A build-up teaches from this share of it, and until so long before the cramp, s [E].
FROM_SHARE, UNTIL_S = 0.25, 8.0
#: What comes so long before a build-up teaches that nothing is the matter, s [E].
CLEAR_S = 30.0
#: The seconds of one cramp weigh as much as so many of an uneventful run, each no more than this [E].
CRAMP_WEIGHT, MOST_WEIGHT = 30.0, 3.0
#: The family of a recording.
REAL = "recorded"

#: Thresholds that no score reaches: what a machine learns of its runner would depend on the weights otherwise.
_NEVER = Profile(threshold_scale=100.0)
_Makes = Callable[[Job, str], Trace]


class Learner(Athlete):
    """A machine whose levels never rise by the score, and that asks after every sudden stop."""

    def _build(self, parts: Mapping[str, Any], detectors: Mapping[str, Any]) -> None:
        super()._build(parts, detectors)
        every = CrampStop(CrampStopSettings(score=-1.0, score_walk=-1.0, again_s=0.0))
        self._detectors = tuple(every if isinstance(one, CrampStop) else one for one in self._detectors)
        self._observers = tuple(one.observe for one in self._detectors)


@dataclass(frozen=True, slots=True)
class Rows:
    """Seconds to fit on: ``x`` has a column for each channel, ``y`` is 1 before a cramp, ``weight`` what it counts."""

    x: "Numbers"
    y: "Numbers"
    weight: "Numbers"


def learned(job: Job, _method: str) -> Trace:
    """A simulated session through a :class:`Learner`, every few seconds of it, with its channels."""
    return thinned(learned_whole(job))


def learned_whole(job: Job) -> Trace:
    """A simulated session through a :class:`Learner`, with its channels."""
    assert isinstance(job, Drawn)
    return watch_session(job.session(), without=job.without, machines=Learner, profile=_NEVER, channels=True)


def learned_recordings(folder: Path, files: Sequence[str], step: Callable[[], None]) -> tuple[list[Trace], list[str]]:
    """Recordings through a :class:`Learner`, in full; and what could not be read. ``step`` is called after each file.

    A trace's name is the hash of its source, that of its file's content, and its number. The source is the file's name
    up to ``__``; a file without one is a source by itself. Files of the same content are read once.
    """
    traces: list[Trace] = []
    problems: list[str] = []
    known: set[str] = set()
    for file in files:
        path = folder / file
        try:
            digest = hashlib.sha256(content(path)).hexdigest()
            if digest in known:
                continue
            known.add(digest)
            source, parted, _ = path.name.partition("__")
            of_source = hashlib.sha256(source.encode()).hexdigest() if parted else digest
            for number, recording in enumerate(load(path)):
                name = f"{of_source}/{digest}/{number}"
                samples = samples_of(recording)
                trace = watch(name, Truth(REAL), samples, machines=Learner, profile=_NEVER, channels=True)
                traces += [trace] if trace.at_s else []
        except Refused as refused:
            problems.append(str(refused))
        finally:
            step()
    return traces, problems


def is_for_fitting(trace: Trace) -> bool:
    """Whether a recording is fitted on; the others are kept for an honest check of the curves.

    The hash of its source decides, so that files of one source are not in both.
    """
    return int(trace.name[0], 16) % 2 == 0


def thinned(trace: Trace, every_s: float = EVERY_S) -> Trace:
    """The same with only a second of each so many."""
    kept: list[int] = []
    due_s = float("-inf")
    for index, at_s in enumerate(trace.at_s):
        if at_s >= due_s:
            kept.append(index)
            due_s = at_s + every_s
    return replace(
        trace,
        at_s=array("d", (trace.at_s[one] for one in kept)),
        score=array("d", (trace.score[one] for one in kept)),
        flags=bytearray(trace.flags[one] for one in kept),
        channels={name: array("f", (told[one] for one in kept)) for name, told in trace.channels.items()},
    )


def labels_of(trace: Trace) -> list[int]:
    """What each second teaches: 1 that a cramp comes, 0 that nothing is the matter, -1 nothing.

    Only seconds in which a warning could be asked for teach. Silent cramps, build-ups that came to nothing and all
    that follows a cramp do not.
    """
    role, truth = role_of(trace.truth), trace.truth
    if role == NEGATIVE:
        return [0 if flag & FREE else -1 for flag in trace.flags]
    if role != CRAMP:
        return [-1] * len(trace.flags)
    assert truth.onset_s is not None
    assert truth.prodrome_s is not None
    clear_s = truth.prodrome_s - CLEAR_S
    from_s = truth.prodrome_s + FROM_SHARE * (truth.onset_s - truth.prodrome_s)
    until_s = truth.onset_s - UNTIL_S
    found = []
    for at_s, flag in zip(trace.at_s, trace.flags, strict=True):
        if not flag & FREE:
            found.append(-1)
        elif at_s < clear_s:
            found.append(0)
        else:
            found.append(1 if from_s <= at_s <= until_s else -1)
    return found


def rows_of(traces: Sequence[Trace], names: Sequence[str], real_weight: float | None = None) -> Rows:
    """What all these sessions teach.

    Args:
        traces: thinned, with channels of these names.
        names: the columns.
        real_weight: what an hour of a recording counts, in hours of a simulated run; None: as much. Ten times as much
            makes the fit trust the level of cadence more and its unevenness less, and costs 4 points of sensitivity
            on tune seeds.
    """
    import numpy as np

    xs, ys, weights, real = [], [], [], []
    for trace in traces:
        labels = np.array(labels_of(trace))
        taught = labels >= 0
        if not taught.any():
            continue
        y = labels[taught].astype(float)
        cramp = y.sum()
        xs.append(np.stack([np.array(trace.channels[name], float)[taught] for name in names], axis=1))
        ys.append(y)
        weights.append(np.where(y == 1, min(MOST_WEIGHT, CRAMP_WEIGHT / max(cramp, 1)), 1.0))
        real.append(np.full(len(y), trace.truth.family == REAL))
    if not xs:
        raise Refused("nothing", "no session teaches anything: fit on more of them")
    y, weight, recorded = np.concatenate(ys), np.concatenate(weights), np.concatenate(real)
    if recorded.any():
        weight[recorded] *= 1.0 if real_weight is None else real_weight
    return Rows(np.concatenate(xs), y, weight)
