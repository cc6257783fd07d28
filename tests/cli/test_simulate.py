"""Simulated runners in the place of sensors: under way already, found again after a restart, never told of twice."""

import asyncio
import contextlib

import pytest

from collector.gatt.rsc import decode_rsc
from collector.generated import Generated
from collector.simulated import group
from collector.source import RSC_MEASUREMENT, Frame
from crampwatch.cli import stage
from crampwatch.cli.simulated_runs import FILE_NAME, Outings, cast_settings, sensor_name
from crampwatch.errors import Misconfigured
from crampwatch.settings import Settings
from simulator.session import Second, Session, Truth
from tests.support.clocks import START_MS, ManualClock

INTO_MS = 120_000


class Listener:
    """Takes what the runners' sensors send, as long as it is told to."""

    def __init__(self, clock, folder, runners=2):
        self.clock = clock
        self.frames = []
        self._source = Outings(group(runners, 7), clock, folder, INTO_MS)

    async def __aenter__(self):
        self._task = asyncio.create_task(self._listen())
        await self.clock.advance(0, turns=200)
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _listen(self):
        async for arrival in self._source.arrivals():
            if isinstance(arrival, Frame):
                self.frames.append(arrival)

    @property
    def moments_s(self):
        """Seconds after the clock's first moment at which something was measured."""
        return sorted({(frame.at_ms - START_MS) // 1_000 for frame in self.frames})


async def test_what_they_ran_before_comes_at_once_and_the_rest_at_the_pace_of_life(tmp_path):
    async with Listener(ManualClock(), tmp_path) as listener:
        assert listener.moments_s == list(range(-120, 1))
        await listener.clock.advance(5, turns=200)
        assert listener.moments_s == list(range(-120, 6))


async def test_started_again_in_the_middle_they_run_on_and_what_nobody_heard_is_gone(tmp_path):
    clock = ManualClock()
    async with Listener(clock, tmp_path) as first:
        await clock.advance(5, turns=200)
    await clock.advance(30)
    async with Listener(clock, tmp_path) as second:
        await clock.advance(5, turns=200)
    assert first.moments_s[-1] == 5
    assert second.moments_s == list(range(36, 41))
    told = {(frame.device, frame.characteristic, frame.at_ms): frame.payload for frame in first.frames}
    assert not told.keys() & {(frame.device, frame.characteristic, frame.at_ms) for frame in second.frames}


async def test_when_the_last_of_them_is_home_they_set_out_anew(tmp_path):
    clock = ManualClock()
    async with Listener(clock, tmp_path, runners=1) as listener:
        length_s = int(group(1, 7)[0].scenario.length_s)
        first_home_s = length_s - INTO_MS // 1_000
        await clock.advance(first_home_s, turns=500)
        assert listener.moments_s[-1] == first_home_s
        await clock.advance(5, turns=500)
        again = [frame for frame in listener.frames if frame.at_ms > START_MS + first_home_s * 1_000]
        assert again


async def test_a_note_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_text("[")
    with pytest.raises(Misconfigured, match=FILE_NAME):
        await anext(Outings(group(1, 7), ManualClock(), tmp_path, INTO_MS).arrivals())


async def test_a_generated_runner_is_collected_as_his_watch_counts(tmp_path):
    seconds = tuple(Second(float(at_s), 140, 84, 3.0) for at_s in range(300))
    truth = Truth("faults", faulty_s=((0.0, 300.0, "strides instead of steps"),))
    wearer = Generated(Session("faults-1", 1, truth, seconds))
    clock = ManualClock()
    arrivals = Outings((wearer,), clock, tmp_path, INTO_MS).arrivals()
    frames = [one for _ in range(60) if isinstance(one := await anext(arrivals), Frame)]
    told = {decode_rsc(one.payload).cadence_per_min for one in frames if one.characteristic == RSC_MEASUREMENT}
    assert told == {84}
    await arrivals.aclose()


def test_each_runner_has_a_sensor_and_no_other_is_claimed():
    settings = cast_settings(Settings(), group(3, 7))
    assert [one.id for one in settings.athletes] == ["runner-01", "runner-02", "runner-03"]
    assert [one.sensors[0].name for one in settings.athletes] == [sensor_name(number) for number in (1, 2, 3)]
    assert settings.collector.claim == "off"


def test_a_demo_of_a_kind_puts_generated_runners_on_its_virtual_watches():
    cast = stage.the_cast(2, None, 5, "hills")
    assert [one.wearer.name for one in cast] == ["hills-5", "hills-6"]
    assert stage.length_s(cast) == max(one.wearer.length_s for one in cast) > 3_000
