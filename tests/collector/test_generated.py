"""A generated run on a virtual watch: over the radio into the samples that the run has."""

import asyncio
import contextlib
import random
from dataclasses import replace

import pytest

from collector.ble import BleSource, pseudonym
from collector.generated import Generated, cadence_counts, generated
from collector.intake import Intake
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from collector.simulated import SimulatedRunner
from crampwatch.events import CadenceMeasured, HeartRateMeasured, SpeedMeasured
from crampwatch.units import CadenceUnit
from simulator.draw import draw
from simulator.families import KINDS
from simulator.session import Second, Session, Truth
from tests.collector.radio.rig import ADDRESS, SOON_MS, Reader, nothing_left_running
from tests.support.clocks import ManualClock

LENGTH_S = 240


def part(session, start_s=600):
    """Some minutes of a run, as a run of their own."""
    seconds = tuple(one._replace(t_s=one.t_s - start_s) for one in session.seconds[start_s : start_s + LENGTH_S])
    return replace(session, seconds=seconds)


def with_gaps(session):
    """A minute without heart rate, then half a minute without cadence; both for less than a link is given up for."""
    seconds = [
        one._replace(
            bpm=None if 60 <= one.t_s < 120 else one.bpm,
            rr_ms=() if 60 <= one.t_s < 120 else one.rr_ms,
            spm=None if 115 <= one.t_s < 145 else one.spm,
        )
        for one in session.seconds
    ]
    return replace(session, seconds=tuple(seconds))


async def over_the_radio(wearer):
    """Every sample, by (seconds since the start, kind), of a run that a virtual watch sends."""
    clock = ManualClock()
    async with nothing_left_running(), contextlib.AsyncExitStack() as stack:
        air = Air()
        adapter = await stack.enter_async_context(VirtualAdapter(air))
        counts = cadence_counts(wearer)
        made = Watch(air, wearer, ADDRESS, clock, advertising_ms=SOON_MS, cadence_counts=counts)
        watch = await stack.enter_async_context(made)
        source = BleSource(clock=clock, adapter=adapter, rng=random.Random(7))
        reader = await stack.enter_async_context(Reader(source))
        async with asyncio.timeout(10):
            while not reader.frames():
                await clock.advance(0)
        await clock.advance(wearer.length_s)
        assert watch.unsendable == 0
        intake = Intake()
        intake.override_unit(pseudonym(ADDRESS), counts)
        samples = {}
        for frame in reader.frames():
            second = (frame.at_ms - watch.start_ms) // 1_000
            samples |= {(second, type(one)): one for one in intake.take("ada", frame).samples}
        return samples


@pytest.mark.parametrize("strides", [False, True])
async def test_what_a_generated_runner_does_arrives_as_it_was_drawn(strides):
    session = with_gaps(part(draw(3, "city", beats=True)))
    if strides:
        seconds = tuple(one._replace(spm=None if one.spm is None else one.spm // 2) for one in session.seconds)
        truth = Truth("faults", faulty_s=((0.0, float(LENGTH_S), "strides instead of steps"),))
        session = replace(session, seconds=seconds, truth=truth)
    samples = await over_the_radio(Generated(session))
    expected = 0
    for one in session.seconds:
        if one.bpm is not None:
            heart = samples[one.t_s, HeartRateMeasured]
            assert heart.bpm == one.bpm
            assert heart.rr_ms == pytest.approx(one.rr_ms, abs=0.5)
            expected += 1
        if one.spm is not None:
            assert samples[one.t_s, CadenceMeasured].spm == one.spm * (2 if strides else 1)
            assert samples[one.t_s, SpeedMeasured].mps == pytest.approx(one.mps, abs=1 / 256)
            expected += 2
    assert len(samples) == expected, "nothing was sent where the sensors had nothing"


def test_what_came_twice_or_from_before_is_left_out():
    seconds = (Second(0.0, 100, 170, 3.0), Second(0.0, 100, 170, 3.0), Second(3.0, 101, 171, 3.0), Second(1.0, 9, 9, 9))
    wearer = Generated(Session("made-1", 1, Truth("faults"), seconds))
    assert [at_s for at_s, _ in wearer.readings()] == [0.0, 3.0]
    assert wearer.length_s == 3.0
    assert wearer.name == "made-1"


@pytest.mark.parametrize(("spm", "running"), [(None, False), (0, False), (110, False), (170, True)])
def test_who_takes_many_steps_runs(spm, running):
    wearer = Generated(Session("made-1", 1, Truth("easy"), (Second(0.0, 100, spm, 3.0),)))
    ((_, reading),) = wearer.readings()
    assert reading.running is running
    assert reading.cadence_per_min == spm


def test_a_group_is_of_one_kind_or_of_all_in_turn():
    assert [one.name for one in generated(2, "hills", 5)] == ["hills-5", "hills-6"]
    assert [one.session.truth.family for one in generated(3, "all", 5)] == list(KINDS[:3])
    with pytest.raises(ValueError, match="kinds are easy"):
        generated(1, "eesy", 5)


def test_a_group_has_beats_and_the_other_generator_s_cramps_when_asked():
    (main,), (other,) = generated(1, "cramp", 5), generated(1, "cramp", 5, "other")
    assert any(one.rr_ms for one in main.session.seconds)
    assert main.session.truth.onset_s != other.session.truth.onset_s


def test_scripted_runners_count_steps():
    assert cadence_counts(SimulatedRunner(1, "steady", "Ada")) is CadenceUnit.STEPS
