"""Build and parse every topic. Nobody else writes a slash.

``crampwatch/v1/<team>/<athlete>/<kind>[/<device>]``: lower case, pseudonymous. What belongs to no athlete (a
service's status, a sensor nobody has claimed, a collector's watermark) stands under the reserved team ``system``
with the service's instance in the athlete's place.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from crampwatch.errors import Refused

ROOT = "crampwatch/v1"
SYSTEM = "system"
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_PARTS_WITHOUT_DEVICE = 5


class Kind(StrEnum):
    """The last fixed word of a topic; it decides quality of service, retention and expiry."""

    TELEMETRY = "telemetry"
    BACKLOG = "backlog"
    STATUS = "status"
    FINDING = "finding"
    ASSESSMENT = "assessment"
    ALERT = "alert"
    DELIVERY = "delivery"
    COMMAND = "command"
    ACK = "ack"
    CHECKIN = "checkin"
    WATERMARK = "watermark"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Terms:
    """How the broker treats one kind of topic: MQTT QoS, retain flag, expiry in seconds (MQTT 5)."""

    qos: int
    retain: bool
    expiry_s: int | None


TERMS: dict[Kind, Terms] = {
    Kind.TELEMETRY: Terms(1, retain=False, expiry_s=60),
    Kind.BACKLOG: Terms(1, retain=False, expiry_s=None),
    Kind.STATUS: Terms(1, retain=True, expiry_s=None),
    Kind.FINDING: Terms(1, retain=False, expiry_s=300),
    Kind.ASSESSMENT: Terms(0, retain=False, expiry_s=10),
    Kind.ALERT: Terms(1, retain=True, expiry_s=86_400),
    Kind.DELIVERY: Terms(1, retain=False, expiry_s=60),
    Kind.COMMAND: Terms(1, retain=False, expiry_s=30),
    Kind.ACK: Terms(1, retain=False, expiry_s=30),
    Kind.CHECKIN: Terms(1, retain=False, expiry_s=30),
    Kind.WATERMARK: Terms(1, retain=True, expiry_s=None),
    Kind.BASELINE: Terms(1, retain=True, expiry_s=None),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, taken apart. ``device`` also names the slot of an alert or the processor of a watermark."""

    team: str
    athlete: str
    kind: Kind
    device: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be parsed back.

        Raises:
            Refused: an id holds anything but ``[a-z0-9-]``.
        """
        for part in (self.team, self.athlete, self.device):
            if part is not None and not _ID.fullmatch(part):
                raise Refused("bad_topic", f"topic part {part!r} must be 1-64 of a-z, 0-9 and inner '-'")

    def __str__(self) -> str:
        """The topic as the broker knows it.

        >>> str(Topic("club", "r7", Kind.STATUS, "hrm-1"))
        'crampwatch/v1/club/r7/status/hrm-1'
        """
        base = f"{ROOT}/{self.team}/{self.athlete}/{self.kind}"
        return base if self.device is None else f"{base}/{self.device}"

    @property
    def terms(self) -> Terms:
        """How the broker treats this topic."""
        return TERMS[self.kind]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a topic apart.

        Raises:
            Refused: it is not one of ours; the message says which part is wrong.
        """
        parts = text.split("/")
        if "/".join(parts[:2]) != ROOT:
            raise Refused("unknown_topic", f"topic {text[:120]!r} does not start with {ROOT}/")
        if len(parts) not in {_PARTS_WITHOUT_DEVICE, _PARTS_WITHOUT_DEVICE + 1}:
            raise Refused("unknown_topic", f"topic {text[:120]!r} has {len(parts)} parts, 5 or 6 are known")
        try:
            kind = Kind(parts[4])
        except ValueError:
            raise Refused("unknown_topic", f"topic {text[:120]!r}: {parts[4][:40]!r} is no known kind") from None
        return cls(parts[2], parts[3], kind, parts[5] if len(parts) > _PARTS_WITHOUT_DEVICE else None)


def every(kind: Kind, team: str = "+", athlete: str = "+") -> tuple[str, ...]:
    """The subscription filters that match every topic of a kind, with and without a device.

    >>> every(Kind.FINDING, "club")
    ('crampwatch/v1/club/+/finding', 'crampwatch/v1/club/+/finding/+')
    """
    base = f"{ROOT}/{team}/{athlete}/{kind}"
    return base, f"{base}/+"
