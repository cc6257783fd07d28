"""Recordings as a source of frames: the bytes that a strap and a foot pod would have sent on that run."""

import asyncio
import heapq
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TypeVar

from crampwatch.clock import Clock
from crampwatch.events import SensorState
from crampwatch.units import SECOND_MS

from .gatt.heart_rate import HeartRate, encode_heart_rate
from .gatt.rsc import RunningSpeedCadence, encode_rsc
from .recordings import Recording
from .source import HEART_RATE_MEASUREMENT, RSC_MEASUREMENT, Arrival, Frame, SensorChanged, SensorInfo, SensorSeen
from .wearer import Reading

HEART_RATE_SERVICE = 0x180D
RSC_SERVICE = 0x1814

#: What one heart-rate sample carries on. Watches hand over the beats of a long pause in one heap of hundreds.
_MOST_RR = 32
#: What the fields hold: 1/1024 s in 16 bits, 0xFF kept for a missing cadence, 1/256 m/s in 16 bits, and what the
#: decoders take for possible.
_SHORTEST_RR_MS, _LONGEST_RR_MS = 1.0, 63_999.0
_HIGHEST_BPM = 300
_HIGHEST_PER_MIN = 254
_FASTEST_MPS = 255.99
_FARTHEST_M = 1e7
#: How many frames are handed out before the event loop may do something else.
_BURST = 100


Number = TypeVar("Number", int, float)


def frames_of(recording: Recording, device: str, start_ms: int, dropped: Counter[str] | None = None) -> Iterator[Frame]:
    """What a sensor called ``device`` would have sent: a heart-rate and an RSC frame per reading.

    ``at_ms`` is exactly ``start_ms`` plus the reading's second. A value that the recording does not have is not
    sent. RSC has no word for a missing speed, so cadence without speed is left out; only where the whole
    recording has no speed it is sent with speed 0, as pods that count steps alone do.

    Args:
        recording: the run.
        device: the pseudonym that the frames carry.
        start_ms: the moment of second 0, UTC.
        dropped: counts what does not fit the wire, by reason: ``bpm``, ``rr``, ``cadence``, ``speed``, ``distance``,
            ``cadence_without_speed``.
    """
    lost = Counter[str]() if dropped is None else dropped
    speedless = all(reading.speed_mps is None for _, reading in recording.points)
    for t_s, reading in recording.readings():
        at_ms = start_ms + round(t_s * SECOND_MS)
        heart_rate = _heart_rate(reading, lost)
        if heart_rate is not None:
            yield Frame(device, HEART_RATE_MEASUREMENT, heart_rate, at_ms)
        gait = _gait(reading, speedless, lost)
        if gait is not None:
            yield Frame(device, RSC_MEASUREMENT, gait, at_ms)


def _heart_rate(reading: Reading, lost: Counter[str]) -> bytes | None:
    bpm = _within(reading.bpm, 1, _HIGHEST_BPM, "bpm", lost)
    rr_ms = tuple(rr for rr in reading.rr_ms[:_MOST_RR] if _SHORTEST_RR_MS <= rr < _LONGEST_RR_MS)
    lost["rr"] += len(reading.rr_ms) - len(rr_ms)
    if bpm is None and not rr_ms:
        return None
    return encode_heart_rate(HeartRate(bpm, contact=None, rr_ms=rr_ms))


def _gait(reading: Reading, speedless: bool, lost: Counter[str]) -> bytes | None:
    cadence = _within(reading.cadence_per_min, 0, _HIGHEST_PER_MIN, "cadence", lost)
    speed = _within(reading.speed_mps, 0, _FASTEST_MPS, "speed", lost)
    distance = _within(reading.distance_m, 0, _FARTHEST_M, "distance", lost)
    if speed is None and speedless and cadence is not None:
        speed = 0.0
    if speed is None:
        lost["cadence_without_speed"] += cadence is not None
        return None
    return encode_rsc(RunningSpeedCadence(speed, cadence, stride_m=None, distance_m=distance, running=reading.running))


def _within(value: Number | None, low: float, high: float, reason: str, lost: Counter[str]) -> Number | None:
    """The value if it fits its field; else None, and counted: never clipped."""
    if value is None or low <= value <= high:
        return value
    lost[reason] += 1
    return None


class RecordedSource:
    """A :class:`collector.source.Source` over recordings that are played together, merged in time order.

    Each recording is one sensor that is in reach from its first second to its last, wanted or not: seen,
    connected, its frames, lost. Then the stream ends.

    Args:
        recordings: (key, recording) each; the key is the sensor's name and address, and made an id its pseudonym.
        start_ms: the moment of every recording's second 0, UTC.
        clock: pays out the frames at their moments; without one they come as fast as they are taken.

    Raises:
        ValueError: two keys make the same pseudonym, or a key makes none.
    """

    def __init__(self, recordings: Sequence[tuple[str, Recording]], start_ms: int, clock: Clock | None = None) -> None:
        self._recordings = {_pseudonym(key): (key, recording) for key, recording in recordings}
        if len(self._recordings) != len(recordings) or "" in self._recordings:
            raise ValueError(f"keys must differ and hold letters or digits: {[key for key, _ in recordings]}")
        self._start_ms = start_ms
        self._clock = clock
        self._sent: Counter[tuple[str, int]] = Counter()
        self._dropped: Counter[str] = Counter()

    @property
    def sent(self) -> Mapping[tuple[str, int], int]:
        """Frames handed out so far, by (device, characteristic)."""
        return self._sent

    @property
    def dropped(self) -> Mapping[str, int]:
        """What did not fit the wire so far, by the reasons of :func:`frames_of`."""
        return self._dropped

    def want(self, device: str) -> None:
        """Nothing to do: a recording is always in reach."""

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """Everything that happens, in time order."""
        streams = [self._life_of(device) for device in self._recordings]
        for number, arrival in enumerate(heapq.merge(*streams, key=lambda arrival: arrival.at_ms)):
            if self._clock is not None:
                early_ms = arrival.at_ms - self._clock.now_ms()
                if early_ms > 0:
                    await self._clock.sleep(early_ms / SECOND_MS)
            if number % _BURST == 0:
                await asyncio.sleep(0)
            if isinstance(arrival, Frame):
                self._sent[arrival.device, arrival.characteristic] += 1
            yield arrival

    def _life_of(self, device: str) -> Iterator[Arrival]:
        key, recording = self._recordings[device]
        first_s, last_s = recording.points[0][0], recording.points[-1][0]
        first_ms = self._start_ms + round(first_s * SECOND_MS)
        services = frozenset({HEART_RATE_SERVICE, RSC_SERVICE})
        yield SensorSeen(SensorInfo(device, address=key, name=key, services=services), first_ms)
        yield SensorChanged(device, SensorState.CONNECTED, first_ms, why=f"plays {recording.name}")
        yield from frames_of(recording, device, self._start_ms, self._dropped)
        last_ms = self._start_ms + round(last_s * SECOND_MS)
        yield SensorChanged(device, SensorState.LOST, last_ms, why="the recording ended")


def _pseudonym(key: str) -> str:
    """The key as an id: it may stand in a topic."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:64].strip("-")
