"""What goes over the bus comes back equal; what should not be there is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.codec import BODIES, decode, encode
from crampwatch.errors import Refused
from crampwatch.events import StoredUpTo
from crampwatch.topics import Kind
from tests.support import facts


@given(facts.telemetry)
def test_telemetry_comes_back_equal(message):
    assert decode(Kind.TELEMETRY, encode(message)) == message


@given(facts.findings)
def test_a_finding_comes_back_equal(message):
    assert decode(Kind.FINDING, encode(message)) == message


@given(facts.assessments)
def test_an_assessment_comes_back_equal(message):
    assert decode(Kind.ASSESSMENT, encode(message)) == message


@given(facts.alerts)
def test_an_alert_comes_back_equal(message):
    assert decode(Kind.ALERT, encode(message)) == message


@given(st.sampled_from(Kind), st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(kind, payload):
    try:
        message = decode(kind, payload)
    except Refused as refused:
        assert refused.reason
    else:
        assert isinstance(message, BODIES[kind])


def test_every_kind_of_topic_has_a_body():
    assert set(BODIES) == set(Kind)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_json"),
        (b"[]", "not_json"),
        (b'{"v":2,"kind":"watermark","collector":"c","row":1}', "schema_version"),
        (b'{"kind":"watermark","collector":"c","spool":"s","row":1}', "schema_version"),
        (b'{"v":1,"kind":"poison","collector":"c","row":1}', "unknown_kind"),
        (b'{"v":1,"collector":"c","spool":"s","row":1}', "unknown_kind"),
        (b'{"v":1,"kind":"watermark","collector":"c","spool":"s","row":"1"}', "invalid_field"),
        (b'{"v":1,"kind":"watermark","collector":"A/B","spool":"s","row":1}', "invalid_field"),
        (b'{"v":1,"kind":"watermark","collector":"c","spool":"s","row":1,"extra":0}', "invalid_field"),
        (b'{"v":1,"kind":"watermark","collector":"c","spool":"S-1","row":1}', "invalid_field"),
        (b" " * 300_000, "too_long"),
    ],
)
def test_what_is_wrong_is_refused_by_a_bounded_reason(payload, reason):
    with pytest.raises(Refused) as refused:
        decode(Kind.WATERMARK, payload)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"nonsense", "watermark payload is not JSON: expected ident at line 1 column 2"),
        (b'{"v":2,"row":"x"}', "watermark payload has schema version 2, this release reads 1: update the older side"),
        (b'{"collector":"c","spool":"s","row":1}', "watermark payload has schema version None"),
        (b'{"v":1,"kind":"ack","row":"x"}', "watermark payload has kind 'ack', which is not known there"),
        (
            b'{"v":1,"kind":"watermark","collector":"c","spool":"s","row":"1"}',
            "watermark payload, field row: Input should be a valid integer",
        ),
    ],
)
def test_the_first_thing_that_is_wrong_is_named(payload, words):
    with pytest.raises(Refused) as refused:
        decode(Kind.WATERMARK, payload)
    assert str(refused.value).startswith(words)


def test_a_watermark_may_say_that_nothing_is_stored_yet():
    message = StoredUpTo(collector="c", spool="s", row=-1)
    assert decode(Kind.WATERMARK, encode(message)) == message
