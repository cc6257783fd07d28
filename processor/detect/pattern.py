"""The pattern level: cadence breaks, unsteadiness and deficit together, with holds, hysteresis and refractory times."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Motion
from processor.fatigue_index import fatigue_evidence, fatigue_reasons
from processor.features.online import ewma, leaked
from processor.features.view import View
from processor.modes import CEILING
from processor.score import ScoreSettings, may_warn, pattern_parts, pattern_score
from processor.state import copied
from processor.weights import shipped

from .detector import Proof

_LEVELS = (Level.OK, Level.WATCH, Level.WARNING, Level.IMMINENT)
_INCOMPARABLE = "Another sensor measures your cadence now: your usual is learned anew before signs are seen again."
_CEILING = {mode: level.rank for mode, level in CEILING.items()}


@dataclass(frozen=True, slots=True)
class PatternSettings:
    """Science 3.6. The thresholds are set by a budget of false alarms, not by a pretended probability.

    Attributes:
        thresholds: score at which watch, warning and imminent begin; set on tuning seeds by the budgets of science
            3.6: 1, 0.2 and 0.05 an hour (processor/weights.json).
        thresholds_seldom: for a sensitivity of 0.5: half these budgets (processor/weights.json).
        thresholds_often: for a sensitivity of 2: twice these budgets (processor/weights.json).
        hold_s: for how long it must hold; 20, 0 and 5 s. Science 3.6 says 10 for a warning; here a longer mean of
            the score stands in its place (record 0018).
        leave_share: a level ends below this share of its threshold; 0.7 (science 3.6).
        leave_s: for so long; 60 s (science 3.6).
        refractory_s: a level is not entered again so soon after it was entered; 300, 900 and 900 s. Science 3.6 says
            600 for the higher two: on trails that raises a second warning for what the first was about, and on
            simulated runs 900 misses next to nothing more.
        tau_s: averaging time of the score; 12 s. Science 3.5 says 8, with a hold of 10 s for a warning.
        sign_s: imminent needs a hitch or pause within this time; 120 s (science 3.6).
        fatigue_s: a fatigue index at its high mark for so long is a watch by itself; 60 s (science 3.6).
        rest_s: after this time without running the score fades; 60 s (science 3.7).
        rest_tau_s: with this time constant; 120 s (science 3.7).
        peak_s: the highest score is remembered in steps for this time, before a cramp-type stop; 60 s. With 180 s
            (science 3.4) it asks after fewer simulated cramps at the same questions on recordings, and almost twice as
            often in simulated runs without one (docs/evaluation-fit.md).
        prior: logits by which this athlete's history raises the score; 0 (science 3.5).
        most_prior: history and today's answers together raise it by no more; 0.5. Science 3.5 says 1.2, and at most
            twice the budget of false alarms: on the recorded runs 1.2 sets off 5.9 times the warnings, 0.9 3.8 times,
            0.5 1.9 times. At a sensitivity of 2 half of it: what stands close to the marks is crossed sooner.
        sensitivity: what the budget of false alarms is multiplied by for this athlete: 0.5, 1 or 2; 1 (science 3.6).
        threshold_scale: what the athlete's own uneventful runs multiply the thresholds by; 1, 0.8 to 1.25 [E].
    """

    thresholds: tuple[float, float, float] = field(default_factory=lambda: shipped().thresholds["1"])
    thresholds_seldom: tuple[float, float, float] = field(default_factory=lambda: shipped().thresholds["0.5"])
    thresholds_often: tuple[float, float, float] = field(default_factory=lambda: shipped().thresholds["2"])
    hold_s: tuple[float, float, float] = (20.0, 0.0, 5.0)
    leave_share: float = 0.7
    leave_s: float = 60.0
    refractory_s: tuple[float, float, float] = (300.0, 900.0, 900.0)
    tau_s: float = 12.0
    sign_s: float = 120.0
    fatigue_s: float = 60.0
    rest_s: float = 60.0
    rest_tau_s: float = 120.0
    peak_s: float = 60.0
    prior: float = 0.0
    most_prior: float = 0.5
    sensitivity: float = 1.0
    threshold_scale: float = 1.0
    score: ScoreSettings = field(default_factory=ScoreSettings)


@dataclass(slots=True)
class PatternState:
    """The score, the level's rank and reasons, since when each higher level is asked for, and the recent peaks."""

    score: float = 0.0
    rank: int = 0
    asked_ms: list[int | None] = field(default_factory=lambda: [None, None, None])
    entered_ms: list[int | None] = field(default_factory=lambda: [None, None, None])
    quiet_ms: int | None = None
    ran_at_ms: int | None = None
    peak_slot: int = 0
    peaks: list[float] = field(default_factory=list)
    because: list[str] = field(default_factory=list)


