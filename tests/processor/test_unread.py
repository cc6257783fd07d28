"""A store that takes what is recorded but cannot be read: nobody waits for it, and what it holds is observed later."""

import asyncio

import pytest

from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.topics import Kind, Topic
from processor import patience
from processor.backtest import backtest
from tests.processor.desk import LATE, RUN, rows, story
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story

OTHER = Topic("home", "r8", Kind.TELEMETRY)


async def away():
    raise Unavailable("InfluxDB does not answer")


async def revoked():
    raise Misconfigured("influxdb.token", "InfluxDB refuses it")


async def refused():
    raise Refused("bad_request", "InfluxDB does not understand the question")


async def silent():
    await asyncio.Event().wait()


def behind(desk):
    return {one.name: one.value for one in desk.processor.vitals().gauges}["sessions_behind"]


def proved(athlete, samples):
    return {one.id for outcome in backtest(athlete, "s1", samples) for one in outcome.findings}


async def mended(desk, count=1):
    await until(lambda: desk.counters.value("mended") >= count and behind(desk) == 0, within_s=30)


@pytest.mark.parametrize("fault", [away, revoked, refused, silent])
async def test_a_newcomer_goes_on_without_its_past_and_holds_up_nobody(desk, monkeypatch, fault):
    monkeypatch.setattr(patience, "ATTEMPT_S", 0.05)
    messages = rows(story())
    async with desk.listening(), desk.processing() as task:
        await desk.send(messages[0], topic=OTHER)
        await desk.marked(0)
        desk.store.unreadable = fault
        await desk.send(*rows(story(), first=1))
        await desk.send(*rows(story()[90:], first=1 + len(messages)), topic=OTHER)
        await desk.marked(2 * len(messages) - 1)
        assert not task.done()
        assert behind(desk) == 1
        (problem,) = desk.processor.vitals().problems
        assert problem.startswith("cannot read now, holding")
        assert {one.id for one in desk.findings} == proved("r7", story()) | proved("r8", story())
        assert not any(one.late for one in desk.findings)


@pytest.mark.parametrize("fault", [away, revoked, refused])
async def test_its_past_is_observed_once_the_store_can_be_read_again(desk, fault):
    samples = story()
    early = [one for one in samples if one.at_ms < START_MS + 400_000]
    first, rest = rows(early), rows(samples[len(early) :], first=len(rows(early)))
    async with desk.processing():
        await desk.send(*first)
        await desk.marked(len(first) - 1)
    for file in desk.settings.state_dir.glob("processor.db*"):
        file.unlink()
    desk.store.unreadable = fault
    async with desk.listening(), desk.processing() as task:
        await desk.send(*rest)
        await desk.marked(len(first) + len(rest) - 1)
        await until(lambda: desk.counters.value("held", "read") > 0)
        assert behind(desk) == 1
        desk.store.unreadable = None
        await mended(desk)
        assert not task.done()
        assert desk.processor.vitals().problems == []
        assert proved("r7", samples) <= {one.id for one in await desk.store.findings(RUN)}


async def test_an_end_before_that_leaves_it_to_the_next_life(desk):
    samples = story()
    messages = rows(samples)
    desk.store.unreadable = away
    async with desk.processing():
        await desk.send(*messages[:2])
        await desk.marked(1)
    async with desk.processing():
        await until(lambda: behind(desk) == 1)
        desk.store.unreadable = None
        await mended(desk)
    async with desk.processing():
        await desk.send(*messages[2:])
        await desk.marked(len(messages) - 1)
    assert {one.id for one in await desk.store.findings(RUN)} == proved("r7", samples)


async def test_a_store_that_goes_away_in_the_middle_of_a_mending_holds_up_nobody(desk):
    messages = rows(Story().running(40).samples, size=3)
    findings = desk.store.findings
    asked = []

    async def not_now(_key):
        asked.append(_key)
        raise Unavailable("InfluxDB does not answer")

    async with desk.processing():
        await desk.send(*messages[:10], *messages[20:])
        await until(lambda: desk.counters.value("messages") == 30)
        desk.store.findings = not_now
        await desk.send(*messages[10:20], topic=LATE)
        await until(lambda: len(asked) > 1)
        await desk.send(*messages, topic=OTHER)
        await until(lambda: desk.counters.value("messages") == 40 + len(messages))
        await until(lambda: len(asked) > 3)
        assert behind(desk) >= 1
        desk.store.findings = findings
        await mended(desk)
