"""Whether a person is disturbed: small stages with one signature, composed in one place. Quiet is a decision too.

Each stage takes the question and the reason so far and returns a reason; the last word wins, and a reason that
settles the matter passes through every later stage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce

from crampwatch.events import AlertKind
from crampwatch.units import HOUR_MS, MINUTE_MS, Level

#: Audible alerts that nobody asked for, per athlete and hour.
AUDIBLE_PER_HOUR = 3
#: A sudden stop stands for this long at most, milliseconds (science 3.6).
STOP_MS = 5 * MINUTE_MS
#: After "just a pause" sudden stops are not asked about for this long.
PAUSE_MS = 15 * MINUTE_MS


class Outcome(StrEnum):
    """What a decision does."""

    IGNORE = "ignore"
    CLEAR = "clear"
    SHOW = "show"
    PUSH = "push"


class Reason(StrEnum):
    """Why. Every decision in the journal carries one."""

    # a person is told
    FIRST = "first"
    REPEAT_DUE = "repeat_due"
    ESCALATED = "escalated"
    ASKED = "asked"
    # shown, without a sound
    QUIET_LEVEL = "quiet_level"
    FAULT_SHOWN = "fault_shown"
    INHIBITED = "inhibited"
    LOWERED = "lowered"
    ACKNOWLEDGED = "acknowledged"
    COOLING_DOWN = "cooling_down"
    OVER_BUDGET = "over_budget"
    TOO_LATE = "too_late"
    # nothing happens
    NOT_ALERTING = "not_alerting"
    LATE = "late"
    OUTDATED = "outdated"
    REPEATED = "repeated"
    COVERED = "covered"
    PAUSED = "paused"
    NOTHING_OPEN = "nothing_open"
    NO_SUCH_ALERT = "no_such_alert"
    ALREADY_ANSWERED = "already_answered"
    # an open alert ends, or goes on in its life
    ENDED = "ended"
    RECOVERED = "recovered"
    RESUMED = "resumed"
    RUN_OVER = "run_over"
    ANSWERED = "answered"
    EASED = "eased"
    CHANGED = "changed"
    EXPIRED = "expired"

    @property
    def outcome(self) -> Outcome:
        """What a decision for this reason does."""
        return _OUTCOMES.get(self, Outcome.IGNORE)


_OUTCOMES: Mapping[Reason, Outcome] = {
    **dict.fromkeys((Reason.FIRST, Reason.REPEAT_DUE, Reason.ESCALATED, Reason.ASKED), Outcome.PUSH),
    **dict.fromkeys(
        (
            Reason.QUIET_LEVEL,
            Reason.FAULT_SHOWN,
            Reason.INHIBITED,
            Reason.LOWERED,
            Reason.ACKNOWLEDGED,
            Reason.COOLING_DOWN,
            Reason.OVER_BUDGET,
            Reason.TOO_LATE,
        ),
        Outcome.SHOW,
    ),
    Reason.ENDED: Outcome.CLEAR,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may concern a person.

    ``at_ms`` is when it happened; ``late``: proved from backlog; ``asked``: a person asked for help, so that help is
    an answer and no disturbance; ``gives_way``: shown only while nothing else stands in its slot; ``stands``: no news,
    but a level that stands and was not told in time.
    """

    slot: AlertKind
    level: Level
    finding_id: str
    at_ms: int
    late: bool = False
    asked: bool = False
    gives_way: bool = False
    stands: bool = False


@dataclass(frozen=True, slots=True)
class Pushed:
    """One audible alert that went out or is on its way."""

    at_ms: int
    level: Level
    finding_id: str
    asked: bool = False
    slot: AlertKind = AlertKind.PATTERN


