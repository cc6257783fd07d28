"""Where frames come from: a Protocol over Bluetooth, recordings and the simulated runner."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from crampwatch.events import SensorState

#: Bluetooth assigned numbers of the characteristics that are read (16-bit UUIDs).
HEART_RATE_MEASUREMENT = 0x2A37
RSC_MEASUREMENT = 0x2A53
BATTERY_LEVEL = 0x2A19


@dataclass(frozen=True, slots=True)
class SensorInfo:
    """A sensor as a source knows it. ``device`` is its pseudonym everywhere else.

    ``address`` and ``serial`` stay on this machine. ``name``, as advertised, is for pairing, and for telling which one
    it is while nobody has claimed it. ``model`` is its maker's word.
    """

    device: str
    address: str
    name: str
    services: frozenset[int] = frozenset()
    serial: str | None = None
    model: str | None = None
    rssi_dbm: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Raw bytes of one notification and the moment they arrived, on the source's clock."""

    device: str
    characteristic: int
    payload: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class SensorSeen:
    """A sensor was seen in the air for the first time, or its name, services or strings became known."""

    sensor: SensorInfo
    at_ms: int


@dataclass(frozen=True, slots=True)
class SensorChanged:
    """The link to a wanted sensor came up or went down."""

    device: str
    state: Literal[SensorState.SEARCHING, SensorState.CONNECTED, SensorState.LOST]
    at_ms: int
    why: str = ""


Arrival = Frame | SensorSeen | SensorChanged


class Source(Protocol):
    """An async stream of raw frames and of what happens to the sensors that send them.

    Promises: arrivals come in the order they happened, ``at_ms`` never goes back within a device, no frame is
    dropped silently, a lost sensor is found again without being asked, and closing the stream (``aclose``)
    leaves no link, task or scan behind.
    """

    def want(self, device: str) -> None:
        """Connect to this sensor whenever it is there. May be called before it was seen, and twice."""
        ...

    def arrivals(self) -> AsyncIterator[Arrival]:
        """The stream. One consumer. A recorded source ends; a radio does not."""
        ...


@runtime_checkable
class Ailing(Source, Protocol):
    """A source that may have trouble of its own, as a radio does. A recording has none."""

    def problems(self) -> Sequence[str]:
        """What is wrong now and what to do, one line each. A sensor out of reach is told by its state, not here."""
        ...
