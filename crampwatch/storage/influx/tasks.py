"""What InfluxDB does by itself: the tasks that fill the long bucket, as Flux text. Pure."""

from collections.abc import Sequence

from crampwatch.settings import Influxdb
from crampwatch.storage.influx.flux import text

#: How far back each turn of a task looks, in hours: what comes later than that is not in the long bucket.
LATE_HOURS = 25
EVERY = "10m"
#: Ours among the tasks of an organisation are those whose names begin so.
PREFIX = "crampwatch: "
#: What the minutes of the long bucket are made of.
MINUTE_FIELDS = {"telemetry": ("bpm", "spm", "mps"), "assessment": ("score",)}
COPIED = ("run", "finding", "alert")


def tasks(settings: Influxdb) -> dict[str, str]:
    """The tasks as they should be: names to Flux."""
    where = f"{settings.bucket} to {settings.bucket_long}"
    texts = {"minutes": _minutes(settings), "notes": _notes(settings)}
    return {name: _headed(name, steps) for what, steps in texts.items() for name in [f"{PREFIX}{what} of {where}"]}


def _headed(name: str, steps: str) -> str:
    # Whole minutes only: a part of one would overwrite what the whole was. A turn that is repeated changes nothing.
    return (
        f'import "date"\n\noption task = {{name: {text(name)}, every: {EVERY}, offset: 30s}}\n\n'
        f"start = date.truncate(t: -{LATE_HOURS}h, unit: 1m)\nstop = date.truncate(t: now(), unit: 1m)\n\n{steps}"
    )


def _minutes(settings: Influxdb) -> str:
    return "\n".join(
        _minute(settings, measurement, fields, stat)
        for measurement, fields in MINUTE_FIELDS.items()
        for stat in ("mean", "max")
    )


def _minute(settings: Influxdb, measurement: str, fields: Sequence[str], stat: str) -> str:
    wanted = " or ".join(f"r._field == {text(field)}" for field in fields)
    return (
        f"from(bucket: {text(settings.bucket)})\n"
        "    |> range(start: start, stop: stop)\n"
        f"    |> filter(fn: (r) => r._measurement == {text(measurement)} and ({wanted}))\n"
        f'    |> aggregateWindow(every: 1m, fn: {stat}, createEmpty: false, timeSrc: "_start")\n'
        '    |> set(key: "_measurement", value: "minute")\n'
        f'    |> set(key: "stat", value: "{stat}")\n'
        f"    |> to(bucket: {text(settings.bucket_long)})\n"
    )


def _notes(settings: Influxdb) -> str:
    wanted = " or ".join(f"r._measurement == {text(measurement)}" for measurement in COPIED)
    return (
        f"from(bucket: {text(settings.bucket)})\n"
        "    |> range(start: start)\n"
        f"    |> filter(fn: (r) => {wanted})\n"
        f"    |> to(bucket: {text(settings.bucket_long)})\n"
    )
