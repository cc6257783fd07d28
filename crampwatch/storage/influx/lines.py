"""Facts as InfluxDB line protocol, in microseconds: the schema that every reader of the buckets relies on.

=========== ===================================== =========================== =========================================
measurement tags                                  slot                        fields
=========== ===================================== =========================== =========================================
telemetry   group (team), runner (athlete), src   seq                         session, seq i, what; heart_rate: bpm,
            (device)                                                          contact, rr (JSON, where there were any);
                                                                              cadence: spm, raw_per_min, unit,
                                                                              decided_by, running; speed: mps,
                                                                              distance_m; battery: percent
rr          runner, src                           seq                         rr_ms, session, seq i; one point a beat
assessment  group, runner                         crc32 of session            session, level, level_rank i, settled,
                                                                              score, fatigue, motion, quality (JSON),
                                                                              contributions (JSON)
finding     group, runner, kind, algo             crc32 of id                 id, session, level, because (JSON),
                                                                              evidence (JSON), late
alert       group, runner, kind, level            crc32 of id + state         id, session, state, state_rank i,
                                                                              raised_at_ms i, body (the alert as JSON);
                                                                              one point a state, at updated_at_ms
run         group, runner                         crc32 of session            session; one point a minute of a run
athlete     runner                                0                           display_name, into the long bucket
=========== ===================================== =========================== =========================================

A point's time is ``at_ms * 1000 + slot % 1000``: two facts of one millisecond stand side by side, and the same fact,
sent twice, overwrites itself. A number is a float (``152.0``) unless marked ``i``: the first type that a field was
given is its type for ever. A field that is absent was not measured. Beats walk back from the moment of their
notification, so that they do not overwrite each other; read them back exactly from ``telemetry.rr``.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

from crampwatch.events import (
    Alert,
    AlertState,
    Assessed,
    BatteryReported,
    CadenceMeasured,
    Finding,
    HeartRateMeasured,
    Sample,
    SpeedMeasured,
)
from crampwatch.storage import Batch, RunKey
from crampwatch.units import MINUTE_MS, Level

#: Facts of one millisecond have so many microseconds to stand at.
SLOTS = 1_000
#: What version of the detectors proved a finding; a tag, so that two may stand side by side.
ALGO = "1"
_STATES = tuple(AlertState)
_LEVELS = tuple(Level)
#: A tag's end may not be escaped away, nor its line broken.
_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\\": "_", "\n": "_", "\r": "_"})
_TEXT = str.maketrans({"\\": r"\\", '"': r"\""})


def batch_lines(batch: Batch) -> list[str]:
    """Everything in a batch, one line a point; no marks (:func:`mark_lines`)."""
    run, lines = batch.run, []
    for sample in batch.samples:
        lines.append(_sample(run, sample))
        if isinstance(sample, HeartRateMeasured) and sample.rr_ms:
            lines += _beats(run, sample)
    lines += [_assessment(run, one) for one in batch.assessments]
    lines += [_finding(run, one) for one in batch.findings]
    lines += [_alert(run, one) for one in batch.alerts]
    return lines


def minutes(batch: Batch) -> set[int]:
    """The minutes in which a batch's run recorded anything, each as its first millisecond."""
    moments = [fact.at_ms for facts in (batch.samples, batch.assessments, batch.findings) for fact in facts]
    moments += [alert.updated_at_ms for alert in batch.alerts]
    return {at_ms - at_ms % MINUTE_MS for at_ms in moments}


def mark_lines(run: RunKey, of: Iterable[int]) -> list[str]:
    """The marks by which the list of runs is found, for some of a run's :func:`minutes`."""
    series = f"run,group={_tag(run.team)},runner={_tag(run.athlete)}"
    slot = crc32(run.session.encode())
    return [f"{series} session={_text(run.session)} {_at_us(minute_ms, slot)}" for minute_ms in sorted(of)]


def name_line(athlete: str, display_name: str, at_ms: int) -> str:
    """A display name, from a moment on."""
    return f"athlete,runner={_tag(athlete)} display_name={_text(display_name)} {_at_us(at_ms, 0)}"


