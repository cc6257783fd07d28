"""Heart Rate Measurement, 0x2A37 (Heart Rate Service 1.0, 3.1)."""

from dataclasses import dataclass

from crampwatch.errors import Refused

from .layout import OUT_OF_RANGE, Fields, packed

_WIDE = 0b0_0001
_CONTACT = 0b0_0010
_CONTACT_KNOWN = 0b0_0100
_ENERGY = 0b0_1000
_RR = 0b1_0000

_NO_READING = 0
_NO_READING_NARROW = 0xFF
_NO_READING_WIDE = 0xFFFF
_HIGHEST_BPM = 300
_RR_PER_S = 1024


@dataclass(frozen=True, slots=True)
class HeartRate:
    """One heart-rate notification.

    Attributes:
        bpm: beats per minute, 1 to 300; None where the sensor has no reading.
        contact: whether the sensor touches the skin; None where it cannot tell.
        rr_ms: the beat-to-beat intervals since the last notification, oldest first, in steps of 1000/1024 ms.
        energy_kj: energy since the last reset; None where it is not sent.
    """

    bpm: int | None
    contact: bool | None
    rr_ms: tuple[float, ...]
    energy_kj: int | None = None


def decode_heart_rate(frame: bytes) -> HeartRate:
    """Decode a Heart Rate Measurement value (HRS 1.0, 3.1).

    Sensors say "no reading" in three ways: 0, 255 in the one-byte format, 65535 in the two-byte format. An
    interval of 0 is filler, not a beat, and is left out. Reserved flags are ignored as the clause asks.

    Raises:
        Refused: ``truncated_frame``, ``trailing_bytes``, or ``out_of_range`` for more than 300 bpm.

    >>> decode_heart_rate(bytes([0b0001_0110, 60, 0x00, 0x04]))
    HeartRate(bpm=60, contact=True, rr_ms=(1000.0,), energy_kj=None)
    """
    fields = Fields(frame, "heart rate")
    flags = fields.uint(1, "flags")
    wide = bool(flags & _WIDE)
    raw = fields.uint(2 if wide else 1, "bpm")
    missing = raw in {_NO_READING, _NO_READING_WIDE if wide else _NO_READING_NARROW}
    if not missing and raw > _HIGHEST_BPM:
        raise fields.out_of_range("bpm", raw)
    energy_kj = fields.uint(2, "energy") if flags & _ENERGY else None
    intervals = []
    while flags & _RR and fields.left:
        intervals.append(fields.uint(2, "RR interval"))
    fields.end()
    return HeartRate(
        bpm=None if missing else raw,
        contact=bool(flags & _CONTACT) if flags & _CONTACT_KNOWN else None,
        rr_ms=tuple(raw_rr * 1_000 / _RR_PER_S for raw_rr in intervals if raw_rr),
        energy_kj=energy_kj,
    )


def encode_heart_rate(rate: HeartRate) -> bytes:
    """Encode what :func:`decode_heart_rate` reads back; intervals are rounded to 1/1024 s.

    Raises:
        Refused: ``out_of_range``, a value does not fit into its field.

    >>> encode_heart_rate(HeartRate(bpm=60, contact=True, rr_ms=(1000.0,))).hex(" ")
    '16 3c 00 04'
    """
    raw = _NO_READING if rate.bpm is None else rate.bpm
    if rate.bpm is not None and not 1 <= raw <= _HIGHEST_BPM:
        raise Refused(OUT_OF_RANGE, f"heart rate: bpm {raw} is out of range")
    wide = raw >= _NO_READING_NARROW
    flags = _WIDE if wide else 0
    if rate.contact is not None:
        flags |= _CONTACT_KNOWN | (_CONTACT if rate.contact else 0)
    body = packed(raw, 2 if wide else 1, "bpm")
    if rate.energy_kj is not None:
        flags |= _ENERGY
        body += packed(rate.energy_kj, 2, "energy")
    if rate.rr_ms:
        flags |= _RR
        body += b"".join(packed(round(rr * _RR_PER_S / 1_000), 2, "RR interval") for rr in rate.rr_ms)
    return bytes([flags]) + body
