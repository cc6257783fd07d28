"""One recording without a truth through the machine: what it would have said, and the minutes around each alarm."""

import csv
import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from collector.offline import samples_of
from collector.recordings import Recording, load
from collector.recordings.files import content
from crampwatch.errors import CrampwatchError, Refused
from crampwatch.events import Finding, FindingKind
from crampwatch.units import HOUR_MS, SECOND_MS, Level, Motion
from processor.athlete import Athlete
from processor.features.view import View

#: What is kept around an alarm: ten minutes before it, three after it.
BEFORE_S, AFTER_S = 600.0, 180.0
#: A second stands for no more than this.
_LONGEST_MS = 10 * SECOND_MS
_WARNING = Level.WARNING.rank


def watched_file(path: Path, file: str) -> dict[str, Any]:
    """What the machine says of each run in a file, with the shipped thresholds and nothing known of the runner.

    Args:
        path: where it lies.
        file: what it is called in the answer.

    Returns:
        ``runs`` and ``evidence``, as :func:`evaluation.real.evaluate_real` tells them.

    Raises:
        Refused: the file cannot be read as a recording, breaks what reads it, or holds no second of a run.
    """
    try:
        told = [_watched(recording, file, path) for recording in load(path)]
    except CrampwatchError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Refused("unusable", f"{path} cannot be used ({what}): export it once more, and report this") from error
    found = [one for one in told if one is not None]
    if not found:
        raise Refused("empty", f"{path} holds no second of heart rate, cadence or speed: leave it out")
    return {"runs": [run for run, _ in found], "evidence": [one for _, seen in found for one in seen]}


def _watched(recording: Recording, file: str, path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    samples = samples_of(recording)
    machine = Athlete("evaluated", "s1")
    outcome, end = machine.observe(samples), machine.flush()
    views = [*outcome.views, *end.views]
    if not views:
        return None
    first_ms = samples[0].at_ms
    alarms = list(_alarms([*outcome.findings, *end.findings], first_ms))
    running_ms, recorded_ms = _lasts_ms(views)
    run = {
        "file": file,
        "run": recording.name,
        "hours": running_ms / HOUR_MS,
        "recorded_hours": recorded_ms / HOUR_MS,
        "warnings": [alarm for kind, alarm in alarms if kind == "warning"],
        "prompts": [alarm for kind, alarm in alarms if kind == "prompt"],
    }
    heights = _heights(path) if alarms else []
    named = {"file": file, "run": recording.name}
    return run, [{**named, "kind": kind, **alarm, **_around(views, first_ms, alarm, heights)} for kind, alarm in alarms]


def _alarms(findings: Sequence[Finding], first_ms: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(warning or prompt, what was said) of everything that would have reached the runner."""
    stood = Level.OK
    for one in findings:
        told = {
            "at_s": (one.at_ms - first_ms) / SECOND_MS,
            "level": str(one.level),
            "because": list(one.because),
        }
        if one.kind is FindingKind.CRAMP_STOP:
            yield "prompt", told
        elif one.kind in {FindingKind.PATTERN, FindingKind.FATIGUE}:
            before, stood = stood, one.level
            if one.level.rank > max(before.rank, _WARNING - 1):
                yield "warning", told


def _lasts_ms(views: Sequence[View]) -> tuple[int, int]:
    """How long somebody ran, and how long was recorded; pauses of the watch are neither."""
    running_ms = recorded_ms = 0
    for before, view in pairwise(views):
        step_ms = max(0, min(_LONGEST_MS, view.at_ms - before.at_ms))
        recorded_ms += step_ms
        running_ms += step_ms if view.motion is Motion.RUN else 0
    return running_ms, recorded_ms


def _around(
    views: Sequence[View], first_ms: int, alarm: dict[str, Any], heights: Sequence[tuple[float, float]]
) -> dict[str, Any]:
    """The seconds around an alarm, as the detectors saw them."""
    at_ms = first_ms + round(alarm["at_s"] * SECOND_MS)
    begin_ms, end_ms = at_ms - BEFORE_S * SECOND_MS, at_ms + AFTER_S * SECOND_MS
    part = [view for view in views if begin_ms <= view.at_ms <= end_ms]

    def since_s(view: View) -> float:
        return (view.at_ms - first_ms) / SECOND_MS

    series: dict[str, list[float | None]] = {
        "at_s": [since_s(view) for view in part],
        "bpm": [view.bpm for view in part],
        "spm": [None if view.spm is None else round(view.spm, 1) for view in part],
        "mps": [None if view.mps is None else round(view.mps, 2) for view in part],
        "score": [round(view.score, 4) for view in part],
    }
    if heights:
        series["altitude_m"] = [_height(heights, since_s(view)) for view in part]
    gates = sorted({gate for view in part for gate in view.gates})
    spells = {str(gate): _spells([(since_s(view), gate in view.gates) for view in part]) for gate in gates}
    return {"series": series, "gates": spells}


def _spells(moments: Sequence[tuple[float, bool]]) -> list[list[float]]:
    """[from, to] of the stretches in which something holds."""
    found: list[list[float]] = []
    held = False
    for at_s, holds in moments:
        if holds and not held:
            found.append([at_s, at_s])
        elif held:
            found[-1][1] = at_s
        held = holds
    return found


def _heights(path: Path) -> list[tuple[float, float]]:
    """(seconds since the first row, altitude) of a CSV; nothing of other formats, whose readers keep no altitude."""
    if not path.name.lower().removesuffix(".gz").endswith(".csv"):
        return []
    found: list[tuple[float, float]] = []
    zero_s: float | None = None
    for row in csv.DictReader(io.StringIO(content(path).decode("utf-8-sig"))):
        try:
            at_s = float(row["t_s"])
            zero_s = at_s if zero_s is None else zero_s
            found.append((at_s - zero_s, round(float(row["altitude_m"]), 1)))
        except (KeyError, TypeError, ValueError):
            continue
    return sorted(found)


def _height(heights: Sequence[tuple[float, float]], at_s: float) -> float | None:
    """The last altitude before a moment; None where it is older than ten seconds."""
    index = bisect_left(heights, (at_s + 0.5, 0.0)) - 1
    return heights[index][1] if index >= 0 and at_s - heights[index][0] <= 10 else None
