"""A service's word on itself: up while it is, with a few figures, and down at the end."""

import asyncio
import logging

import pytest

from crampwatch import __version__
from crampwatch.codec import decode
from crampwatch.errors import Refused, Unavailable
from crampwatch.herald import EVERY_S, RETRY_S, Herald
from crampwatch.metrics import Gauge
from tests.support.clocks import START_MS, ManualClock
from tests.support.services import Patient


class Post:
    """Keeps what was published, or raises."""

    def __init__(self):
        self.sent = []
        self.error = None

    async def publish(self, topic, payload):
        if self.error is not None:
            raise self.error
        self.sent.append(decode(topic.kind, payload))


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def patient():
    return Patient()


@pytest.fixture
def herald(patient, clock):
    return Herald("collector-1", patient.vitals, clock)


async def test_it_says_up_again_and_again_and_down_at_the_end(herald, clock):
    post = Post()
    async with herald.speaking(post):
        task = asyncio.create_task(herald.run(post))
        await clock.advance(2 * EVERY_S)
        task.cancel()
    assert [one.state for one in post.sent] == ["up", "up", "up", "down"]
    assert [one.at_ms - START_MS for one in post.sent] == [0, 10_000, 20_000, 20_000]
    assert post.sent[-1].detail["ended"] == "in order"
    assert "ended" not in post.sent[0].detail


async def test_a_status_holds_who_it_is_since_when_and_a_few_figures(herald, patient, clock):
    post = Post()
    patient.ready.set()
    patient.gauges = [
        Gauge("spool_rows", 12.0),
        Gauge("lag_seconds", 3, {"athlete": "ana"}),
        Gauge("odd", float("nan")),
    ]
    patient.counters.add("refused", "truncated_frame", by=2)
    patient.counters.add("refused", "unclaimed")
    patient.problems = ["no broker: " + "x" * 1_000, "another"]
    await clock.advance(60)
    await herald.say(post, "up")
    (status,) = post.sent
    assert status.service == "collector-1"
    problem = status.detail.pop("problem")
    assert status.detail == {
        "kind": "collector",
        "version": __version__,
        "since_ms": START_MS,
        "ready": 1,
        "spool_rows": 12,
        "refused": 3,
    }
    assert problem.startswith("no broker: ")
    assert len(problem) == 300


def test_the_last_will_says_down_and_not_that_it_ended_in_order(herald):
    assert herald.will.message.state == "down"
    assert "ended" not in herald.will.message.detail


async def test_a_broker_that_is_away_or_refuses_ends_no_service_and_is_told_once(herald, caplog):
    post = Post()
    with caplog.at_level(logging.DEBUG, "crampwatch.herald"):
        for error in (Unavailable("no link"), Refused("unauthorised", "not this topic"), Refused("unauthorised", "no")):
            post.error = error
            await herald.say(post, "up")
    assert [one.levelname for one in caplog.records] == ["DEBUG", "WARNING", "DEBUG"]
    assert "crampwatch/v1/system/collector-1/status" in caplog.records[1].getMessage()


async def test_a_word_that_was_not_taken_is_said_again_soon_and_who_contradicts_is_answered_at_once(herald, clock):
    post = Post()
    task = asyncio.create_task(herald.run(post))
    post.error = Unavailable("no link")
    await clock.advance(EVERY_S)
    post.error = None
    await clock.advance(RETRY_S)
    assert [one.at_ms - START_MS for one in post.sent] == [11_000]
    herald.again()
    await clock.advance(0)
    assert [one.at_ms - START_MS for one in post.sent] == [11_000, 11_000]
    task.cancel()


async def test_a_word_that_the_broker_refuses_is_a_problem_until_it_is_taken(herald):
    post = Post()
    post.error = Refused("unauthorised", "not this topic")
    assert await herald.say(post, "up"), "a word that is never taken is settled"
    assert "let this client write crampwatch/v1/system/collector-1/status" in herald.problem
    post.error = None
    await herald.say(post, "up")
    assert herald.problem is None


async def test_a_service_may_say_more_than_its_figures(patient, clock):
    herald = Herald("collector-1", patient.vitals, clock, more=lambda: {"team": "home", "refused": 9})
    detail = herald.status("up").detail
    assert (detail["team"], detail["refused"], "ended" in detail) == ("home", 9, False)
