"""The tally of a session: scores, levels and answers, kept for what is learned when it is over."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.units import SECOND_MS, Level
from processor.features.view import View
from processor.population import SCORE_EDGES
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class TallySettings:
    """What is counted.

    Attributes:
        hard: from this fatigue index on a session was a hard one; 70 (science 3.5: high fatigue).
        step_s: the most time that one second of data stands for; 8 s, the longest step of smart recording [E].
        answer_s: "just a pause" answers the newest question for so long; 900 s [E]. Later it is about something else.
    """

    hard: float = 70.0
    step_s: float = 8.0
    answer_s: float = 900.0


@dataclass(slots=True)
class TallyState:
    """Seconds by score, the worst pattern level, questions and answers, and the last decoupling.

    ``answered`` counts questions that "just a pause" answered; ``open_ms`` is when the newest one was asked that
    nobody has answered. ``high`` says that a warning stands, ``fine`` that somebody has said that nothing happened,
    and that no warning and no question has come since.
    """

    scores: list[float] = field(default_factory=lambda: [0.0] * (len(SCORE_EDGES) + 1))
    worst: int = 0
    asked: int = 0
    asking: bool = False
    answered: int = 0
    cramp: bool = False
    hard: bool = False
    decoupling: float | None = None
    decoupled_at_s: float = 0.0
    open_ms: int | None = None
    high: bool = False
    fine: bool = False


class Tally:
    """Counts what every other detector found, so it comes last. It proves nothing and writes nothing."""

    name: ClassVar[str] = "tally"
    state_type: ClassVar[type] = TallyState

    def __init__(self, settings: TallySettings | None = None, state: TallyState | None = None) -> None:
        self._settings = settings or TallySettings()
        self._state = state or TallyState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Take one second."""
        state = self._state
        if view.settled and view.base is not None:
            state.scores[bisect_right(SCORE_EDGES, view.score)] += min(view.dt_s, self._settings.step_s)
        if view.decoupling is not None and view.by_speed:
            state.decoupling, state.decoupled_at_s = view.decoupling, view.run_s
        if view.fatigue is not None and view.fatigue >= self._settings.hard:
            state.hard = True
        asking = view.level is Level.NOW
        if asking and not state.asking:
            state.asked += 1
            state.open_ms = view.at_ms
            state.fine = False
        state.asking = asking
        if view.level is Level.OK:
            state.high = False
        elif not asking:
            rank = view.level.rank
            state.worst = max(state.worst, rank)
            high = rank >= Level.WARNING.rank
            state.fine = state.fine and (state.high or not high)
            state.high = high
        if view.labels:
            state.fine = state.fine or any(one.what == "uneventful" for one in view.labels)
            state.cramp = state.cramp or any(one.what == "cramp" for one in view.labels)
            if any(one.what == "pause" for one in view.labels):
                self._answer(view.at_ms)
        return ()

    def _answer(self, at_ms: int) -> None:
        state = self._state
        if state.open_ms is not None and at_ms - state.open_ms <= self._settings.answer_s * SECOND_MS:
            state.answered += 1
        state.open_ms = None

    def snapshot(self) -> TallyState:
        """The state, a copy."""
        return copied(self._state)

    def after_restart(self) -> TallyState:
        """What is left of the state when the athlete's clock goes back: what was said, asked and reached."""
        state = self._state
        return TallyState(
            worst=state.worst,
            asked=state.asked,
            answered=state.answered,
            cramp=state.cramp,
            hard=state.hard,
            fine=state.fine,
        )
