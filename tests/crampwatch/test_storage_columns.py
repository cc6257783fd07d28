"""Columns come back as they went in, whatever stands in them, and shrink when a run stands in them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.storage import columns
from crampwatch.storage.columns import DamagedError, bytes_to_floats, floats_to_bytes, pack, unpack

BEAT_STEP_MS = 1_000 / 1_024

floats = st.floats(allow_nan=False, allow_infinity=False)
#: A value strategy, then many values of that one type, some of them missing.
one_type = st.sampled_from(
    [st.integers(-(2**40), 2**53), floats, st.text(max_size=5), st.lists(floats, max_size=3).map(floats_to_bytes)]
)


@st.composite
def tables(draw):
    length = draw(st.integers(0, 30))
    kinds = draw(st.lists(one_type, max_size=4))
    return [draw(st.lists(st.none() | kind, min_size=length, max_size=length)) for kind in kinds]


@given(tables())
def test_any_columns_come_back_equal(table):
    assert unpack(pack(table)) == table


@given(st.lists(floats, max_size=5))
def test_a_list_of_floats_comes_back_equal(values):
    assert bytes_to_floats(floats_to_bytes(values)) == tuple(values)


@pytest.mark.parametrize(
    "value",
    [168.0, 84.5, 3.00390625, 12_345.6, 2.71, 1_234.567, 812.5 * BEAT_STEP_MS, 0.1 + 0.2, 5e-324, 1.7e308, 255.0],
)
def test_a_float_comes_back_to_the_last_bit(value):
    assert unpack(pack([[value, value, 0.0]])) == [[value, value, 0.0]]


def test_a_type_stays_what_it_was():
    (numbers,), (words,) = unpack(pack([[1.0, 2.0]])), unpack(pack([["1", "2"]]))
    assert [type(one) for one in numbers] == [float, float]
    assert [type(one) for one in words] == [str, str]


@pytest.mark.parametrize(
    ("values", "most"),
    [
        ([1_760_000_000_000 + n * 1_000 for n in range(300)], 60),
        ([150 + n % 3 for n in range(300)], 60),
        ([168.0 + 2 * (n % 2) for n in range(300)], 60),
        ([(780 + n % 7) * BEAT_STEP_MS for n in range(300)], 80),
        ([3.0 + (n % 5) / 256 for n in range(300)], 60),
        (["strides_per_min"] * 300, 60),
        ([None] * 300, 40),
    ],
    ids=["moments", "bpm", "steps", "beats", "speed", "words", "nothing"],
)
def test_five_minutes_of_a_sensor_shrink_to_a_few_bytes(values, most):
    packed = pack([values])
    assert unpack(packed) == [values]
    assert len(packed) < most


@given(st.binary(max_size=60))
def test_any_bytes_are_columns_or_are_refused(data):
    try:
        unpack(data)
    except DamagedError:
        return


@given(tables(), st.data())
def test_a_flipped_or_missing_byte_is_noticed(table, data):
    packed = pack(table)
    at = data.draw(st.integers(0, len(packed) - 1))
    flipped = bytes([*packed[:at], packed[at] ^ 0x55, *packed[at + 1 :]])
    for damaged in (flipped, packed[:at]):
        try:
            assert unpack(damaged) == table
        except DamagedError:
            continue


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(columns).failed == 0
