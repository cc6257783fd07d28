"""The text characteristics of Device Information, 0x2A24 to 0x2A29 (Device Information Service 1.1, 3)."""

from crampwatch.errors import Refused

#: Longer is cut: these texts are names for people, and a serial is told apart well before this.
LONGEST = 80
#: No attribute value is longer (Core Specification 5.4, 3 F 3.2.9).
_LONGEST_BYTES = 512


def decode_string(frame: bytes) -> str:
    r"""Decode a text value, which is UTF-8 (DIS 1.1, 3), for showing and comparing.

    Text ends at the first NUL (devices pad with them), surrounding spaces and unprintable characters go, and at
    most :data:`LONGEST` characters are kept. It may be empty.

    Raises:
        Refused: ``bad_text`` when it is not UTF-8, ``out_of_range`` when it is longer than any attribute can be.

    >>> decode_string(b"Forerunner 255\x00\x00")
    'Forerunner 255'
    """
    if len(frame) > _LONGEST_BYTES:
        raise Refused("out_of_range", f"text of {len(frame)} bytes: an attribute has at most {_LONGEST_BYTES}")
    try:
        text = frame.split(b"\0", 1)[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("bad_text", f"text {frame[:32].hex(' ')}: not UTF-8 at byte {error.start}") from error
    return "".join(char for char in text if char.isprintable()).strip()[:LONGEST].rstrip()


def encode_string(text: str) -> bytes:
    """Encode what :func:`decode_string` reads back, cut to :data:`LONGEST` characters.

    >>> encode_string("SN-0042")
    b'SN-0042'
    """
    return text[:LONGEST].encode("utf-8")
