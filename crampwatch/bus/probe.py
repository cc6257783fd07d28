"""Does a broker on this machine answer? One round trip in MQTT 3.1.1, by hand: no client, no thread, no state."""

import asyncio
import contextlib
import os

from crampwatch.errors import Unavailable

_CONNACK, _SUBACK = b"\x20\x02", b"\x90\x03\x00\x01"


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _packet(kind: int, body: bytes) -> bytes:
    """Fixed header and body; bodies here are far below 128 bytes, so one length byte does (MQTT 3.1.1, 2.2.3)."""
    return bytes((kind, len(body))) + body


async def round_trip(port: int, *, within_s: float) -> None:
    """Connect to 127.0.0.1, subscribe, publish to oneself and receive it.

    A TCP connection proves nothing: the Rust broker can be made to accept for ever and answer nobody.

    Raises:
        Unavailable: it did not come back in time.
    """
    name = f"crampwatch-probe-{os.getpid()}".encode()
    connect = _packet(0x10, _text(b"MQTT") + b"\x04\x02\x00\x0a" + _text(name))
    publish = _packet(0x30, _text(name) + b"?")
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(connect)
                _expect(await reader.readexactly(4), _CONNACK + b"\x00\x00")
                writer.write(_packet(0x82, b"\x00\x01" + _text(name) + b"\x00"))
                _expect(await reader.readexactly(5), _SUBACK + b"\x00")
                writer.write(publish)
                _expect(await reader.readexactly(len(publish)), publish)
                writer.write(b"\xe0\x00")
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
