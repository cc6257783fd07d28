"""The brokers that we can start ourselves: where they are, how they are set up, what to mind with each."""

import asyncio
import importlib.metadata
import json
import os
import pwd
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crampwatch.bus.rules import RECEIVE_WINDOW, SESSION_QUEUE
from crampwatch.codec import MAX_BYTES
from crampwatch.errors import Misconfigured
from crampwatch.topics import TERMS

#: Debian keeps daemons out of a user's PATH, Homebrew has its own tree.
_SBIN = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin:/usr/local/opt/mosquitto/sbin"

INSTALL = (
    "install mosquitto (`sudo apt-get install mosquitto`, macOS: `brew install mosquitto`) "
    "or the broker in a wheel (`pip install 'crampwatch[broker]'`), or set mqtt.url"
)


class Brand(Protocol):
    """A broker that can be our child."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def version(self) -> str:
        """The installed release."""
        ...

    @property
    def protocols(self) -> Sequence[int]:
        """MQTT protocol versions on its port, best first: 5 is MQTT 5, 4 is 3.1.1."""
        ...

    @property
    def apart(self) -> bool:
        """Whether a bus needs one link to receive and another to send."""
        ...

    @property
    def probe_every_s(self) -> float | None:
        """How often to ask whether it still answers; None: a dead process is the only way it fails."""
        ...

    @property
    def state_file(self) -> str | None:
        """The file in its folder that it keeps sessions in; None: it keeps nothing."""
        ...

    def command(self, folder: Path, port: int) -> Sequence[str]:
        """Write its configuration into ``folder`` and return the command that serves on 127.0.0.1:port."""
        ...

    def subscribe_qos(self, topic_filter: str) -> int:
        """The QoS to subscribe with."""
        ...


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """Eclipse Mosquitto: keeps sessions, queues and retained messages through kill -9."""

    path: str
    version: str
    name: str = "mosquitto"
    protocols: Sequence[int] = (5, 4)
    apart: bool = False
    probe_every_s: float | None = None
    state_file: str | None = "mosquitto.db"

    @classmethod
    async def find(cls) -> "Mosquitto | None":
        """The one on PATH, or where packages put it."""
        path = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)
        if path is None:
            return None
        asked = await asyncio.create_subprocess_exec(
            path, "-h", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asked.communicate()
        version = re.search(r"version (\S+)", output.decode(errors="replace"))
        return cls(path, version[1] if version else "unknown")

    def command(self, folder: Path, port: int) -> Sequence[str]:
        """See :meth:`Brand.command`."""
        config = {
            "listener": f"{port} 127.0.0.1",
            "allow_anonymous": "true",
            "persistence": "true",
            "persistence_location": f"{folder}/",
            "autosave_interval": "5",
            # Beyond its limit it acks and then drops; 0 would mean no limit and no end of memory.
            "max_queued_messages": str(SESSION_QUEUE),
            "max_inflight_messages": str(RECEIVE_WINDOW),
            "set_tcp_nodelay": "true",
            "sys_interval": "0",
            "connection_messages": "false",
            "log_dest": "stderr",
            "log_timestamp_format": "%Y-%m-%dT%H:%M:%S",
        }
        if os.geteuid() == 0:
            # As root it would become the user "mosquitto", who may not write here.
            config["user"] = pwd.getpwuid(0).pw_name
        file = folder / "mosquitto.conf"
        file.write_text("".join(f"{key} {value}\n" for key, value in config.items()), encoding="utf-8")
        return self.path, "-c", str(file)

    def subscribe_qos(self, topic_filter: str) -> int:  # noqa: ARG002 - the same for all
        """Always 1."""
        return 1


@dataclass(frozen=True, slots=True)
class Iotcore:
    """iotcore, rumqttd in a wheel: nothing to install, and to be watched.

    It forgets everything when it restarts (collectors send again what no processor has confirmed), it can be made
    to accept connections and answer none (the probe), and it hands out only a part of many retained messages to a
    subscriber of QoS 1 (so what is retained is subscribed with QoS 0; it is state, and comes again on every link).
    A client with a full window of unacked messages gets no PUBACK for its own (so a bus has two links).
    """

    version: str
    name: str = "iotcore"
    protocols: Sequence[int] = (4,)
    apart: bool = True
    probe_every_s: float | None = 2.0
    state_file: str | None = None

    @classmethod
    def find(cls) -> "Iotcore | None":
        """The wheel, if it is installed."""
        try:
            return cls(importlib.metadata.version("iotcore"))
        except importlib.metadata.PackageNotFoundError:
            return None

    def command(self, folder: Path, port: int) -> Sequence[str]:
        """See :meth:`Brand.command`."""
        file = folder / "iotcore.toml"
        # Segments bound its memory: as it comes it grew by 779 MB in two million messages.
        file.write_text(
            f"""\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = 1048576
max_segment_count = 10

[v4.1]
name = "v4-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 5000
max_payload_size = {MAX_BYTES + 1024}
max_inflight_count = 100
dynamic_filters = true
""",
            encoding="utf-8",
        )
        # This entry point ends when its standard input does; -P keeps a stray iotcore.py here from being run.
        return sys.executable, "-P", "-m", "iotcore._serve", json.dumps({"config_path": str(file)})

    def subscribe_qos(self, topic_filter: str) -> int:
        """0 for what is retained, 1 for the rest."""
        return 0 if any(level in _RETAINED for level in topic_filter.split("/")) else 1


_RETAINED = frozenset(str(kind) for kind, terms in TERMS.items() if terms.retain)


async def installed() -> Mapping[str, Brand]:
    """Every broker that could be started here, best first."""
    found = (await Mosquitto.find(), Iotcore.find())
    return {brand.name: brand for brand in found if brand is not None}


def pick(brands: Mapping[str, Brand], wanted: str | None = None) -> Brand:
    """The broker to start: the one wanted if it is there, else the best.

    Raises:
        Misconfigured: there is none; the message names each way out.
    """
    brand = brands.get(wanted or "") or next(iter(brands.values()), None)
    if brand is None:
        raise Misconfigured("mqtt.url", f"no broker is set and none is installed: {INSTALL}")
    return brand
