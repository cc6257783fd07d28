"""A broker that somebody else runs: what it refuses is told by remedy, and what it lacks is borne."""

import asyncio
import datetime as dt
import logging
import os
import ssl
import subprocess
import time
from pathlib import Path

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crampwatch.bus.address import Address
from crampwatch.bus.broker import find_or_start
from crampwatch.bus.keeper import Keeper
from crampwatch.bus.links import MqttLinks
from crampwatch.bus.rivalry import GIVE_WAY_S
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.settings import Mqtt
from crampwatch.topics import Kind, Topic, every
from tests.support import needs
from tests.support.brokers import free_port, hurried, iotcore_brand, silent_server, strict_mosquitto, take, until

TELEMETRY = Topic("club", "r7", Kind.TELEMETRY)
BACKLOG = Topic("club", "r7", Kind.BACKLOG)
OPEN = ("listener {port} 127.0.0.1", "allow_anonymous true", f"user {'root' if os.geteuid() == 0 else 'mosquitto'}")
CLOSED = (OPEN[0], "allow_anonymous false", OPEN[2])


def at(port: int, **more) -> MqttLinks:
    return MqttLinks(Address("127.0.0.1", port), sleep=hurried, **more)


async def test_an_address_in_the_settings_is_used_as_it_is(tmp_path):
    async with strict_mosquitto(tmp_path, *OPEN) as port:
        async with find_or_start(Mqtt(url=f"mqtt://127.0.0.1:{port}"), tmp_path) as broker:
            assert broker.describe() == f"the broker of mqtt.url, at mqtt://127.0.0.1:{port}"
            async with broker("giver") as giver:
                await giver.publish(TELEMETRY, b"hello")
        assert not (tmp_path / "broker").exists()


async def test_a_user_that_the_broker_does_not_know_is_a_setting_to_mend(tmp_path):
    async with strict_mosquitto(tmp_path, *CLOSED) as port:
        settings = Mqtt(url=f"mqtt://127.0.0.1:{port}", username="nobody", password="wrong")
        async with find_or_start(settings, tmp_path) as broker:
            with pytest.raises(Misconfigured, match=r"mqtt\.username") as refused:
                async with broker("giver"):
                    pass
            assert "wrong" not in str(refused.value)


@pytest.fixture
def users(tmp_path):
    needs.mosquitto()
    file = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", file, "coach", "s3cret"], check=True)
    return file


async def test_the_right_user_is_let_in(tmp_path, users):
    async with (
        strict_mosquitto(tmp_path, *CLOSED, f"password_file {users}") as port,
        find_or_start(Mqtt(url=f"mqtt://127.0.0.1:{port}", username="coach", password="s3cret"), tmp_path) as broker,
        broker("giver") as giver,
    ):
        await giver.publish(TELEMETRY, b"hello")


async def test_a_topic_that_we_may_not_write_is_refused_and_others_go_on(tmp_path):
    acl = tmp_path / "acl"
    acl.write_text(f"topic readwrite {BACKLOG}\n")
    acl.chmod(0o700)
    async with strict_mosquitto(tmp_path, *OPEN, f"acl_file {acl}") as port, at(port)("giver") as giver:
        with pytest.raises(Refused) as refused:
            await giver.publish(TELEMETRY, b"no")
        assert refused.value.reason == "not_authorised"
        await giver.publish(BACKLOG, b"yes")


async def test_a_message_larger_than_the_broker_takes_is_refused_before_it_costs_the_link(tmp_path):
    async with strict_mosquitto(tmp_path, *OPEN, "max_packet_size 1000") as port, at(port)("giver") as giver:
        with pytest.raises(Refused) as refused:
            await giver.publish(TELEMETRY, bytes(2_000))
        assert refused.value.reason == "too_long"
        await giver.publish(TELEMETRY, bytes(500))


async def test_a_broker_that_asks_for_few_at_once_gets_few_at_once(tmp_path):
    async with (
        strict_mosquitto(tmp_path, *OPEN, "max_inflight_messages 2") as port,
        at(port)("taker", subscribe=every(Kind.TELEMETRY)) as taker,
        at(port)("giver") as giver,
    ):
        sent = [b"%d" % number for number in range(100)]
        publishing = asyncio.gather(*(giver.publish(TELEMETRY, body) for body in sent))
        for body in sent:
            (one,) = await take(taker.deliveries(), 1)
            assert one.payload == body
            await one.ack()
        await publishing


async def test_a_broker_that_knows_only_mqtt_3_1_1_is_spoken_to_in_3_1_1(tmp_path):
    async with Keeper(await iotcore_brand(), tmp_path, 0).running() as keeper:
        links = at(keeper.port, versions=(5, 4))
        async with links("taker", subscribe=every(Kind.TELEMETRY)) as taker, links("giver") as giver:
            await giver.publish(TELEMETRY, b"hello")
            assert [one.payload for one in await take(taker.deliveries(), 1)] == [b"hello"]


