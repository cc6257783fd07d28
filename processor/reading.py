"""What a delivery says: telemetry of this team, or refused by name."""

from typing import NamedTuple

from pydantic_core import from_json

from crampwatch.codec import decode
from crampwatch.errors import Refused
from crampwatch.events import StoredUpTo, Telemetry
from crampwatch.topics import Kind, Topic


class Arrived(NamedTuple):
    """Telemetry of one athlete. ``late``: it came as backlog, so nothing proved from it may raise a live alert."""

    athlete: str
    telemetry: Telemetry
    late: bool


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


def read_watermark(payload: bytes) -> StoredUpTo:
    """Decode a watermark.

    Raises:
        Refused: it is none.
    """
    message = decode(Kind.WATERMARK, payload)
    if not isinstance(message, StoredUpTo):
        raise Refused("unknown_kind", f"{type(message).__name__} where a watermark belongs")
    return message


def row_of(topic: str, payload: bytes, team: str) -> tuple[str, int] | None:
    """Collector and row of telemetry that was refused, if they can be read: it must not hold up the watermark.

    >>> row_of("crampwatch/v1/club/r7/telemetry", b'{"v":1,"collector":"c","row":7,"samples":"poison"}', "club")
    ('c', 7)
    >>> row_of("crampwatch/v1/away/r7/telemetry", b'{"v":1,"collector":"c","row":7,"samples":"poison"}', "club")
    """
    try:
        place = Topic.parse(topic)
        if place.team != team or place.kind not in {Kind.TELEMETRY, Kind.BACKLOG}:
            return None
        body = from_json(payload)
        named = StoredUpTo.model_validate({"collector": body["collector"], "row": body["row"]}, strict=True)
    except (Refused, ValueError, TypeError, KeyError):
        return None
    return named.collector, named.row
