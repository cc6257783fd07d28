"""The AsyncAPI 3 document of all that crosses the broker, made from ``events``, ``usual``, ``topics``, ``traffic``."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from crampwatch import __version__
from crampwatch.codec import encode
from crampwatch.events import (
    Acknowledged,
    Alert,
    AlertKind,
    AlertState,
    Answer,
    Assessed,
    CadenceMeasured,
    CheckedIn,
    Delivered,
    Finding,
    FindingKind,
    GuidanceStep,
    HeartRateMeasured,
    Message,
    SensorClaimed,
    SensorState,
    SensorStatus,
    ServiceStatus,
    StoredUpTo,
    Telemetry,
)
from crampwatch.topics import TERMS
from crampwatch.traffic import LANES, Lane, Party
from crampwatch.units import CadenceUnit, Level, Motion, Quality
from crampwatch.usual import BaselineLearned, OwnMean, ResetAsked

FILE_NAME = "asyncapi.json"
SCHEMAS = "#/components/schemas/"
#: Of the MQTT bindings: the release of their rules that is used.
BINDING = "0.2.0"

_AT_MS = 1_760_000_000_000
_WHY = ("Three hitches in four minutes.", "Heart rate is up for the same pace.")
_IDS = "1 to 64 of a-z, 0-9 and inner '-'; pseudonymous, never a name or an address"

PARAMETERS: dict[str, dict[str, Any]] = {
    "team": {"description": f"Whose runners: {_IDS}.", "examples": ["club"]},
    "athlete": {"description": f"Who runs: {_IDS}.", "examples": ["r7"]},
    "device": {"description": f"Which sensor: {_IDS}.", "examples": ["hrm-1"]},
    "collector": {"description": f"Which collector: {_IDS}.", "examples": ["collector-1"]},
    "service": {"description": f"Which service, or the collector itself: {_IDS}.", "examples": ["processor-1"]},
    "slot": {"description": "What the alert is about; one stands at a time.", "enum": [one.value for one in AlertKind]},
}

EXAMPLES: tuple[Message, ...] = (
    Telemetry(
        collector="collector-1",
        spool="s1",
        row=41,
        session="run-1",
        samples=(
            HeartRateMeasured(at_ms=_AT_MS, device="hrm-1", seq=7, bpm=152, contact=True, rr_ms=(394.5, 397.5)),
            CadenceMeasured(
                at_ms=_AT_MS + 20,
                device="pod-1",
                seq=9,
                spm=168.0,
                raw_per_min=84.0,
                unit=CadenceUnit.STRIDES,
                decided_by="walk_ratio",
            ),
        ),
    ),
    Finding(
        kind=FindingKind.PATTERN,
        id=f"r7/run-1/pattern/{_AT_MS}",
        session="run-1",
        at_ms=_AT_MS,
        level=Level.WARNING,
        because=_WHY,
        evidence={"hitches": 3.0},
    ),
    Assessed(
        session="run-1",
        at_ms=_AT_MS,
        level=Level.WATCH,
        score=0.31,
        fatigue=42.0,
        motion=Motion.RUN,
        quality={"heart_rate": Quality.GOOD},
    ),
    Alert(
        kind=AlertKind.PATTERN,
        id=f"r7/run-1/pattern/{_AT_MS}",
        finding_id=f"r7/run-1/pattern/{_AT_MS}",
        session="run-1",
        level=Level.WARNING,
        state=AlertState.DELIVERED,
        raised_at_ms=_AT_MS + 300,
        updated_at_ms=_AT_MS + 340,
        title="Several fatigue signs together: ease off",
        because=_WHY,
        steps=(GuidanceStep(id="ease.off", text="Ease off for 2 to 3 minutes.", timer_s=150),),
    ),
    Delivered(
        alert_id=f"r7/run-1/pattern/{_AT_MS}",
        level=Level.WARNING,
        at_ms=_AT_MS + 320,
        title="Several fatigue signs together: ease off",
        body="1. Ease off for 2 to 3 minutes.",
    ),
    Acknowledged(alert_id=f"r7/run-1/pattern/{_AT_MS}", at_ms=_AT_MS + 9_000, by="runner", answer=Answer.OK),
    CheckedIn(at_ms=_AT_MS, what="cramp"),
    SensorClaimed(device="hrm-1", athlete="r7", at_ms=_AT_MS),
    SensorStatus(
        device="hrm-1",
        name="Strap",
        state=SensorState.CONNECTED,
        at_ms=_AT_MS,
        measures=("heart_rate",),
        battery_percent=80,
        collector="collector-1",
    ),
    ServiceStatus(service="alerter-1", state="up", at_ms=_AT_MS, detail={"alerts_open": 1, "pushes_owed": 0}),
    StoredUpTo(collector="collector-1", spool="s1", row=41),
    BaselineLearned(
        at_ms=_AT_MS,
        version=12,
        sessions=11,
        runs=9,
        cadence_spm_at_3_mps=OwnMean(own=171.6, sessions=11, others=165.0, own_share=0.6875),
        slope_spm_per_mps=OwnMean(own=5.4, sessions=8, others=6.0, own_share=0.6154),
        longest_s=6_120.0,
        threshold_scale=0.94,
        uneventful=7,
        learned_at_ms=_AT_MS - 7_200_000,
    ),
    ResetAsked(at_ms=_AT_MS),
)


def document() -> dict[str, Any]:
    """The whole document."""
    bodies = tuple(dict.fromkeys(lane.body for lane in LANES))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "crampwatch on the broker",
            "version": __version__,
            "description": "Every message of crampwatch. Not a medical device. An empty payload clears a retained "
            "message. Operations are tagged with the service whose they are; others are phones, watch bridges and "
            "whoever else may listen and answer.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "broker.example:1883",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "Your broker, MQTT 5 or 3.1.1 (then nothing expires): the setting mqtt.url.",
            }
        },
        "channels": {lane.name: _channel(lane) for lane in LANES},
        "operations": dict(operation for lane in LANES for operation in _operations(lane)),
        "components": {
            "messages": {body.__name__: _message(body) for body in bodies},
            "schemas": _schemas(bodies),
        },
    }


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _channel(lane: Lane) -> dict[str, Any]:
    names = [name for name in PARAMETERS if f"{{{name}}}" in lane.address]
    return {
        "address": lane.address,
        "messages": {lane.body.__name__: {"$ref": f"#/components/messages/{lane.body.__name__}"}},
        "parameters": {name: PARAMETERS[name] for name in names},
        "servers": [{"$ref": "#/servers/broker"}],
    }


def _operations(lane: Lane) -> Iterator[tuple[str, dict[str, Any]]]:
    terms = TERMS[lane.kind]
    binding: dict[str, Any] = {"qos": terms.qos, "retain": terms.retain, "bindingVersion": BINDING}
    if terms.expiry_s is not None:
        binding["messageExpiryInterval"] = terms.expiry_s
    for action, parties in (("send", lane.senders), ("receive", lane.receivers)):
        for party in (one for one in Party if one in parties):
            name = f"{party}{action.title()}{lane.name[0].upper()}{lane.name[1:]}"
            asked = {"qos": terms.qos, "bindingVersion": BINDING} if action == "receive" else binding
            yield (
                name,
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{lane.name}"},
                    "messages": [{"$ref": f"#/channels/{lane.name}/messages/{lane.body.__name__}"}],
                    "tags": [{"name": party.value}],
                    "bindings": {"mqtt": asked},
                },
            )


def _message(body: type[Message]) -> dict[str, Any]:
    said = inspect.cleandoc(body.__doc__ or "")
    examples = [json.loads(encode(one)) for one in EXAMPLES if type(one) is body]
    return {
        "name": body.__name__,
        "summary": said.partition("\n")[0],
        "description": said,
        "contentType": "application/json",
        "payload": {"$ref": f"{SCHEMAS}{body.__name__}"},
        "examples": [{"payload": one} for one in examples],
    }


def _schemas(bodies: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    wanted = [(body, "validation") for body in bodies]
    _, made = models_json_schema(wanted, ref_template=SCHEMAS + "{model}")  # type: ignore[arg-type]  # a literal each
    schemas = _plain(made["$defs"])
    return dict(sorted(schemas.items()))


def _plain(node: Any) -> Any:
    """A schema as AsyncAPI has it: a discriminator is the name of a field, and nothing else."""
    if isinstance(node, dict):
        plain = {name: _plain(value) for name, value in node.items()}
        if isinstance(plain.get("discriminator"), dict) and "propertyName" in plain["discriminator"]:
            plain["discriminator"] = plain["discriminator"]["propertyName"]
        return plain
    return [_plain(one) for one in node] if isinstance(node, list) else node
