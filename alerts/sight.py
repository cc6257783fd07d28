"""Whether we are blind: which runs are watched, which sensors and services are away, and since when. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from crampwatch.events import SensorState, SensorStatus, ServiceStatus

from .case import Fault, Run
from .guidance import Flow

#: How the collectors of ``crampwatch replay`` begin: nobody runs blind because a recording ends.
REPLAY = "replay"
_MEASURES = {"heart_rate": "heart rate", "cadence": "cadence"}


@dataclass(frozen=True, slots=True)
class _Sensor:
    status: SensorStatus
    lost_since_ms: int | None


class Sight:
    """What can be seen, from what the collectors and services say of themselves.

    A run is watched from its first assessment or finding until ``gap_ms`` after the last. Only what went away during
    the run is missed: a sensor that was left at home, or a service that ended last week, blinds nobody. Of services
    only those are missed that an athlete depends on: the team's processor, and the collectors of the athlete's sensors.

    Args:
        lost_ms: how long something may be away before it is a fault, milliseconds of run time.
        gap_ms: how long a run may be silent before it is over, milliseconds of run time.
        processor: the id of the team's processor.
        runs: the runs known from before.
        gone: the services known from before to be down, since when.
    """

    def __init__(
        self,
        lost_ms: int,
        gap_ms: int,
        *,
        processor: str,
        runs: Mapping[str, Run],
        gone: Mapping[str, int] | None = None,
    ) -> None:
        self._lost_ms = lost_ms
        self._gap_ms = gap_ms
        self._processor = processor
        self._runs = dict(runs)
        self._gone_before = dict(gone or {})
        self._looked_until_ms = max((run.seen_ms for run in runs.values()), default=0)
        self._sensors: dict[str, dict[str, _Sensor]] = {}
        self._down_since_ms: dict[str, int] = {}
        self._alive_ms: dict[str, int] = {}

    def run_seen(self, athlete: str, session: str, at_ms: int) -> Run:
        """An athlete's run gave a sign of life; the run as it is known now."""
        known = self._runs.get(athlete)
        if known is None or (known.session != session and at_ms >= known.seen_ms):
            self._runs[athlete] = known = Run(session, at_ms, at_ms)
        elif known.session == session and at_ms > known.seen_ms:
            self._runs[athlete] = known = replace(known, seen_ms=at_ms)
        return known

    def in_run(self, athlete: str, session: str) -> bool:
        """Whether this is the run that the athlete is in."""
        run = self._runs.get(athlete)
        return run is not None and run.session == session

    def active(self, athlete: str, now_ms: int) -> bool:
        """Whether the athlete's run is watched now."""
        run = self._runs.get(athlete)
        return run is not None and now_ms - run.seen_ms < self._gap_ms

    def sensor(self, athlete: str, device: str, status: SensorStatus | None) -> None:
        """The collector's word on a sensor; None: it is forgotten. A sensor that never connected cannot be lost."""
        mine = self._sensors.setdefault(athlete, {})
        before = mine.get(device)
        if status is None or status.state is SensorState.UNCLAIMED:
            mine.pop(device, None)
        elif status.state is SensorState.CONNECTED:
            mine[device] = _Sensor(status, None)
        elif status.state is SensorState.LOST or before is not None:
            since_ms = status.at_ms if before is None or before.lost_since_ms is None else before.lost_since_ms
            mine[device] = _Sensor(status, since_ms)

    def service(self, instance: str, status: ServiceStatus | None, now_ms: int, *, retained: bool) -> int | None:
        """A service's word on itself, or its last will; None: it is forgotten.

        Returns since when it is down; None: it is not. A will is dated when it was made, so what comes fresh counts
        from now.
        """
        if status is None or status.state == "up":
            self._down_since_ms.pop(instance, None)
            self._alive_ms[instance] = now_ms
            return None
        since_ms = self._went_ms(instance, status.at_ms) if retained else now_ms
        return self._down_since_ms.setdefault(instance, since_ms)

    def faults(self, athlete: str, now_ms: int) -> tuple[Fault, ...]:
        """In which ways we are blind for an athlete now."""
        if not self.active(athlete, now_ms):
            return ()
        return tuple(one for one in self._away(athlete) if now_ms - one.since_ms >= self._lost_ms)

    def athletes(self) -> Iterable[str]:
        """Everybody whose run is known."""
        return tuple(self._runs)

    def wake_at_ms(self, now_ms: int) -> int | None:
        """When :meth:`faults` next changes by time alone; None: not before something is told."""
        dues = []
        for athlete, run in self._runs.items():
            if away := tuple(self._away(athlete)):
                dues += [one.since_ms + self._lost_ms for one in away]
                dues.append(run.seen_ms + self._gap_ms)
        return min((due for due in dues if due > now_ms), default=None)

    def _went_ms(self, instance: str, dated_ms: int) -> int:
        """When a service went of whose end we are told only now, by a word that is at least so old.

        Not before its last word to us. Without one: when an earlier life of ours saw it go, or else after that life.
        """
        known_ms = self._gone_before.get(instance)
        if instance not in self._alive_ms and known_ms is not None and known_ms >= dated_ms:
            return known_ms
        return max(dated_ms, self._alive_ms.get(instance, self._looked_until_ms))

    def _needed(self, athlete: str, run: Run) -> set[str]:
        """The services without which we are blind for an athlete."""
        sensors = self._sensors.get(athlete, {}).values()
        worn = [one for one in sensors if one.lost_since_ms is None or one.lost_since_ms >= run.since_ms]
        collectors = {one.status.collector for one in worn if one.status.collector is not None}
        return {self._processor, *(one for one in collectors if not one.startswith(REPLAY))}

    def _away(self, athlete: str) -> Iterable[Fault]:
        """What went away during the athlete's run, however long ago."""
        run = self._runs[athlete]
        for _, sensor in sorted(self._sensors.get(athlete, {}).items()):
            since_ms = sensor.lost_since_ms
            if since_ms is not None and since_ms >= run.since_ms:
                measures = " and ".join(_MEASURES[one] for one in sensor.status.measures)
                what = f"{sensor.status.name} ({measures})" if measures else sensor.status.name
                yield Fault(Flow.FAULT_SENSOR, since_ms, f"no signal from {what}")
        needed = self._needed(athlete, run)
        for instance, since_ms in sorted(self._down_since_ms.items()):
            if instance in needed and since_ms >= run.since_ms:
                yield Fault(Flow.FAULT_SERVICE, since_ms, f"{instance} has stopped")
