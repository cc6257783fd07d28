"""What pages and API answers are made of: documented, immutable, plain. Times that end in ``_ms`` are UTC epochs.

None always means "not known", never zero. People are shown ``word`` and ``tone``; ``gauge`` only places a marker.
"""

from dataclasses import dataclass
from typing import Literal

from crampwatch.events import AlertKind, AlertState, GuidanceStep, SensorState
from crampwatch.units import Motion

#: The five looks: ok (circle), watch (diamond), high (triangle), new (ring: nothing can be said yet) and
#: stale (dashed ring).
Tone = Literal["ok", "watch", "high", "new", "stale"]


@dataclass(frozen=True, slots=True)
class SensorView:
    """One sensor as its owner sees it. ``measures`` holds ``heart_rate`` and ``cadence``."""

    device: str
    name: str
    state: SensorState
    measures: tuple[str, ...]
    battery_percent: int | None


@dataclass(frozen=True, slots=True)
class UnclaimedView:
    """A sensor nobody owns yet, and the collector that must be told whose it is."""

    device: str
    name: str
    collector: str
    measures: tuple[str, ...]
    rssi_dbm: int | None


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert in its latest state, with what to do now."""

    id: str
    athlete: str
    name: str
    kind: AlertKind
    level: str
    tone: Tone
    word: str
    state: AlertState
    open: bool
    title: str
    because: tuple[str, ...]
    steps: tuple[GuidanceStep, ...]
    question: str | None
    raised_at_ms: int
    updated_at_ms: int
    age_s: int


@dataclass(frozen=True, slots=True)
class PushView:
    """An alert was pushed to a person, at this level: the moment to sound. One per alert and level."""

    alert: str
    athlete: str
    level: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class QuietView:
    """Why it is quiet: a circumstance by its short name, and what it means in a sentence."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class AthleteView:
    """One runner on the board.

    ``level`` is ``new`` while nothing can be said (no baseline, or no cadence), ``stale`` while nothing is heard.
    ``gauge`` (0 to 1) is where the marker stands on the level bar: the level chooses the quarter, the score moves
    it inside; None at ``new`` and ``stale``. ``age_s`` counts from the last sample; ``spark`` is the heart rate of
    the last five minutes in equal steps, None where nothing was measured, and empty where the page has no room.
    ``because`` holds the two largest reasons of a level; ``quiet`` the circumstances that keep signs quiet just now,
    and ``sees`` what cannot be seen, in a sentence; both are empty while nothing is heard.
    """

    id: str
    name: str
    session: str | None
    level: str
    tone: Tone
    word: str
    gauge: float | None
    hr_bpm: int | None
    cadence_spm: int | None
    motion: Motion
    elapsed_s: int | None
    age_s: int | None
    because: tuple[str, ...]
    quiet: tuple[QuietView, ...]
    sees: str | None
    alert: str | None
    spark: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class ServiceView:
    """How a service stands, by its own word: up, in trouble, silent (it said "up", and then nothing), or down.

    ``missed`` when it is away and no other does its work; ``since_s`` since when it is up or down; ``quiet_s`` how old
    its last word is; ``waits`` what is queued or was left out there, in words.
    """

    id: str
    kind: str
    tone: Tone
    word: str
    missed: bool
    since_s: int | None
    quiet_s: int
    version: str | None
    waits: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything the coach board shows at one moment; ``alerts`` newest first, open ones and the last closed."""

    at_ms: int
    team: str
    athletes: tuple[AthleteView, ...]
    alerts: tuple[AlertView, ...]
    unclaimed: tuple[UnclaimedView, ...]
    services: tuple[ServiceView, ...]


@dataclass(frozen=True, slots=True)
class UsualRow:
    """One thing that is usual for a runner, in words: what, how much, and from what that is known.

    ``share`` (0 to 1) is how much of it is the runner's own and not that of runners on the whole; None where nothing is
    mixed.
    """

    name: str
    value: str
    note: str
    share: float | None


@dataclass(frozen=True, slots=True)
class UsualView:
    """What is usual for a runner across runs: from how many (0: nothing was learned), and when the last ended."""

    version: int
    runs: int
    learned_at_ms: int | None
    rows: tuple[UsualRow, ...]


@dataclass(frozen=True, slots=True)
class RunnerView:
    """Everything one runner's page shows at one moment; ``misses`` says what a service that is away takes from it.

    ``usual`` is None while no processor has told it.
    """

    at_ms: int
    team: str
    athlete: AthleteView
    sensors: tuple[SensorView, ...]
    alerts: tuple[AlertView, ...]
    misses: tuple[str, ...]
    usual: UsualView | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of the run list."""

    team: str
    athlete: str
    name: str
    session: str
    started_ms: int
    duration_s: int
    mean_bpm: int | None
    mean_spm: int | None
    distance_m: int | None
    worst: str
    tone: Tone
    word: str
    findings: int
    alerts: int


@dataclass(frozen=True, slots=True)
class RunsView:
    """The run list, newest first."""

    runs: tuple[RunRow, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding or an alert at a moment of a run; ``at_s`` counts from its start."""

    id: str
    at_s: int
    what: Literal["finding", "alert"]
    kind: str
    word: str
    tone: Tone
    because: tuple[str, ...]
    note: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class LevelSpan:
    """From when to when the fatigue pattern stood at a level (seconds from the start)."""

    from_s: int
    to_s: int
    level: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One run, ready to draw.

    ``columns`` holds ``bpm``, ``spm``, ``fatigue`` and ``pattern``, each as long as ``at_s``. ``pattern`` is the
    level's rank (0 low to 3 strong) plus the score's place inside that band, so that the curve lies in its level.
    """

    run: RunRow
    at_s: tuple[float, ...]
    columns: dict[str, tuple[float | None, ...]]
    spans: tuple[LevelSpan, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is told in its own HTML: whose page it is, and words it needs before any data has come."""

    page: str
    team: str
    athlete: str | None
    name: str | None
    session: str | None
    first_relief: tuple[GuidanceStep, ...]
    walk_back: GuidanceStep
    athletes: tuple[tuple[str, str], ...]