async def test_live_telemetry_expires_and_backlog_does_not(tmp_path):
    async with strict_mosquitto(tmp_path, *OPEN) as port:
        watcher = aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5)
        async with watcher, at(port)("giver") as giver:
            await watcher.subscribe("#")
            await giver.publish(TELEMETRY, b"")
            await giver.publish(BACKLOG, b"")
            async with asyncio.timeout(5):
                live = await anext(watcher.messages)
                late = await anext(watcher.messages)
            assert live.properties is not None
            assert live.properties.MessageExpiryInterval == 60
            assert not hasattr(late.properties, "MessageExpiryInterval")


@pytest.mark.parametrize("version", [5, 4], ids=["MQTT 5", "MQTT 3.1.1"])
async def test_of_two_clients_of_one_id_one_says_which_setting_to_change_and_gives_way(tmp_path, caplog, version):
    caplog.set_level(logging.WARNING)
    pauses_s = []

    async def pause(seconds):
        pauses_s.append(seconds)
        await asyncio.sleep(min(seconds / 10, 0.3))

    async with strict_mosquitto(tmp_path, *OPEN) as port:
        links = MqttLinks(Address("127.0.0.1", port), versions=(version,), sleep=pause)
        async with links("collector-1") as first, links("collector-1") as second:
            await until(lambda: first.link.taken_over + second.link.taken_over > 0)
            await until(lambda: first.link.reconnects > 0)
            assert any(bus.link.problem is not None for bus in (first, second))
    assert "each service needs an id of its own on the broker (collector.id" in caplog.text
    assert max(pauses_s) >= GIVE_WAY_S[0]


async def test_nobody_at_the_address_is_reported_within_the_settings_time():
    began_s = time.monotonic()
    with pytest.raises(Unavailable, match=r"no broker answers at mqtt://127\.0\.0\.1:1"):
        async with at(1, connect_timeout_s=0.3)("giver"):
            pass
    assert time.monotonic() - began_s < 10


async def test_a_broker_that_comes_up_late_is_waited_for(tmp_path):
    port = free_port()
    opening = asyncio.create_task(opened(port))
    await asyncio.sleep(0)
    async with strict_mosquitto(tmp_path, *OPEN, port=port):
        await asyncio.wait_for(opening, 10)


async def opened(port: int) -> None:
    async with at(port)("giver") as giver:
        await giver.publish(TELEMETRY, b"at last")


async def test_a_host_that_does_not_exist_is_a_setting_to_mend():
    links = MqttLinks(Address("no-such-host.invalid", 1883), connect_timeout_s=0.2, sleep=hurried)
    with pytest.raises((Misconfigured, Unavailable), match="no-such-host"):  # a machine without DNS cannot know
        async with links("giver"):
            pass


async def test_a_host_that_can_be_no_name_is_a_setting_to_mend():
    with pytest.raises(Misconfigured, match="can be no host"):
        async with MqttLinks(Address("x" * 70 + ".ä", 1883), connect_timeout_s=0.2, sleep=hurried)("giver"):
            pass


async def test_tls_towards_a_port_without_tls_is_asked_about(tmp_path):
    async with strict_mosquitto(tmp_path, *OPEN) as port:
        address = Address("127.0.0.1", port, tls=ssl.create_default_context())
        with pytest.raises((Misconfigured, Unavailable), match="TLS"):  # mosquitto resets, others answer in clear
            async with MqttLinks(address, connect_timeout_s=0.2, sleep=hurried)("giver"):
                pass


async def test_a_certificate_is_checked(tmp_path):
    certificate, key = self_signed(tmp_path)
    tls = (*OPEN, f"certfile {certificate}", f"keyfile {key}")
    async with strict_mosquitto(tmp_path, *tls) as port:
        with pytest.raises(Misconfigured, match="certificate"):
            async with MqttLinks(Address("localhost", port, tls=ssl.create_default_context()))("giver"):
                pass
        trusting = ssl.create_default_context(cafile=str(certificate))
        links = MqttLinks(Address("localhost", port, tls=trusting))
        async with links("taker", subscribe=every(Kind.TELEMETRY)) as taker, links("giver") as giver:
            await giver.publish(TELEMETRY, bytes(50_000))
            (one,) = await take(taker.deliveries(), 1)
            assert len(one.payload) == 50_000


async def test_a_silent_server_leaks_no_socket_and_can_be_given_up_at_once(caplog):
    async with silent_server() as port:
        before = open_files()
        began_s = time.monotonic()
        for _ in range(10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1), at(port)("giver"):
                    pass
        assert time.monotonic() - began_s < 60
        # What the silent side holds open is its own; ours are closed, so it sees nothing of us but resets.
        assert open_files() <= before + 10
    assert "exception was never retrieved" not in caplog.text


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return folder / "cert.pem", folder / "key.pem"
