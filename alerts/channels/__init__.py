"""Ways to reach a person: a Protocol with its promise, and what is pushed."""

from dataclasses import dataclass
from typing import Protocol

from crampwatch.errors import Unavailable
from crampwatch.events import Alert


class Unanswered(Unavailable):
    """The other side was asked and has not answered yet: it may still take the push.

    Asking the same channel for the same push again waits for that answer and sends nothing anew. In another life of
    the process nobody would know of it, so that a push which may not be repeated is not.
    """


@dataclass(frozen=True, slots=True)
class Push:
    """One alert for one athlete's people. ``body`` is plain text under ``title``; ``alert`` has the parts."""

    athlete: str
    alert: Alert
    title: str
    body: str


class Channel(Protocol):
    """Reaches a person.

    Promises: :meth:`deliver` returns when the other side took the push, and not before; it never takes a push of the
    same alert twice within one process on its own account (no hidden retries that a person would feel). A call may be
    cancelled at any await; what the other side then did is not known.
    """

    @property
    def name(self) -> str:
        """Unique among the channels of an alerter; stands in the journal."""
        ...

    @property
    def audible(self) -> bool:
        """Whether a person hears or feels it. Quiet alerts only go to channels that nobody hears."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a second push of the same alert disturbs nobody (the taker knows it by its id, or it is only shown).

        After a crash in the middle of a push, only such a channel is tried again.
        """
        ...

    async def deliver(self, push: Push) -> None:
        """Hand the push over.

        Raises:
            Unavailable: the other side is away; the same push may be tried again (Throttled: not before its time;
                Unanswered: it may still be taken).
            Refused: the other side will never take this push; others may work.
        """
        ...

    async def close(self) -> None:
        """Release what the channel holds; a second call does nothing."""
        ...
