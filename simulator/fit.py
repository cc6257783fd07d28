"""Runs as FIT activity files, as a running watch writes them (FIT protocol 2.0; messages of the FIT profile).

Written by hand: the few messages of an activity need no library, and what the simulator gives stays plain Python.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .session import Second
from .writing import ascending

#: FIT counts seconds from 1989-12-31T00:00:00Z.
_FIT_EPOCH_S: Final = 631_065_600
#: 2026-01-01T08:00:00Z: no simulated run has a date of its own.
STARTED_S: Final = 1_767_254_400

#: Base types: the code in a definition, how struct packs it, and what stands for "nothing".
_ENUM, _UINT8, _UINT16, _UINT32, _UINT32Z = 0x00, 0x02, 0x84, 0x86, 0x8C
_PACKED: Final = {
    _ENUM: ("B", 0xFF),
    _UINT8: ("B", 0xFF),
    _UINT16: ("H", 0xFFFF),
    _UINT32: ("I", 0xFFFF_FFFF),
    _UINT32Z: ("I", 0),
}
#: What one hrv message carries.
_BEATS_A_MESSAGE: Final = 5
_RUNNING, _DEVELOPMENT, _ACTIVITY_FILE = 1, 255, 4
#: event, event_type
_TIMER_STARTS, _TIMER_STOPS, _LAP_ENDS, _SESSION_ENDS, _ACTIVITY_ENDS = (0, 0), (0, 4), (9, 1), (8, 1), (26, 1)


@dataclass(frozen=True, slots=True)
class _Message:
    """A kind of message: its local and its global number, and (field, base type, how many) of what it holds."""

    local: int
    number: int
    fields: tuple[tuple[int, int, int], ...]

    def definition(self) -> bytes:
        head = struct.pack("<BBBHB", 0x40 | self.local, 0, 0, self.number, len(self.fields))
        sizes = (bytes((field, struct.calcsize(_PACKED[base][0]) * count, base)) for field, base, count in self.fields)
        return head + b"".join(sizes)

    def data(self, *values: float | Sequence[float | None] | None) -> bytes:
        """One message; a value that is missing, or does not fit its field, is written as FIT's "nothing"."""
        packed = bytes((self.local,))
        for (_, base, count), value in zip(self.fields, values, strict=True):
            code, nothing = _PACKED[base]
            each = value if isinstance(value, Sequence) else (value,)
            padded = (*each, *(None,) * (count - len(each)))
            packed += struct.pack(f"<{count}{code}", *(_whole(one, nothing, code) for one in padded))
        return packed


def _whole(value: float | None, nothing: int, code: str) -> int:
    if value is None:
        return nothing
    whole = round(value)
    return whole if 0 <= whole < 1 << 8 * struct.calcsize(code) else nothing


_FILE_ID = _Message(0, 0, ((0, _ENUM, 1), (1, _UINT16, 1), (2, _UINT16, 1), (3, _UINT32Z, 1), (4, _UINT32, 1)))
_EVENT = _Message(1, 21, ((253, _UINT32, 1), (0, _ENUM, 1), (1, _ENUM, 1)))
_RECORD = _Message(
    2,
    20,
    (
        (253, _UINT32, 1),  # timestamp, s
        (3, _UINT8, 1),  # heart_rate, bpm
        (4, _UINT8, 1),  # cadence, strides/min
        (53, _UINT8, 1),  # fractional_cadence, 1/128 stride/min
        (73, _UINT32, 1),  # enhanced_speed, mm/s
        (78, _UINT32, 1),  # enhanced_altitude, 1/5 m above -500 m
        (5, _UINT32, 1),  # distance, cm
    ),
)
_HRV = _Message(3, 78, ((0, _UINT16, _BEATS_A_MESSAGE),))
_TOTALS = ((253, _UINT32, 1), (2, _UINT32, 1), (7, _UINT32, 1), (8, _UINT32, 1), (9, _UINT32, 1))
_LAP = _Message(4, 19, (*_TOTALS, (25, _ENUM, 1), (254, _UINT16, 1), (0, _ENUM, 1), (1, _ENUM, 1)))
_SESSION = _Message(
    5,
    18,
    (*_TOTALS, (5, _ENUM, 1), (254, _UINT16, 1), (0, _ENUM, 1), (1, _ENUM, 1), (25, _UINT16, 1), (26, _UINT16, 1)),
)
_ACTIVITY = _Message(
    6, 34, ((253, _UINT32, 1), (0, _UINT32, 1), (1, _UINT16, 1), (2, _ENUM, 1), (3, _ENUM, 1), (4, _ENUM, 1))
)


