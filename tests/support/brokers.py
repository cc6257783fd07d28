"""Brokers for tests, in memory and real, each with a cable that can be pulled."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from crampwatch.bus import BusFactory, Delivery
from crampwatch.bus.address import Address
from crampwatch.bus.brands import Brand, Iotcore, Mosquitto
from crampwatch.bus.child import Child
from crampwatch.bus.keeper import Keeper
from crampwatch.bus.links import MqttLinks
from crampwatch.bus.memory import MemoryBroker
from tests.support import needs

PATIENCE_S = 10.0


async def until(true: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Wait for something that another process brings about."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - another process sends no event
            await asyncio.sleep(0.005)


async def take(deliveries: AsyncIterator[Delivery], count: int, within_s: float = PATIENCE_S) -> list[Delivery]:
    """The next ``count`` deliveries, not acked."""
    async with asyncio.timeout(within_s):
        return [await anext(deliveries) for _ in range(count)]


async def hurried(seconds: float) -> None:
    """A link's pause between tries, for the impatient."""
    await asyncio.sleep(seconds / 10)


class Cable:
    """A TCP proxy between the clients and a broker; pulled, both ends see a reset and nobody gets through."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._in = True
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self.port = 0

    @contextlib.asynccontextmanager
    async def plugged(self) -> AsyncIterator["Cable"]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._server.close()
            self.pull()
            await asyncio.gather(*self._running, return_exceptions=True)

    def pull(self) -> None:
        self._in = False
        for task in self._running:
            task.cancel()

    def plug(self) -> None:
        self._in = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._in:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, there_writer))
                group.create_task(_pump(there_reader, writer))
        except asyncio.CancelledError:
            pass  # the cable was pulled; a server task that ends cancelled is reported as an error
        finally:
            for end in (writer, there_writer):
                reset(end.get_extra_info("socket"))
                end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def reset(sock: socket.socket) -> None:
    """Make closing this socket a reset, without a goodbye."""
    with contextlib.suppress(OSError):  # it is closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class World:
    """A broker as the bus suite sees it: buses, and a cable to pull."""

    def __init__(self, links: BusFactory, pull: Callable[[], None], plug: Callable[[], None]) -> None:
        self.links = links
        self.pull = pull
        self.plug = plug


@contextlib.asynccontextmanager
async def in_memory(_folder: Path) -> AsyncIterator[World]:
    broker = MemoryBroker()
    yield World(broker.links(), broker.cut, broker.mend)


@contextlib.asynccontextmanager
async def _real(brand: Brand, folder: Path) -> AsyncIterator[World]:
    async with Keeper(brand, folder, 0).running() as keeper, Cable(keeper.port).plugged() as cable:
        links = MqttLinks(
            Address("127.0.0.1", cable.port),
            versions=brand.protocols,
            subscribe_qos=brand.subscribe_qos,
            apart=brand.apart,
            sleep=hurried,
        )
        yield World(links, cable.pull, cable.plug)


async def mosquitto_brand() -> Mosquitto:
    """The mosquitto of this machine, or a skip by name."""
    needs.mosquitto()
    brand = await Mosquitto.find()
    assert brand is not None
    return brand


async def iotcore_brand() -> Iotcore:
    """The broker in a wheel, or a skip by name."""
    brand = Iotcore.find()
    if brand is None:
        needs.missing("the iotcore broker", "pip install 'crampwatch[broker]'")
    assert brand is not None
    return brand


@contextlib.asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[World]:
    async with _real(await mosquitto_brand(), folder) as world:
        yield world


@contextlib.asynccontextmanager
async def mosquitto_as_311(folder: Path) -> AsyncIterator[World]:
    async with Keeper(await mosquitto_brand(), folder, 0).running() as keeper, Cable(keeper.port).plugged() as cable:
        links = MqttLinks(Address("127.0.0.1", cable.port), versions=(4,), sleep=hurried)
        yield World(links, cable.pull, cable.plug)


@contextlib.asynccontextmanager
async def iotcore(folder: Path) -> AsyncIterator[World]:
    async with _real(await iotcore_brand(), folder) as world:
        yield world


WORLDS: dict[str, Callable[[Path], contextlib.AbstractAsyncContextManager[World]]] = {
    "memory": in_memory,
    "mosquitto": mosquitto,
    "mosquitto-3.1.1": mosquitto_as_311,
    "iotcore": iotcore,
}


@contextlib.asynccontextmanager
async def strict_mosquitto(folder: Path, *lines: str, port: int = 0) -> AsyncIterator[int]:
    """Somebody else's broker: a mosquitto with these configuration lines; ``{port}`` is filled in, and returned."""
    brand = await mosquitto_brand()
    port = port or free_port()
    config = folder / "strict.conf"
    config.write_text("\n".join(lines).format(port=port) + "\n", encoding="utf-8")
    child = await Child.start([brand.path, "-c", str(config)], folder / "strict.log")
    try:
        await until(lambda: _listens(port) or not child.running)
        yield port
    finally:
        await child.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Accepts every connection and answers none, as a stuck broker does."""
    writers: list[asyncio.StreamWriter] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(OSError):
            await reader.read()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
