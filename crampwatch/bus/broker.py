"""Find a broker, or start one and keep it alive: what every service of this machine is linked through."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from crampwatch.bus import Bus, BusFactory, Will
from crampwatch.bus.address import Address, address_of
from crampwatch.bus.brands import Brand, installed, pick
from crampwatch.bus.child import runs
from crampwatch.bus.keeper import Keeper, note_in
from crampwatch.bus.links import MqttLinks
from crampwatch.errors import Unavailable
from crampwatch.settings import Mqtt

FOLDER = "broker"


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that answers, and the factory of buses to it.

    ``name`` is ``mosquitto``, ``iotcore``, or ``mqtt.url`` for one that somebody else runs (``version`` is then
    unknown). ``log`` is where a broker of ours writes.
    """

    name: str
    version: str | None
    address: Address
    links: BusFactory
    log: Path | None = None

    def __call__(
        self, client_id: str, *, subscribe: Sequence[str] = (), will: Will | None = None, persistent: bool = False
    ) -> AbstractAsyncContextManager[Bus]:
        """See :meth:`crampwatch.bus.BusFactory.__call__`."""
        return self.links(client_id, subscribe=subscribe, will=will, persistent=persistent)

    def describe(self) -> str:
        """Which broker, which release, where: one line for ``doctor`` and the log."""
        if self.log is None:
            return f"the broker of {self.name}, at {self.address}"
        return f"{self.name} {self.version} at {self.address}, started by crampwatch (log: {self.log})"


@contextlib.asynccontextmanager
async def find_or_start(mqtt: Mqtt, state_dir: Path) -> AsyncIterator[Broker]:
    """The broker of ``mqtt.url``; else one of this state folder that already runs; else one started now.

    A broker that we start listens on 127.0.0.1 only, keeps its files in ``state_dir/broker``, is started again when
    it dies or no longer answers, and ends with the block. Processes with one state folder share one broker: the
    first to come runs it, and when that process goes another takes over on the same port.

    Raises:
        Misconfigured: ``mqtt.url`` is wrong; none is set and none is installed; ``mqtt.port`` is taken.
        Unavailable: our own broker did not come up.
    """
    if mqtt.url is not None:
        yield _theirs(mqtt)
        return
    folder = state_dir / FOLDER
    brand = pick(await installed(), _serving(folder))
    async with Keeper(brand, folder, mqtt.port).running() as keeper:
        yield _ours(brand, keeper.port, keeper.log, mqtt)


async def find(mqtt: Mqtt, state_dir: Path) -> Broker:
    """The broker that :func:`find_or_start` would give, for who only looks on: none is started.

    Raises:
        Misconfigured: ``mqtt.url`` is wrong.
        Unavailable: none is set, and nobody runs one for this state folder.
    """
    if mqtt.url is not None:
        return _theirs(mqtt)
    folder = state_dir / FOLDER
    note, serving = note_in(folder), _serving(folder)
    if note is None or serving is None:
        raise Unavailable(f"no crampwatch runs with the state folder {state_dir}, and no mqtt.url is set")
    brand = pick(await installed(), serving)
    return _ours(brand, note.port, folder / f"{brand.name}.log", mqtt)


def _theirs(mqtt: Mqtt) -> Broker:
    address = address_of(mqtt)
    return Broker("mqtt.url", None, address, MqttLinks(address, connect_timeout_s=mqtt.connect_timeout_s))


def _ours(brand: Brand, port: int, log: Path, mqtt: Mqtt) -> Broker:
    address = Address("127.0.0.1", port)
    links = MqttLinks(
        address,
        connect_timeout_s=mqtt.connect_timeout_s,
        versions=brand.protocols,
        subscribe_qos=brand.subscribe_qos,
        apart=brand.apart,
    )
    return Broker(brand.name, brand.version, address, links, log)


def _serving(folder: Path) -> str | None:
    """What another process runs here now; it is spoken to as what it is."""
    note = note_in(folder)
    return note.name if note is not None and runs(note.pid, str(folder)) else None
