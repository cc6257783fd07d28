"""Somebody who listens at the broker all the time, through its restarts too."""

import asyncio
import threading
from collections.abc import Sequence

from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks


class Observer:
    """Takes every message of some topics, in a thread of its own, over a session that the broker keeps."""

    def __init__(self, address: Address, filters: Sequence[str]) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._links = MqttLinks(address, connect_timeout_s=30)
        self._filters = filters
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer")
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> "Observer":
        self._thread.start()
        assert self._listening.wait(60), "the broker does not answer the observer"
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(30)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._listen())
            except asyncio.CancelledError:
                return

    async def _listen(self) -> None:
        self._task = asyncio.current_task()
        async with self._links("observer", subscribe=self._filters, persistent=True) as bus:
            self._listening.set()
            async for delivery in bus.deliveries():
                self.heard.append((delivery.topic, delivery.payload))
                await delivery.ack()
