"""Alpha1 against what it was at the same heart rate early in the run: falling at an unchanged heart rate is what
fatigue does to it, falling because the pace rose is not.
"""

from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS

from .online import ewma
from .view import View


@dataclass(frozen=True, slots=True)
class UsualAlphaSettings:
    """Science 2.2; all [E].

    Attributes:
        from_s: what is usual is learned from this running time on; 480 s (minute 8).
        until_s: and until this one; 1500 s (minute 25).
        fewest: or longer, until there are so many windows to learn from; 5.
        apart_s: windows are so far apart that they share no beats; 120 s.
        span_bpm: a line over heart rate is fitted from this range of it on, below it is a mean; 8 bpm.
        steepest: alpha1 falls by at most this much per bpm, and never rises; 0.03 (from 1.0 to 0.5 over about 35 % of
            the heart rate reserve is 0.012).
        reach_bpm: so far beyond the heart rates that were learned the line still holds; 8 bpm.
        windows: the gap is the mean over so many windows; 5. Science asks for 3, as one is uncertain by 0.05 to 0.08;
            but neighbouring windows of the recorded runs differ by 0.2 to 0.3 (median), not by 0.1.
        old_s: none of which is older than this; 900 s.
        tau_s: averaging time of heart rate; 60 s, about the middle of a window.
    """

    from_s: float = 480.0
    until_s: float = 1_500.0
    fewest: int = 5
    apart_s: float = 120.0
    span_bpm: float = 8.0
    steepest: float = 0.03
    reach_bpm: float = 8.0
    windows: int = 5
    old_s: float = 900.0
    tau_s: float = 60.0


@dataclass(slots=True)
class UsualAlphaState:
    """(bpm, alpha1) while learning; then the line (mean bpm, mean alpha1, slope, lowest bpm, highest bpm), and the
    last windows (at_ms, gap).
    """

    bpm: float | None = None
    taken_at_ms: int | None = None
    learned: list[list[float]] = field(default_factory=list)
    line: list[float] | None = None
    recent: list[list[float]] = field(default_factory=list)


class UsualAlpha:
    """Learns which alpha1 goes with which heart rate, then says how far below it the last windows were."""

    def __init__(self, settings: UsualAlphaSettings | None = None, state: UsualAlphaState | None = None) -> None:
        self._settings = settings or UsualAlphaSettings()
        self.state = state or UsualAlphaState()

    def step(self, view: View, run_s: float, *, steady: bool) -> float | None:
        """Take a second; the gap as it stands (above 0: lower than usual), or None.

        ``run_s`` is how long the run has gone on; ``steady`` says that heart rate has been settled for a window, and
        is not moved by hills or work bouts.
        """
        state, settings = self.state, self._settings
        if view.alpha1 is None and not state.recent:
            return None
        if view.bpm is not None:
            state.bpm = ewma(state.bpm, view.bpm, min(view.dt_s, 10.0), settings.tau_s)
        if (
            steady
            and view.alpha1 is not None
            and state.bpm is not None
            and run_s >= settings.from_s
            and (state.taken_at_ms is None or view.at_ms - state.taken_at_ms >= settings.apart_s * SECOND_MS)
        ):
            state.taken_at_ms = view.at_ms
            self._take(view.at_ms, run_s, state.bpm, view.alpha1)
        recent = state.recent
        while recent and view.at_ms - recent[0][0] > settings.old_s * SECOND_MS:
            recent.pop(0)
        return sum(gap for _, gap in recent) / len(recent) if len(recent) >= settings.windows else None

    def _take(self, at_ms: int, run_s: float, bpm: float, alpha1: float) -> None:
        state, settings = self.state, self._settings
        if state.line is None:
            state.learned.append([round(bpm, 1), alpha1])
            if run_s >= settings.until_s and len(state.learned) >= settings.fewest:
                state.line = _line(state.learned, settings)
                state.learned = []
            return
        mean_bpm, mean_alpha1, slope, lowest, highest = state.line
        if lowest - settings.reach_bpm <= bpm <= highest + settings.reach_bpm:
            expected = mean_alpha1 + slope * (bpm - mean_bpm)
            state.recent = [*state.recent[1 - settings.windows :], [at_ms, round(expected - alpha1, 4)]]


def _line(points: list[list[float]], settings: UsualAlphaSettings) -> list[float]:
    """Least squares of alpha1 over heart rate, or its mean where heart rate hardly moved."""
    mean_bpm = sum(bpm for bpm, _ in points) / len(points)
    mean_alpha1 = sum(alpha1 for _, alpha1 in points) / len(points)
    lowest, highest = min(bpm for bpm, _ in points), max(bpm for bpm, _ in points)
    slope = 0.0
    if highest - lowest >= settings.span_bpm:
        spread = sum((bpm - mean_bpm) ** 2 for bpm, _ in points)
        slope = sum((bpm - mean_bpm) * (alpha1 - mean_alpha1) for bpm, alpha1 in points) / spread
        slope = min(0.0, max(-settings.steepest, slope))
    return [round(one, 5) for one in (mean_bpm, mean_alpha1, slope, lowest, highest)]
