"""A virtual Bluetooth adapter: one central on an :class:`Air`, for bleak to use instead of the machine's own.

``BleakScanner(..., backend=adapter.scanner)`` and ``BleakClient(..., backend=adapter.client)`` are bleak as on any
machine; only the radio below is ours.
"""

import asyncio
import contextlib
from typing import Self

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakError
from bumble import core, hci
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from .air import Air, Radio, whole
from .backend import Client, Scanner

ADDRESS = "F0:00:00:00:00:01"


class VirtualAdapter:
    """One central on the air; :meth:`start` it before use and :meth:`stop` it, or use it as a context manager.

    Args:
        air: where the watches are.
        address: the adapter's own random static address.
        slots: how many links it can hold, None for any number; real ones hold five to seven.
    """

    def __init__(self, air: Air, address: str = ADDRESS, slots: int | None = None) -> None:
        self._air = air
        self.slots = slots
        self.radio = Radio("adapter", air)
        self.device = Device(
            config=DeviceConfiguration(name="adapter", address=hci.Address(address), keystore=None),
            host=Host(self.radio, AsyncPipeSink(self.radio)),
        )
        self._connecting = asyncio.Lock()
        self._scans = 0
        # bleak makes its own instances of the class that it is given, so the class carries the adapter.
        self.scanner: type[BaseBleakScanner] = type("VirtualScanner", (Scanner,), {"adapter": self})
        self.client: type[BaseBleakClient] = type("VirtualClient", (Client,), {"adapter": self})

    async def start(self) -> Self:
        """Power on."""
        await self.device.power_on()
        return self

    async def stop(self) -> None:
        """Power off; every link is lost."""
        await self.device.power_off()
        self._air.forget(self.radio)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def scanning(self) -> bool:
        """Whether anybody scans."""
        return self._scans > 0

    @property
    def links(self) -> int:
        """How many links are up."""
        return len(self.device.connections)

    async def scan(self, *, active: bool) -> None:
        """Begin one more scan; the radio scans while there is any."""
        self._scans += 1
        if self._scans == 1:
            await whole(self.device.start_scanning(legacy=True, active=active))

    async def end_scan(self) -> None:
        """End one scan."""
        self._scans -= 1
        if self._scans == 0:
            await whole(self.device.stop_scanning(legacy=True))

    async def connect(self, address: hci.Address) -> Connection:
        """Connect, one attempt at a time as a controller does. A cancelled attempt leaves nothing behind.

        Raises:
            BleakError: there is no slot left, or the link did not come up.
        """
        if self.slots is not None and self.links >= self.slots:
            raise BleakError(f"no connection slot left: the adapter holds {self.slots}")
        async with self._connecting:
            attempt = asyncio.create_task(self.device.connect(address, timeout=None), name=f"connect {address}")
            try:
                return await asyncio.shield(attempt)
            except core.ConnectionError as error:
                raise BleakError(f"connection to {address} failed: {error}") from error
            except asyncio.CancelledError:
                await whole(self._abandon(attempt))
                raise

    async def _abandon(self, attempt: asyncio.Task[Connection]) -> None:
        """End an attempt in order, and what came of it in the last moment."""
        while not attempt.done() and not self.device.is_le_connecting:  # noqa: ASYNC110 - bumble has no event for it
            await asyncio.sleep(0)
        with contextlib.suppress(hci.HCI_Error):
            await self.device.cancel_connection()  # type: ignore[no-untyped-call] # bumble leaves it untyped
        with contextlib.suppress(hci.HCI_Error, core.ConnectionError):
            connection = await attempt
            await connection.disconnect()
