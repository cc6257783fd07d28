"""What a delivery says: telemetry of this team, or refused by name."""

import re
from typing import NamedTuple

from pydantic_core import from_json

from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.events import Acknowledged, StoredUpTo, Telemetry
from crampwatch.topics import Kind, Topic
from crampwatch.units import MINUTE_MS
from crampwatch.usual import ResetAsked

from .labels import Label, label_of

#: A reset that is dated so far from the host's clock is refused: a broker without expiry may have kept it for days, and
#: one of the future would keep runs until then from teaching anything.
RESET_MS = MINUTE_MS


class Origin(NamedTuple):
    """Where rows are counted: one spool of one collector."""

    collector: str
    spool: str


class Arrived(NamedTuple):
    """Telemetry of one athlete. ``late``: it came as backlog, so nothing proved from it may raise a live alert."""

    athlete: str
    telemetry: Telemetry
    late: bool

    @property
    def origin(self) -> Origin:
        """Whose row it is."""
        return Origin(self.telemetry.collector, self.telemetry.spool)


def read_telemetry(topic: Topic, payload: bytes, team: str) -> Arrived:
    """Decode what came on a telemetry or backlog topic.

    Raises:
        Refused: it is of another team, or no telemetry; see :func:`crampwatch.codec.decode`.
    """
    if topic.team != team:
        raise Refused("wrong_team", f"topic {topic} is not of team {team!r}")
    message = decode(topic.kind, payload)
    if not isinstance(message, Telemetry):
        raise Refused("unknown_kind", f"{type(message).__name__} on topic {topic}")
    return Arrived(topic.athlete, message, topic.kind is Kind.BACKLOG)


class Said(NamedTuple):
    """What a person said of an athlete's run. ``alert``: the alert that was answered; empty: none was."""

    athlete: str
    label: Label
    alert: str = ""

    def concerns(self, session: str) -> bool:
        """Whether it can be about this session; what names none is about the newest one.

        >>> Said("r7", Label(0, "pause"), "r7/s1/pattern/1700000000000").concerns("s2")
        False
        """
        if self.alert.startswith(f"{self.athlete}/"):
            return self.alert.startswith(f"{self.athlete}/{session}/")
        if self.alert.startswith("level-"):
            return self.alert.startswith(f"level-{self.athlete}-{session}-")
        return True


def read_answer(topic: Topic, payload: bytes, team: str) -> Said | None:
    """Decode what came on an ack or check-in topic; None when it says nothing about the run.

    Raises:
        Refused: it is of another team, no answer, or about an alert of somebody else; see
            :func:`crampwatch.codec.decode`.
    """
    if topic.team != team:
        raise Refused("wrong_team", f"topic {topic} is not of team {team!r}")
    message = decode(topic.kind, payload)
    label = label_of(message)
    if label is None:
        return None
    alert = message.alert_id if isinstance(message, Acknowledged) else ""
    if alert and not (alert.startswith(f"{topic.athlete}/") or re.match(f"[a-z]+-{topic.athlete}-", alert)):
        raise Refused("wrong_athlete", f"alert {alert[:80]!r} on topic {topic}")
    return Said(topic.athlete, label, alert)


class ResetOf(NamedTuple):
    """A person asked to forget what is usual for an athlete, at this moment by their clock."""

    athlete: str
    at_ms: int


def read_reset(topic: Topic, payload: bytes, team: str, now_ms: int) -> ResetOf:
    """Decode what came on an athlete's command topic.

    Raises:
        Refused: it is of another team, no reset, or of another time; see :func:`crampwatch.codec.decode`.
    """
    if topic.team != team:
        raise Refused("wrong_team", f"topic {topic} is not of team {team!r}")
    message = decode(topic.kind, payload)
    if not isinstance(message, ResetAsked):
        raise Refused("unknown_kind", f"{type(message).__name__} on topic {topic}")
    if abs(now_ms - message.at_ms) > RESET_MS:
        raise Refused("stale", f"the reset on topic {topic} is dated {abs(now_ms - message.at_ms) // 1_000} s from now")
    return ResetOf(topic.athlete, message.at_ms)


def read_watermark(payload: bytes) -> StoredUpTo:
    """Decode a watermark.

    Raises:
        Refused: it is none.
    """
    message = decode(Kind.WATERMARK, payload)
    if not isinstance(message, StoredUpTo):
        raise Refused("unknown_kind", f"{type(message).__name__} where a watermark belongs")
    return message


def row_of(topic: str, payload: bytes, team: str) -> tuple[Origin, int] | None:
    """Origin and row of telemetry that was refused, if they can be read: it must not hold up the watermark.

    >>> poison = b'{"v":1,"collector":"c","spool":"s","row":7,"samples":"poison"}'
    >>> row_of("crampwatch/v1/club/r7/telemetry", poison, "club")
    (Origin(collector='c', spool='s'), 7)
    >>> row_of("crampwatch/v1/away/r7/telemetry", poison, "club")
    """
    try:
        place = Topic.parse(topic)
        if place.team != team or place.kind not in {Kind.TELEMETRY, Kind.BACKLOG}:
            return None
        body = from_json(payload)
        named = StoredUpTo.model_validate({key: body[key] for key in ("collector", "spool", "row")}, strict=True)
    except (Refused, ValueError, TypeError, KeyError):
        return None
    return Origin(named.collector, named.spool), named.row
