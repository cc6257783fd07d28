"""What a detector is: settings it was given, state it can hand over, one second at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

from crampwatch.events import FindingKind
from crampwatch.units import Level
from processor.features.view import View


class Proof(NamedTuple):
    """What a detector proves at a second. The athlete's machine makes it a finding with a name.

    ``tag`` tells apart two proofs of one kind that may fall on one second.
    """

    kind: FindingKind
    at_ms: int
    level: Level
    because: tuple[str, ...]
    evidence: Mapping[str, float]
    tag: str = ""


class Detector(Protocol):
    """Finds one thing in one athlete's seconds.

    Promises: seconds come in event-time order; what is proved depends on the seconds alone, so that a detector
    made from ``snapshot()`` goes on exactly as this one would; nothing is ever reset behind the caller's back;
    no number is ever NaN. A detector also writes its own channel of the view, for those after it.

    ``name`` is unique among all detectors; ``state_type`` is what ``snapshot()`` returns: a dataclass of plain values
    all of which have defaults. A detector class is made with ``(settings, state)``, either of which may be None.
    """

    name: ClassVar[str]
    state_type: ClassVar[type]

    def __init__(self, settings: Any = None, state: Any = None) -> None: ...

    def observe(self, view: View) -> Sequence[Proof]:
        """Take one second; return what it proves."""
        ...

    def snapshot(self) -> Any:
        """The state as a dataclass of plain values, a copy: small, and the second argument of the class."""
        ...
