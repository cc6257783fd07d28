"""Read a GATT value field by field, little-endian, or refuse it with a reason."""

from crampwatch.errors import Refused

TRUNCATED = "truncated_frame"
TRAILING = "trailing_bytes"
OUT_OF_RANGE = "out_of_range"


class Fields:
    """A cursor over one value.

    Flags say which fields follow, so the length is known once the flags are read. Bytes beyond the last field
    contradict the flags: the value is another characteristic's or garbled, and guessing would turn it into a
    plausible heart rate. Such a value is refused as a whole.

    Args:
        frame: the bytes of one notification or read.
        what: the characteristic's name, for messages.
    """

    def __init__(self, frame: bytes, what: str) -> None:
        self._frame = frame
        self._what = what
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are not read yet."""
        return len(self._frame) - self._at

    def uint(self, size: int, name: str) -> int:
        """The next unsigned integer of ``size`` bytes.

        Raises:
            Refused: ``truncated_frame``, the value ends before the field does.
        """
        if self.left < size:
            raise Refused(TRUNCATED, f"{self._what} {self._shown}: ends inside {name}")
        value = int.from_bytes(self._frame[self._at : self._at + size], "little")
        self._at += size
        return value

    def end(self) -> None:
        """Assert that every byte was read.

        Raises:
            Refused: ``trailing_bytes``, there are more bytes than the flags announce.
        """
        if self.left:
            raise Refused(TRAILING, f"{self._what} {self._shown}: {self.left} bytes more than its flags announce")

    def out_of_range(self, name: str, value: float) -> Refused:
        """The refusal of a field whose value no body or device can have."""
        return Refused(OUT_OF_RANGE, f"{self._what} {self._shown}: {name} {value} is out of range")

    @property
    def _shown(self) -> str:
        return self._frame[:32].hex(" ") or "(empty)"


def packed(value: int, size: int, name: str) -> bytes:
    """``value`` as an unsigned little-endian field.

    Raises:
        Refused: ``out_of_range``, it does not fit.
    """
    if not 0 <= value < 1 << (8 * size):
        raise Refused(OUT_OF_RANGE, f"{name} {value} does not fit into {size} bytes")
    return value.to_bytes(size, "little")
