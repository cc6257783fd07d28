"""Does a broker on this machine answer? Asked in MQTT 3.1.1, by hand: no client, no thread, nothing left behind."""

import asyncio
import contextlib
import os

from crampwatch.errors import Unavailable

_CONNACK, _SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00"
_SUBSCRIBE, _DISCONNECT = 0x82, b"\xe0\x00"


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _packet(kind: int, body: bytes) -> bytes:
    """Fixed header and body; bodies here are far below 128 bytes, so one length byte does (MQTT 3.1.1, 2.2.3)."""
    return bytes((kind, len(body))) + body


async def round_trip(port: int, *, within_s: float) -> None:
    """Connect to 127.0.0.1 and subscribe to a topic of one's own: the answer comes from the broker's router.

    A TCP connection proves nothing: the Rust broker can be made to accept for ever and answer nobody. Nothing is
    published: each message that a probe received cost that broker 10 kB for good, a subscription costs 0.2 kB.

    Raises:
        Unavailable: it did not answer in time.
    """
    name = f"crampwatch-probe-{os.getpid()}".encode()
    connect = _packet(0x10, _text(b"MQTT") + b"\x04\x02\x00\x0a" + _text(name))
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(connect)
                _expect(await reader.readexactly(len(_CONNACK)), _CONNACK)
                writer.write(_packet(_SUBSCRIBE, b"\x00\x01" + _text(name) + b"\x00"))
                _expect(await reader.readexactly(len(_SUBACK)), _SUBACK)
                writer.write(_DISCONNECT)
                await writer.drain()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise Unavailable(f"the broker on port {port} does not answer: {error or type(error).__name__}") from error


def _expect(got: bytes, wanted: bytes) -> None:
    if got != wanted:
        raise Unavailable(f"not an MQTT broker's answer: {got.hex()} instead of {wanted.hex()}")
