"""Rows of an answer of InfluxDB back to the facts they were written from. Pure.

Everything comes back equal but line ends in texts that are no JSON: InfluxDB's answers hold each as CR LF and leave
a lone CR out, so those of ``decided_by``, a finding's id and a display name come back as LF.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from crampwatch.errors import Misconfigured
from crampwatch.events import (
    Alert,
    AlertState,
    BatteryReported,
    CadenceMeasured,
    Finding,
    HeartRateMeasured,
    Sample,
    SpeedMeasured,
)
from crampwatch.storage import RunKey
from crampwatch.storage.influx.lines import SLOTS
from crampwatch.units import Level

#: One row: names of columns to values, None where a point has no such field.
Row = Mapping[str, Any]
FactT = TypeVar("FactT")

#: The fields of a fact that is more than its body. Whatever else a point holds is for analysts.
FINDING_FIELDS = ("id", "session", "level", "because", "evidence", "late")
ALERT_FIELDS = ("id", "session", "state_rank", "body")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STATES = tuple(AlertState)


def at_us(row: Row) -> int:
    """When the point of a row stands, to the microsecond."""
    moment: datetime = row["_time"]
    return (moment - _EPOCH) // _MICROSECOND


def at_ms(row: Row) -> int:
    """When the fact of a row was; what is finer only tells facts of one moment apart."""
    return at_us(row) // SLOTS


def samples(rows: Iterable[Row]) -> Sequence[Sample]:
    """Telemetry as samples, in the order (at_ms, device, seq)."""
    return sorted(_facts("telemetry", _sample, rows), key=lambda one: (one.at_ms, one.device, one.seq))


def findings(rows: Iterable[Row]) -> Sequence[Finding]:
    """Findings in the order (at_ms, id)."""
    return sorted(_facts("finding", _finding, rows), key=lambda one: (one.at_ms, one.id))


def found(rows: Iterable[Row]) -> Sequence[tuple[RunKey, Finding]]:
    """Findings of many runs, each with its own, in the order (at_ms, id)."""
    return sorted(_facts("finding", _found, rows), key=lambda one: (one[1].at_ms, one[1].id, one[0].athlete))


def alerts(rows: Iterable[Row]) -> Sequence[Alert]:
    """The latest state of each alert, in the order (raised_at_ms, id)."""
    latest: dict[str, Alert] = {}
    for alert in _facts("alert", _alert, rows):
        known = latest.get(alert.id)
        if known is None or _progress(alert) > _progress(known):
            latest[alert.id] = alert
    return sorted(latest.values(), key=lambda one: (one.raised_at_ms, one.id))


def display_names(rows: Iterable[Row]) -> dict[str, str]:
    """Display names by athlete id."""
    return {row["runner"]: words(row["_value"]) for row in rows}


def words(value: str | None) -> str:
    """A text as it was written: InfluxDB's answers tell an empty one from a missing one as little as LF from CR LF."""
    return "" if value is None else value.replace("\r\n", "\n")


def _facts(measurement: str, read: Callable[[Row], FactT], rows: Iterable[Row]) -> Iterable[FactT]:
    for row in rows:
        try:
            yield read(row)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise Misconfigured(
                "influxdb.bucket",
                f"holds a point of {measurement!r} at {row.get('_time')} that crampwatch did not write "
                f"({str(error).splitlines()[0]}); delete it, or name a bucket that only crampwatch writes",
            ) from error


def _sample(row: Row) -> Sample:
    head = {"at_ms": at_ms(row), "device": row["src"], "seq": row["seq"]}
    match row["what"]:
        case "heart_rate":
            bpm, beats = row.get("bpm"), row.get("rr")
            return HeartRateMeasured(
                **head,
                bpm=None if bpm is None else int(bpm),
                contact=row.get("contact"),
                rr_ms=tuple(json.loads(beats)) if beats else (),
            )
        case "cadence":
            return CadenceMeasured(
                **head,
                spm=row.get("spm"),
                raw_per_min=row["raw_per_min"],
                unit=row["unit"],
                decided_by=words(row.get("decided_by")),
                running=row.get("running"),
            )
        case "speed":
            return SpeedMeasured(**head, mps=row["mps"], distance_m=row.get("distance_m"))
        case "battery":
            return BatteryReported(**head, percent=int(row["percent"]))
        case other:
            raise ValueError(f"nothing measures {other!r}")


def _finding(row: Row) -> Finding:
    return Finding(
        kind=row["kind"],
        id=words(row["id"]),
        session=row["session"],
        at_ms=at_ms(row),
        level=Level(row["level"]),
        because=tuple(json.loads(row["because"])),
        evidence=json.loads(row["evidence"]),
        late=row["late"],
    )


def _found(row: Row) -> tuple[RunKey, Finding]:
    return RunKey(row["group"], row["runner"], row["session"]), _finding(row)


def _alert(row: Row) -> Alert:
    return Alert.model_validate_json(row["body"])


def _progress(alert: Alert) -> tuple[int, int]:
    return alert.updated_at_ms, _STATES.index(alert.state)
