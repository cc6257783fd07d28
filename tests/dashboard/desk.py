"""A dashboard on a desk: broker in memory, store in a folder, a clock turned by hand, runners as a test wants them."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from crampwatch.bus import Bus
from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import encode
from crampwatch.events import (
    Alert,
    AlertKind,
    AlertState,
    Assessed,
    CadenceMeasured,
    Delivered,
    Finding,
    FindingKind,
    GuidanceStep,
    HeartRateMeasured,
    Message,
    SensorState,
    SensorStatus,
    ServiceStatus,
    Telemetry,
)
from crampwatch.metrics import Counters
from crampwatch.service import running
from crampwatch.settings import Athlete, Settings
from crampwatch.settings import Dashboard as DashboardSettings
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import CadenceUnit, Level, Motion, Quality
from crampwatch.usual import BaselineLearned, OwnMean
from dashboard.service import Dashboard
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock

TEAM, SESSION, COLLECTOR = "club", "s1", "collector-1"
BECAUSE = ("Short breaks in the rhythm: 4 in 5 min", "Heart rate up 6 bpm at the same cadence")
EASE_OFF = (
    GuidanceStep(id="ease.slow", text="Ease off: jog easily", timer_s=120),
    GuidanceStep(id="ease.stride", text="Shorten your stride"),
    GuidanceStep(id="ease.feel", text="Feel for twinges in calf and foot", note="Some runners feel twinges first."),
)
RELIEF = (
    GuidanceStep(id="relief.stop", text="Stop running. Do not push through it."),
    GuidanceStep(id="relief.stretch", text="Pull your toes gently up towards the shin", timer_s=30),
    GuidanceStep(id="relief.pressure", text="Press or knead the tight muscle steadily"),
    GuidanceStep(id="relief.rest", text="Take the weight off", timer_s=180),
    GuidanceStep(id="relief.walk_back", text="Walk slowly before you run again", timer_s=120),
)


def heart_rate(at_ms: int, bpm: int | None) -> HeartRateMeasured:
    return HeartRateMeasured(at_ms=at_ms, device="strap-1", seq=at_ms // 1_000, bpm=bpm)


def cadence(at_ms: int, spm: float | None) -> CadenceMeasured:
    return CadenceMeasured(
        at_ms=at_ms,
        device="pod-1",
        seq=at_ms // 1_000,
        spm=spm,
        raw_per_min=spm or 0,
        unit=CadenceUnit.STEPS,
        decided_by="test",
    )


def telemetry(at_ms: int, bpm: int | None = 150, spm: float | None = 172, session: str = SESSION) -> Telemetry:
    samples = (heart_rate(at_ms, bpm), cadence(at_ms, spm))
    return Telemetry(collector=COLLECTOR, spool="s0", row=at_ms // 1_000, session=session, samples=samples)


def assessed(
    at_ms: int, level: Level = Level.OK, score: float = 0.2, session: str = SESSION, *, settled: bool = True
) -> Assessed:
    return Assessed(
        session=session,
        at_ms=at_ms,
        level=level,
        settled=settled,
        score=score,
        fatigue=20,
        motion=Motion.RUN,
        quality={"heart_rate": Quality.GOOD},
    )


def pattern(at_ms: int, level: Level, because: tuple[str, ...] = BECAUSE, session: str = SESSION) -> Finding:
    return Finding(
        kind=FindingKind.PATTERN,
        id=f"pattern-{session}-{at_ms}",
        session=session,
        at_ms=at_ms,
        level=level,
        because=because,
    )


def alert(
    at_ms: int,
    *,
    level: Level = Level.WARNING,
    kind: AlertKind = AlertKind.PATTERN,
    state: AlertState = AlertState.DELIVERED,
    name: str = "a1",
    title: str = "Ease off for a few minutes",
    steps: tuple[GuidanceStep, ...] = EASE_OFF,
    question: str | None = None,
    updated_at_ms: int | None = None,
) -> Alert:
    return Alert(
        kind=kind,
        id=name,
        finding_id=f"finding-{name}",
        session=SESSION,
        level=level,
        state=state,
        raised_at_ms=at_ms,
        updated_at_ms=at_ms if updated_at_ms is None else updated_at_ms,
        title=title,
        because=BECAUSE,
        steps=steps,
        question=question,
    )


def cramp_question(at_ms: int, name: str = "c1") -> Alert:
    title, question = "You stopped suddenly after signs of fatigue", "You stopped suddenly. Is it a cramp?"
    return alert(at_ms, level=Level.NOW, kind=AlertKind.CRAMP, name=name, title=title, question=question, steps=RELIEF)


def delivered(push: Alert, at_ms: int) -> Delivered:
    return Delivered(alert_id=push.id, level=push.level, at_ms=at_ms, title=push.title, body="First: ease off")


def sensor(
    state: SensorState = SensorState.CONNECTED, device: str = "strap-1", name: str = "Strap H10"
) -> SensorStatus:
    return SensorStatus(
        device=device,
        name=name,
        state=state,
        at_ms=START_MS,
        measures=("heart_rate",),
        battery_percent=82,
        rssi_dbm=-50,
    )


def baseline(**more: object) -> BaselineLearned:
    """What is usual for a runner after eleven runs."""
    usual = {
        "at_ms": START_MS,
        "version": 12,
        "sessions": 11,
        "runs": 9,
        "cadence_spm_at_3_mps": OwnMean(own=171.6, sessions=11, others=165.0, own_share=0.6875),
        "slope_spm_per_mps": OwnMean(own=5.4, sessions=8, others=6.0, own_share=0.6154),
        "spread_spm": OwnMean(own=1.9, sessions=11, others=2.9, own_share=0.6875),
        "spread_of_10_s_spm": OwnMean(own=1.3, sessions=11, others=2.1, own_share=0.6875),
        "drift_percent_per_h": OwnMean(own=4.1, sessions=6, others=5.0, own_share=0.5455),
        "drift_when_hot_percent_per_h": OwnMean(own=9.3, sessions=1, others=7.6, own_share=0.1667),
        "longest_s": 6_120.0,
        "threshold_scale": 0.94,
        "uneventful": 7,
        "learned_at_ms": START_MS - 7_200_000,
    }
    return BaselineLearned(**{**usual, **more})  # type: ignore[arg-type] - fields by name


class Desk:
    """What a test does to a dashboard, and what it sees of it."""

    def __init__(self, folder: Path, clock: ManualClock, broker: MemoryBroker, store: SqliteStore, port: int = 0):
        self.clock, self.broker, self.store = clock, broker, store
        self.counters = Counters()
        self.settings = Settings(
            team=TEAM,
            state_dir=folder,
            athletes=(Athlete(id="ana", name="Ana Adler"),),
            dashboard=DashboardSettings(port=port),
        )
        self.dashboard = self._new()
        self.heard: list[tuple[Topic, bytes]] = []
        self._bus: Bus | None = None

    def _new(self) -> Dashboard:
        return Dashboard(
            settings=self.settings,
            buses=self.broker.links(),
            store=self.store,
            clock=self.clock,
            counters=self.counters,
            stopwatch=lambda: self.clock.now_ms() / 1_000,
        )

    @property
    def url(self) -> str:
        return self.dashboard.url

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Desk"]:
        """A first or a further life of the dashboard, at the same address."""
        async with running([self.dashboard]):
            port = int(self.url.rsplit(":", 1)[1])
            self.settings = self.settings.model_copy(update={"dashboard": DashboardSettings(port=port)})
            yield self
        self.dashboard = self._new()

    def say(self, message: Message, kind: Kind, athlete: str = "ana", device: str | None = None) -> None:
        self.broker.take(Topic(TEAM, athlete, kind, device), encode(message))

    def run(self, athlete: str = "ana", bpm: int | None = 150, spm: float | None = 172, **judged: object) -> None:
        """One second of one runner, at the present moment."""
        now_ms = self.clock.now_ms()
        self.say(telemetry(now_ms, bpm, spm), Kind.TELEMETRY, athlete)
        self.say(assessed(now_ms, **judged), Kind.ASSESSMENT, athlete)  # type: ignore[arg-type] - level, score, settled

    def raise_alert(self, message: Alert, athlete: str = "ana") -> None:
        self.say(message, Kind.ALERT, athlete, message.kind.value)

    def push(self, message: Alert, athlete: str = "ana") -> None:
        """What the alerter does with an alert that a person must hear: the state, and the push itself."""
        self.raise_alert(message, athlete)
        self.say(delivered(message, self.clock.now_ms()), Kind.DELIVERY, athlete)

    def offer(self, status: SensorStatus) -> None:
        """A sensor nobody owns is in the air."""
        self.broker.take(Topic(SYSTEM, COLLECTOR, Kind.STATUS, status.device), encode(status))

    def service(self, instance: str, state: Literal["up", "down"] = "up", **detail: str | float) -> None:
        """A service's word on itself."""
        status = ServiceStatus(service=instance, state=state, at_ms=self.clock.now_ms(), detail=detail)
        self.broker.take(Topic(SYSTEM, instance, Kind.STATUS), encode(status))

    def answers(self, kind: Kind) -> list[bytes]:
        return [payload for topic, payload in self.heard if topic.kind is kind]

    async def answer(self, kind: Kind) -> bytes:
        """The first answer of a kind that reaches the bus."""
        await until(lambda: bool(self.answers(kind)))
        return self.answers(kind)[0]


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """The desk without the dashboard running: broker, store and clock; what people answer is heard."""
    clock, broker = ManualClock(), MemoryBroker()
    store = await SqliteStore.open(folder / "store.db")
    made = Desk(folder, clock, broker, store)
    take = broker.take

    def hear(topic: Topic, payload: bytes) -> None:
        made.heard.append((topic, payload))
        take(topic, payload)

    broker.take = hear  # type: ignore[method-assign] - an ear, not a patch: everything still happens
    try:
        yield made
    finally:
        await store.close()


