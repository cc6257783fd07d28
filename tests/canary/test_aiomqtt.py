"""What we lean on in aiomqtt and paho. When one of these fails after an upgrade, read crampwatch/bus/mqtt.py again."""

import asyncio
import socket

import aiomqtt
import pytest
from paho.mqtt.client import Client as Paho

from crampwatch.bus.address import Address
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.keeper import Keeper
from crampwatch.bus.links import MqttLinks
from crampwatch.bus.mqtt import MqttLink
from crampwatch.topics import Kind, Topic, every
from tests.support.brokers import free_port, mosquitto_brand, silent_server, take, until

TELEMETRY = Topic("club", "r7", Kind.TELEMETRY)
CALLBACKS = ("on_connect", "on_disconnect", "on_message", "on_publish")


@pytest.fixture
async def port(tmp_path):
    async with Keeper(await mosquitto_brand(), tmp_path, 0).running() as keeper:
        yield keeper.port


def link(port: int) -> MqttLink:
    return MqttLink(Address("127.0.0.1", port), "canary", Inbox(), version=5, will=None, persistent=True)


async def test_three_unread_messages_of_a_persistent_session_come_again_after_a_restart(port):
    links = MqttLinks(Address("127.0.0.1", port))
    async with links("giver") as giver:
        async with links("taker", subscribe=every(Kind.TELEMETRY), persistent=True):
            for body in (b"0", b"1", b"2"):
                await giver.publish(TELEMETRY, body)
            # A round trip behind them: the three have arrived here, and nobody has read them.
            async with links("witness", subscribe=every(Kind.BACKLOG)) as witness:
                await giver.publish(Topic("club", "r7", Kind.BACKLOG), b"")
                await take(witness.deliveries(), 1)
        async with links("taker", subscribe=every(Kind.TELEMETRY), persistent=True) as taker:
            assert [one.payload for one in await take(taker.deliveries(), 3)] == [b"0", b"1", b"2"]


async def test_aiomqtt_by_itself_still_acks_what_nobody_has_read(port):
    """The day this fails, aiomqtt has learned to wait, and the manual ack in bus/mqtt.py can go."""

    def stock() -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", port, identifier="stock", clean_session=False)

    async with stock() as client, aiomqtt.Client("127.0.0.1", port) as giver:
        await client.subscribe("stock", qos=1)
        for _ in range(3):
            await giver.publish("stock", b"lost", qos=1)
        await until(lambda: len(client.messages) == 3)
        await client.subscribe("other", qos=1)  # a round trip: the acks are at the broker
    async with stock() as client, aiomqtt.Client("127.0.0.1", port) as giver:
        await giver.publish("stock", b"later", qos=1)
        async with asyncio.timeout(5):
            first = await anext(client.messages)
        assert first.payload == b"later"


async def test_paho_calls_our_methods_and_not_those_of_aiomqtt(port):
    ours = link(port)
    for name in CALLBACKS:
        assert getattr(ours._client, name) == getattr(ours, f"_{name}")
        assert getattr(MqttLink, f"_{name}") is not getattr(aiomqtt.Client, f"_{name}")


async def test_the_inner_parts_that_we_touch_are_there(port):
    ours = link(port)
    assert isinstance(ours._client, Paho)
    assert isinstance(ours._connected, asyncio.Future)
    assert isinstance(ours._disconnected, asyncio.Future)
    assert ours._pending_subscribes == {}
    assert ours._client._manual_ack is True
    assert ours._client.connect_timeout == 5
    assert callable(ours._client._sock_close)
    await ours.open([])
    await ours.close()
    assert ours._client.socket() is None


async def test_aiomqtt_keeps_the_cause_of_a_failed_connection_in_the_context():
    client = aiomqtt.Client("127.0.0.1", free_port())
    with pytest.raises(aiomqtt.MqttError) as failed:
        async with client:
            pass
    assert isinstance(failed.value.__context__, ConnectionRefusedError)
    client = aiomqtt.Client("no-such-host.invalid", 1883)
    with pytest.raises(aiomqtt.MqttError) as failed:
        async with client:
            pass
    assert isinstance(failed.value.__context__, socket.gaierror)


async def test_a_connection_that_was_never_answered_is_closed_by_us():
    async with silent_server() as port:
        ours = link(port)
        opening = asyncio.create_task(ours.open([]))
        await until(lambda: ours._client.socket() is not None)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert ours._client.socket() is None


async def test_the_socket_of_a_lost_link_is_closed_and_its_publishers_are_told(port):
    ours = link(port)
    await ours.open([])
    handle = ours._client.socket()
    assert handle is not None
    handle.shutdown(socket.SHUT_RDWR)
    async with asyncio.timeout(5):
        loss = await ours.until_lost()
    assert loss.reason == "the connection was closed"
    await ours.close()
