"""Units and bounded numbers that the field uses; the name of a value ends in its unit."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000

#: A moment, UTC, in milliseconds since 1970. The upper bound is the year 2100: later is a broken clock.
EpochMs = Annotated[int, Field(strict=True, ge=0, le=4_102_444_800_000)]
#: Bounds that any sensor or file must respect; the physiological limits are the processor's business.
Bpm = Annotated[int, Field(strict=True, ge=1, le=300)]
Spm = Annotated[float, Field(ge=0, le=510, allow_inf_nan=False)]
Mps = Annotated[float, Field(ge=0, le=256, allow_inf_nan=False)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
#: The bound is what JSON readers and SQLite keep exactly; beyond it a number is noise.
Count = Annotated[int, Field(strict=True, ge=0, le=2**53)]
#: A pseudonymous id that may stand in a topic: never a name, never a hardware address.
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
#: What a spool file calls itself, made once by chance.
SpoolId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,32}$")]


class CadenceUnit(StrEnum):
    """What one unit of a device's cadence counts. The field is ambiguous (RSCS 1.0 says "1/min")."""

    STEPS = "steps_per_min"
    STRIDES = "strides_per_min"
    UNDECIDED = "undecided"


class Level(StrEnum):
    """How much a finding concerns a person. Shown as words, never as a percentage."""

    OK = "ok"
    WATCH = "watch"
    WARNING = "warning"
    IMMINENT = "imminent"
    NOW = "now"

    @property
    def rank(self) -> int:
        """0 for ok up to 4 for now, so that levels compare."""
        return tuple(Level).index(self)


class Quality(StrEnum):
    """How far a channel can be trusted at a moment."""

    UNDEFINED = "undefined"
    UNRELIABLE = "unreliable"
    GOOD = "good"


class Gate(StrEnum):
    """A circumstance that explains what would look like fatigue: while it holds, some channels stay quiet."""

    WARM_UP = "warm_up"
    HILL = "hill"
    INTERVALS = "intervals"
    RUN_WALK = "run_walk"
    TRAFFIC_STOP = "traffic_stop"
    GEL_WALK = "gel_walk"
    TURN = "turn"
    TREADMILL = "treadmill"
    FAST_FINISH = "fast_finish"
    ANSWERED = "answered"


class Mode(StrEnum):
    """What can be seen of an athlete just now, from most to least."""

    FULL = "full"
    NO_BEATS = "no_beats"
    NO_SPEED = "no_speed"
    NO_HEART = "no_heart"
    HEART_SUSPECT = "heart_suspect"
    CADENCE_LOST = "cadence_lost"
    HEART_ONLY = "heart_only"
    BLIND = "blind"


class Motion(StrEnum):
    """What the athlete's legs do, by cadence with hysteresis."""

    UNKNOWN = "unknown"
    STOP = "stop"
    WALK = "walk"
    SHUFFLE = "shuffle"
    RUN = "run"
