"""The facts that cross a process boundary: frozen, validated once, named in the past tense."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from crampwatch.units import (
    Bpm,
    CadenceUnit,
    Count,
    EpochMs,
    Gate,
    Id,
    Level,
    Mode,
    Motion,
    Mps,
    Percent,
    Quality,
    Spm,
    SpoolId,
)

SCHEMA_VERSION = 1

Text = Annotated[str, Field(max_length=400)]
Number = Annotated[float, Field(allow_inf_nan=False)]
#: The whole numbers that every reader of JSON keeps exactly; a larger one is kept as a :data:`Number`.
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Name = Annotated[str, Field(max_length=80)]


class Fact(BaseModel):
    """A recorded fact. Equal content is an equal fact; nothing is ever changed in place."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


# --- samples: events that measure, carried in a telemetry message -------------------------------------------


class Measured(Fact):
    """What every sample carries. ``(athlete, session, device, seq)`` names it for ever."""

    at_ms: EpochMs
    device: Id
    seq: Count


class HeartRateMeasured(Measured):
    """One heart-rate notification. ``bpm`` is None when the sensor says that it has no reading.

    A notification of the longest packet (512 bytes) holds 255 beats.
    """

    kind: Literal["heart_rate"] = "heart_rate"
    bpm: Bpm | None
    contact: bool | None = None
    rr_ms: Annotated[tuple[Annotated[float, Field(gt=0, le=64_000)], ...], Field(max_length=256)] = ()


class CadenceMeasured(Measured):
    """One cadence reading: as sent, in steps/min once the device's unit is known, and how that was decided."""

    kind: Literal["cadence"] = "cadence"
    spm: Spm | None
    raw_per_min: Spm
    unit: CadenceUnit
    decided_by: Annotated[str, Field(max_length=40)]
    running: bool | None = None


class SpeedMeasured(Measured):
    """One speed reading, with the odometer where the sensor has one."""

    kind: Literal["speed"] = "speed"
    mps: Mps
    distance_m: Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)] | None = None


class BatteryReported(Measured):
    """A sensor's battery level."""

    kind: Literal["battery"] = "battery"
    percent: Percent


Sample = Annotated[HeartRateMeasured | CadenceMeasured | SpeedMeasured | BatteryReported, Field(discriminator="kind")]


# --- messages: what one MQTT payload holds ------------------------------------------------------------------


class Message(Fact):
    """The body of one MQTT message; team and athlete stand in its topic."""

    v: Literal[1] = 1


class Telemetry(Message):
    """Samples of one athlete from one collector, in the order they were taken.

    ``row`` counts the messages of one spool of a collector without a gap: the processor's watermark is a row of it.
    A collector whose spool file was lost, and another that was given the same id, count in spools of their own.
    """

    kind: Literal["telemetry"] = "telemetry"
    collector: Id
    spool: SpoolId
    row: Count
    session: Id
    samples: Annotated[tuple[Sample, ...], Field(min_length=1, max_length=512)]


class FindingKind(StrEnum):
    """What a detector can prove (science: break vocabulary, pattern level, fatigue index, signal quality).

    ``context`` says that a gate closed or opened, ``label`` that a person's answer took effect; ``other`` is for
    detectors from elsewhere, whose finding ids carry their name.
    """

    HITCH = "hitch"
    PAUSE = "pause"
    STOP = "stop"
    WALK_BREAK = "walk_break"
    LEVEL_SHIFT = "level_shift"
    GRADUAL_DECLINE = "gradual_decline"
    UNSTEADY = "unsteady"
    CRAMP_STOP = "cramp_stop"
    PATTERN = "pattern"
    FATIGUE = "fatigue"
    RESUMED = "resumed"
    SIGNAL = "signal"
    CONTEXT = "context"
    LABEL = "label"
    OTHER = "other"


class Finding(Message):
    """What a detector proved about one athlete at one moment, and because of what.

    ``level`` is how much it concerns a person: ``ok`` findings are recorded and shown, never pushed. A
    ``pattern`` finding says that the pattern level is now ``level`` (``ok`` ends it). ``late`` marks a finding
    proved from backlog: stored and shown, never a live alert.
    """

    kind: FindingKind
    id: Annotated[str, Field(max_length=200)]
    session: Id
    at_ms: EpochMs
    level: Level
    because: tuple[Text, ...]
    evidence: dict[str, Number] = Field(default_factory=dict)
    late: bool = False


