"""Pure: what is known live about one runner, by that runner's own samples. Missing stays missing; old turns stale."""

from dataclasses import dataclass, field

from crampwatch.events import (
    Assessed,
    CadenceMeasured,
    Finding,
    FindingKind,
    HeartRateMeasured,
    Sample,
    SensorStatus,
    Telemetry,
)
from crampwatch.units import SECOND_MS, Level, Motion
from crampwatch.wording import GATE_NAMES, GATE_WORDS, LEVEL_WORDS, MODE_WORDS, WHOLE_MODES

from .context import AthleteView, QuietView, SensorView, Tone
from .levels import TONES, gauge

#: A value older than this is no longer shown as the present one.
FRESH_MS = 10 * SECOND_MS
#: A runner silent for this long is stale, whatever was known before.
STALE_MS = 15 * SECOND_MS
#: Samples flow but nobody judged them for this long: the level is unknown, not low.
UNJUDGED_MS = 30 * SECOND_MS
SPARK_STEP_MS = 5 * SECOND_MS
SPARK_STEPS = 60

NO_SIGNAL, WAITING, UNJUDGED, UNSETTLED = "No signal", "Waiting", "Not assessed", "Not yet"


@dataclass(slots=True)
class Runner:
    """One runner's live state. Feed it facts in any order; ask for a view at a moment."""

    id: str
    session: str | None = None
    started_ms: int | None = None
    seen_ms: int | None = None
    assessed: Assessed | None = None
    because: tuple[str, ...] = ()
    sensors: dict[str, SensorStatus] = field(default_factory=dict)
    _bpm: tuple[int, int | None] = (-1, None)
    _spm: tuple[int, float | None] = (-1, None)
    _spark: dict[int, int] = field(default_factory=dict)

    def measured(self, message: Telemetry) -> bool:
        """Take samples.

        Returns:
            Whether they begin a session that this runner was not in.
        """
        newest_ms = max(sample.at_ms for sample in message.samples)
        if self.seen_ms is not None and message.session != self.session and newest_ms < self.seen_ms:
            return False
        begins = message.session != self.session
        if begins:
            self._begin(message)
        for sample in message.samples:
            self._take(sample)
        self.seen_ms = newest_ms if self.seen_ms is None else max(self.seen_ms, newest_ms)
        return begins

    def judged(self, message: Assessed) -> None:
        """Take an assessment; an older one than the last changes nothing."""
        if self.assessed is None or message.at_ms >= self.assessed.at_ms:
            self.assessed = message

    def found(self, finding: Finding) -> None:
        """Take a finding: the pattern's own words say why the level is what it is."""
        if finding.kind is FindingKind.PATTERN and not finding.late:
            self.because = finding.because if finding.level is not Level.OK else ()

    def age_s(self, now_ms: int) -> int | None:
        """Seconds since the last sample, None before the first."""
        return None if self.seen_ms is None else max(0, now_ms - self.seen_ms) // SECOND_MS

    def view(
        self, now_ms: int, name: str, *, alert: tuple[str, Level, tuple[str, ...]] | None, spark: bool
    ) -> AthleteView:
        """The runner at a moment.

        Args:
            now_ms: the moment.
            name: the display name.
            alert: id, level and reasons of the most urgent alert nobody answered yet.
            spark: whether the page has room for the last minutes.
        """
        level, word = self._level(now_ms)
        because = self._reasons() or (alert[2] if alert is not None else ())
        if level is not None and alert is not None and alert[1].rank >= level.rank:
            level, word, because = alert[1], LEVEL_WORDS[alert[1]], alert[2] or because
        tone = _tone(level, word)
        shown = None if tone in {"new", "stale"} else level
        score = self.assessed.score if self.assessed is not None else 0.0
        return AthleteView(
            id=self.id,
            name=name,
            session=self.session,
            level=tone if shown is None else shown.value,
            tone=tone,
            word=word,
            gauge=None if shown is None else gauge(shown, score),
            hr_bpm=_fresh(self._bpm, now_ms),
            cadence_spm=_fresh(self._spm, now_ms),
            motion=self.assessed.motion if level is not None and self.assessed is not None else Motion.UNKNOWN,
            elapsed_s=self._elapsed_s(),
            age_s=self.age_s(now_ms),
            because=because,
            quiet=() if level is None else self._quiet(),
            sees=None if level is None else self._sees(),
            alert=alert[0] if alert is not None else None,
            spark=self._spark_view(now_ms) if spark else (),
        )

    def sensor_views(self) -> tuple[SensorView, ...]:
        """The runner's sensors by id."""
        return tuple(
            SensorView(one.device, one.name, one.state, one.measures, one.battery_percent)
            for _, one in sorted(self.sensors.items())
        )

    def _begin(self, message: Telemetry) -> None:
        self.session = message.session
        self.started_ms = min(sample.at_ms for sample in message.samples)
        self._bpm, self._spm, self._spark = (-1, None), (-1, None), {}
        if self.assessed is not None and self.assessed.session != message.session:
            self.assessed, self.because = None, ()

    def _take(self, sample: Sample) -> None:
        if isinstance(sample, HeartRateMeasured) and sample.at_ms >= self._bpm[0]:
            self._bpm = (sample.at_ms, sample.bpm)
            if sample.bpm is not None:
                self._spark[sample.at_ms // SPARK_STEP_MS] = sample.bpm
                while len(self._spark) > SPARK_STEPS + 1:
                    del self._spark[min(self._spark)]
        elif isinstance(sample, CadenceMeasured) and sample.at_ms >= self._spm[0]:
            self._spm = (sample.at_ms, sample.spm)

    def _level(self, now_ms: int) -> tuple[Level | None, str]:
        if self.seen_ms is None:
            return None, WAITING
        if now_ms - self.seen_ms > STALE_MS:
            return None, NO_SIGNAL
        if self.assessed is None or now_ms - self.assessed.at_ms > UNJUDGED_MS:
            return None, UNJUDGED
        if self.assessed.level is Level.OK and not self.assessed.settled:
            return Level.OK, UNSETTLED
        return self.assessed.level, LEVEL_WORDS[self.assessed.level]

    def _reasons(self) -> tuple[str, ...]:
        """The reasons of the level that stands, as of now where the assessment says them."""
        if self.assessed is not None and self.assessed.level is not Level.OK and self.assessed.because:
            return self.assessed.because
        return self.because

    def _quiet(self) -> tuple[QuietView, ...]:
        gates = self.assessed.quiet if self.assessed is not None else ()
        return tuple(QuietView(GATE_NAMES[gate], GATE_WORDS[gate]) for gate in gates)

    def _sees(self) -> str | None:
        """What cannot be seen; None while nothing is missing that a person should know of."""
        if self.assessed is None or self.assessed.mode in WHOLE_MODES:
            return None
        return MODE_WORDS[self.assessed.mode]

    def _elapsed_s(self) -> int | None:
        if self.started_ms is None or self.seen_ms is None:
            return None
        return max(0, self.seen_ms - self.started_ms) // SECOND_MS

    def _spark_view(self, now_ms: int) -> tuple[int | None, ...]:
        last = now_ms // SPARK_STEP_MS
        return tuple(self._spark.get(step) for step in range(last - SPARK_STEPS + 1, last + 1))


def _tone(level: Level | None, word: str) -> Tone:
    """The tone of a tile. A low level before anything can be said is no all-clear, and must not look like one."""
    if level is None:
        return "stale"
    return "new" if word == UNSETTLED else TONES[level]


def _fresh(value: tuple[int, float | None], now_ms: int) -> int | None:
    at_ms, amount = value
    return None if amount is None or now_ms - at_ms > FRESH_MS else round(amount)
