"""What is usual for an athlete across sessions: learned run by run, shrunk to the population."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Personal:
    """One athlete's normal, a version of it; see :mod:`processor.personal` for how it is learned."""

    version: int = 0
    sessions: int = 0
