"""Somebody's phone, a local HTTP endpoint that takes pushes, and a bridge that hears them on the broker."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator

from crampwatch.bus import BusFactory
from crampwatch.codec import decode
from crampwatch.events import Delivered
from crampwatch.topics import Kind, every


class Receiver:
    """Counts pushes by their title, which names the athlete."""

    def __init__(self) -> None:
        self.felt: Counter[str] = Counter()
        self.port = 0

    @property
    def address(self) -> str:
        """For ``alerts.apprise``."""
        return f"json://127.0.0.1:{self.port}/"

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-le")
            )
            self.felt[json.loads(await reader.readexactly(length))["title"]] += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
        writer.close()


class Bridge:
    """Counts what is delivered on the broker, by the alert's id: a second one of an id disturbs nobody."""

    def __init__(self, team: str) -> None:
        self._team = team
        self.heard: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def listening(self, buses: BusFactory) -> AsyncIterator["Bridge"]:
        filters = every(Kind.DELIVERY, self._team)
        async with buses("faults-bridge", subscribe=filters, persistent=True) as bus:

            async def listen() -> None:
                async for delivery in bus.deliveries():
                    message = decode(Kind.DELIVERY, delivery.payload)
                    assert isinstance(message, Delivered)
                    self.heard[message.alert_id] += 1
                    await delivery.ack()

            listener = asyncio.create_task(listen(), name="faults-bridge")
            try:
                yield self
            finally:
                listener.cancel()
