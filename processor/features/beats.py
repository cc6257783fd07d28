"""Beat intervals made fit for use: artefacts corrected, then DFA-alpha1 behind a quality gate."""

from dataclasses import dataclass, field

from processor.timeline import Moment


@dataclass(frozen=True, slots=True)
class BeatsSettings:
    """How beats are corrected, and when alpha1 may be said."""


@dataclass(slots=True)
class BeatsState:
    """The window of beats."""

    rr_ms: list[float] = field(default_factory=list)


class Beats:
    """Follows beat intervals; says alpha1 every few seconds, or nothing."""

    def __init__(self, settings: BeatsSettings | None = None, state: BeatsState | None = None) -> None:
        self._settings = settings or BeatsSettings()
        self.state = state or BeatsState()

    def step(self, moment: Moment) -> float | None:
        """Take the beats of a moment; alpha1 as it stands, None when it cannot be trusted."""
        del moment
        return None