class Assessed(Message):
    """Where an athlete stands at a second: scores are internal, people are shown ``level``.

    ``settled`` is False while nothing can be said: no baseline yet, or no cadence. Then ``ok`` is no all-clear.
    ``mode`` is what can be seen, ``quiet`` the gates that hold, ``because`` the two largest reasons of a level that
    is not ok.
    """

    kind: Literal["assessment"] = "assessment"
    session: Id
    at_ms: EpochMs
    level: Level
    settled: bool = True
    score: Annotated[float, Field(ge=0, le=1)]
    fatigue: Annotated[float, Field(ge=0, le=100)] | None
    motion: Motion
    quality: dict[str, Quality]
    contributions: dict[str, Number] = Field(default_factory=dict)
    mode: Mode = Mode.FULL
    quiet: tuple[Gate, ...] = ()
    because: tuple[Text, ...] = ()


class AlertState(StrEnum):
    """The life of an alert."""

    RAISED = "raised"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    EXPIRED = "expired"

    @property
    def open(self) -> bool:
        """Whether it still concerns somebody."""
        return self in {AlertState.RAISED, AlertState.DELIVERED, AlertState.ACKNOWLEDGED}


class AlertKind(StrEnum):
    """What an alert is about: a pattern level, a sudden stop after signs, or our own blindness."""

    PATTERN = "pattern"
    CRAMP = "cramp"
    FAULT = "fault"


class GuidanceStep(Fact):
    """One instruction for a person; ``timer_s`` where it is held for a time, ``note`` for what evidence says."""

    id: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
    text: Text
    timer_s: Count | None = None
    note: Text | None = None


class Alert(Message):
    """A finding that concerns a person, where it is in its life, and what to do now. Retained; empty clears."""

    kind: AlertKind
    id: Annotated[str, Field(max_length=200)]
    finding_id: Annotated[str, Field(max_length=200)]
    session: Id
    level: Level
    state: AlertState
    raised_at_ms: EpochMs
    updated_at_ms: EpochMs
    title: Text
    because: tuple[Text, ...]
    steps: tuple[GuidanceStep, ...] = ()
    question: Text | None = None


class Delivered(Message):
    """One push of an alert to a person by one channel."""

    kind: Literal["delivery"] = "delivery"
    alert_id: Annotated[str, Field(max_length=200)]
    level: Level
    at_ms: EpochMs
    title: Text
    body: Annotated[str, Field(max_length=4_000)]


class Answer(StrEnum):
    """What a person says to an alert. The answers are labels for later learning."""

    OK = "ok"
    CRAMP = "cramp"
    PAUSE = "pause"


class Acknowledged(Message):
    """Somebody answered an alert, on the page or by MQTT."""

    kind: Literal["ack"] = "ack"
    alert_id: Annotated[str, Field(max_length=200)]
    at_ms: EpochMs
    by: Literal["runner", "coach"]
    answer: Answer = Answer.OK


#: What a runner can say unasked: a cramp, that it has eased, that nothing happened; or the air: below 12 C, to 22 C,
#: above.
CheckInWord = Literal["cramp", "eased", "uneventful", "cool", "mild", "hot"]


class CheckedIn(Message):
    """A runner says something unasked: a cramp, that it has eased, that nothing happened, or how warm it is."""

    kind: Literal["checkin"] = "checkin"
    at_ms: EpochMs
    what: CheckInWord


class SensorClaimed(Message):
    """A person says whose sensor this is."""

    kind: Literal["claim"] = "claim"
    device: Id
    athlete: Id
    at_ms: EpochMs


class ServiceStatus(Message):
    """A service's own word on itself; its last will says ``down``."""

    kind: Literal["service"] = "service"
    service: Id
    state: Literal["up", "down"]
    at_ms: EpochMs
    detail: Annotated[dict[Name, Text | Whole | Number], Field(max_length=100)] = Field(default_factory=dict)


class SensorState(StrEnum):
    """What the collector knows of a sensor."""

    UNCLAIMED = "unclaimed"
    SEARCHING = "searching"
    CONNECTED = "connected"
    LOST = "lost"


class SensorStatus(Message):
    """A sensor as the collector sees it. Retained under the athlete, or under the system team if unclaimed.

    ``collector`` says which one, so that it is known who is blind when that one stops.
    """

    kind: Literal["sensor"] = "sensor"
    device: Id
    name: Annotated[str, Field(max_length=80)]
    state: SensorState
    at_ms: EpochMs
    measures: tuple[Literal["heart_rate", "cadence"], ...] = ()
    battery_percent: Percent | None = None
    rssi_dbm: Annotated[int, Field(ge=-127, le=20)] | None = None
    cadence_unit: CadenceUnit = CadenceUnit.UNDECIDED
    collector: Id | None = None


class StoredUpTo(Message):
    """The processor's watermark: every row of this spool of a collector up to ``row`` is stored. Retained.

    Under the collector's own id it is the collector's word to processors: what it has forgotten, because it was stored.
    """

    kind: Literal["watermark"] = "watermark"
    collector: Id
    spool: SpoolId
    #: Far below the most rows a message can count: whoever is told to go on above it still has room.
    row: Annotated[int, Field(ge=-1, le=2**50)]
