"""Answers: what a person said explains what follows, and raises or quiets the pattern for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level
from processor.detect.detector import Proof
from processor.features.view import View
from processor.labels import BANDS, CRAMP, EASED, PAUSE, UNEVENTFUL, Label
from processor.state import copied


@dataclass(frozen=True, slots=True)
class AnswersSettings:
    """Science 3.5 and 3.6.

    Attributes:
        prior: logits by which a cramp raises the pattern for the rest of the run; 0.88 = ln 2.40 (cramped already
            today, Kona records, science 1.4).
        cramp_s: after a cramp the detectors are quiet for so long, or until it has eased and running goes on;
            600 s [E].
        pause_s: after "just a pause" they are quiet for so long; 900 s (science 3.6).
    """

    prior: float = 0.88
    cramp_s: float = 600.0
    pause_s: float = 900.0


@dataclass(slots=True)
class AnswersState:
    """When each answer last took effect, until when it is quiet, and whether that ends as soon as running goes on.

    ``band`` is how warm it is, as last said.
    """

    cramp_ms: int | None = None
    pause_ms: int | None = None
    eased_ms: int | None = None
    quiet_until_ms: int | None = None
    eased: bool = False
    uneventful_ms: int | None = None
    band: str | None = None
    band_ms: int | None = None


class Answers:
    """Takes labels in; closes the gate ``answered``, adds to ``prior``, and leaves in ``labels`` those that counted.

    That nothing happened, and how warm it is, close no gate: others make of it what they can. Of several words on the
    weather that are heard in one second the last one counts.

    An answer that was told before is no new one: one that is dated no later than the moment at which its like last
    took effect changes nothing. So a message that comes twice, or a replay that tells stored answers, does no harm.
    """

    name: ClassVar[str] = "answers"
    state_type: ClassVar[type] = AnswersState

    def __init__(self, settings: AnswersSettings | None = None, state: AnswersState | None = None) -> None:
        self._settings = settings or AnswersSettings()
        self._state = state or AnswersState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove each answer that takes effect."""
        state = self._state
        proofs: list[Proof] = []
        if view.labels:
            view.labels = tuple(one for one in _newest(view.labels) if self._takes(one, view.at_ms))
            proofs = [_proof(one, view.at_ms) for one in view.labels]
        if state.cramp_ms is not None:
            view.prior += self._settings.prior
        if state.quiet_until_ms is not None:
            if view.at_ms >= state.quiet_until_ms or (state.eased and view.settled):
                state.quiet_until_ms, state.eased = None, False
            else:
                view.gates.append(Gate.ANSWERED)
        return proofs

    def snapshot(self) -> AnswersState:
        """The state, a copy."""
        return copied(self._state)

    def after_restart(self) -> AnswersState:
        """What is left of the state when the athlete's clock goes back: what was said, without the moments of it."""
        cramp_ms = None if self._state.cramp_ms is None else 0
        return AnswersState(cramp_ms=cramp_ms, band=self._state.band)

    def _takes(self, label: Label, at_ms: int) -> bool:
        """Let an answer take effect, unless it has before."""
        state, settings = self._state, self._settings
        known_ms = {
            CRAMP: state.cramp_ms,
            PAUSE: state.pause_ms,
            EASED: state.eased_ms,
            UNEVENTFUL: state.uneventful_ms,
        }.get(label.what, state.band_ms)
        if known_ms is not None and label.at_ms <= known_ms:
            return False
        if label.what == CRAMP:
            state.cramp_ms, state.eased = at_ms, False
            self._quiet(at_ms, settings.cramp_s)
        elif label.what == PAUSE:
            state.pause_ms, state.eased = at_ms, False
            self._quiet(at_ms, settings.pause_s)
        elif label.what == UNEVENTFUL:
            state.uneventful_ms = at_ms
        elif label.what in BANDS:
            state.band, state.band_ms = label.what, at_ms
        else:
            of_a_cramp = (state.cramp_ms or 0) > (state.pause_ms or 0)
            state.eased_ms, state.eased = at_ms, of_a_cramp and state.quiet_until_ms is not None
        return True

    def _quiet(self, at_ms: int, for_s: float) -> None:
        until_ms = at_ms + round(for_s * SECOND_MS)
        self._state.quiet_until_ms = max(self._state.quiet_until_ms or 0, until_ms)


def _newest(labels: Sequence[Label]) -> Sequence[Label]:
    """Of words on the weather, and of each other word, the last one alone: after a clock went back, what waited for
    several seconds is heard in one. All in the order of their words, for a finding tells its second alone and a replay
    could not know which came first.
    """
    counted = {"weather" if one.what in BANDS else one.what: one for one in labels}
    return sorted(counted.values(), key=lambda one: one.what)


_WORDS = {
    CRAMP: "You said that it is a cramp.",
    PAUSE: "You said that it was just a pause.",
    EASED: "You said that it has eased.",
    UNEVENTFUL: "You said that nothing happened.",
    "cool": "You said that it is cool.",
    "mild": "You said that it is mild.",
    "hot": "You said that it is hot.",
}


def _proof(label: Label, at_ms: int) -> Proof:
    words = (_WORDS[label.what],)
    return Proof(FindingKind.LABEL, at_ms, Level.OK, words, {label.what: 1.0}, tag=label.what)