def fit_bytes(
    seconds: Iterable[Second], *, counts_strides: bool = False, serial: int = 0, started_s: int = STARTED_S
) -> bytes:
    """A FIT activity of one running session and one lap.

    Cadence stands as running watches write it, in strides and fractions of one; beats follow their record as hrv.
    Whole seconds only, ascending: a second that comes twice or from before is left out.

    Args:
        seconds: the run; at least one second.
        counts_strides: ``spm`` is in strides already.
        serial: the watch's serial number; 0 is none.
        started_s: the moment of second 0, seconds since 1970, UTC.

    Raises:
        ValueError: there are no seconds.
    """
    rows = list(ascending(one._replace(t_s=float(round(one.t_s))) for one in seconds))
    if not rows:
        raise ValueError("a FIT file needs a second at least")
    zero = started_s - _FIT_EPOCH_S
    first, last = zero + int(rows[0].t_s), zero + int(rows[-1].t_s)
    took_ms = (last - first) * 1_000.0
    totals = (last, first, took_ms, took_ms, _scaled(rows[-1].distance_m, 100))
    parts = [
        *(_FILE_ID.definition(), _FILE_ID.data(_ACTIVITY_FILE, _DEVELOPMENT, 0, serial, first)),
        *(_EVENT.definition(), _EVENT.data(first, *_TIMER_STARTS)),
        *(_RECORD.definition(), _HRV.definition()),
        *(_second(one, zero, counts_strides) for one in rows),
        _EVENT.data(last, *_TIMER_STOPS),
        *(_LAP.definition(), _LAP.data(*totals, _RUNNING, 0, *_LAP_ENDS)),
        *(_SESSION.definition(), _SESSION.data(*totals, _RUNNING, 0, *_SESSION_ENDS, 0, 1)),
        *(_ACTIVITY.definition(), _ACTIVITY.data(last, took_ms, 1, 0, *_ACTIVITY_ENDS)),
    ]
    return _file(b"".join(parts))


def _second(one: Second, zero: int, counts_strides: bool) -> bytes:
    strides = None if one.spm is None else one.spm if counts_strides else one.spm / 2
    whole = None if strides is None else int(strides)
    part = None if strides is None or whole is None else (strides - whole) * 128
    record = _RECORD.data(
        zero + int(one.t_s),
        one.bpm,
        whole,
        part,
        _scaled(one.mps, 1_000),
        None if one.altitude_m is None else (one.altitude_m + 500) * 5,
        _scaled(one.distance_m, 100),
    )
    beats = [one.rr_ms[at : at + _BEATS_A_MESSAGE] for at in range(0, len(one.rr_ms), _BEATS_A_MESSAGE)]
    return record + b"".join(_HRV.data(few) for few in beats)


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else value * scale


def _file(data: bytes) -> bytes:
    """With a header (14 bytes, protocol 2.0) and both check sums."""
    head = struct.pack("<BBHI4s", 14, 0x20, 2_100, len(data), b".FIT")
    whole = head + struct.pack("<H", _crc(head)) + data
    return whole + struct.pack("<H", _crc(whole))


_NIBBLES: Final = (
    *(0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401),
    *(0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400),
)


def _crc(data: bytes) -> int:
    """CRC-16 as the FIT protocol defines it, half a byte at a time.

    >>> hex(_crc(b"123456789"))
    '0xbb3d'
    """
    crc = 0
    for byte in data:
        crc = (crc >> 4) ^ _NIBBLES[crc & 0xF] ^ _NIBBLES[byte & 0xF]
        crc = (crc >> 4) ^ _NIBBLES[crc & 0xF] ^ _NIBBLES[byte >> 4]
    return crc
