"""A reminder for runners who train to a cadence: says when it has been below the target for a while."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Level
from processor.detect.detector import Proof
from processor.features.view import View


@dataclass(frozen=True, slots=True)
class SteadyCadenceSettings:
    """What counts as below the target.

    Attributes:
        target_spm: the cadence that is aimed at; 170 spm [E].
        slack_spm: so much below it is still well; 5 spm [E].
        hold_s: it is told after so long; 60 s [E].
        again_s: and not again within this time; 600 s [E].
    """

    target_spm: float = 170.0
    slack_spm: float = 5.0
    hold_s: float = 60.0
    again_s: float = 600.0


@dataclass(slots=True)
class SteadyCadenceState:
    """Since when cadence has been low, and when that was last told."""

    low_since_ms: int | None = None
    told_at_ms: int | None = None


class SteadyCadence:
    """Says when cadence was below the target for a minute of settled running. It says nothing of fatigue."""

    name: ClassVar[str] = "steady_cadence"
    state_type: ClassVar[type] = SteadyCadenceState

    def __init__(self, settings: SteadyCadenceSettings | None = None, state: SteadyCadenceState | None = None) -> None:
        self._settings = settings or SteadyCadenceSettings()
        self._state = state or SteadyCadenceState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove it at the end of the minute. Whatever is no settled running begins it anew."""
        state, settings = self._state, self._settings
        low_spm = settings.target_spm - settings.slack_spm
        if view.broken or not view.settled or view.spm is None or view.spm >= low_spm:
            state.low_since_ms = None
            return ()
        if state.low_since_ms is None:
            state.low_since_ms = view.at_ms
        low_s = (view.at_ms - state.low_since_ms) / SECOND_MS
        if low_s < settings.hold_s or self._told_lately(view.at_ms):
            return ()
        state.told_at_ms = view.at_ms
        because = f"Your cadence was below {low_spm:.0f} for {low_s:.0f} s."
        return (Proof(FindingKind.OTHER, view.at_ms, Level.OK, (because,), {"spm": view.spm}),)

    def snapshot(self) -> SteadyCadenceState:
        """The state, a copy."""
        return replace(self._state)

    def _told_lately(self, at_ms: int) -> bool:
        told_at_ms = self._state.told_at_ms
        return told_at_ms is not None and at_ms - told_at_ms < self._settings.again_s * SECOND_MS
