"""Phases of a run: before there is anything to compare with, and a fast finish."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crampwatch.events import FindingKind
from crampwatch.units import SECOND_MS, Gate, Level, Quality
from processor.detect.detector import Proof
from processor.features.online import ewma
from processor.features.view import View
from processor.state import copied


@dataclass(frozen=True, slots=True)
class PhaseSettings:
    """How a fast finish is told. The warm-up has no setting: it lasts until the baseline stands (science 3.3).

    Attributes:
        every_s: speed and heart rate are read so often; 15 s [E].
        late_s: a finish is none before so much running; 1680 s, 20 min beyond the eight of the baseline [E].
        even_s: nor so soon after another fast part: who goes fast and slow by turns is at intervals, which are told by
            the third fast part only; 600 s [E].
        fast_s: averaging time of the present pace; 30 s [E].
        usual_s: and of the pace until now, which stands still in a fast part; 300 s [E].
        rise_share: the pace is up by this share; 6 % [E].
        rise_bpm: and heart rate by this; 3 bpm [E].
        hold_s: both for so long; 60 s [E].
        over_share: a fast part is over below this share above the pace until then; 3 % [E].
        longest_s: and after so long: what goes on for a quarter of an hour is a new pace; 900 s [E].
    """

    every_s: float = 15.0
    late_s: float = 1_680.0
    even_s: float = 600.0
    fast_s: float = 30.0
    usual_s: float = 300.0
    rise_share: float = 0.06
    rise_bpm: float = 3.0
    hold_s: float = 60.0
    over_share: float = 0.03
    longest_s: float = 900.0


@dataclass(slots=True)
class PhaseState:
    """Pace and heart rate now and until now, since when both are up, since when that is a fast part, whether that is a
    finish, and when the last one was over.
    """

    next_ms: int = 0
    read_at_ms: int | None = None
    fast_mps: float | None = None
    fast_bpm: float | None = None
    usual_mps: float | None = None
    usual_bpm: float | None = None
    up_ms: int | None = None
    since_ms: int | None = None
    finish: bool = False
    over_ms: int | None = None


class Phase:
    """Closes :attr:`Gate.WARM_UP` until there is a baseline, and :attr:`Gate.FAST_FINISH`.

    The warm-up is shown but never proved: every run has one.
    """

    name: ClassVar[str] = "phase"
    state_type: ClassVar[type] = PhaseState

    def __init__(self, settings: PhaseSettings | None = None, state: PhaseState | None = None) -> None:
        self._settings = settings or PhaseSettings()
        self._state = state or PhaseState()

    def observe(self, view: View) -> Sequence[Proof]:
        """Prove a fast finish once pace and heart rate have been up together for long enough."""
        state = self._state
        proofs: Sequence[Proof] = ()
        if view.base is None:
            if view.run_s > 0.0:
                view.gates.append(Gate.WARM_UP)
            state.since_ms = state.up_ms = None
        elif view.at_ms >= state.next_ms:
            state.next_ms = view.at_ms + round(self._settings.every_s * SECOND_MS)
            proofs = self._read(view)
        if state.since_ms is not None and state.finish:
            view.gates.append(Gate.FAST_FINISH)
        return proofs

    def snapshot(self) -> PhaseState:
        """The state, a copy."""
        return copied(self._state)

    def _read(self, view: View) -> Sequence[Proof]:
        state, settings = self._state, self._settings
        good = view.quality.get("heart_rate") is Quality.GOOD
        if not view.settled or view.smooth_mps is None or view.bpm is None or not good:
            state.up_ms = None
            return ()
        since_ms = state.read_at_ms
        dt_s = settings.every_s if since_ms is None else min(60.0, (view.at_ms - since_ms) / SECOND_MS)
        state.read_at_ms = view.at_ms
        fast_mps = state.fast_mps = round(ewma(state.fast_mps, view.smooth_mps, dt_s, settings.fast_s), 4)
        fast_bpm = state.fast_bpm = round(ewma(state.fast_bpm, view.bpm, dt_s, settings.fast_s), 3)
        if state.since_ms is not None:
            self._notice_the_end(view.at_ms, fast_mps)
        if state.since_ms is not None:
            return ()
        usual_mps = state.usual_mps = round(ewma(state.usual_mps, view.smooth_mps, dt_s, settings.usual_s), 4)
        usual_bpm = state.usual_bpm = round(ewma(state.usual_bpm, view.bpm, dt_s, settings.usual_s), 3)
        rising = fast_mps >= (1 + settings.rise_share) * usual_mps and fast_bpm >= usual_bpm + settings.rise_bpm
        if not rising:
            state.up_ms = None
            return ()
        if state.up_ms is None:
            state.up_ms = view.at_ms
        if view.at_ms - state.up_ms < settings.hold_s * SECOND_MS:
            return ()
        state.since_ms, state.finish = view.at_ms, self._is_finish(view)
        if not state.finish:
            return ()
        because = "You go faster, as it looks: pace and heart rate rise together."
        evidence = {"pace_percent": round(100 * (fast_mps / usual_mps - 1), 1), "bpm": round(fast_bpm - usual_bpm, 1)}
        return (Proof(FindingKind.CONTEXT, view.at_ms, Level.OK, (because,), evidence, str(Gate.FAST_FINISH)),)

    def _is_finish(self, view: View) -> bool:
        """Whether a fast part that began is late in the run, and the only one."""
        over_ms, settings = self._state.over_ms, self._settings
        if view.run_s < settings.late_s or Gate.INTERVALS in view.gates:
            return False
        return over_ms is None or view.at_ms - over_ms > settings.even_s * SECOND_MS

    def _notice_the_end(self, at_ms: int, fast_mps: float) -> None:
        state, settings = self._state, self._settings
        assert state.since_ms is not None
        if state.usual_mps is None:
            state.since_ms = None
            return
        slower = fast_mps < (1 + settings.over_share) * state.usual_mps
        if slower or at_ms - state.since_ms > settings.longest_s * SECOND_MS:
            state.since_ms, state.up_ms, state.over_ms = None, None, at_ms
            state.usual_mps, state.usual_bpm = fast_mps, state.fast_bpm
