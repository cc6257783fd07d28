"""What goes over the bus comes back equal; what should not be there is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.codec import BODIES, decode, encode
from crampwatch.errors import Refused
from crampwatch.events import StoredUpTo
from crampwatch.roll import RollCall, queued
from crampwatch.topics import Kind
from crampwatch.usual import ResetAsked
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


@given(facts.baselines)
def test_what_is_usual_comes_back_equal_and_stays_small(message):
    payload = encode(message)
    assert decode(Kind.BASELINE, payload) == message
    assert len(payload) <= 2_000


@pytest.mark.parametrize("topic_kind", [Kind.CHECKIN, Kind.ACK, Kind.BASELINE])
def test_a_reset_is_a_command_and_nothing_else(topic_kind):
    payload = encode(ResetAsked(at_ms=1))
    assert decode(Kind.COMMAND, payload) == ResetAsked(at_ms=1)
    with pytest.raises(Refused):
        decode(topic_kind, payload)


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


def status_with(figure):
    """A service's word of itself with a figure, as a stranger may write it."""
    return b'{"v":1,"kind":"service","service":"x","state":"up","at_ms":5,"detail":{"spool_rows":%s}}' % figure


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(b"Infinity", id="infinity"),
        pytest.param(b"-Infinity", id="minus infinity"),
        pytest.param(b"NaN", id="no number"),
        pytest.param(b"1e400", id="more than a float holds"),
        pytest.param(b"1" + b"0" * 400, id="401 digits"),
        pytest.param(b"9" * 5_000, id="5000 digits"),
        pytest.param(b'"' + b"x" * 401 + b'"', id="a text too long"),
        pytest.param(b"0,%s" % b",".join(b'"f%d":0' % n for n in range(100)), id="too many figures"),
        pytest.param(b'0,"%s":0' % (b"x" * 81), id="a name too long"),
    ],
)
def test_a_status_with_a_figure_that_nobody_can_show_is_refused(figure):
    with pytest.raises(Refused):
        decode(Kind.STATUS, status_with(figure))


@pytest.mark.parametrize("figure", [b"0", b"-1", b"0.5", b"1e308", b"9007199254740992", b"1" + b"0" * 300])
def test_whatever_figures_a_status_may_hold_a_roll_call_can_count(figure):
    roll = RollCall({})
    roll.heard("x", decode(Kind.STATUS, status_with(figure)), 5, 0.0, retained=True)
    (entry,) = roll.entries(5, 0.0)
    assert all(how_much >= 0 for how_much, _ in queued(entry))
