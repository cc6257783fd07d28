"""Signal quality: what cannot be seen just now, said in words. Never an alarm about a person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level, Motion, Quality
from processor.features.view import View
from processor.state import copied

from .detector import Proof


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """Science 3.7.

    Attributes:
        silence_s: nothing at all for so long; 20 s [E].
        lost_s: one channel away for so long while the other goes on; 60 s [E].
        back_s: it has come back when it was there for so long; 10 s [E].
    """

    silence_s: float = 20.0
    lost_s: float = 60.0
    back_s: float = 10.0


@dataclass(slots=True)
class SignalState:
    """When the last second was, since when each channel is away or back, and which words stand."""

    last_ms: int | None = None
    silent: bool = False
    away_s: dict[str, float] = field(default_factory=dict)
    back_s: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


_LOST = {
    "cadence": "The cadence signal is lost: breaks in rhythm cannot be seen.",
    "heart_rate": "There is no heart-rate signal: only cadence is watched.",
    "speed": "There is no speed: hills may look like fatigue.",
    "lock": "The heart rate looks like the cadence: tighten the strap.",
}
_BACK = {
    "cadence": "The cadence signal is back.",
    "heart_rate": "The heart-rate signal is back.",
    "speed": "Speed is known again.",
    "lock": "The heart rate can be trusted again.",
}


class Signal:
    """Says when signals go and come. It alone can be due without a fact: see :meth:`due_ms` and :meth:`wake`."""

    name: ClassVar[str] = "signal"
    state_type: ClassVar[type] = SignalState

    def __init__(self, settings: SignalSettings | None = None, state: SignalState | None = None) -> None:
        self._settings = settings or SignalSettings()
        self._state = state or SignalState()

    def due_ms(self) -> int | None:
        """When silence will be proved unless something comes."""
        state = self._state
        if state.last_ms is None or state.silent:
            return None
        return state.last_ms + int(self._settings.silence_s * SECOND_MS)

    def wake(self, now_ms: int) -> Sequence[Proof]:
        """Prove silence if it was due by ``now_ms``; stamped with when it was due, whenever this is called."""
        due_ms = self.due_ms()
        if due_ms is None or now_ms < due_ms:
            return ()
        self._state.silent = True
        because = f"No signal for {self._settings.silence_s:.0f} s."
        evidence = {"seconds": self._settings.silence_s}
        return (Proof(FindingKind.SIGNAL, due_ms, Level.OK, (because,), evidence, "silence"),)

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove what went or came back with this second."""
        state = self._state
        proofs: list[Proof] = []
        if state.last_ms is not None and state.silent:
            gone_s = (view.at_ms - state.last_ms) / SECOND_MS
            proofs.append(self._proof(view, "return", f"The signal is back after {gone_s:.0f} s.", gone_s))
        state.last_ms, state.silent = view.at_ms, False
        for channel in ("cadence", "heart_rate", "speed"):
            self._follow(view, channel, proofs, away=view.quality.get(channel) == Quality.UNDEFINED)
        if view.locked or "lock" in state.said:
            self._tell(view, "lock", 0.0, proofs, gone=view.locked)
        return proofs

    def snapshot(self) -> SignalState:
        """The state, a copy."""
        return copied(self._state)

    def _follow(self, view: View, channel: str, proofs: list[Proof], *, away: bool) -> None:
        """A channel that was never there is said to be away once; speed that never was is simply not worn."""
        state, settings = self._state, self._settings
        if not away:
            if channel in state.said:
                state.back_s[channel] = state.back_s.get(channel, 0.0) + min(view.dt_s, settings.back_s)
                if state.back_s[channel] >= settings.back_s:
                    self._tell(view, channel, state.away_s.get(channel, 0.0), proofs, gone=False)
                    state.away_s[channel] = 0.0
            elif state.away_s.get(channel) != 0.0:
                state.away_s[channel] = 0.0
            return
        state.away_s[channel] = state.away_s.get(channel, 0.0) + min(view.dt_s, settings.silence_s)
        state.back_s.pop(channel, None)
        if state.away_s[channel] >= settings.lost_s and (channel != "cadence" or view.motion == Motion.UNKNOWN):
            self._tell(view, channel, state.away_s[channel], proofs, gone=True)

    def _tell(self, view: View, word: str, seconds: float, proofs: list[Proof], *, gone: bool) -> None:
        said = self._state.said
        if gone == (word in said):
            return
        if gone:
            said.append(word)
        else:
            said.remove(word)
        tag = f"{word}-{'lost' if gone else 'back'}"
        proofs.append(self._proof(view, tag, (_LOST if gone else _BACK)[word], seconds))

    @staticmethod
    def _proof(view: View, tag: str, because: str, seconds: float) -> Proof:
        return Proof(FindingKind.SIGNAL, view.at_ms, Level.OK, (because,), {"seconds": seconds}, tag)
