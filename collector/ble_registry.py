"""Which sensors are in the air: pseudonyms, what is known of each, and who waits to hear one again."""

import asyncio
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from collector.source import SensorInfo

from .ble_stack import Sighting

HEART_RATE_SERVICE = 0x180D
RSC_SERVICE = 0x1814
MEASURING_SERVICES = frozenset({HEART_RATE_SERVICE, RSC_SERVICE})
#: For a virtual radio: its addresses are nobody's, and its ids are the same in every run and test.
NO_SECRET = b""
_NAMELESS = "unnamed sensor"
_WORDS = {
    HEART_RATE_SERVICE: "heart rate",
    RSC_SERVICE: "running speed and cadence",
    0x1800: "access",
    0x1801: "attributes",
    0x1802: "immediate alert",
    0x180A: "device information",
    0x180F: "battery",
    0x1811: "alert notification",
    0x1816: "cycling speed and cadence",
    0x1818: "cycling power",
    0x1826: "fitness machine",
}


def service_words(service: int) -> str:
    """An assigned service in words, its number where it has none here."""
    return _WORDS.get(service, f"0x{service:04x}")


def pseudonym(address: str, secret: bytes = NO_SECRET) -> str:
    """The device id of a sensor: the kind of source and a short hash of its address; the same as long as the secret.

    Without a secret anybody who reads the id can try all addresses and find the one behind it.

    >>> pseudonym("c1:00:00:00:00:01") == pseudonym("C1:00:00:00:00:01")
    True
    >>> pseudonym("C1:00:00:00:00:01") == pseudonym("C1:00:00:00:00:01", b"ours")
    False
    """
    return f"ble-{hashlib.blake2s(address.upper().encode(), digest_size=5, key=secret).hexdigest()}"


@dataclass(slots=True)
class _Known:
    info: SensorInfo
    told: bool = False


class Registry:
    """What one long-lived scan has heard, by pseudonym.

    Args:
        tell: called with a sensor that is worth telling when it is new, or when its name, services, serial or
            model become known. A changed signal strength alone is not news.
        also: addresses and names that are worth telling though they advertise no measuring service.
        everything: tell every device in the air.
        secret: what pseudonyms are made with.
    """

    def __init__(
        self,
        tell: Callable[[SensorInfo], None],
        also: Collection[str] = (),
        *,
        everything: bool = False,
        secret: bytes = NO_SECRET,
    ) -> None:
        self._tell = tell
        self._secret = secret
        self._also = frozenset(word.upper() for word in also)
        self._everything = everything
        self._known: dict[str, _Known] = {}
        self._wanted: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Sighting]] = {}
        self.heard = 0

    def want(self, device: str) -> None:
        """This device is worth telling, whatever it advertises."""
        self._wanted.add(device)
        if known := self._known.get(device):
            self._tell_news(known)

    def hear(self, sighting: Sighting) -> None:
        """Take one advertisement."""
        self.heard += 1
        device = pseudonym(sighting.address, self._secret)
        known = self._known.get(device)
        if known is None:
            known = self._known[device] = _Known(SensorInfo(device, sighting.address, _NAMELESS))
        update = replace(
            known.info,
            name=sighting.name or known.info.name,
            services=known.info.services | sighting.services,
            rssi_dbm=sighting.rssi_dbm,
        )
        self._learn(known, update)
        waiting = self._waiting.get(device)
        if waiting is not None and not waiting.done():
            waiting.set_result(sighting)

    def learn(
        self,
        device: str,
        *,
        services: frozenset[int] = frozenset(),
        serial: str | None = None,
        model: str | None = None,
    ) -> None:
        """Take what a connection told about a device that was heard before."""
        known = self._known[device]
        update = replace(
            known.info,
            services=known.info.services | services,
            serial=serial or known.info.serial,
            model=model or known.info.model,
        )
        self._learn(known, update)

    async def next_sighting(self, device: str) -> Sighting:
        """The next advertisement of this device, for its one waiter: what is not heard cannot be connected to."""
        waiting: asyncio.Future[Sighting] = asyncio.get_running_loop().create_future()
        self._waiting[device] = waiting
        try:
            return await waiting
        finally:
            del self._waiting[device]

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for a device that is not heard."""
        return bool(self._waiting)

    def name(self, device: str) -> str:
        """What to call a device in a log."""
        known = self._known.get(device)
        return device if known is None else f"{known.info.name} ({device})"

    def _learn(self, known: _Known, update: SensorInfo) -> None:
        if replace(update, rssi_dbm=None) != replace(known.info, rssi_dbm=None):
            known.told = False
        known.info = update
        self._tell_news(known)

    def _tell_news(self, known: _Known) -> None:
        if not known.told and self._is_worth_telling(known.info):
            known.told = True
            self._tell(known.info)

    def _is_worth_telling(self, info: SensorInfo) -> bool:
        return (
            self._everything
            or bool(info.services & MEASURING_SERVICES)
            or info.device in self._wanted
            or not self._also.isdisjoint({info.address.upper(), info.name.upper()})
        )