def _sample(run: RunKey, sample: Sample) -> str:
    series = f"telemetry,group={_tag(run.team)},runner={_tag(run.athlete)},src={_tag(sample.device)}"
    what = _FIELDS[sample.kind](sample)
    fields = f'session={_text(run.session)},seq={sample.seq}i,what="{sample.kind}"{what}'
    return f"{series} {fields} {_at_us(sample.at_ms, sample.seq)}"


def _heart_rate(sample: HeartRateMeasured) -> str:
    rr = f",rr={_json(list(sample.rr_ms))}" if sample.rr_ms else ""
    return f"{_number('bpm', sample.bpm)}{_flag('contact', sample.contact)}{rr}"


def _cadence(sample: CadenceMeasured) -> str:
    numbers = _number("spm", sample.spm) + _number("raw_per_min", sample.raw_per_min)
    words = f',unit="{sample.unit}",decided_by={_text(sample.decided_by)}'
    return numbers + words + _flag("running", sample.running)


def _speed(sample: SpeedMeasured) -> str:
    return _number("mps", sample.mps) + _number("distance_m", sample.distance_m)


def _battery(sample: BatteryReported) -> str:
    return _number("percent", sample.percent)


#: Any: each takes the one kind of sample that it is listed under.
_FIELDS: Mapping[str, Callable[[Any], str]] = {
    "heart_rate": _heart_rate,
    "cadence": _cadence,
    "speed": _speed,
    "battery": _battery,
}


def _beats(run: RunKey, sample: HeartRateMeasured) -> Iterator[str]:
    series = f"rr,runner={_tag(run.athlete)},src={_tag(sample.device)}"
    where = f"session={_text(run.session)},seq={sample.seq}i"
    at_us = _at_us(sample.at_ms, sample.seq)
    for rr_ms in reversed(sample.rr_ms):
        yield f"{series} rr_ms={float(rr_ms)!r},{where} {at_us}"
        # At least a microsecond apart: a sensor's shortest interval is longer, a damaged one may not be.
        at_us -= max(1, round(rr_ms * SLOTS))


def _assessment(run: RunKey, one: Assessed) -> str:
    fields = (
        f'session={_text(one.session)},level="{one.level}",level_rank={_LEVELS.index(one.level)}i'
        f"{_flag('settled', one.settled)}{_number('score', one.score)}{_number('fatigue', one.fatigue)}"
        f',motion="{one.motion}",quality={_json(one.quality)},contributions={_json(one.contributions)}'
    )
    at_us = _at_us(one.at_ms, crc32(one.session.encode()))
    return f"assessment,group={_tag(run.team)},runner={_tag(run.athlete)} {fields} {at_us}"


def _finding(run: RunKey, one: Finding) -> str:
    series = f"finding,group={_tag(run.team)},runner={_tag(run.athlete)},kind={one.kind},algo={ALGO}"
    fields = (
        f'id={_text(one.id)},session={_text(one.session)},level="{one.level}"'
        f",because={_json(list(one.because))},evidence={_json(one.evidence)}{_flag('late', one.late)}"
    )
    return f"{series} {fields} {_at_us(one.at_ms, _slot(one.id))}"


def _alert(run: RunKey, one: Alert) -> str:
    series = f"alert,group={_tag(run.team)},runner={_tag(run.athlete)},kind={one.kind},level={one.level}"
    fields = (
        f'id={_text(one.id)},session={_text(one.session)},state="{one.state}",state_rank={_STATES.index(one.state)}i'
        f",raised_at_ms={one.raised_at_ms}i,body={_text(one.model_dump_json())}"
    )
    return f"{series} {fields} {_at_us(one.updated_at_ms, _slot(one.id + one.state))}"


def _at_us(at_ms: int, slot: int) -> int:
    return at_ms * SLOTS + slot % SLOTS


def _slot(text: str) -> int:
    return crc32(text.encode(errors="replace"))


def _number(name: str, value: float | None) -> str:
    # InfluxDB has neither NaN nor infinity; neither is a measurement.
    return "" if value is None or not math.isfinite(value) else f",{name}={float(value)!r}"


def _flag(name: str, value: bool | None) -> str:
    return "" if value is None else f",{name}={'true' if value else 'false'}"


def _json(value: Sequence[object] | Mapping[str, object]) -> str:
    return _text(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _text(text: str) -> str:
    return f'"{text.translate(_TEXT)}"'


def _tag(text: str) -> str:
    return text.translate(_TAG)
