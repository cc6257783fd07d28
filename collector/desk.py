"""Where arrivals become what is kept, said and asked for: whose sensor, which samples, which status. No waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from collector.gatt.battery import decode_battery
from collector.intake import Intake
from collector.naming import public_name
from collector.pairing import Paired, Pairing
from collector.source import (
    BATTERY_LEVEL,
    HEART_RATE_MEASUREMENT,
    RSC_MEASUREMENT,
    Arrival,
    Frame,
    SensorChanged,
    SensorInfo,
    SensorSeen,
)
from collector.spool import Unsent
from crampwatch.codec import encode
from crampwatch.errors import Refused
from crampwatch.events import Sample, SensorClaimed, SensorState, SensorStatus
from crampwatch.metrics import Counters
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import CadenceUnit

#: The most samples of one message: far below the size that brokers take, some minutes of one runner.
MESSAGE_SAMPLES = 512
PAIRING = "pairing"
#: The reason why a frame of a sensor that belongs to nobody is refused.
UNCLAIMED = "unclaimed_sensor"

Measure = Literal["heart_rate", "cadence"]
_MEASURES_OF_SERVICE: Mapping[int, Measure] = {0x180D: "heart_rate", 0x1814: "cadence"}
_MEASURES_OF_CHARACTERISTIC: Mapping[int, Measure] = {HEART_RATE_MEASUREMENT: "heart_rate", RSC_MEASUREMENT: "cadence"}
_LONGEST_NAME = 80
#: 127 is the radio's word for unknown.
_RSSI_DBM = range(-127, 21)


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of some arrivals: messages and states to keep together, statuses to say, sensors to connect.

    A status of None clears what was retained on its topic.
    """

    messages: tuple[Unsent, ...]
    state: Mapping[str, bytes]
    statuses: Mapping[Topic, bytes | None]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sensor:
    """What is known of one sensor, seen or only remembered. ``name`` as advertised, ``model`` as its maker says."""

    device: str
    name: str = ""
    model: str | None = None
    link: SensorState = SensorState.SEARCHING
    at_ms: int = 0
    measures: frozenset[Measure] = frozenset()
    battery_percent: int | None = None
    rssi_dbm: int | None = None
    cadence_unit: CadenceUnit = CadenceUnit.UNDECIDED


@dataclass(slots=True)
class _Pending:
    """What has been gathered for the next batch."""

    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    statuses: dict[Topic, bytes | None] = field(default_factory=dict)
    wanted: dict[str, None] = field(default_factory=dict)
    pairing: bool = False


