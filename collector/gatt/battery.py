"""Battery Level, 0x2A19 (Battery Service 1.0, 3.1)."""

from crampwatch.errors import Refused

from .layout import OUT_OF_RANGE, Fields, packed

_FULL_PERCENT = 100


def decode_battery(frame: bytes) -> int:
    """Decode a Battery Level value into percent, 0 to 100 (BAS 1.0, 3.1).

    Raises:
        Refused: ``truncated_frame``, ``trailing_bytes``, or ``out_of_range`` over 100 (255 is "unknown").

    >>> decode_battery(bytes([0x57]))
    87
    """
    fields = Fields(frame, "battery level")
    percent = fields.uint(1, "level")
    fields.end()
    if percent > _FULL_PERCENT:
        raise fields.out_of_range("level", percent)
    return percent


def encode_battery(percent: int) -> bytes:
    """Encode what :func:`decode_battery` reads back.

    Raises:
        Refused: ``out_of_range``, it is not 0 to 100.

    >>> encode_battery(87).hex()
    '57'
    """
    if not 0 <= percent <= _FULL_PERCENT:
        raise Refused(OUT_OF_RANGE, f"battery level {percent} is out of range")
    return packed(percent, 1, "battery level")
