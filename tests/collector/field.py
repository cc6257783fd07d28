"""An air with a virtual adapter: watches that are in it, and the source that listens."""

import asyncio
import contextlib
import random

from collector.ble import BleSource, pseudonym
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from crampwatch.events import SensorState
from tests.collector.radio.rig import ADDRESS, SOON_MS, Reader, Steady
from tests.support.clocks import ManualClock

DEVICE = pseudonym(ADDRESS)
SEARCHING, CONNECTED, LOST = SensorState.SEARCHING, SensorState.CONNECTED, SensorState.LOST


class Field:
    """An air with an adapter, and a clock that the test turns."""

    def __init__(self, air: Air, adapter: VirtualAdapter, stack: contextlib.AsyncExitStack) -> None:
        self.air = air
        self.adapter = adapter
        self.clock = ManualClock()
        self._stack = stack

    async def watch(self, wearer: Steady | None = None, address: str = ADDRESS, **more: object) -> Watch:
        made = Watch(self.air, wearer or Steady(), address, self.clock, advertising_ms=SOON_MS, **more)
        return await self._stack.enter_async_context(made)

    def source(self, **more: object) -> BleSource:
        return BleSource(clock=self.clock, adapter=self.adapter, rng=random.Random(7), **more)

    async def reader(self, source: BleSource | None = None, **more: bool) -> Reader:
        return await self._stack.enter_async_context(Reader(source or self.source(), **more))

    async def running(self, **more: object) -> tuple[Watch, Reader]:
        """A watch that is connected and has sent its first second."""
        watch = await self.watch(**more)
        reader = await self.reader()
        await reader.until(lambda: CONNECTED in reader.states())
        await self.first_second(watch, reader)
        return watch, reader

    async def first_second(self, watch: Watch, reader: Reader) -> None:
        """The run begins once all is subscribed; the clock stands until the watch waits for it."""
        async with asyncio.timeout(10):
            while not reader.frames():
                await self.clock.advance(0)
