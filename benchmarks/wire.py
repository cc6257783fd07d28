"""The least that MQTT 3.1.1 needs to publish, so that the sender costs little beside what is measured."""

import socket
import struct
from collections.abc import Iterable

_CONNACK = b"\x20\x02\x00\x00"
_PUBLISH_QOS1 = 0x32
_PUBACK_BYTES = 4
_MOST_UNACKED = 60_000


def publish_packet(topic: bytes, packet_id: int, payload: bytes) -> bytes:
    """One PUBLISH of QoS 1 (MQTT 3.1.1, 3.3)."""
    length = 4 + len(topic) + len(payload)
    return b"".join((bytes((_PUBLISH_QOS1,)), _length(length), _text(topic), struct.pack(">H", packet_id), payload))


class Wire:
    """A connection that only publishes, with QoS 1, and counts what the broker has taken."""

    def __init__(self, port: int, client_id: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = _text(b"MQTT") + b"\x04\x02\x00\x00" + _text(client_id.encode())
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        if self._socket.recv(4) != _CONNACK:
            raise RuntimeError("the broker does not take the sender")
        self.sent = 0
        self._answered_bytes = 0

    @property
    def acked(self) -> int:
        """How many the broker has taken: it answers nothing but PUBACKs here."""
        return self._answered_bytes // _PUBACK_BYTES

    def send(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Publish topics and payloads in one write; blocks while the broker takes nothing."""
        packets = []
        for topic, payload in messages:
            packets.append(publish_packet(topic, self.sent % 65_535 + 1, payload))
            self.sent += 1
        self._socket.sendall(b"".join(packets))
        self.take_acks(within_s=0 if self.sent - self.acked < _MOST_UNACKED else 30)

    def take_acks(self, within_s: float) -> None:
        """Count the answers that are there, waiting so long for the first."""
        self._socket.settimeout(within_s)
        try:
            self._answered_bytes += len(self._socket.recv(65_536))
        except (BlockingIOError, TimeoutError):
            pass
        finally:
            self._socket.settimeout(30)

    def settle(self) -> None:
        """Wait until the broker has taken everything; give up when it is silent for 30 s."""
        while (before := self.acked) < self.sent:
            self.take_acks(within_s=30)
            if self.acked == before:
                raise RuntimeError(f"the broker took {self.acked} of {self.sent} messages")

    def close(self) -> None:
        """Say goodbye."""
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()


def _text(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def _length(length: int) -> bytes:
    r"""The variable length of MQTT 3.1.1, 2.2.3.

    >>> _length(321)
    b'\xc1\x02'
    """
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(encoded)
