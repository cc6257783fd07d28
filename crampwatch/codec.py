"""Bytes to messages and back: the one place where what came from outside is validated."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from crampwatch.errors import Refused
from crampwatch.events import (
    SCHEMA_VERSION,
    Acknowledged,
    Alert,
    Assessed,
    CheckedIn,
    Delivered,
    Finding,
    Message,
    SensorClaimed,
    SensorStatus,
    ServiceStatus,
    StoredUpTo,
    Telemetry,
)
from crampwatch.topics import Kind
from crampwatch.usual import BaselineLearned, ResetAsked

MAX_BYTES = 256 * 1024

#: What a payload on a topic of each kind must be.
BODIES: Mapping[Kind, tuple[type[Message], ...]] = {
    Kind.TELEMETRY: (Telemetry,),
    Kind.BACKLOG: (Telemetry,),
    Kind.STATUS: (ServiceStatus, SensorStatus),
    Kind.FINDING: (Finding,),
    Kind.ASSESSMENT: (Assessed,),
    Kind.ALERT: (Alert,),
    Kind.DELIVERY: (Delivered,),
    Kind.COMMAND: (SensorClaimed, ResetAsked),
    Kind.ACK: (Acknowledged,),
    Kind.CHECKIN: (CheckedIn,),
    Kind.WATERMARK: (StoredUpTo,),
    Kind.BASELINE: (BaselineLearned,),
}


def _by_kind() -> dict[Kind, dict[str, TypeAdapter[Message]]]:
    table: dict[Kind, dict[str, TypeAdapter[Message]]] = {}
    for kind, bodies in BODIES.items():
        table[kind] = {}
        for body in bodies:
            default = body.model_fields["kind"].default
            # A body whose own kind is an enum (finding, alert) stands alone on its topic kind.
            table[kind]["*" if not isinstance(default, str) else default] = TypeAdapter(body)
    return table


_ADAPTERS = _by_kind()
#: What a message must say itself, though a reader could guess it.
_SAID = frozenset({"v", "kind"})


def encode(message: BaseModel) -> bytes:
    """A message as compact JSON, defaults left in so that a reader needs no schema."""
    return message.model_dump_json().encode()


def decode(kind: Kind, payload: bytes) -> Message:
    """Validate one payload that came on a topic of ``kind``.

    Raises:
        Refused: it is too long, not JSON, of another schema version, of a kind that does not belong there, or a
            field is out of its bounds. ``reason`` is bounded; the message names the field.
    """
    if len(payload) > MAX_BYTES:
        raise Refused("too_long", f"{kind} payload of {len(payload)} bytes; at most {MAX_BYTES} are taken")
    adapters = _ADAPTERS[kind]
    if len(adapters) == 1:
        # Almost every message is as it should be: parsed once, and looked at again only to say why it is refused.
        try:
            message = next(iter(adapters.values())).validate_json(payload, strict=True)
        except ValidationError:
            pass
        else:
            if message.model_fields_set >= _SAID:
                return message
    return _decode_or_say_why(kind, payload)


def _decode_or_say_why(kind: Kind, payload: bytes) -> Message:
    """Step by step: each kind of fault has its own reason, and what it is decides which fields are to be there."""
    try:
        raw: Any = from_json(payload)
    except ValueError as error:
        raise Refused("not_json", f"{kind} payload is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise Refused("not_json", f"{kind} payload is not a JSON object")
    if raw.get("v") != SCHEMA_VERSION:
        raise Refused(
            "schema_version",
            f"{kind} payload has schema version {raw.get('v')!r}, this release reads {SCHEMA_VERSION}: "
            "update the older side",
        )
    adapters = _ADAPTERS[kind]
    adapter = adapters.get("*") or adapters.get(str(raw.get("kind")))
    if adapter is None:
        raise Refused(
            "unknown_kind", f"{kind} payload has kind {str(raw.get('kind'))[:40]!r}, which is not known there"
        )
    try:
        # JSON mode keeps strictness honest: tuples come as arrays, enums as strings, "152" is no number.
        return adapter.validate_json(payload, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Refused("invalid_field", f"{kind} payload, field {where}: {first['msg']}") from None
