"""A source that a test scripts, and builders of the frames it sends."""

import asyncio

from collector.gatt.battery import encode_battery
from collector.gatt.heart_rate import HeartRate, encode_heart_rate
from collector.gatt.rsc import RunningSpeedCadence, encode_rsc
from collector.source import (
    BATTERY_LEVEL,
    HEART_RATE_MEASUREMENT,
    RSC_MEASUREMENT,
    Frame,
    SensorChanged,
    SensorInfo,
    SensorSeen,
)
from crampwatch.events import SensorState

from .clocks import START_MS

HEART_RATE_SERVICE = 0x180D
RSC_SERVICE = 0x1814


def heart_rate(device="watch-1", at_ms=START_MS, bpm=150, rr_ms=()):
    return Frame(device, HEART_RATE_MEASUREMENT, encode_heart_rate(HeartRate(bpm, None, tuple(rr_ms))), at_ms)


def gait(device="watch-1", at_ms=START_MS, per_min=86, mps=2.9, running=True, distance_m=None):
    reading = RunningSpeedCadence(mps, per_min, None, distance_m, running)
    return Frame(device, RSC_MEASUREMENT, encode_rsc(reading), at_ms)


def battery(device="watch-1", at_ms=START_MS, percent=80):
    return Frame(device, BATTERY_LEVEL, encode_battery(percent), at_ms)


def seen(device="watch-1", at_ms=START_MS, **info):
    known = {
        "address": f"AA:{device}",
        "name": device.upper(),
        "services": frozenset({HEART_RATE_SERVICE, RSC_SERVICE}),
    }
    return SensorSeen(SensorInfo(device, **{**known, **info}), at_ms)


def linked(device="watch-1", at_ms=START_MS, state=SensorState.CONNECTED):
    return SensorChanged(device, state, at_ms)


def ticks(device="watch-1", seconds=10, start_ms=START_MS, **gait_values):
    """A heart-rate and a gait frame each second, as a watch sends them."""
    for second in range(seconds):
        at_ms = start_ms + second * 1_000
        yield heart_rate(device, at_ms, bpm=140 + second % 20)
        yield gait(device, at_ms, **gait_values)


class ScriptedSource:
    """Sends what it is given, when it is given; ends when it is told to."""

    def __init__(self, *arrivals, then_ends=False):
        self.wanted = []
        self.closed = False
        self._waiting = asyncio.Queue()
        self.send(*arrivals)
        if then_ends:
            self.end()

    def want(self, device):
        self.wanted.append(device)

    def send(self, *arrivals):
        for arrival in arrivals:
            self._waiting.put_nowait(arrival)

    def end(self):
        self._waiting.put_nowait(None)

    def break_with(self, error):
        self._waiting.put_nowait(error)

    async def arrivals(self):
        try:
            while (arrival := await self._waiting.get()) is not None:
                if isinstance(arrival, Exception):
                    raise arrival
                yield arrival
        finally:
            self.closed = True
