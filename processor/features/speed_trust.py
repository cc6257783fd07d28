"""Whether speed can be trusted: one that leaps up and down while legs and heart are even is no runner's."""

from dataclasses import dataclass, field

from crampwatch.units import SECOND_MS


@dataclass(frozen=True, slots=True)
class SpeedTrustSettings:
    """Science 2.5, last row.

    Attributes:
        every_s: speed, cadence and heart rate are read so often; 5 s [E].
        apart_s: a reading is compared with one so long ago; 10 s, longer than a watch holds a value [E].
        far_s: but not with one longer ago than this; 20 s, above three steps of smart recording [E].
        jump_share: smoothed speed that differs by more is a jump; 20 % (science 2.5).
        even_share: while cadence differs by no more than this; 3 % [E].
        even_bpm: and heart rate, if there is one, by no more than this; 3 bpm [E].
        turns: so many jumps that each undo the one before, within ``within_s``, are no runner's; 3 [E]. Intervals,
            hills and stops jump once, and the legs with them. On 56 h of recorded runs three find 8 minutes in 3 of
            them, speeds made from positions; two would find 35 minutes in 10, hilly trails among them.
        within_s: the time of those jumps; 60 s [E].
        back_s: speed is believed again when none jumped for so long; 60 s [E].
        least_mps: slower is no running speed that could jump; 0.5 m/s [E].
    """

    every_s: float = 5.0
    apart_s: float = 10.0
    far_s: float = 20.0
    jump_share: float = 0.20
    even_share: float = 0.03
    even_bpm: int = 3
    turns: int = 3
    within_s: float = 60.0
    back_s: float = 60.0
    least_mps: float = 0.5


@dataclass(slots=True)
class SpeedTrustState:
    """The last readings; which way the last jump went and when those were that undid another; when one jumped last
    since speed was found out, None while it is believed.
    """

    next_ms: int = 0
    read_at_ms: list[int] = field(default_factory=list)
    mps: list[float] = field(default_factory=list)
    spm: list[float] = field(default_factory=list)
    bpm: list[int | None] = field(default_factory=list)
    up: bool | None = None
    turned_at_ms: list[int] = field(default_factory=list)
    wild_at_ms: int | None = None


class SpeedTrust:
    """Finds a speed that cannot be trusted, and believes it again when it is even."""

    def __init__(self, settings: SpeedTrustSettings | None = None, state: SpeedTrustState | None = None) -> None:
        self._settings = settings or SpeedTrustSettings()
        self._every_ms = round(self._settings.every_s * SECOND_MS)
        self._apart_ms = round(self._settings.apart_s * SECOND_MS)
        self._far_ms = round(self._settings.far_s * SECOND_MS)
        self.state = state or SpeedTrustState()

    def step(self, at_ms: int, mps: float | None, spm: float | None, bpm: int | None, *, running: bool) -> bool:
        """Whether the speed can be trusted from here on. ``mps`` is smoothed."""
        state = self.state
        if at_ms >= state.next_ms:
            state.next_ms = at_ms + self._every_ms
            self._read(at_ms, mps, spm, bpm, running=running)
        return state.wild_at_ms is None

    def _read(self, at_ms: int, mps: float | None, spm: float | None, bpm: int | None, *, running: bool) -> None:
        state, settings = self.state, self._settings
        if state.wild_at_ms is not None and at_ms - state.wild_at_ms > settings.back_s * SECOND_MS:
            state.wild_at_ms = state.up = None
            state.turned_at_ms = []
        if mps is None or spm is None or not running:
            # Who stands, walks or comes back may change speed at will.
            if state.read_at_ms:
                state.read_at_ms, state.mps, state.spm, state.bpm = [], [], [], []
            return
        state.read_at_ms.append(at_ms)
        state.mps.append(round(mps, 2))
        state.spm.append(spm)
        state.bpm.append(bpm)
        while len(state.read_at_ms) > 1 and at_ms - state.read_at_ms[1] >= self._apart_ms:
            del state.read_at_ms[0], state.mps[0], state.spm[0], state.bpm[0]
        if self._apart_ms <= at_ms - state.read_at_ms[0] <= self._far_ms and self._is_even():
            self._compare(at_ms)

    def _is_even(self) -> bool:
        """Whether legs and heart did the same over the readings."""
        state, settings = self.state, self._settings
        first, last = state.bpm[0], state.bpm[-1]
        if first is not None and last is not None and abs(last - first) > settings.even_bpm:
            return False
        return abs(state.spm[-1] - state.spm[0]) <= settings.even_share * state.spm[0]

    def _compare(self, at_ms: int) -> None:
        state, settings = self.state, self._settings
        before, now = state.mps[0], state.mps[-1]
        if before < settings.least_mps or abs(now - before) <= settings.jump_share * before:
            return
        up = now > before
        if state.wild_at_ms is not None:
            state.wild_at_ms = at_ms
        if state.up is not None and state.up is not up:
            oldest_ms = at_ms - settings.within_s * SECOND_MS
            state.turned_at_ms = [*(one for one in state.turned_at_ms if one >= oldest_ms), at_ms]
            if len(state.turned_at_ms) >= settings.turns:
                state.wild_at_ms, state.turned_at_ms = at_ms, []
        state.up = up