@dataclass(frozen=True, slots=True)
class Hush:
    """Somebody answered: nothing up to this level makes a sound before ``until_ms``."""

    level: Level
    until_ms: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision about one athlete depends on. ``since_ms``: from when what is open stands as it does."""

    open: Mapping[AlertKind, Level] = field(default_factory=dict)
    pushed: tuple[Pushed, ...] = ()
    hushes: tuple[Hush, ...] = ()
    paused_until_ms: int = 0
    since_ms: Mapping[AlertKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that bear on a decision, milliseconds of run time."""

    cooldown_ms: int
    deadline_ms: int
    audible_per_hour: int = AUDIBLE_PER_HOUR


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a stage may look at."""

    candidate: Candidate
    memory: Memory
    rules: Rules
    now_ms: int

    @property
    def earlier(self) -> tuple[Pushed, ...]:
        """Audible alerts of this kind: a question about a stop is no word on the pattern."""
        return tuple(one for one in self.memory.pushed if one.slot is self.candidate.slot)

    @property
    def recent(self) -> tuple[Pushed, ...]:
        """Those within the cooldown."""
        return tuple(one for one in self.earlier if self.now_ms - one.at_ms < self.rules.cooldown_ms)


Stage = Callable[[Question, Reason], Reason]


def gate(question: Question, so_far: Reason) -> Reason:
    """``ok`` ends what is open, however late it comes: that disturbs nobody. Backlog raises nothing, what is older than
    the open alert does not touch it, and nothing is told twice.
    """
    candidate, memory = question.candidate, question.memory
    if candidate.level is Level.OK and candidate.slot not in memory.open:
        return Reason.NOTHING_OPEN
    if candidate.at_ms < memory.since_ms.get(candidate.slot, candidate.at_ms):
        return Reason.OUTDATED
    if candidate.level is Level.OK:
        return Reason.ENDED
    if candidate.late:
        return Reason.LATE
    if any(one.finding_id == candidate.finding_id for one in memory.pushed):
        return Reason.REPEATED
    return Reason.ASKED if candidate.asked else so_far


def cover(question: Question, so_far: Reason) -> Reason:
    """A question that is already open, or that was answered with a pause, is not asked again."""
    candidate, memory = question.candidate, question.memory
    if so_far is not Reason.FIRST:
        return so_far
    if candidate.slot in memory.open and (candidate.gives_way or candidate.slot is AlertKind.CRAMP):
        return Reason.COVERED
    if candidate.slot is AlertKind.CRAMP and question.now_ms < memory.paused_until_ms:
        return Reason.PAUSED
    if candidate.slot is AlertKind.CRAMP and candidate.stands:
        asked = any(question.now_ms - one.at_ms < STOP_MS for one in question.earlier)
        return Reason.COVERED if asked else so_far
    return so_far


def inhibit(question: Question, so_far: Reason) -> Reason:
    """What is open or answered at a higher level silences the lower. A fault silences nothing and is always shown."""
    candidate, memory = question.candidate, question.memory
    if so_far is not Reason.FIRST:
        return so_far
    if candidate.slot is AlertKind.FAULT:
        return Reason.FAULT_SHOWN
    if any(question.now_ms < one.until_ms and candidate.level.rank <= one.level.rank for one in memory.hushes):
        return Reason.ACKNOWLEDGED
    if candidate.slot is AlertKind.PATTERN and AlertKind.CRAMP in memory.open:
        return Reason.INHIBITED
    standing = memory.open.get(candidate.slot)
    lowered = standing is not None and candidate.level.rank < standing.rank
    return Reason.LOWERED if lowered else so_far


def be_punctual(question: Question, so_far: Reason) -> Reason:
    """Nobody is buzzed late: what is older than the deadline is only shown."""
    late = question.now_ms - question.candidate.at_ms > question.rules.deadline_ms
    return Reason.TOO_LATE if so_far is Reason.FIRST and late else so_far


def quieten(question: Question, so_far: Reason) -> Reason:
    """``watch`` tints a screen and makes no sound."""
    if so_far is Reason.FIRST and question.candidate.level is Level.WATCH:
        return Reason.QUIET_LEVEL
    return so_far


def cool_down(question: Question, so_far: Reason) -> Reason:
    """After one push the next of its kind waits; but every sudden stop is a question of its own (science 3.6)."""
    if so_far is not Reason.FIRST:
        return so_far
    if question.recent and question.candidate.slot is not AlertKind.CRAMP:
        return Reason.COOLING_DOWN
    return Reason.REPEAT_DUE if question.earlier else so_far


def escalate(question: Question, so_far: Reason) -> Reason:
    """A rise above everything pushed lately is told at once."""
    rises = all(question.candidate.level.rank > one.level.rank for one in question.recent)
    return Reason.ESCALATED if so_far is Reason.COOLING_DOWN and rises else so_far


def budget(question: Question, so_far: Reason) -> Reason:
    """Too many sounds teach people to ignore them."""
    if so_far.outcome is not Outcome.PUSH or so_far is Reason.ASKED:
        return so_far
    within_hour = [one for one in question.memory.pushed if question.now_ms - one.at_ms < HOUR_MS and not one.asked]
    return Reason.OVER_BUDGET if len(within_hour) >= question.rules.audible_per_hour else so_far


STAGES: tuple[Stage, ...] = (gate, cover, inhibit, be_punctual, quieten, cool_down, escalate, budget)


def decide(candidate: Candidate, memory: Memory, rules: Rules, now_ms: int) -> Reason:
    """Why a person is told, shown, or left alone; ``reason.outcome`` says which.

    >>> warning = Candidate(AlertKind.PATTERN, Level.WARNING, "f1", at_ms=0)
    >>> decide(warning, Memory(), Rules(cooldown_ms=600_000, deadline_ms=60_000), now_ms=5)
    <Reason.FIRST: 'first'>
    """
    question = Question(candidate, memory, rules, now_ms)
    start: Reason = Reason.FIRST
    return reduce(lambda so_far, stage: stage(question, so_far), STAGES, start)
