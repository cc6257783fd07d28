"""Beat intervals made fit for use: artefacts corrected, then DFA-alpha1 behind a quality gate."""

from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS, Quality
from processor.state import SPAN
from processor.timeline import Moment

from .alpha import dfa_alpha1
from .artefacts import ArtefactFinder, corrected


@dataclass(frozen=True, slots=True)
class BeatsSettings:
    """How beats are corrected, and when alpha1 may be said (science 2.2).

    Attributes:
        window_s: alpha1 is taken over so much time of beats; 120 s.
        every_s: it is computed anew so often; 15 s instead of 5: its spread over one window is 0.05 to 0.08, and two
            windows of 120 s that lie 5 s apart share 96 % of their beats [E].
        fewest: fewer beats in the window say nothing; 200.
        good_share: up to this share of artefacts it is good; 3 %.
        usable_share: up to this one it is said, and flagged as unreliable; 5 %.
        lowest: alpha1 below this is what artefacts leave that were not put right, as several beats missed in a row;
            0.2 (a hard six-hour run ends at 0.32, Rogers 2021). It was 1 % of the windows of the recorded runs [E].
        highest: above this the sensor smooths its beats; 1.8 [E].
        longest_ms: a longer interval means that contact was lost; 3000 ms [E].
        amiss_ms: beats and time may part by so much before beats count as lost, or as more than there were, which
            ends the window; 2000 ms. A notification is late by up to a second and a beat, so that the loss of one
            cannot always be seen; that of two can. Of the recorded runs those at 1 s are cut alike from 1000 to
            3000 ms [E].
        forget_s: they come together again with this time constant, as the sensor's clock drifts; 120 s [E].
        quiet_s: so long after the last beat alpha1 is not said any more; 10 s [E].
    """

    window_s: float = 120.0
    every_s: float = 15.0
    fewest: int = 200
    good_share: float = 0.03
    usable_share: float = 0.05
    lowest: float = 0.2
    highest: float = 1.8
    longest_ms: int = 3_000
    amiss_ms: float = 2_000.0
    forget_s: float = 120.0
    quiet_s: float = 10.0


@dataclass(slots=True)
class BeatsState:
    """The window of beats, whole ms, and what stands.

    ``first`` is the number of the window's first beat, counted from where the beats began; ``faults`` holds (number,
    artefact); ``judged_ms`` is how long the beats take that were judged. ``amiss_ms`` is time minus beats, for beats
    told after they came (a sensor) and for beats told with the moment before them (a recording); ``told_ms`` is how
    long the beats took that were told last.
    """

    rr_ms: list[int] = field(default_factory=list, metadata=SPAN)
    first: int = 0
    faults: list[list[int]] = field(default_factory=list)
    skip: bool = False
    judged_ms: int = field(default=0, metadata=SPAN)
    amiss_ms: list[float] = field(default_factory=lambda: [0.0, 0.0], metadata=SPAN)
    told_ms: int = field(default=0, metadata=SPAN)
    heard_at_ms: int | None = None
    tried_at_ms: int | None = None
    alpha1: float | None = None
    share: float = 0.0


class Beats:
    """Follows beat intervals; says alpha1 every few seconds, or nothing.

    A beat counts from when the 53 beats after it are known, about 20 s later; alpha1 speaks of the two minutes before.
    Beats that are lost end the window, and the next one is full two minutes later.
    """

    def __init__(self, settings: BeatsSettings | None = None, state: BeatsState | None = None) -> None:
        self._settings = settings or BeatsSettings()
        self.state = state or BeatsState()
        self._finder = ArtefactFinder()
        self._finder.feed(self.state.rr_ms, skip=self.state.skip)

    @property
    def quality(self) -> Quality:
        """How far ``alpha1`` can be trusted: undefined while there is none, unreliable above 3 % of artefacts."""
        if self.state.alpha1 is None:
            return Quality.UNDEFINED
        return Quality.GOOD if self.state.share <= self._settings.good_share else Quality.UNRELIABLE

    def step(self, moment: Moment) -> float | None:
        """Take the beats of a moment; alpha1 as it stands, None when it cannot be trusted."""
        if moment.rr_ms:
            self._hear(moment.at_ms, moment.rr_ms)
        state = self.state
        if state.heard_at_ms is None:
            return None
        if moment.at_ms - state.heard_at_ms > self._settings.quiet_s * SECOND_MS:
            state.alpha1 = state.tried_at_ms = None
            return None
        if state.judged_ms >= self._settings.window_s * SECOND_MS and (
            state.tried_at_ms is None or moment.at_ms - state.tried_at_ms >= self._settings.every_s * SECOND_MS
        ):
            state.tried_at_ms = moment.at_ms
            state.alpha1 = self._alpha1()
        return state.alpha1

    def _hear(self, at_ms: int, told_ms: tuple[float, ...]) -> None:
        intervals = [max(1, round(rr)) for rr in told_ms]
        if max(intervals) > self._settings.longest_ms or self._amiss(at_ms, sum(intervals)):
            self.state = BeatsState(heard_at_ms=at_ms, told_ms=sum(intervals))
            self._finder = ArtefactFinder()
            return
        for rr in intervals:
            self._take(rr)

    def _amiss(self, at_ms: int, told_ms: int) -> bool:
        """Whether beats were lost since the last were told, or there are more of them than fit into that time."""
        state, settings = self.state, self._settings
        if state.heard_at_ms is not None:
            passed_ms = at_ms - state.heard_at_ms
            kept = 1 - min(1.0, passed_ms / (settings.forget_s * SECOND_MS))
            state.amiss_ms[0] = (state.amiss_ms[0] + passed_ms - told_ms) * kept
            state.amiss_ms[1] = (state.amiss_ms[1] + passed_ms - state.told_ms) * kept
        state.heard_at_ms, state.told_ms = at_ms, told_ms
        return min(state.amiss_ms) > settings.amiss_ms or max(state.amiss_ms) < -settings.amiss_ms

    def _take(self, rr_ms: int) -> None:
        state, finder = self.state, self._finder
        state.rr_ms.append(rr_ms)
        wrong = finder.add(rr_ms)
        state.skip = finder.skip
        place = len(state.rr_ms) - 1 - finder.reach
        if place < 0:
            return
        state.judged_ms += state.rr_ms[place]
        for after, kind in wrong:
            state.faults.append([state.first + place + after, int(kind)])
        # As many judged beats stay as a restored machine needs to be fed, however long they are.
        while state.judged_ms - state.rr_ms[0] >= self._settings.window_s * SECOND_MS and place > finder.reach + 8:
            place -= self._drop()

    def _drop(self) -> int:
        """Forget the oldest beat, and the one after it if that is half of an artefact; returns how many."""
        state = self.state
        count = 1
        if state.faults and state.faults[0][0] == state.first:
            state.faults.pop(0)
            count = 2
        for _ in range(count):
            state.judged_ms -= state.rr_ms.pop(0)
        state.first += count
        while state.faults and state.faults[0][0] < state.first:
            state.faults.pop(0)
        return count

    def _alpha1(self) -> float | None:
        state, settings = self.state, self._settings
        judged = len(state.rr_ms) - self._finder.reach
        wrong = [[number - state.first, kind] for number, kind in state.faults]
        state.share = round(len(wrong) / judged, 4)
        if judged < settings.fewest or state.share > settings.usable_share:
            return None
        beats = state.rr_ms[:judged]
        alpha1 = dfa_alpha1(corrected(beats, wrong) if wrong else beats)
        if alpha1 is None or not settings.lowest <= alpha1 <= settings.highest:
            return None
        return round(alpha1, 4)