class Pattern:
    """Decides the pattern level; writes ``score``, ``peak_score``, ``level``, ``because`` and ``parts``.

    The level never stands above what the mode allows, and never rises while somebody has just answered.
    """

    name: ClassVar[str] = "pattern"
    state_type: ClassVar[type] = PatternState

    def __init__(self, settings: PatternSettings | None = None, state: PatternState | None = None) -> None:
        self._settings = settings or PatternSettings()
        self._state = state or PatternState()
        # A snapshot may hold more peaks than are kept here.
        del self._state.peaks[: -int(self._settings.peak_s // 15) - 1]
        self._thresholds = thresholds_of(self._settings)
        self._most_prior = most_prior_of(self._settings)
        self._past_peak = self._highest_before()

    @property
    def level(self) -> Level:
        """The level that stands."""
        return _LEVELS[self._state.rank]

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove each change of the level."""
        state = self._state
        self._update_score(view)
        if view.settled and view.base is not None:
            rank = self._asked_rank(view)
        else:
            # What is not observed does not hold.
            state.asked_ms = [None, None, None]
            rank = self._rank_by_fatigue(view) if view.at_work else 0
        ceiling = _CEILING[view.mode]
        rank = min(rank, ceiling)
        proofs: Sequence[Proof] = ()
        if rank > state.rank:
            state.rank, state.quiet_ms = rank, None
            for lower in range(rank):
                state.entered_ms[lower] = view.at_ms
            state.because = list(self._reasons(view) or fatigue_reasons(view))
            proofs = (self._raised(view),)
        elif state.rank > ceiling:
            state.rank, state.quiet_ms = ceiling, None
            proofs = (self._lowered(view, "Too little can be seen just now to say more."),)
        elif state.rank and view.other_sensor and not self._held_by_fatigue(view):
            state.rank, state.quiet_ms = self._lower_rank(view), None
            state.entered_ms = [None, None, None]
            proofs = (self._lowered(view, _INCOMPARABLE),)
        elif state.rank and self._is_over(view):
            state.rank, state.quiet_ms = self._lower_rank(view), None
            because = "The signs have eased." if state.rank == 0 else "The signs have eased somewhat."
            proofs = (self._lowered(view, because),)
        view.level = self.level
        if state.rank:
            if view.settled or view.at_work:
                state.because = list(self._reasons(view)) or state.because
            view.because = tuple(state.because)
        return proofs

    def snapshot(self) -> PatternState:
        """The state, a copy."""
        return copied(self._state)

    def _update_score(self, view: View) -> None:
        state, settings = self._state, self._settings
        if view.other_sensor:
            state.score = 0.0
        if view.motion == Motion.RUN:
            state.ran_at_ms = view.at_ms
        if view.base is not None and view.settled and view.residual_spm is not None:
            view.parts = pattern_parts(view, settings.score)
            prior = min(self._most_prior, settings.prior + view.prior)
            score = pattern_score(view.parts, prior, settings.score)
            state.score = ewma(state.score, score, min(view.dt_s, 10.0), settings.tau_s)
        elif state.ran_at_ms is not None and view.at_ms - state.ran_at_ms > settings.rest_s * SECOND_MS:
            state.score = leaked(state.score, min(view.dt_s, 600.0), settings.rest_tau_s)
        view.score = state.score
        view.peak_score = self._remember_peak(view)

    def _remember_peak(self, view: View) -> float:
        """Keep the highest score of each 15 s: enough for the last 60 to 75 s, and small. Returns the highest."""
        state = self._state
        slot = view.at_ms // (15 * SECOND_MS)
        if slot != state.peak_slot or not state.peaks:
            kept = int(self._settings.peak_s // 15)
            empty = min(kept, slot - state.peak_slot - 1) if state.peaks else 0
            state.peaks.extend([0.0] * (empty + 1))
            del state.peaks[: -kept - 1]
            state.peak_slot = slot
            self._past_peak = self._highest_before()
        if view.score > state.peaks[-1]:
            state.peaks[-1] = round(view.score, 4)
        return max(self._past_peak, state.peaks[-1], view.score)

    def _highest_before(self) -> float:
        return max(self._state.peaks[:-1], default=0.0)

    def _asked_rank(self, view: View) -> int:
        """The highest level whose conditions have held long enough and that is not refractory."""
        state, settings = self._state, self._settings
        asked = 0
        if Gate.ANSWERED in view.gates or view.score < self._thresholds[0]:
            if state.asked_ms[0] is not None:
                state.asked_ms = [None, None, None]
            return self._rank_by_fatigue(view)
        for index, threshold in enumerate(self._thresholds):
            if not (view.score >= threshold and self._allowed(index, view)):
                state.asked_ms[index] = None
                continue
            since_ms = state.asked_ms[index]
            if since_ms is None:
                since_ms = state.asked_ms[index] = view.at_ms
            if view.at_ms - since_ms >= settings.hold_s[index] * SECOND_MS and not self._refractory(index, view):
                asked = index + 1
        return asked or self._rank_by_fatigue(view)

    def _rank_by_fatigue(self, view: View) -> int:
        """A watch by the fatigue index alone: all there can be with heart rate only."""
        allowed = self._fatigued(view) and Gate.ANSWERED not in view.gates and not self._refractory(0, view)
        return 1 if allowed else 0

    def _allowed(self, index: int, view: View) -> bool:
        if index == 0:
            return True
        if not score_decides(view, self._settings):
            return False
        return index == 1 or has_sign(view, self._settings)

    def _refractory(self, index: int, view: View) -> bool:
        """Whether this level was entered too recently. Going on upward from the level that stands is no re-entry."""
        entered_ms = self._state.entered_ms[index]
        return (
            self._state.rank <= index
            and entered_ms is not None
            and view.at_ms - entered_ms < self._settings.refractory_s[index] * SECOND_MS
        )

    def _fatigued(self, view: View) -> bool:
        since_ms = view.fatigue_since_ms
        return since_ms is not None and view.at_ms - since_ms >= self._settings.fatigue_s * SECOND_MS

    def _is_over(self, view: View) -> bool:
        state, settings = self._state, self._settings
        held = view.score >= settings.leave_share * self._thresholds[state.rank - 1]
        if held or self._held_by_fatigue(view):
            state.quiet_ms = None
            return False
        if state.quiet_ms is None:
            state.quiet_ms = view.at_ms
        return view.at_ms - state.quiet_ms >= settings.leave_s * SECOND_MS

    def _held_by_fatigue(self, view: View) -> bool:
        return self._state.rank == 1 and view.fatigue_since_ms is not None

    def _lower_rank(self, view: View) -> int:
        """Where a level that ended leads: the highest lower level that the score still holds."""
        settings = self._settings
        for rank in range(self._state.rank - 1, 0, -1):
            if view.score >= settings.leave_share * self._thresholds[rank - 1]:
                return rank
        return 1 if self._state.rank > 1 and view.fatigue_since_ms is not None else 0

    def _raised(self, view: View) -> Proof:
        because = tuple(self._state.because)
        if view.score < self._thresholds[0]:
            return Proof(FindingKind.FATIGUE, view.at_ms, self.level, because, fatigue_evidence(view))
        return Proof(FindingKind.PATTERN, view.at_ms, self.level, because, self._evidence(view))

    def _reasons(self, view: View) -> tuple[str, ...]:
        """Why the level stands: the score's reasons, or the fatigue index's where that holds it alone.

        Empty when neither says anything now: what was said before still holds.
        """
        held = view.score >= self._settings.leave_share * self._thresholds[0]
        return reasons(view) if held or view.fatigue_since_ms is None else fatigue_reasons(view)

    def _lowered(self, view: View, because: str) -> Proof:
        return Proof(FindingKind.PATTERN, view.at_ms, self.level, (because,), self._evidence(view))

    def _evidence(self, view: View) -> dict[str, float]:
        evidence = {name: round(part, 3) for name, part in view.parts.items()}
        evidence["score"] = round(view.score, 4)
        evidence["hitches"] = float(view.hitches)
        if view.break_load:
            evidence["break_load"] = round(view.break_load, 3)
        if view.fatigue is not None:
            evidence["fatigue"] = round(view.fatigue, 1)
        return evidence


def reasons(view: View) -> tuple[str, ...]:
    """The two largest contributors to the score, in words for a runner; empty when there is none."""
    parts = view.parts
    weights = {
        "U": parts.get("U", 0.0) + parts.get("V", 0.0) + parts.get("Q", 0.0),
        "H": parts.get("H", 0.0),
        "L": parts.get("L", 0.0) + parts.get("P", 0.0) + parts.get("F", 0.0),
    }
    largest = sorted((name for name, weight in weights.items() if weight > 0.1), key=lambda name: -weights[name])
    return tuple(_words(name, view) for name in largest[:2])


def score_decides(view: View, settings: PatternSettings) -> bool:
    """Whether the score alone decides if a warning is asked for: nothing else stands in its way in this second."""
    return may_warn(view.parts, settings.score) and stands_open(view)


def stands_open(view: View) -> bool:
    """Whether nothing but the channels stands in a warning's way in this second."""
    return view.settled and view.base is not None and Gate.ANSWERED not in view.gates and not capped(view)


def capped(view: View) -> bool:
    """Whether too little can be seen for a warning: one that stands falls to watch."""
    return _CEILING[view.mode] < Level.WARNING.rank


def has_sign(view: View, settings: PatternSettings) -> bool:
    """Whether a hitch or a pause is recent enough for the highest level."""
    signs = [at_ms for at_ms in (view.hitch_at_ms, view.break_at_ms) if at_ms is not None]
    return bool(signs) and view.at_ms - max(signs) <= settings.sign_s * SECOND_MS


def thresholds_of(settings: PatternSettings) -> tuple[float, float, float]:
    """The thresholds that this athlete's budget of false alarms asks for."""
    wanted = settings.thresholds
    if settings.sensitivity < 1.0:
        wanted = settings.thresholds_seldom
    elif settings.sensitivity > 1.0:
        wanted = settings.thresholds_often
    watch, warning, imminent = (min(0.99, settings.threshold_scale * one) for one in wanted)
    return watch, warning, imminent


def most_prior_of(settings: PatternSettings) -> float:
    """By how many logits history and answers may raise this athlete's score."""
    return settings.most_prior / max(1.0, settings.sensitivity)


def _words(name: str, view: View) -> str:
    parts = view.parts
    if name == "U":
        lately = parts.get("V", 0.0) + parts.get("Q", 0.0) > parts.get("U", 0.0)
        return f"Your rhythm wavers more than it did {'some minutes ago' if lately else 'at the start'}."
    if name == "H":
        times = "one" if view.hitches <= 1 else str(view.hitches)
        return f"Short breaks in your rhythm: {times} in the last 4 minutes."
    if parts.get("F", 0.0) + parts.get("P", 0.0) > parts.get("L", 0.0):
        return "Your cadence is lower than some minutes ago."
    where = "at this pace" if view.mps is not None else "for you"
    return f"Your cadence is below what is usual {where}."
