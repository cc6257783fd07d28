"""What can be seen of an athlete just now, and how high a level that allows (science 3.7)."""

from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS, Level, Mode, Quality
from processor.features.view import View

#: The highest level that each mode allows.
CEILING: dict[Mode, Level] = dict.fromkeys(Mode, Level.IMMINENT) | {
    Mode.CADENCE_LOST: Level.WATCH,
    Mode.HEART_ONLY: Level.WATCH,
    Mode.BLIND: Level.OK,
}

#: The channels, as bits of a mask. ``TRUSTED`` is heart rate that is good.
CADENCE, HEART, TRUSTED, SPEED, BEATS = _CHANNELS = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class ModeSettings:
    """When a channel counts as gone, and as back.

    Attributes:
        lost_s: away for so long; 60 s (science 3.7).
        blind_s: neither cadence nor heart rate for so long; 20 s (science 3.7).
        back_s: one that was gone has come back when it was there for so long, so that a flapping channel is no
            change of mode with every value; 10 s [E].
        grace_s: beats and good heart rate may pause for so long without being away; 10 s, as heart rate is held [E].
    """

    lost_s: float = 60.0
    blind_s: float = 20.0
    back_s: float = 10.0
    grace_s: float = 10.0


@dataclass(slots=True)
class ModeState:
    """The mode; which channels were there in the last second, since when each is there or away, and which are gone.

    ``due_ms`` is when a channel that changed will count as gone or back. Beats are not expected until they were there.
    """

    mode: Mode | None = None
    present: int = 0
    changed_ms: list[int] = field(default_factory=list)
    gone: int = BEATS
    due_ms: int | None = None
    locked: bool = False
    had_cadence: bool = False
    good_ms: int | None = None
    beats_ms: int | None = None

    def __post_init__(self) -> None:
        self.mode = None if self.mode is None else Mode(self.mode)


def mode_of(gone: int, *, had_cadence: bool = True, suspect: bool = False) -> Mode:
    """The mode when these channels are gone, by the table of science 3.7. ``suspect``: heart rate looks like cadence.

    >>> mode_of(SPEED)
    <Mode.NO_SPEED: 'no_speed'>
    """
    if gone & CADENCE:
        if gone & HEART:
            return Mode.BLIND
        return Mode.CADENCE_LOST if had_cadence else Mode.HEART_ONLY
    if gone & HEART:
        return Mode.NO_HEART
    if suspect or gone & TRUSTED:
        return Mode.HEART_SUSPECT
    if gone & SPEED:
        return Mode.NO_SPEED
    return Mode.NO_BEATS if gone & BEATS else Mode.FULL


class Modes:
    """Follows which channels are there, and so the mode."""

    def __init__(self, settings: ModeSettings | None = None, state: ModeState | None = None) -> None:
        settings = settings or ModeSettings()
        self._lost_ms = round(settings.lost_s * SECOND_MS)
        self._blind_ms = round(settings.blind_s * SECOND_MS)
        self._back_ms = round(settings.back_s * SECOND_MS)
        self._grace_ms = round(settings.grace_s * SECOND_MS)
        self.state = state or ModeState()

    def step(self, view: View) -> Mode:
        """The mode of this second, from its channels and their quality."""
        state = self.state
        present = self._present(view)
        if (
            state.mode is not None
            and present == state.present
            and view.locked == state.locked
            and not view.broken
            and (state.due_ms is None or view.at_ms < state.due_ms)
        ):
            return state.mode
        return self._change(view, present)

    def _present(self, view: View) -> int:
        state, at_ms = self.state, view.at_ms
        present = 0
        if view.spm is not None:
            present = CADENCE
        if view.bpm is not None:
            present |= HEART
        if view.mps is not None:
            present |= SPEED
        if view.quality.get("heart_rate") is Quality.GOOD:
            state.good_ms = at_ms
            present |= TRUSTED
        elif state.good_ms is not None and at_ms - state.good_ms <= self._grace_ms:
            present |= TRUSTED
        if view.rr_ms:
            state.beats_ms = at_ms
            present |= BEATS
        elif state.beats_ms is not None and at_ms - state.beats_ms <= self._grace_ms:
            present |= BEATS
        return present

    def _change(self, view: View, present: int) -> Mode:
        """A channel came or went, or has been there or away for long enough."""
        state, at_ms = self.state, view.at_ms
        if not state.changed_ms or view.broken:
            # Silence says nothing about a single channel: each has its time again.
            state.changed_ms = [at_ms] * len(_CHANNELS)
        due_ms: list[int] = []
        for index, channel in enumerate(_CHANNELS):
            there = bool(present & channel)
            if there != bool(state.present & channel):
                state.changed_ms[index] = at_ms
            if there == bool(state.gone & channel):
                # A speed that is there and cannot be trusted may as well be away.
                away_ms = 0 if channel == SPEED and view.quality.get("speed") is Quality.UNRELIABLE else self._lost_ms
                when_ms = state.changed_ms[index] + (self._back_ms if there else away_ms)
                if at_ms >= when_ms:
                    state.gone ^= channel
                else:
                    due_ms.append(when_ms)
        blind = False
        if not present & (CADENCE | HEART):
            blind_ms = max(state.changed_ms[:2]) + self._blind_ms
            blind = at_ms >= blind_ms
            due_ms += [] if blind else [blind_ms]
        state.present, state.locked = present, view.locked
        state.had_cadence = state.had_cadence or bool(present & CADENCE)
        state.due_ms = min(due_ms, default=None)
        gone = CADENCE | HEART if blind else state.gone
        state.mode = mode_of(gone, had_cadence=state.had_cadence, suspect=state.locked)
        return state.mode
