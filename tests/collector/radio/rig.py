"""A virtual radio to test with: wearers, and a reader of a source that can be waited on."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Self

from collector.ble import BleSource
from collector.source import BATTERY_LEVEL, Arrival, Frame, SensorChanged, SensorSeen
from collector.wearer import Reading
from crampwatch.events import SensorState

#: Wall seconds after which a test gives up waiting for something that should have happened at once.
PATIENCE_S = 10.0
ADDRESS = "C1:00:00:00:00:01"
#: A test does not wait for a watch's usual advertising interval.
SOON_MS = 5.0


@dataclass(frozen=True)
class Steady:
    """A wearer who runs evenly for some seconds; every second tells which one it was by its heart rate."""

    seconds: int = 60
    name: str = "Steady"
    first_bpm: int = 100

    def reading(self, second: int) -> Reading:
        return Reading(
            bpm=self.first_bpm + second % 90,
            cadence_per_min=170,
            speed_mps=3.0,
            distance_m=3.0 * second,
            rr_ms=(500.0,),
            running=True,
        )

    def readings(self) -> Iterator[tuple[float, Reading]]:
        return ((float(second), self.reading(second)) for second in range(self.seconds))


@dataclass(frozen=True)
class Scripted:
    """A wearer with exactly these readings, one a second."""

    script: tuple[Reading, ...]
    name: str = "Scripted"

    def readings(self) -> Iterator[tuple[float, Reading]]:
        return ((float(second), reading) for second, reading in enumerate(self.script))


class Reader:
    """The one consumer of a source; wants every sensor it sees unless told otherwise."""

    def __init__(self, source: BleSource, *, wants: bool = True) -> None:
        self._source = source
        self._wants = wants
        self._news = asyncio.Event()
        self._stream = source.arrivals()
        self._task: asyncio.Task[None] | None = None
        self.arrivals: list[Arrival] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read(), name="reader")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _read(self) -> None:
        try:
            async for arrival in self._stream:
                self.arrivals.append(arrival)
                if self._wants and isinstance(arrival, SensorSeen):
                    self._source.want(arrival.sensor.device)
                self._news.set()
        finally:
            await self._stream.aclose()
            self._news.set()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until the arrivals so far fulfil a condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                assert self._task is not None
                if self._task.done():
                    await self._task
                    raise AssertionError("the stream has ended")
                self._news.clear()
                await self._news.wait()

    def frames(self, characteristic: int | None = None) -> list[Frame]:
        """The measurements (or the frames of one characteristic) taken so far."""
        return [
            one
            for one in self.arrivals
            if isinstance(one, Frame)
            and (one.characteristic == characteristic if characteristic else one.characteristic != BATTERY_LEVEL)
        ]

    def taken(self) -> Counter[int]:
        """How many frames were taken, by characteristic."""
        return Counter(one.characteristic for one in self.frames())

    def states(self, device: str | None = None) -> list[SensorState]:
        """What became of the links, in order."""
        return [
            one.state
            for one in self.arrivals
            if isinstance(one, SensorChanged) and (device is None or one.device == device)
        ]

    def whys(self) -> list[str]:
        """Why links were lost, in order."""
        return [one.why for one in self.arrivals if isinstance(one, SensorChanged) and one.state is SensorState.LOST]

    def seen(self) -> list[SensorSeen]:
        return [one for one in self.arrivals if isinstance(one, SensorSeen)]


async def turns(number: int = 60) -> None:
    """Let the loop turn, so that what is under way arrives."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something that is nobody's arrival, turn by turn of the loop, bounded."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await turns(1)


@contextlib.asynccontextmanager
async def nothing_left_running() -> AsyncIterator[None]:
    """No task outlives the block."""
    before = asyncio.all_tasks()
    yield
    await turns()
    mine = {asyncio.current_task()}  # a fixture is torn down by another task than set it up
    assert {task.get_name() for task in asyncio.all_tasks() - before - mine} == set()
