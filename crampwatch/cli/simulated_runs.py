"""Simulated runners as sensors of a collector, on the wall clock: what a restart misses is missed, as on a track."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from collector.generated import Generated, cadence_counts
from collector.recorded import RecordedSource
from collector.recordings import Recording, UnitDecision
from collector.simulated import SimulatedRunner
from collector.source import Arrival
from collector.wearer import Reading
from crampwatch.cli.serving import alone
from crampwatch.clock import Clock
from crampwatch.errors import Misconfigured
from crampwatch.settings import Athlete, Sensor, Settings
from crampwatch.units import MINUTE_MS, SECOND_MS, CadenceUnit

#: Where the moment is kept at which the runners set out.
FILE_NAME = "simulated.json"

Wearers = Sequence[SimulatedRunner | Generated]


class Outings:
    """A :class:`collector.source.Source` of runners who set out together, and again once the last of them is home.

    Args:
        wearers: who runs.
        clock: the wall's.
        folder: where the moment is kept at which they set out, so that another start finds them where they are.
        into_ms: how long they have run when nothing is known of them; that part comes at once.

    Raises:
        Misconfigured: by :meth:`arrivals`, the folder or the note in it cannot be used.
    """

    def __init__(self, wearers: Wearers, clock: Clock, folder: Path, into_ms: int) -> None:
        self._wearers = tuple(wearers)
        self._clock = clock
        self._note = folder / FILE_NAME
        self._into_ms = into_ms
        self._length_ms = max(int(wearer.length_s * SECOND_MS) for wearer in wearers)

    def want(self, device: str) -> None:
        """Nothing to do: they are always in reach."""

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """Everything that happens, in time order, without end."""
        while True:
            start_ms, told_ms = self._under_way()
            runs = [
                (sensor_name(number), run)
                for number, wearer in enumerate(self._wearers, start=1)
                if (run := _recording(wearer, (told_ms - start_ms) / SECOND_MS)).points
            ]
            async for arrival in RecordedSource(runs, start_ms, self._clock).arrivals():
                yield arrival

    def _under_way(self) -> tuple[int, int]:
        """When they set out, and up to which moment they are not to be told of (again)."""
        now_ms = self._clock.now_ms()
        try:
            self._note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._note.exists():
                start_ms = int(json.loads(self._note.read_bytes())["start_ms"])
                if start_ms <= now_ms < start_ms + self._length_ms - SECOND_MS:
                    return start_ms, now_ms
            start_ms = now_ms - self._into_ms
            fresh = self._note.with_suffix(".new")
            fresh.write_text(json.dumps({"start_ms": start_ms}), encoding="utf-8")
            fresh.replace(self._note)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Misconfigured("state_dir", f"{self._note} cannot be used: {error}; remove it") from error
        return start_ms, start_ms - 1


def sensor_name(number: int) -> str:
    """What the sensor of the number-th runner is called."""
    return f"simulated-{number:02}"


def cast_settings(base: Settings, wearers: Wearers) -> Settings:
    """The user's settings with the simulated runners for athletes."""
    athletes = tuple(
        Athlete(id=f"runner-{number:02}", name=wearer.name, sensors=(Sensor(name=sensor_name(number)),))
        for number, wearer in enumerate(wearers, start=1)
    )
    collector = base.collector.model_copy(update={"claim": "off"})
    return base.model_copy(update={"athletes": athletes, "collector": collector})


async def serve(base: Settings, wearers: Wearers, into_min: float) -> None:
    """Collect from simulated runners until stopped."""
    settings = cast_settings(base, wearers)
    into_ms = int(into_min * MINUTE_MS)
    await alone(
        settings,
        "collector",
        lambda home: home.collector(Outings(wearers, home.clock, settings.state_dir, into_ms)),
    )


def _recording(wearer: SimulatedRunner | Generated, after_s: float) -> Recording:
    unit = cadence_counts(wearer)
    return Recording(
        name=wearer.name,
        file="simulated",
        sport="running",
        started_ms=None,
        points=tuple((at_s, _sent(reading, unit)) for at_s, reading in wearer.readings() if at_s > after_s),
        marks=(),
        notes=(),
        cadence=UnitDecision(unit, "simulated"),
    )


def _sent(reading: Reading, unit: CadenceUnit) -> Reading:
    """What goes on the wire: a watch that counts strides says half as many."""
    if unit is CadenceUnit.STEPS or reading.cadence_per_min is None:
        return reading
    return replace(reading, cadence_per_min=reading.cadence_per_min // 2)
