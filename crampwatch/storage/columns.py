"""Columns of numbers and words to a few bytes and back, exactly: what five minutes of a run shrink to.

Neighbouring readings are alike, and a sensor counts in a fixed step (1/256 m/s, 1/1024 s, 1 step/min). So whole
numbers are kept as differences, floats as whole steps where that gives equal floats back, words once each; zlib
does the rest.
"""

import json
import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

#: What SQLite keeps and gives back unchanged. ``bytes`` is a list of floats, see :func:`floats_to_bytes`.
Value = int | float | str | bytes | None
#: One column: any of the values, all of one type beside None. Any, because a column's type is known by its content.
Column = Sequence[Any]

#: Steps in which sensors count, as (numerator, denominator): 1, 1/2, 1/10, 1/100, 1/256, 1/1000 and 1000/1024.
STEPS = ((1, 1), (1, 2), (1, 10), (1, 100), (1, 256), (1, 1_000), (1_000, 1_024))
#: Floats beyond this are kept as they are: a number of steps must itself be exact.
FURTHEST = 2.0**40
ZLIB_LEVEL = 6

_HEAD = struct.Struct("<HI")
_SIZE = struct.Struct("<I")
_FIRST = struct.Struct("<q")
_WIDTHS = (("b", 2**7), ("h", 2**15), ("i", 2**31), ("q", 2**63))


class DamagedError(ValueError):
    """Bytes that no columns were ever packed as."""


def pack(columns: Sequence[Column]) -> bytes:
    """Columns of one length as compressed bytes; :func:`unpack` gives equal columns back."""
    parts = [_HEAD.pack(len(columns), len(columns[0]) if columns else 0)]
    for column in columns:
        body = _pack_column(column)
        parts += (_SIZE.pack(len(body)), body)
    return zlib.compress(b"".join(parts), ZLIB_LEVEL)


def unpack(packed: bytes) -> list[list[Any]]:
    """The columns that were given to :func:`pack`.

    Raises:
        DamagedError: these bytes were not written by ``pack``.
    """
    try:
        data = zlib.decompress(packed)
        count, length = _HEAD.unpack_from(data)
        columns, at = [], _HEAD.size
        for _ in range(count):
            (size,) = _SIZE.unpack_from(data, at)
            at += _SIZE.size
            columns.append(_unpack_column(data[at : at + size], length))
            at += size
    except (zlib.error, struct.error, ValueError, LookupError) as error:
        raise DamagedError(f"packed columns cannot be read: {error}") from error
    return columns


def floats_to_bytes(values: Sequence[float]) -> bytes:
    """A short list of floats as one value of a row.

    >>> bytes_to_floats(floats_to_bytes((812.5, 809.5703125)))
    (812.5, 809.5703125)
    """
    return struct.pack(f"<{len(values)}d", *values)


def bytes_to_floats(packed: bytes) -> tuple[float, ...]:
    """The list that was given to :func:`floats_to_bytes`."""
    return struct.unpack(f"<{len(packed) // 8}d", packed)


# --- one column: what of it is there, then a letter for how that is written ----------------------------------


def _pack_column(column: Column) -> bytes:
    there = [value for value in column if value is not None]
    if len(there) == len(column):
        return b"+" + _pack_values(there)
    return b"-" + bytes(value is not None for value in column) + _pack_values(there)


def _unpack_column(data: bytes, length: int) -> list[Any]:
    if data[:1] == b"+":
        return _unpack_values(data[1:], length)
    mask = data[1 : 1 + length]
    values = iter(_unpack_values(data[1 + length :], sum(mask)))
    return [next(values) if there else None for there in mask]


def _pack_values(values: Column) -> bytes:
    if not values:
        return b""
    match values[0]:
        case str():
            return b"w" + _pack_words(values)
        case bytes():
            return b"l" + _pack_lists(values)
        case float():
            return _pack_floats(values)
        case _:
            return b"i" + _pack_ints(values)


def _unpack_values(data: bytes, length: int) -> list[Any]:
    if not length:
        return []
    body = data[1:]
    match data[:1]:
        case b"i":
            return list(_unpack_ints(body, length))
        case b"s":
            return _unpack_steps(body, length)
        case b"f":
            return list(_unpack_planes(body, length))
        case b"w":
            return _unpack_words(body, length)
        case b"l":
            return _unpack_lists(body, length)
        case letter:
            raise ValueError(f"unknown letter {letter!r}")


def _pack_ints(values: Column) -> bytes:
    changes = [after - before for before, after in pairwise(values)]
    furthest = max(map(abs, changes), default=0)
    letter = next(letter for letter, limit in _WIDTHS if furthest < limit)
    return _FIRST.pack(values[0]) + letter.encode() + struct.pack(f"<{len(changes)}{letter}", *changes)


def _unpack_ints(data: bytes, length: int) -> "accumulate[int]":
    (first,) = _FIRST.unpack_from(data)
    letter = chr(data[_FIRST.size])
    return accumulate(struct.unpack(f"<{length - 1}{letter}", data[_FIRST.size + 1 :]), initial=first)


def _pack_floats(values: Column) -> bytes:
    for number, (numerator, denominator) in enumerate(STEPS):
        steps = _in_steps(values, numerator, denominator)
        if steps is not None:
            return b"s" + bytes((number,)) + _pack_ints(steps)
    raw = floats_to_bytes(values)
    # Byte by byte of all floats: signs and exponents are alike, and zlib only sees that when they are neighbours.
    return b"f" + b"".join(raw[plane::8] for plane in range(8))


def _in_steps(values: Column, numerator: int, denominator: int) -> list[int] | None:
    steps = []
    for value in values:
        if not -FURTHEST < value < FURTHEST:
            return None
        step = round(value * denominator / numerator)
        if step * numerator / denominator != value:
            return None
        steps.append(step)
    return steps


def _unpack_steps(data: bytes, length: int) -> list[float]:
    numerator, denominator = STEPS[data[0]]
    steps = _unpack_ints(data[1:], length)
    if numerator == 1:
        return [step / denominator for step in steps]
    return [step * numerator / denominator for step in steps]


def _unpack_planes(data: bytes, length: int) -> tuple[float, ...]:
    raw = bytearray(length * 8)
    for plane in range(8):
        raw[plane::8] = data[plane * length : (plane + 1) * length]
    return bytes_to_floats(bytes(raw))


def _pack_words(values: Column) -> bytes:
    numbers = {word: number for number, word in enumerate(dict.fromkeys(values))}
    words = json.dumps(list(numbers)).encode()
    return _SIZE.pack(len(words)) + words + _pack_ints([numbers[word] for word in values])


def _unpack_words(data: bytes, length: int) -> list[Any]:
    (size,) = _SIZE.unpack_from(data)
    words: list[str] = json.loads(data[_SIZE.size : _SIZE.size + size])
    if len(words) == 1:
        return words * length
    return [words[number] for number in _unpack_ints(data[_SIZE.size + size :], length)]


def _pack_lists(values: Column) -> bytes:
    lengths = _pack_ints([len(value) // 8 for value in values])
    return _SIZE.pack(len(lengths)) + lengths + _pack_values(bytes_to_floats(b"".join(values)))


def _unpack_lists(data: bytes, length: int) -> list[Any]:
    (size,) = _SIZE.unpack_from(data)
    lengths = list(_unpack_ints(data[_SIZE.size : _SIZE.size + size], length))
    floats = _unpack_values(data[_SIZE.size + size :], sum(lengths))
    ends = list(accumulate(lengths))
    return [floats_to_bytes(floats[end - count : end]) for end, count in zip(ends, lengths, strict=True)]
