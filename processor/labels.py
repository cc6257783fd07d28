"""What a person said, as the machine takes it: from messages, and back from the findings that it left."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from crampwatch.events import Acknowledged, Answer, CheckedIn, Finding, FindingKind, Message

#: How warm the air is: below 12 C, 12 to 22 C, above 22 C [E].
Band = Literal["cool", "mild", "hot"]
What = Literal["cramp", "pause", "eased", "uneventful", Band]
CRAMP: Final = "cramp"
PAUSE: Final = "pause"
EASED: Final = "eased"
#: Nothing happened on this run: no cramp, no twinge.
UNEVENTFUL: Final = "uneventful"
HOT: Final = "hot"
BANDS: tuple[Band, ...] = get_args(Band)

_ANSWERS: dict[Answer, What] = {Answer.CRAMP: CRAMP, Answer.PAUSE: PAUSE}
_EVERY: tuple[What, ...] = (CRAMP, PAUSE, EASED, UNEVENTFUL, *BANDS)


@dataclass(frozen=True, slots=True)
class Label:
    """A person's answer. It takes effect with the first second at or after ``at_ms`` that is not closed yet.

    ``restarts``: how often the athlete's clock had gone back by then. The same moment may come once before and once
    after such a step; after the next one, what still waits takes effect at once.
    """

    at_ms: int
    what: What
    restarts: int = 0


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
    # athlete/session/kind/at_ms, and then how often the clock had gone back, if it had.
    _, _, restarts = finding.id.partition(f"/{finding.at_ms}/")
    past = int(restarts) if restarts.isascii() and restarts.isdigit() else 0
    return next((Label(finding.at_ms, what, past) for what in _EVERY if what in finding.evidence), None)
