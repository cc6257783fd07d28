"""Facts to line protocol, read back by a small parser of our own."""

import json
import math
from dataclasses import dataclass
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.events import Alert, AlertState, Assessed, Finding, HeartRateMeasured, Sample
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.influx.lines import batch_lines, mark_lines, minutes, name_line
from crampwatch.units import MINUTE_MS
from tests.support import facts

RUN = RunKey("home", "anna", "s1")
AT_MS = 1_760_000_000_123


@dataclass(frozen=True)
class Point:
    measurement: str
    tags: dict[str, str]
    fields: dict[str, object]
    at_us: int


def cut(text: str, at: str) -> list[str]:
    """Split where ``at`` stands outside of quotes and unescaped."""
    parts, quoted, escaped = [""], False, False
    for sign in text:
        if sign == at and not quoted and not escaped:
            parts.append("")
            continue
        # Outside a field's text a quote is a sign like any other; ours never stand in tags.
        quoted ^= sign == '"' and not escaped
        escaped = sign == "\\" and not escaped
        parts[-1] += sign
    return parts


def bare(text: str) -> str:
    """Without the escapes of a tag."""
    for sign in ",= ":
        text = text.replace(f"\\{sign}", sign)
    return text


def value(text: str) -> object:
    if text[0] == '"':
        assert text[-1] == '"'
        return unescaped(text[1:-1])
    if text in {"true", "false"}:
        return text == "true"
    if text[-1] == "i":
        return int(text[:-1])
    assert "." in text or "e" in text, "a float that looks like an int may be taken for one"
    return float(text)


def unescaped(text: str) -> str:
    signs, result = iter(text), ""
    for sign in signs:
        result += next(signs) if sign == "\\" else sign
    return result


def parse(line: str) -> Point:
    series, fields, at_us = cut(line, " ")
    measurement, *tags = cut(series, ",")
    return Point(
        measurement,
        {bare(name): bare(text) for name, text in (cut(tag, "=") for tag in tags)},
        {name: value(text) for name, text in (cut(field, "=") for field in cut(fields, ","))},
        int(at_us),
    )


def points(**kinds: object) -> list[Point]:
    return [parse(line) for line in batch_lines(Batch(RUN, **kinds))]


@given(facts.samples)
def test_a_sample_is_one_point_that_holds_all_of_it_and_nothing_that_was_not_measured(sample: Sample) -> None:
    point = points(samples=[sample])[0]
    assert (point.measurement, point.tags) == (
        "telemetry",
        {"group": "home", "runner": "anna", "src": sample.device},
    )
    assert point.at_us == sample.at_ms * 1_000 + sample.seq % 1_000
    fields = dict(point.fields)
    assert (fields.pop("session"), fields.pop("seq"), fields.pop("what")) == ("s1", sample.seq, sample.kind)
    told = sample.model_dump(exclude={"kind", "at_ms", "device", "seq", "rr_ms"}, exclude_none=True)
    if isinstance(sample, HeartRateMeasured) and sample.rr_ms:
        assert tuple(json.loads(str(fields.pop("rr")))) == sample.rr_ms
    assert fields == told


@given(facts.samples)
def test_a_number_is_a_float_even_when_it_is_whole(sample: Sample) -> None:
    fields = points(samples=[sample])[0].fields
    for name in ("bpm", "spm", "raw_per_min", "mps", "distance_m", "percent"):
        assert isinstance(fields.get(name, 0.0), float)


def test_beats_walk_back_from_their_notification_and_none_stands_upon_another() -> None:
    beats = (800.0, 812.5, 0.0001)
    first = HeartRateMeasured(at_ms=AT_MS, device="strap", seq=7, bpm=75, rr_ms=beats)
    same_moment = HeartRateMeasured(at_ms=AT_MS, device="strap", seq=8, bpm=75, rr_ms=beats)
    rr = [point for point in points(samples=[first, same_moment]) if point.measurement == "rr"]
    end_us = AT_MS * 1_000
    assert [(point.at_us - end_us, point.fields["rr_ms"]) for point in rr[:3]] == [
        (7, 0.0001),
        (6, 812.5),
        (6 - 812_500, 800.0),
    ]
    assert {tuple(point.tags.items()) for point in rr} == {(("runner", "anna"), ("src", "strap"))}
    assert len({point.at_us for point in rr}) == 6 - 1, "only a damaged interval may meet its neighbour"


