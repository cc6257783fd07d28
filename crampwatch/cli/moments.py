"""Pure: one second of a run explained, and a run as a list of what happened, from the views the detectors left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crampwatch.cli.offline import Watched
from crampwatch.events import Finding, FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion, Quality
from crampwatch.wording import GATE_WORDS, MODE_WORDS, WHOLE_MODES
from processor.features.view import View

ValueT = TypeVar("ValueT")

#: Findings shown before and after a moment.
NEIGHBOURS = 3
#: So much time after the last second still counts as that second.
SLACK_MS = 15 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Reading:
    """What a channel said: its value (None: missing), how far it is trusted, and what is usual here."""

    name: str
    value: float | None
    unit: str
    quality: Quality
    usual: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run: a finding, a level that began, a gate that closed or opened, a new mode.

    ``until_s`` is the end of what lasts; None for what happens at once.
    """

    at_s: float
    what: str
    name: str
    words: tuple[str, ...]
    level: Level
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding by its time in the run."""

    at_s: float
    kind: FindingKind
    level: Level
    because: tuple[str, ...]


def index_at(run: Watched, at_s: float) -> int | None:
    """The second that stands at a time of the run; None before the first and after the last."""
    at_ms = run.first_ms + round(at_s * SECOND_MS)
    views = run.views
    # The first sample may lie within the first second, whose stamp is then a little earlier.
    if at_ms < run.first_ms or at_ms > views[-1].at_ms + SLACK_MS:
        return None
    low, high = 0, len(views)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if views[middle].at_ms <= at_ms else (low, middle)
    return low


def readings(view: View) -> tuple[Reading, ...]:
    """Heart rate, cadence and speed of a second."""
    base, quality = view.base, view.quality
    undefined = Quality.UNDEFINED
    return (
        Reading(
            "heart rate", view.bpm, "bpm", quality.get("heart_rate", undefined), None if base is None else base.bpm
        ),
        Reading("cadence", view.spm, "steps/min", quality.get("cadence", undefined), view.expected_spm),
        Reading("speed", view.mps, "m/s", quality.get("speed", undefined), None if base is None else base.mps),
    )


def neighbours(run: Watched, view: View) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """The last findings up to a second and the next ones after it."""
    before = [one for one in run.findings if one.at_ms <= view.at_ms]
    after = [one for one in run.findings if one.at_ms > view.at_ms]
    return (
        tuple(_found(run, one) for one in before[-NEIGHBOURS:]),
        tuple(_found(run, one) for one in after[:NEIGHBOURS]),
    )


def level_since_s(run: Watched, index: int) -> float:
    """Since when the level of a second stands, in seconds of the run."""
    views = run.views
    while index and views[index - 1].level is views[index].level:
        index -= 1
    return _second(run, views[index].at_ms)


def events(run: Watched) -> list[Event]:
    """A run in the order in which things happened. What lasts stands where it began and says when it ended."""
    every = [*_levels(run), *_gates(run), *_modes(run)]
    told = {(event.at_s, event.level) for event in every if event.what == "level"}
    for finding in run.findings:
        at_s = _second(run, finding.at_ms)
        if _is_level(finding) and (at_s, finding.level) in told:
            continue
        every.append(Event(at_s, "finding", str(finding.kind), finding.because, finding.level))
    order = ("mode", "gate", "finding", "level")
    return sorted(every, key=lambda event: (event.at_s, order.index(event.what)))


def _levels(run: Watched) -> Iterator[Event]:
    reasons = {
        (one.at_ms, one.level): one.because
        for one in run.findings
        if _is_level(one) or one.kind is FindingKind.CRAMP_STOP
    }
    for level, since, until in _spans([view.level for view in run.views]):
        if level is not Level.OK:
            at_ms = run.views[since].at_ms
            words = reasons.get((at_ms, level)) or run.views[since].because
            yield Event(_second(run, at_ms), "level", str(level), words, level, _ends(run, until))


def _gates(run: Watched) -> Iterator[Event]:
    for gate in Gate:
        held = [gate in view.gates for view in run.views]
        if True not in held:
            continue
        for holds, since, until in _spans(held):
            if holds:
                at_s = _second(run, run.views[since].at_ms)
                yield Event(at_s, "gate", str(gate), (GATE_WORDS[gate],), Level.OK, _ends(run, until))


def _modes(run: Watched) -> Iterator[Event]:
    for mode, since, until in _spans([view.mode for view in run.views]):
        if since or mode not in WHOLE_MODES:
            at_s = _second(run, run.views[since].at_ms)
            yield Event(at_s, "mode", str(mode), (MODE_WORDS[mode],), Level.OK, _ends(run, until))


def _spans(values: Sequence[ValueT]) -> Iterator[tuple[ValueT, int, int]]:
    """Stretches of one value: the value, its first index, and the index after its last."""
    since = 0
    for index in range(1, len(values) + 1):
        if index == len(values) or values[index] != values[since]:
            yield values[since], since, index
            since = index


def _ends(run: Watched, until: int) -> float | None:
    """When a stretch was over; None when it lasted to the end of the run."""
    return None if until == len(run.views) else _second(run, run.views[until].at_ms)


def _is_level(finding: Finding) -> bool:
    by_fatigue = finding.kind is FindingKind.FATIGUE and finding.level is not Level.OK
    return finding.kind is FindingKind.PATTERN or by_fatigue


def _found(run: Watched, finding: Finding) -> Found:
    return Found(_second(run, finding.at_ms), finding.kind, finding.level, finding.because)


def _second(run: Watched, at_ms: int) -> float:
    return max(0, at_ms - run.first_ms) / SECOND_MS


def motion_words(view: View) -> str:
    """What the legs do, and for how long."""
    seconds = max(0, view.at_ms - view.motion_since_ms) // SECOND_MS
    if view.motion is Motion.UNKNOWN:
        return "unknown"
    settled = ", not settled yet" if view.motion is Motion.RUN and not view.settled else ""
    return f"{view.motion} for {seconds} s{settled}"
