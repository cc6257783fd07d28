"""What a person said, as the machine takes it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Label:
    """A person's answer. It takes effect with the first second at or after ``at_ms`` that is not closed yet."""

    at_ms: int
    what: Literal["cramp", "pause", "eased"]
