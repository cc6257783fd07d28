"""Whose sensor is it: by the settings, by a person's claim, or by itself when claims are automatic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collector.source import SensorInfo
from crampwatch.errors import Refused
from crampwatch.settings import Athlete, Sensor
from crampwatch.units import CadenceUnit, Id

Claiming = Literal["ask", "auto", "off"]


class PairingState(BaseModel):
    """What persons and the automatic claim decided, as it is kept: device to athlete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: Literal[1] = 1
    claims: Annotated[dict[Id, Id], Field(max_length=10_000)] = {}


@dataclass(frozen=True, slots=True)
class Paired:
    """Where a sensor belongs now, and where it belonged before; None is nobody."""

    device: str
    athlete: str | None
    before: str | None

    @property
    def changed(self) -> bool:
        """Whether it has moved."""
        return self.athlete != self.before


def provisional_athlete(device: str) -> str:
    """The pseudonym of the runner who wears a sensor that nobody has claimed; the same device, the same runner.

    >>> provisional_athlete("hrm-1")
    'runner-a847f1'
    """
    return f"runner-{blake2s(device.encode(), digest_size=3).hexdigest()}"


class Pairing:
    """Which athlete each sensor belongs to. An athlete may have several sensors, a sensor one athlete.

    The settings win over a claim, a person's claim over an automatic one. Every sensor of an athlete is recorded
    under its own device, so a second heart-rate sensor adds a series and does not double one.

    Args:
        athletes: the runners of the settings with their sensors, known by address, name or serial.
        claiming: what becomes of a sensor that nobody owns (``collector.claim``).
        state: what :meth:`snapshot` gave, or None.
    """

    def __init__(
        self, athletes: Sequence[Athlete] = (), claiming: Claiming = "ask", state: bytes | None = None
    ) -> None:
        self._athletes = tuple(athletes)
        self._claiming = claiming
        self._claims: dict[str, str] = dict(_parse(state).claims) if state is not None else {}
        self._configured: dict[str, tuple[str, Sensor]] = {}

    @property
    def claims(self) -> Mapping[str, str]:
        """Device to athlete, as claimed; known before a sensor is seen."""
        return self._claims

    @property
    def offers(self) -> bool:
        """Whether a sensor that nobody owns is worth showing."""
        return self._claiming != "off"

    def athlete_of(self, device: str) -> str | None:
        """Whose sensor this is; None when it is nobody's."""
        configured = self._configured.get(device)
        return configured[0] if configured is not None else self._claims.get(device)

    def cadence_unit(self, device: str) -> CadenceUnit:
        """What the settings say this sensor's cadence counts; undecided when they are silent."""
        configured = self._configured.get(device)
        return configured[1].cadence_unit if configured is not None else CadenceUnit.UNDECIDED

    def seen(self, sensor: SensorInfo) -> Paired:
        """A sensor is in the air: find its owner. Seeing it again with more known about it may find one."""
        before = self.athlete_of(sensor.device)
        match = self._match(sensor)
        if match is not None:
            self._configured[sensor.device] = match
        elif before is None and self._claiming == "auto":
            self._claims[sensor.device] = provisional_athlete(sensor.device)
        return Paired(sensor.device, self.athlete_of(sensor.device), before)

    def claim(self, device: str, athlete: str) -> Paired:
        """A person says whose sensor this is; it leaves whoever had it.

        Raises:
            Refused: ``configured_sensor``, the settings give it to somebody else.
        """
        before = self.athlete_of(device)
        configured = self._configured.get(device)
        if configured is not None and configured[0] != athlete:
            raise Refused(
                "configured_sensor",
                f"sensor {device} belongs to {configured[0]} by the settings; change athletes.sensors there",
            )
        self._claims[device] = athlete
        return Paired(device, athlete, before)

    def snapshot(self) -> bytes:
        """The claims as canonical JSON: same claims, same bytes."""
        return PairingState(claims=dict(sorted(self._claims.items()))).model_dump_json().encode()

    def _match(self, sensor: SensorInfo) -> tuple[str, Sensor] | None:
        for athlete in self._athletes:
            for known in athlete.sensors:
                if _is(known, sensor):
                    return athlete.id, known
        return None


def _is(known: Sensor, sensor: SensorInfo) -> bool:
    # Where an address is given it alone decides: two straps of one make carry the same name.
    if known.address is not None:
        return known.address.casefold() in {sensor.address.casefold(), (sensor.serial or "").casefold()}
    return known.name is not None and known.name == sensor.name


def _parse(state: bytes) -> PairingState:
    try:
        return PairingState.model_validate_json(state)
    except ValidationError as error:
        raise Refused(
            "bad_state", f"the kept pairing cannot be read: {error.errors(include_url=False)[0]['msg']}"
        ) from None
