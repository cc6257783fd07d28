"""What sensors send, decoded; what is none of theirs, refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.gatt.battery import decode_battery, encode_battery
from collector.gatt.heart_rate import HeartRate, decode_heart_rate, encode_heart_rate
from collector.gatt.rsc import RunningSpeedCadence, decode_rsc, encode_rsc
from collector.gatt.strings import LONGEST, decode_string, encode_string
from crampwatch.errors import Refused
from crampwatch.events import HeartRateMeasured, SpeedMeasured

DECODERS: list[Callable[[bytes], object]] = [decode_heart_rate, decode_rsc, decode_battery, decode_string]
REASONS = {"truncated_frame", "trailing_bytes", "out_of_range", "bad_text"}

heart_rates = st.builds(
    HeartRate,
    bpm=st.none() | st.integers(1, 300),
    contact=st.none() | st.booleans(),
    rr_ms=st.lists(st.integers(1, 0xFFFF).map(lambda raw: raw * 1_000 / 1_024), max_size=9).map(tuple),
    energy_kj=st.none() | st.integers(0, 0xFFFF),
)
runs = st.builds(
    RunningSpeedCadence,
    speed_mps=st.integers(0, 0xFFFF).map(lambda raw: raw / 256),
    cadence_per_min=st.none() | st.integers(0, 254),
    stride_m=st.none() | st.integers(0, 0xFFFF).map(lambda raw: raw / 100),
    distance_m=st.none() | st.integers(0, 100_000_000).map(lambda raw: raw / 10),
    running=st.booleans(),
)


def refusal(decode: Callable[[bytes], object], frame: bytes) -> str:
    with pytest.raises(Refused) as refused:
        decode(frame)
    return refused.value.reason


@pytest.mark.parametrize("decode", DECODERS)
@given(frame=st.binary(max_size=600))
def test_any_bytes_decode_or_are_refused_with_a_known_reason(decode: Callable[[bytes], object], frame: bytes):
    try:
        decode(frame)
    except Refused as refused:
        assert refused.reason in REASONS
        assert str(refused)


@given(heart_rates)
def test_a_heart_rate_reads_back_as_it_was_sent(rate: HeartRate):
    assert decode_heart_rate(encode_heart_rate(rate)) == rate


@given(runs)
def test_speed_and_cadence_read_back_as_they_were_sent(reading: RunningSpeedCadence):
    assert decode_rsc(encode_rsc(reading)) == reading


@given(st.integers(0, 100))
def test_a_battery_level_reads_back_as_it_was_sent(percent: int):
    assert decode_battery(encode_battery(percent)) == percent


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FF), max_size=LONGEST).filter(str.isprintable))
def test_a_text_reads_back_as_it_was_sent(text: str):
    assert decode_string(encode_string(text)) == text.strip()


@given(st.binary(max_size=24))
def test_what_decodes_fits_the_facts_it_becomes(frame: bytes):
    try:
        rate = decode_heart_rate(frame)
    except Refused:
        return
    HeartRateMeasured(at_ms=0, device="hrm", seq=0, bpm=rate.bpm, contact=rate.contact, rr_ms=rate.rr_ms)


@given(st.binary(min_size=4, max_size=10))
def test_speed_that_decodes_fits_the_fact_it_becomes(frame: bytes):
    try:
        reading = decode_rsc(frame)
    except Refused:
        return
    SpeedMeasured(at_ms=0, device="pod", seq=0, mps=reading.speed_mps, distance_m=reading.distance_m)


@pytest.mark.parametrize(
    "frame",
    [bytes([0, 0]), bytes([0, 0xFF]), bytes([1, 0, 0]), bytes([1, 0xFF, 0xFF])],
    ids=["zero", "255", "wide zero", "65535"],
)
def test_a_strap_without_a_reading_has_no_heart_rate(frame: bytes):
    assert decode_heart_rate(frame).bpm is None


def test_255_in_the_wide_format_is_a_heart_rate():
    assert decode_heart_rate(bytes([1, 0xFF, 0])).bpm == 255


def test_a_heart_rate_without_contact_says_so_and_one_that_cannot_tell_says_nothing():
    assert decode_heart_rate(bytes([0b100, 70])).contact is False
    assert decode_heart_rate(bytes([0b010, 70])).contact is None


def test_energy_stands_before_the_intervals_and_a_zero_interval_is_no_beat():
    rate = decode_heart_rate(bytes.fromhex("18 50 0a00 0000 0002"))
    assert rate == HeartRate(bpm=80, contact=None, rr_ms=(500.0,), energy_kj=10)


def test_a_foot_pod_without_a_reading_has_no_cadence_and_a_standing_one_has_zero():
    assert decode_rsc(bytes([0, 0, 0, 0xFF])).cadence_per_min is None
    assert decode_rsc(bytes([0, 0, 0, 0])).cadence_per_min == 0


def test_a_full_rsc_frame_has_stride_and_distance():
    reading = decode_rsc(bytes.fromhex("07 4003 56 7000 e8030000"))
    assert reading == RunningSpeedCadence(3.25, 86, stride_m=1.12, distance_m=100.0, running=True)


@pytest.mark.parametrize(
    ("decode", "frame", "reason"),
    [
        (decode_heart_rate, "", "truncated_frame"),
        (decode_heart_rate, "01 48", "truncated_frame"),
        (decode_heart_rate, "10 48 00", "truncated_frame"),
        (decode_heart_rate, "00 48 00", "trailing_bytes"),
        (decode_heart_rate, "01 2d01", "out_of_range"),
        (decode_rsc, "02 0003 56 e803", "truncated_frame"),
        (decode_rsc, "04 0003 56 00", "trailing_bytes"),
        (decode_rsc, "06 0003 56 00ffffff", "out_of_range"),
        (decode_battery, "", "truncated_frame"),
        (decode_battery, "65", "out_of_range"),
        (decode_battery, "50 50", "trailing_bytes"),
        (decode_string, "ff fe", "bad_text"),
        (decode_string, "41" * 513, "out_of_range"),
    ],
)
def test_a_broken_frame_is_refused_for_its_own_reason(decode: Callable[[bytes], object], frame: str, reason: str):
    assert refusal(decode, bytes.fromhex(frame)) == reason


def test_a_foot_pods_frame_is_no_heart_rate():
    frame = encode_rsc(RunningSpeedCadence(3.2, 86, stride_m=None, distance_m=1_200.0, running=True))
    assert refusal(decode_heart_rate, frame) == "trailing_bytes"


@pytest.mark.parametrize(
    "encode",
    [
        lambda: encode_heart_rate(HeartRate(bpm=0, contact=None, rr_ms=())),
        lambda: encode_heart_rate(HeartRate(bpm=60, contact=None, rr_ms=(70_000.0,))),
        lambda: encode_rsc(RunningSpeedCadence(300.0, 86, None, None, running=True)),
        lambda: encode_rsc(RunningSpeedCadence(3.0, 255, None, None, running=True)),
        lambda: encode_rsc(RunningSpeedCadence(3.0, 86, None, 2e7, running=True)),
        lambda: encode_battery(101),
    ],
)
def test_what_does_not_fit_its_field_is_not_sent(encode: Callable[[], bytes]):
    with pytest.raises(Refused, match=r"range|fit"):
        encode()


def test_padding_and_control_characters_of_a_text_go_and_a_long_one_is_cut():
    assert decode_string(b" W1\x1b[2J \0\0junk") == "W1[2J"
    assert len(decode_string(b"x" * 200)) == LONGEST
