"""What a host tells a machine of its athlete before the first second."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from processor.personal import Personal
from processor.state import packed, unpacked


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of an athlete beforehand. It is part of the machine's state: a session keeps the one it began with.

    Attributes:
        prior: logits by which history raises the pattern score, 0 to 1.2 (science 3.5); 0 when unknown.
        sensitivity: what the budget of false alarms is multiplied by: 0.5, 1 or 2 (science 3.6).
        personal: what is usual for this athlete across sessions.
    """

    prior: float = 0.0
    sensitivity: float = 1.0
    personal: Personal = field(default_factory=Personal)

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Self:
        """The profile of :func:`processor.state.packed`."""
        rest = {name: value for name, value in values.items() if name != "personal"}
        return unpacked(cls, {**rest, "personal": unpacked(Personal, values["personal"])})

    def plain(self) -> dict[str, Any]:
        """As JSON values, for :meth:`restored`."""
        return packed(self)
