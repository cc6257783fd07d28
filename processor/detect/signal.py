"""Signal quality: what cannot be seen just now, said in words. Never an alarm about a person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Mode, Quality
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """Science 3.7. When a channel counts as gone or back is decided with the mode.

    Attributes:
        silence_s: nothing at all for so long; 20 s [E].
        again_s: the same is told no more often; 300 s, so that a loose sensor does not nag [E].
    """

    silence_s: float = 20.0
    again_s: float = 300.0


@dataclass(slots=True)
class SignalState:
    """When the last second was, whether silence was said, the mode that was told last, and when each was."""

    last_ms: int | None = None
    silent: bool = False
    told: Mode | None = None
    since_ms: int = 0
    told_ms: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.told = None if self.told is None else Mode(self.told)


_WHOLE = frozenset({Mode.FULL, Mode.NO_BEATS})
_NOW = {
    Mode.NO_BEATS: "Beats are measured no more: their pattern is left out.",
    Mode.NO_SPEED: "There is no speed: hills may look like fatigue.",
    Mode.NO_HEART: "There is no heart-rate signal: only cadence is watched.",
    Mode.HEART_SUSPECT: "The heart rate cannot be trusted: only cadence is watched.",
    Mode.CADENCE_LOST: "The cadence signal is lost: breaks in rhythm cannot be seen.",
    Mode.HEART_ONLY: "There is heart rate only: breaks in rhythm cannot be seen.",
    Mode.BLIND: "There is neither cadence nor heart rate: nothing can be seen.",
}
_LOCKED = "The heart rate looks like the cadence: tighten the strap."
_WILD = "The speed cannot be trusted: it is left out."
_OTHER = "Cadence comes from another sensor now: your usual is learned anew, in some minutes of running."
_BACK = {
    Mode.NO_SPEED: "Speed is known again.",
    Mode.NO_HEART: "The heart-rate signal is back.",
    Mode.HEART_SUSPECT: "The heart rate can be trusted again.",
    Mode.CADENCE_LOST: "The cadence signal is back.",
    Mode.HEART_ONLY: "The cadence signal is there.",
    Mode.BLIND: "There is a signal again.",
}


class Signal:
    """Says when signals go and come, and when what is usual is forgotten because another sensor measures the cadence.

    It alone can be due without a fact: see :meth:`due_ms` and :meth:`wake`.
    """

    name: ClassVar[str] = "signal"
    state_type: ClassVar[type] = SignalState

    def __init__(self, settings: SignalSettings | None = None, state: SignalState | None = None) -> None:
        self._settings = settings or SignalSettings()
        self._silence_ms = round(self._settings.silence_s * SECOND_MS)
        self._state = state or SignalState()

    def due_ms(self) -> int | None:
        """When silence will be proved unless something comes."""
        state = self._state
        if state.last_ms is None or state.silent:
            return None
        return state.last_ms + self._silence_ms

    def wake(self, now_ms: int) -> Sequence[Proof]:
        """Prove silence if it was due by ``now_ms``; stamped with when it was due, whenever this is called."""
        state = self._state
        if state.last_ms is None or state.silent or now_ms < state.last_ms + self._silence_ms:
            return ()
        state.silent = True
        because = f"No signal for {self._settings.silence_s:.0f} s."
        evidence = {"seconds": self._settings.silence_s}
        at_ms = state.last_ms + self._silence_ms
        return (Proof(FindingKind.SIGNAL, at_ms, Level.OK, (because,), evidence, "silence"),)

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove what went or came back with this second."""
        state = self._state
        before_ms, silent = state.last_ms, state.silent
        state.last_ms, state.silent = view.at_ms, False
        if view.mode is state.told and not silent and not view.other_sensor:
            return ()
        proofs: list[Proof] = []
        if view.other_sensor and not self._lately("sensor", view.at_ms):
            state.told_ms["sensor"] = view.at_ms
            proofs.append(self._proof(view, "sensor", (_OTHER,), 0.0))
        if before_ms is not None and silent:
            gone_s = (view.at_ms - before_ms) / SECOND_MS
            proofs.append(self._proof(view, "return", (f"The signal is back after {gone_s:.0f} s.",), gone_s))
        if view.mode is not state.told:
            proofs.extend(self._follow(view))
        return proofs

    def snapshot(self) -> SignalState:
        """The state, a copy."""
        return copied(self._state)

    def _follow(self, view: View) -> Sequence[Proof]:
        """Tell the mode, unless it was told a short while ago: then it waits, and is told if it lasts."""
        state, mode = self._state, view.mode
        if self._lately(mode, view.at_ms):
            return ()
        words = self._words(view)
        lasted_s = (view.at_ms - state.since_ms) / SECOND_MS if state.told is not None else 0.0
        state.told, state.since_ms = mode, view.at_ms
        if not words:
            return ()
        state.told_ms[str(mode)] = view.at_ms
        return (self._proof(view, str(mode), words, lasted_s),)

    def _lately(self, what: str, at_ms: int) -> bool:
        """Whether the same was told a short while ago."""
        told_ms = self._state.told_ms.get(what)
        return told_ms is not None and at_ms - told_ms < self._settings.again_s * SECOND_MS

    def _words(self, view: View) -> tuple[str, ...]:
        """What came back, and what is missing now; nothing at a start with all that is needed."""
        told, mode = self._state.told, view.mode
        words = []
        better = told is not None and list(Mode).index(mode) < list(Mode).index(told)
        if better and told in _BACK and not (told is Mode.HEART_SUSPECT and mode is Mode.NO_HEART):
            words.append(_BACK[told])
        if mode is Mode.HEART_SUSPECT and view.locked:
            words.append(_LOCKED)
        elif mode is Mode.NO_SPEED and view.quality.get("speed") is Quality.UNRELIABLE:
            words.append(_WILD)
        elif mode not in _WHOLE or (mode is Mode.NO_BEATS and told is Mode.FULL):
            words.append(_NOW[mode])
        return tuple(words)

    @staticmethod
    def _proof(view: View, tag: str, because: tuple[str, ...], seconds: float) -> Proof:
        return Proof(FindingKind.SIGNAL, view.at_ms, Level.OK, because, {"seconds": seconds}, tag)
