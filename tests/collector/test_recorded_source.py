"""A recording played as a source: the frames of that run, at their moments, in order."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.gatt.heart_rate import decode_heart_rate
from collector.gatt.rsc import decode_rsc
from collector.recorded import RecordedSource, frames_of
from collector.recordings import Recording, UnitDecision
from collector.source import HEART_RATE_MEASUREMENT, RSC_MEASUREMENT, Frame, SensorChanged, SensorSeen
from collector.wearer import Reading
from crampwatch.events import SensorState
from crampwatch.units import CadenceUnit
from tests.support.clocks import START_MS, ManualClock


def reading(**fields) -> Reading:
    return Reading(**{"bpm": 150, "cadence_per_min": 170, "speed_mps": 3.0, "distance_m": 12.0, **fields})


def recording(*points: tuple[float, Reading], name: str = "run") -> Recording:
    unit = UnitDecision(CadenceUnit.STEPS, "test")
    return Recording(name, f"{name}.csv", "running", None, points, marks=(), notes=(), cadence=unit)


def told(run: Recording, dropped: Counter[str] | None = None) -> list[tuple[int, object]]:
    decode = {HEART_RATE_MEASUREMENT: decode_heart_rate, RSC_MEASUREMENT: decode_rsc}
    return [
        (frame.at_ms, decode[frame.characteristic](frame.payload)) for frame in frames_of(run, "pod", 1_000, dropped)
    ]


async def played(source: RecordedSource) -> list:
    return [arrival async for arrival in source.arrivals()]


def test_a_reading_is_a_heart_rate_and_a_gait_frame_at_its_exact_moment():
    (at_ms, rate), (gait_at_ms, gait) = told(recording((2.5, reading(rr_ms=(400.0,), running=True))))

    assert at_ms == gait_at_ms == 3_500
    assert (rate.bpm, rate.rr_ms) == (150, (400.390625,))
    assert (gait.cadence_per_min, gait.speed_mps, gait.distance_m, gait.running) == (170, 3.0, 12.0, True)


def test_what_is_missing_is_not_sent():
    assert told(recording((0, reading(bpm=None, cadence_per_min=None, speed_mps=None)))) == []


def test_beats_without_a_heart_rate_are_sent_with_none():
    (_, rate), _ = told(recording((0, reading(bpm=None, rr_ms=(500.0,)))))
    assert (rate.bpm, rate.rr_ms) == (None, (500.0,))


def test_a_missing_cadence_is_sent_as_missing_never_as_zero():
    _, (_, gait) = told(recording((0, reading(cadence_per_min=None))))
    assert (gait.cadence_per_min, gait.speed_mps) == (None, 3.0)


def test_cadence_whose_speed_is_missing_is_left_out_and_counted():
    dropped = Counter[str]()
    seen = told(recording((0, reading()), (1, reading(speed_mps=None))), dropped)

    assert [at_ms for at_ms, _ in seen] == [1_000, 1_000, 2_000]
    assert dropped["cadence_without_speed"] == 1


def test_a_recording_without_any_speed_sends_its_cadence_as_a_step_counter_does():
    _, (_, gait) = told(recording((0, reading(speed_mps=None, distance_m=None))))
    assert (gait.cadence_per_min, gait.speed_mps) == (170, 0.0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"bpm": 301}, "bpm"),
        ({"cadence_per_min": 255}, "cadence"),
        ({"speed_mps": 256.0, "cadence_per_min": None}, "speed"),
        ({"distance_m": -1.0}, "distance"),
        ({"rr_ms": (64_000.0,)}, "rr"),
        ({"rr_ms": (400.0,) * 33}, "rr"),
    ],
)
def test_what_does_not_fit_the_wire_is_dropped_and_counted_never_clipped(fields, reason):
    dropped = Counter[str]()
    told(recording((0, reading(**fields))), dropped)
    assert +dropped == {reason: 1}


@given(
    st.builds(
        Reading,
        bpm=st.none() | st.integers(-5, 70_000),
        cadence_per_min=st.none() | st.integers(-5, 600),
        speed_mps=st.none() | st.floats(-1, 300),
        distance_m=st.none() | st.floats(-1, 1e8),
        rr_ms=st.lists(st.floats(-1, 70_000), max_size=40).map(tuple),
        running=st.booleans(),
    )
)
def test_any_reading_is_told_as_it_is_or_not_at_all(given_reading):
    for _, value in told(recording((0, given_reading))):
        if hasattr(value, "bpm"):
            assert value.bpm in {None, given_reading.bpm}
        else:
            assert value.cadence_per_min in {None, given_reading.cadence_per_min}
            assert value.speed_mps == pytest.approx(given_reading.speed_mps or 0.0, abs=1 / 512)


async def test_a_sensor_is_seen_and_connected_before_its_frames_and_lost_after_them():
    source = RecordedSource([("Pod 1", recording((1, reading()), (2, reading())))], start_ms=START_MS)
    seen, connected, *frames, lost = await played(source)

    assert isinstance(seen, SensorSeen)
    assert (seen.sensor.device, seen.sensor.name, seen.at_ms) == ("pod-1", "Pod 1", START_MS + 1_000)
    assert isinstance(connected, SensorChanged)
    assert connected.state is SensorState.CONNECTED
    assert all(isinstance(frame, Frame) for frame in frames)
    assert (lost.state, lost.at_ms) == (SensorState.LOST, START_MS + 2_000)


async def test_several_recordings_are_merged_in_time_order_and_counted_each():
    one = recording(*((t, reading()) for t in (0, 2, 4)))
    other = recording(*((t, reading(bpm=None)) for t in (1, 3)))
    source = RecordedSource([("one", one), ("other", other)], start_ms=0)
    moments = [arrival.at_ms for arrival in await played(source)]

    assert moments == sorted(moments)
    assert dict(source.sent) == {
        ("one", HEART_RATE_MEASUREMENT): 3,
        ("one", RSC_MEASUREMENT): 3,
        ("other", RSC_MEASUREMENT): 2,
    }


async def test_what_was_dropped_is_counted_over_all_recordings():
    source = RecordedSource([("one", recording((0, reading(cadence_per_min=255))))], start_ms=0)
    await played(source)
    assert source.dropped["cadence"] == 1


async def test_wanting_a_recorded_sensor_changes_nothing():
    source = RecordedSource([("one", recording((0, reading())))], start_ms=0)
    source.want("one")
    source.want("nobody")
    assert len(await played(source)) == 5


async def test_the_clock_pays_the_frames_out_at_their_moments():
    clock = ManualClock()
    source = RecordedSource([("one", recording((0, reading()), (10, reading())))], start_ms=START_MS, clock=clock)
    taken: list = []

    async def take() -> None:
        async for arrival in source.arrivals():
            now_ms = clock.now_ms()
            taken.append((now_ms - START_MS, arrival.at_ms - START_MS))

    async with asyncio.TaskGroup() as group:
        group.create_task(take())
        await clock.advance(9.9)
        assert len(taken) == 4
        await clock.advance(0.1)
    assert taken == [(0, 0)] * 4 + [(10_000, 10_000)] * 3


async def test_the_stream_can_be_left_early():
    source = RecordedSource([("one", recording(*((t, reading()) for t in range(1_000))))], start_ms=0)
    stream = source.arrivals()
    await anext(stream)
    await stream.aclose()
    assert not source.sent


@pytest.mark.parametrize("keys", [["Pod 1", "pod-1"], ["***"]])
def test_keys_that_make_no_distinct_pseudonyms_are_an_error(keys):
    with pytest.raises(ValueError, match="differ"):
        RecordedSource([(key, recording((0, reading()))) for key in keys], start_ms=0)