async def record_run(
    store: SqliteStore, *, minutes: int = 60, athlete: str = "ana", session: str = "morning"
) -> RunKey:
    """A run as it might have been: calm, then drifting, two alerts, breaks towards the end."""
    key = RunKey(TEAM, athlete, session)
    samples: list[HeartRateMeasured | CadenceMeasured] = []
    judged: list[Assessed] = []
    seconds = minutes * 60
    for second in range(seconds):
        at_ms = START_MS + second * 1_000
        part = second / seconds
        wave = ((second * 7919) % 13 - 6) / 3
        hitch = 14 if part > 0.7 and second % 180 < 5 else 0
        samples.append(heart_rate(at_ms, round(136 + 30 * part + 4 * wave * 0.5 + 5 * ((second // 300) % 2))))
        samples.append(cadence(at_ms, 178 - 9 * part * part + wave - hitch))
        level = (
            Level.OK if part < 0.55 else Level.WATCH if part < 0.75 else Level.WARNING if part < 0.9 else Level.WATCH
        )
        score = min(0.95, 0.15 + part * 0.6 + wave * 0.03)
        if second % 5 == 0:
            judged.append(
                assessed(at_ms, level, score, session).model_copy(update={"fatigue": round(8 + 58 * part**1.6, 1)})
            )

    def at(part: float) -> int:
        return START_MS + round(part * seconds) * 1_000

    findings = [
        pattern(at(0.55), Level.WATCH, ("Cadence down 3 % from the start",), session),
        pattern(at(0.75), Level.WARNING, session=session),
        pattern(at(0.9), Level.WATCH, ("Rhythm steadier since you eased off",), session),
    ]
    for number, (part, kind, level) in enumerate(
        [
            (0.2, FindingKind.WALK_BREAK, Level.OK),
            (0.23, FindingKind.RESUMED, Level.OK),
            (0.72, FindingKind.HITCH, Level.WATCH),
            (0.78, FindingKind.HITCH, Level.WATCH),
            (0.84, FindingKind.GRADUAL_DECLINE, Level.WATCH),
        ]
    ):
        findings.append(
            Finding(
                kind=kind, id=f"f{number}-{session}", session=session, at_ms=at(part), level=level, because=("4 s",)
            )
        )
    alerts = [
        alert(at(0.55), level=Level.WATCH, name=f"w-{session}", title="Check your calves", state=AlertState.EXPIRED),
        alert(at(0.75), name=f"h-{session}", state=AlertState.ACKNOWLEDGED),
    ]
    alerts = [one.model_copy(update={"session": session}) for one in alerts]
    await store.record([Batch(key, samples, findings, judged, alerts)])
    return key
