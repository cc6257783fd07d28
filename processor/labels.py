"""What a person said, as the machine takes it: from messages, and back from the findings that it left."""

from dataclasses import dataclass
from typing import Final, Literal

from crampwatch.events import Acknowledged, Answer, CheckedIn, Finding, FindingKind, Message

What = Literal["cramp", "pause", "eased"]
CRAMP: Final = "cramp"
PAUSE: Final = "pause"
EASED: Final = "eased"

_ANSWERS: dict[Answer, What] = {Answer.CRAMP: CRAMP, Answer.PAUSE: PAUSE}
_EVERY: tuple[What, ...] = (CRAMP, PAUSE, EASED)


@dataclass(frozen=True, slots=True)
class Label:
    """A person's answer. It takes effect with the first second at or after ``at_ms`` that is not closed yet."""

    at_ms: int
    what: What


def label_of(message: Message) -> Label | None:
    """What an ack or a check-in says about a run; None when it says nothing about it ("seen")."""
    if isinstance(message, CheckedIn):
        return Label(message.at_ms, message.what)
    if isinstance(message, Acknowledged) and message.answer in _ANSWERS:
        return Label(message.at_ms, _ANSWERS[message.answer])
    return None


def stored_label(finding: Finding) -> Label | None:
    """The answer that a ``label`` finding says took effect then; None for every other finding.

    A machine that is told these from the start comes to the same state as the one that proved them.
    """
    if finding.kind is not FindingKind.LABEL:
        return None
    return next((Label(finding.at_ms, what) for what in _EVERY if what in finding.evidence), None)
