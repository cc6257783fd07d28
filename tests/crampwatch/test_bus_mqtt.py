"""Who answers at the address but is no broker: a reason to try again, never a reason to doubt the address."""

import asyncio
import contextlib

import pytest

from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks
from crampwatch.errors import Unavailable

CONNACK = b"\x20\x03\x00\x00\x00"
#: For the first packet id of a client; one code, whatever was asked.
SUBACK_OF_ONE = b"\x90\x04\x00\x01\x00\x01"
SUBSCRIBE = 0x82


@contextlib.asynccontextmanager
async def answering(suback):
    """Speaks MQTT 5 up to the SUBACK, which is always the same."""
    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.read(4_096)
            writer.write(CONNACK)
            while packet := await reader.read(4_096):
                if packet[0] == SUBSCRIBE:
                    writer.write(suback)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def link_to(port, *filters):
    async with MqttLinks(Address("127.0.0.1", port), connect_timeout_s=0)("taker", subscribe=filters):
        pass


async def test_a_peer_that_grants_fewer_subscriptions_than_were_asked_for_is_no_broker_now():
    async with answering(SUBACK_OF_ONE) as port:
        with pytest.raises(Unavailable, match="does not answer as a broker does: 1 answers to 2 subscriptions"):
            await link_to(port, "a/b", "c/d")


async def test_the_same_peer_grants_what_it_answers():
    async with answering(SUBACK_OF_ONE) as port:
        await link_to(port, "a/b")


async def test_a_peer_that_never_answers_is_told_in_words(monkeypatch):
    monkeypatch.setattr("crampwatch.bus.mqtt.DIAL_WITHIN_S", 0.2)
    async with answering(b"") as port:
        with pytest.raises(Unavailable, match=r"no broker answers at mqtt://127\.0\.0\.1:\d+: \w+"):
            await link_to(port, "a/b")
