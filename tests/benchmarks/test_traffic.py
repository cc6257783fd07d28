"""What the benchmarks send is what a collector would send; otherwise their figures say nothing."""

import doctest

import pytest

from benchmarks import figures, traffic, wire
from benchmarks.traffic import RUNS, SAMPLES_A_MESSAGE, Runners, Schedule, Step
from crampwatch.codec import decode
from crampwatch.topics import Kind, Topic
from tests.support.clocks import START_MS


@pytest.mark.parametrize("module", [figures, traffic, wire], ids=lambda module: module.__name__)
def test_the_examples_of_the_benchmarks_hold(module):
    assert doctest.testmod(module).failed == 0


async def test_every_message_is_telemetry_with_its_own_row_athlete_and_moment():
    runners = await Runners.write("club", "pi", seconds=3)
    plan = Schedule([Step(RUNS, 2), Step(2 * RUNS, 1)], START_MS)
    for one in plan.messages():
        topic, payload = runners.message(one)
        telemetry = decode(Kind.TELEMETRY, payload)
        assert Topic.parse(topic.decode()).athlete == f"r{one.who:05}"
        assert (telemetry.collector, telemetry.row) == ("pi", one.row)
        assert telemetry.samples[0].at_ms == one.at_ms
        assert len(telemetry.samples) == SAMPLES_A_MESSAGE
    assert plan.rows == 4 * RUNS


async def test_no_two_samples_of_an_athlete_have_one_name():
    runners = await Runners.write("club", "pi", seconds=3)
    own = [one for one in Schedule([Step(2, 3)], START_MS).messages() if one.who == 1]
    samples = [sample for one in own for sample in decode(Kind.TELEMETRY, runners.message(one)[1]).samples]
    assert len({(sample.device, sample.seq) for sample in samples}) == len(samples)
    assert sorted(samples, key=lambda sample: (sample.at_ms, sample.seq)) == samples
