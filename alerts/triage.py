"""Which words an alert shows, and where an answer leads. Pure; the words themselves are guidance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.guidance import Flow, Guidance
from crampwatch.events import Alert, AlertKind, AlertState, Answer, Finding, FindingKind, GuidanceStep
from crampwatch.units import MINUTE_MS, Level
from crampwatch.wording import DISCLAIMER, PATTERN_WORDS, RED_FLAGS, RED_FLAGS_TITLE

#: A run is long or hot from here on: an engineering choice.
LONG_MS = 60 * MINUTE_MS
HOT_C = 22.0
#: Where a finding says how warm it is.
TEMPERATURE = "temperature_c"


#: What a delivery message can carry.
MAX_BODY_CHARS = 4_000
#: What a sudden stop may be answered with.
ANSWERS = "Yes / No / Just a pause"


class Lead(StrEnum):
    """Where an answer leads."""

    SEEN = "seen"  # somebody has seen it; it stays open
    RELIEF = "relief"  # it is a cramp
    CLOSE = "close"  # it is none
    PAUSE = "pause"  # it is none, and stops are expected for a while
    EASED = "eased"  # the cramp is over
    NOTHING = "nothing"  # this was said before


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of the run that the advice depends on."""

    run_ms: int = 0
    temperature_c: float | None = None

    @property
    def long_or_hot(self) -> bool:
        """Whether fluid is worth a word."""
        return self.run_ms >= LONG_MS or (self.temperature_c is not None and self.temperature_c >= HOT_C)


_PATTERN_FLOWS: Mapping[Level, Flow] = {
    Level.WATCH: Flow.PATTERN_WATCH,
    Level.WARNING: Flow.PATTERN_WARNING,
    Level.IMMINENT: Flow.PATTERN_IMMINENT,
    Level.NOW: Flow.PATTERN_IMMINENT,
}
#: Answers of a runner to "is it a cramp?"; a coach's ok only says that somebody has seen it.
_PROMPT_LEADS: Mapping[Answer, Lead] = {
    Answer.CRAMP: Lead.RELIEF,
    Answer.OK: Lead.CLOSE,
    Answer.PAUSE: Lead.PAUSE,
}


def subject(finding: Finding) -> tuple[AlertKind, Level] | None:
    """The slot and level of what a finding may raise or end; None: it is recorded only.

    A fatigue finding never rises above ``watch``: heart rate alone is no sign of a cramp. One at ``ok`` says that signs
    are rising and ends nothing: the end of a pattern level is the pattern's to say, whatever raised it.
    """
    if finding.kind is FindingKind.PATTERN:
        return AlertKind.PATTERN, finding.level
    if finding.kind is FindingKind.FATIGUE and finding.level is not Level.OK:
        return AlertKind.PATTERN, Level.WATCH
    if finding.kind is FindingKind.CRAMP_STOP and finding.level is not Level.OK:
        return AlertKind.CRAMP, Level.NOW
    return None


def flow_of(finding: Finding) -> Flow:
    """What to show for a finding that has a :func:`subject` above ``ok``."""
    if finding.kind is FindingKind.CRAMP_STOP:
        return Flow.CRAMP_PROMPT
    if finding.kind is FindingKind.FATIGUE:
        return Flow.FATIGUE_WATCH
    return _PATTERN_FLOWS[finding.level]


def flow_at(level: Level, *, rhythm: bool) -> Flow:
    """What to show for a level above ``ok`` of which no finding came; ``rhythm``: cadence bears it."""
    if level is Level.NOW:
        return Flow.CRAMP_PROMPT
    return _PATTERN_FLOWS[level] if rhythm or level is not Level.WATCH else Flow.FATIGUE_WATCH


def lead(flow: Flow, answer: Answer, *, by_runner: bool) -> Lead:
    """Where an answer to an alert in ``flow`` leads."""
    if flow is Flow.CRAMP_PROMPT:
        return Lead.SEEN if answer is Answer.OK and not by_runner else _PROMPT_LEADS[answer]
    if flow is Flow.CRAMP_RELIEF:
        return Lead.EASED if answer is Answer.OK and by_runner else Lead.NOTHING
    if flow.about_a_cramp:
        return Lead.NOTHING
    return Lead.RELIEF if answer is Answer.CRAMP else Lead.SEEN


def steps(flow: Flow, guidance: Guidance, setting: Setting) -> tuple[GuidanceStep, ...]:
    """The steps of a flow that belong in this run, in their order."""
    rows = [guidance.row(one) for one in guidance.flows[flow].steps]
    return tuple(row.said() for row in rows if row.when == "always" or setting.long_or_hot)


def body(alert: Alert) -> str:
    """A push as plain text under its title: why, what to do, the question, and for a cramp when to get help."""
    lines = [f"Because: {sentences(alert.because)}"] if alert.because else []
    if alert.kind is AlertKind.PATTERN:
        lines.append(f"Pattern score: {PATTERN_WORDS[alert.level]}.")
    for number, step in enumerate(alert.steps, start=1):
        held = f" ({_held(step.timer_s)})" if step.timer_s else ""
        lines.append(f"{number}. {step.text}{held}")
    if alert.question:
        asked = alert.state is not AlertState.ACKNOWLEDGED
        lines.append(f"{alert.question} {ANSWERS}" if asked else alert.question)
    if alert.kind is AlertKind.CRAMP:
        lines += [f"{RED_FLAGS_TITLE}:", *(f"- {one.signs}: {one.action}" for one in RED_FLAGS)]
    if alert.kind is not AlertKind.FAULT:
        lines.append(DISCLAIMER)
    return "\n".join(lines)[:MAX_BODY_CHARS]


def sentences(because: Sequence[str]) -> str:
    """Reasons as running text, each with one full stop.

    >>> sentences(["Your rhythm wavers.", "no signal from Strap"])
    'Your rhythm wavers. no signal from Strap.'
    """
    return " ".join(one if one.endswith((".", "?", "!")) else f"{one}." for one in because)


def _held(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