class Desk:
    """Takes arrivals one by one and hands over batches.

    The status of a sensor that nobody has claimed carries its advertised name, because a person must recognise it;
    once it is somebody's it goes by its product (:func:`collector.naming.public_name`).

    Args:
        team: the team of the athletes' topics.
        collector: this collector's id, under which unclaimed sensors are offered.
        pairing: whose sensor is whose.
        intake: what frames mean.
        counters: ``frames``, ``reconnects``, ``refused`` by reason.
    """

    def __init__(self, *, team: str, collector: str, pairing: Pairing, intake: Intake, counters: Counters) -> None:
        self._team = team
        self._collector = collector
        self._pairing = pairing
        self._intake = intake
        self._counters = counters
        self._sensors: dict[str, _Sensor] = {}
        self._pending = _Pending()

    @property
    def connected(self) -> int:
        """How many sensors are connected."""
        return sum(sensor.link is SensorState.CONNECTED for sensor in self._sensors.values())

    @property
    def newest_ms(self) -> int:
        """The newest moment that was given to a sample; -1 before the first."""
        return self._intake.newest_ms

    def begin(self, now_ms: int) -> None:
        """Ask for every sensor that was claimed before; it is searched for although nobody has seen it yet."""
        for device in self._pairing.claims:
            self._pending.wanted[device] = None
            self._update(_Sensor(device, name=device), now_ms)

    def take(self, arrival: Arrival | SensorClaimed) -> None:
        """Take one arrival or claim.

        Raises:
            Refused: it cannot be used; it is counted by reason, and the desk goes on as before.
        """
        match arrival:
            case Frame():
                self._frame(arrival)
            case SensorSeen():
                self._seen(arrival)
            case SensorChanged():
                self._linked(arrival)
            case SensorClaimed():
                self._claimed(arrival)

    def batch(self) -> Batch:
        """Everything since the last batch."""
        pending, self._pending = self._pending, _Pending()
        state = self._intake.changes()
        if pending.pairing:
            state[PAIRING] = self._pairing.snapshot()
        messages = tuple(
            Unsent(athlete, session, tuple(samples[start : start + MESSAGE_SAMPLES]))
            for (athlete, session), samples in pending.samples.items()
            for start in range(0, len(samples), MESSAGE_SAMPLES)
        )
        return Batch(messages, state, pending.statuses, tuple(pending.wanted))

    # --- one kind of arrival each ---------------------------------------------------------------------------

    def _frame(self, frame: Frame) -> None:
        self._counters.add("frames")
        athlete = self._pairing.athlete_of(frame.device)
        if athlete is None:
            self._counters.add("refused", UNCLAIMED)
            raise Refused(UNCLAIMED, f"{frame.device} belongs to nobody: claim it on the page or in athletes")
        taken = self._intake.take(athlete, frame)
        if taken.samples:
            self._pending.samples.setdefault((athlete, taken.session), []).extend(taken.samples)
        self._learn(frame)

    def _learn(self, frame: Frame) -> None:
        """A frame also says something of its sensor: what it measures, its battery, its unit."""
        known = self._sensors.get(frame.device) or _Sensor(frame.device, name=frame.device)
        if frame.characteristic == BATTERY_LEVEL:
            sensor = replace(known, battery_percent=decode_battery(frame.payload))
        else:
            measures = known.measures | {_MEASURES_OF_CHARACTERISTIC[frame.characteristic]}
            unit = self._intake.unit_of(frame.device)
            if measures == known.measures and unit is known.cadence_unit:
                return
            sensor = replace(known, measures=measures, cadence_unit=unit)
        if sensor != known:
            self._update(sensor, frame.at_ms)

    def _seen(self, seen: SensorSeen) -> None:
        device = seen.sensor.device
        paired = self._pairing.seen(seen.sensor)
        if paired.athlete is None and not self._pairing.offers:
            return
        override = self._pairing.cadence_unit(device)
        if override is not CadenceUnit.UNDECIDED:
            self._intake.override_unit(device, override)
        known = self._sensors.get(device) or _Sensor(device)
        self._place(paired)
        self._update(replace(_described(known, seen.sensor), cadence_unit=self._intake.unit_of(device)), seen.at_ms)

    def _linked(self, changed: SensorChanged) -> None:
        known = self._sensors.get(changed.device) or _Sensor(changed.device, name=changed.device)
        if known.link is SensorState.LOST and changed.state is SensorState.CONNECTED:
            self._counters.add("reconnects")
        self._update(replace(known, link=changed.state), changed.at_ms)

    def _claimed(self, claim: SensorClaimed) -> None:
        try:
            paired = self._pairing.claim(claim.device, claim.athlete)
        except Refused as refusal:
            self._counters.add("refused", refusal.reason)
            raise
        self._place(paired)
        self._update(self._sensors.get(claim.device) or _Sensor(claim.device, name=claim.device), claim.at_ms)

    # --- what follows ---------------------------------------------------------------------------------------

    def _place(self, paired: Paired) -> None:
        if not paired.changed:
            return
        self._pending.pairing = True
        self._pending.statuses[self._topic(paired.device, paired.before)] = None
        if paired.athlete is not None:
            self._pending.wanted[paired.device] = None

    def _update(self, sensor: _Sensor, at_ms: int) -> None:
        self._sensors[sensor.device] = sensor = replace(sensor, at_ms=max(at_ms, sensor.at_ms))
        athlete = self._pairing.athlete_of(sensor.device)
        name = sensor.name if athlete is None else public_name(sensor.device, sensor.name, sensor.model)
        status = SensorStatus(
            device=sensor.device,
            name=name[:_LONGEST_NAME],
            state=SensorState.UNCLAIMED if athlete is None else sensor.link,
            at_ms=sensor.at_ms,
            measures=tuple(sorted(sensor.measures, reverse=True)),
            battery_percent=sensor.battery_percent,
            rssi_dbm=sensor.rssi_dbm,
            cadence_unit=sensor.cadence_unit,
            collector=self._collector,
        )
        self._pending.statuses[self._topic(sensor.device, athlete)] = encode(status)

    def _topic(self, device: str, athlete: str | None) -> Topic:
        if athlete is None:
            return Topic(SYSTEM, self._collector, Kind.STATUS, device)
        return Topic(self._team, athlete, Kind.STATUS, device)


def _described(known: _Sensor, info: SensorInfo) -> _Sensor:
    measures = known.measures | {m for service, m in _MEASURES_OF_SERVICE.items() if service in info.services}
    return replace(
        known,
        name=info.name or known.name or info.device,
        model=info.model or known.model,
        measures=measures,
        rssi_dbm=info.rssi_dbm if info.rssi_dbm in _RSSI_DBM else known.rssi_dbm,
    )
