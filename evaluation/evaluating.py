"""A whole evaluation, from sessions to the figures that are told."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crampwatch.errors import Refused

from . import calibration, loading, running, splits
from .curve import Curve
from .jobs import MACHINE, Filed, Job
from .result import baseline_part, result
from .running import Packed, Run
from .scoring import Case
from .trace import Trace
from .versions import versions

#: Told how many sessions there are in all; what it returns is called as each is done.
Progress = Callable[[int], Callable[[], None]]


def _silent(_total: int) -> Callable[[], None]:
    return lambda: None


@dataclass(frozen=True, slots=True)
class How:
    """How sessions become figures; nothing in it changes a figure.

    Attributes:
        cores: how many processes; None: one a core.
        work: a folder in which traces are kept, so that an evaluation that was ended goes on.
        progress: told of the total, then of each session.
    """

    cores: int | None = None
    work: Path | None = None
    progress: Progress = _silent


def evaluate_drawn(
    split: str,
    *,
    small: bool = False,
    generator: str = "main",
    without: frozenset[str] = frozenset(),
    baselines: Sequence[str] = (),
    how: How | None = None,
) -> dict[str, Any]:
    """Score the machine on simulated sessions.

    Args:
        split: the part of the seeds, by a name in :data:`evaluation.splits.SPLITS`.
        small: a few sessions of it only.
        generator: whose premises about build-ups.
        without: what no sensor is worn for: ``speed``, ``heart``.
        baselines: names of methods that are put beside it.
        how: on what it runs.
    """
    jobs = splits.sessions(split, splits.SMALL if small else splits.FULL, generator, without)
    tune = splits.sessions("tune", splits.FITTING_SMALL if small else splits.FITTING, "main", without)
    going = _Going(how or How(), len(jobs) * (1 + len(baselines)) + len(tune))
    mapped = _cases(going.over(tune).traces)
    line = calibration.fitted(calibration.asked(mapped))
    known = frozenset(one.trace.name for one in mapped)
    told = versions() | {"split": split, "small": small, "drawn_by": generator, "without": sorted(without)}
    return _scored(going, jobs, baselines, told, line=line, known=known)


def evaluate_folder(folder: Path, *, baselines: Sequence[str] = (), how: How | None = None) -> dict[str, Any]:
    """Score the machine on runs from elsewhere that come with their truth.

    What cannot be scored is named under ``problems``; the rest is scored.

    Raises:
        Refused: nothing in the folder can be scored.
    """
    files, problems = loading.runs_in(folder)
    going = _Going(how or How(), len(files) * (1 + len(baselines)))
    told = versions() | {"generator": None}
    found = _scored(going, [Filed(one) for one in files], baselines, told, problems=problems)
    if not found["sessions"]:
        raise Refused("nothing", f"{folder}: no run could be scored. " + "; ".join(found["problems"]))
    return found


class _Going:
    """An evaluation under way."""

    def __init__(self, how: How, total: int) -> None:
        self._how, self._step = how, how.progress(total)

    def over(self, jobs: Sequence[Job]) -> Run:
        """What the machine makes of sessions."""
        how = self._how
        return running.run(jobs, cores=how.cores, work=how.work, progress=self._step)

    def by_each(self, jobs: Sequence[Job], methods: Sequence[str]) -> dict[str, Packed]:
        """What each method makes of sessions."""
        how = self._how
        return running.runs(jobs, methods, cores=how.cores, work=how.work, progress=self._step)


def _scored(
    going: _Going,
    jobs: Sequence[Job],
    baselines: Sequence[str],
    told: dict[str, Any],
    *,
    line: calibration.Line | None = None,
    known: frozenset[str] = frozenset(),
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """The machine over sessions, and other methods beside it.

    ``line`` maps its score to a chance; it is judged on all sessions but those that it was fitted on, ``known``.
    """
    by = going.by_each(jobs, [MACHINE, *baselines])
    done = by[MACHINE].taken()
    curve = Curve(_cases(done.traces))
    others = [one for one in curve.cases if one.trace.name not in known]
    judged = None if line is None else calibration.judged(line, calibration.asked(others))
    named = [*problems, *done.problems]
    found = result(curve.cases, curve=curve, calibration=judged, versions=told, problems=named)
    if baselines:
        same = {case.trace.name for case in curve.cases}
        found["baselines"] = {one: baseline_part(curve, _cases(by[one].taken().traces, same)) for one in baselines}
    return found


def _cases(traces: Sequence[Trace], among: Set[str] | None = None) -> list[Case]:
    """The traces to be scored, in an order of their own; with ``among`` only those of such names."""
    kept = [one for one in traces if one.at_s and (among is None or one.name in among)]
    return [Case(one) for one in sorted(kept, key=lambda one: one.name)]
