"""The broker's listener for collectors elsewhere, in its container."""

import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks
from crampwatch.errors import Misconfigured
from crampwatch.topics import Kind, Topic
from tests.containers.machine import Deployment
from tests.containers.secrets import password
from tests.support.brokers import free_port

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1_800)]


async def test_with_tls_a_collector_elsewhere_is_let_in_by_certificate_and_password(engine, tmp_path):
    authority = certificate(tmp_path)
    port = free_port()
    over = {"CW_TLS": str(tmp_path), "CW_BROKER_ADDRESS": "127.0.0.1", "CW_BROKER_PORT": str(port)}
    made = Deployment(engine, tmp_path / "tls", "deploy/compose.tls.yaml", **over)
    try:
        made.up("broker")
        trusting = ssl.create_default_context(cafile=str(authority))
        user = ("collector-1", password(made.secrets, "collector-1"))
        async with MqttLinks(Address("localhost", port, *user, tls=trusting))("elsewhere") as bus:
            await bus.publish(Topic("home", "r7", Kind.TELEMETRY), b"{}")
        with pytest.raises(Misconfigured, match="user or password"):
            async with MqttLinks(Address("localhost", port, tls=trusting))("nobody"):
                pytest.fail("it was let in without a password")
    finally:
        made.down()


def certificate(folder):
    """A certificate of an authority of our own for this machine, where compose.tls.yaml looks for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, content in (("server.crt", signed.public_bytes(pem)), ("server.key", private)):
        (folder / file).write_bytes(content)
        (folder / file).chmod(0o444)
    return folder / "server.crt"