@given(facts.assessments)
def test_an_assessment_is_one_point(one: Assessed) -> None:
    (point,) = points(assessments=[one])
    assert point.at_us == one.at_ms * 1_000 + crc32(one.session.encode()) % 1_000
    fields = dict(point.fields)
    assert (fields.pop("level"), fields.pop("level_rank")) == (one.level, one.level.rank)
    assert json.loads(str(fields.pop("quality"))) == one.quality
    assert json.loads(str(fields.pop("contributions"))) == one.contributions
    assert fields == one.model_dump(include={"session", "settled", "score", "fatigue", "motion"}, exclude_none=True)


@given(facts.findings)
def test_a_finding_is_one_point_whatever_its_words_hold(one: Finding) -> None:
    (point,) = points(findings=[one])
    assert point.tags == {"group": "home", "runner": "anna", "kind": one.kind, "algo": "1"}
    assert point.at_us == one.at_ms * 1_000 + crc32(one.id.encode()) % 1_000
    assert point.fields["id"] == one.id
    assert tuple(json.loads(str(point.fields["because"]))) == one.because
    assert json.loads(str(point.fields["evidence"])) == one.evidence
    assert (point.fields["late"], point.fields["level"]) == (one.late, one.level)


@given(facts.alerts)
def test_an_alert_is_one_point_a_state(one: Alert) -> None:
    (point,) = points(alerts=[one])
    assert point.tags == {"group": "home", "runner": "anna", "kind": one.kind, "level": one.level}
    assert point.at_us // 1_000 == one.updated_at_ms
    assert Alert.model_validate_json(str(point.fields["body"])) == one
    other = one.model_copy(update={"state": next(state for state in AlertState if state is not one.state)})
    assert points(alerts=[other])[0].fields["state_rank"] != point.fields["state_rank"]


@given(st.text(max_size=300) | st.text(alphabet='\\",= \n\r\t\0ü🏃', max_size=40))
def test_a_name_may_hold_anything(name: str) -> None:
    point = parse(name_line("anna", name, AT_MS))
    assert (point.measurement, point.tags, point.fields) == ("athlete", {"runner": "anna"}, {"display_name": name})


def test_a_very_long_text_stays_whole() -> None:
    name = 'a "quoted\\ word, ' * 20_000
    assert parse(name_line("anna", name, AT_MS)).fields["display_name"] == name


@pytest.mark.parametrize("strange", ["a b,c=d", "ends\\", "two\nlines"])
def test_a_tag_never_breaks_its_line(strange: str) -> None:
    point = parse(mark_lines(RunKey(strange, "anna", "s1"), [AT_MS])[0])
    assert point.tags["group"] == strange.replace("\\", "_").replace("\n", "_")
    assert point.tags["runner"] == "anna"


def test_two_facts_of_one_millisecond_stand_side_by_side() -> None:
    both = [HeartRateMeasured(at_ms=AT_MS, device="strap", seq=seq, bpm=75) for seq in (1, 2)]
    assert len({point.at_us for point in points(samples=both)}) == 2


def test_what_is_no_number_is_absent() -> None:
    poor = HeartRateMeasured.model_construct(at_ms=AT_MS, device="strap", seq=1, bpm=math.nan, contact=None, rr_ms=())
    assert "bpm" not in points(samples=[poor])[0].fields


def test_a_run_is_marked_in_every_minute_that_it_recorded_anything_in() -> None:
    apart = [
        HeartRateMeasured(at_ms=AT_MS + add_ms, device="strap", seq=1, bpm=75) for add_ms in (0, 1, 59_000, 60_000)
    ]
    marked = minutes(Batch(RUN, samples=apart))
    assert all(minute % MINUTE_MS == 0 for minute in marked)
    first, second = (parse(line) for line in mark_lines(RUN, marked))
    assert (first.measurement, first.tags) == ("run", {"group": "home", "runner": "anna"})
    assert first.fields == {"session": "s1"}
    assert second.at_us - first.at_us == MINUTE_MS * 1_000
    assert mark_lines(RUN, marked) == mark_lines(RUN, minutes(Batch(RUN, samples=apart[2:] + apart[:2])))
