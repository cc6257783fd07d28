"""Where a broker is, and how a user writes that down."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from crampwatch.errors import Misconfigured
from crampwatch.settings import Mqtt

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is and who we are there."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        """The address as a user writes it in ``mqtt.url``, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"


def address_of(mqtt: Mqtt) -> Address:
    """The broker that ``mqtt.url`` names, with the credentials of the settings (or, failing these, of the URL).

    Raises:
        Misconfigured: there is no URL, or it is not ``mqtt://host[:port]`` or ``mqtts://host[:port]``.
    """
    try:
        url = urlsplit(mqtt.url or "")
        port = url.port
    except ValueError:
        url, port = urlsplit(""), -1
    if url.scheme not in _PORTS or not url.hostname or port in {-1, 0} or url.path.strip("/") or url.query:
        raise Misconfigured("mqtt.url", "write mqtt://host:port, or mqtts://host:port for TLS")
    username, password = mqtt.username, mqtt.password.get_secret_value() if mqtt.password else None
    if username is None and url.username:
        username = unquote(url.username)
        password = password or (unquote(url.password) if url.password else None)
    if password is not None and username is None:
        raise Misconfigured("mqtt.username", "mqtt.password is set without a user")
    tls = ssl.create_default_context() if url.scheme == "mqtts" else None
    return Address(url.hostname, port or _PORTS[url.scheme], username, password, tls)
