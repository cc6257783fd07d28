"""There is room for so many machines; who makes room is complete on the shelf, or is mended when it comes back."""

import functools

import pytest

from crampwatch.errors import Unavailable
from crampwatch.metrics import Counters
from crampwatch.storage import RunKey
from crampwatch.topics import Kind, Topic
from crampwatch.units import HOUR_MS
from processor import worker
from processor.athlete import Athlete
from processor.backtest import backtest
from processor.patience import Patience
from processor.roster import SNAPSHOTS, Roster
from processor.shelf import OLD_MS, Kept, Shelf
from tests.processor.desk import rows, soon
from tests.support.brokers import until
from tests.support.clocks import START_MS
from tests.support.stories import Story

ROOM = 3
FIELD = [f"r{number}" for number in range(8)]


@pytest.fixture
def _little_room(monkeypatch):
    monkeypatch.setattr(worker, "Roster", functools.partial(Roster, room=ROOM))


def hitching():
    return Story().running(520).hitching(3).standing(30).running(60).samples


def figure(desk, name):
    return {one.name: one.value for one in desk.processor.vitals().gauges}[name]


async def send_all(desk, samples, first=0):
    """The samples for everybody, in turns; returns the next row."""
    parts = rows(samples)
    for number, part in enumerate(parts):
        for place, athlete in enumerate(FIELD):
            row = first + number * len(FIELD) + place
            await desk.send(part.model_copy(update={"row": row}), topic=Topic("home", athlete, Kind.TELEMETRY))
    return first + len(parts) * len(FIELD)


async def found(desk, athlete):
    return {one.id for one in await desk.store.findings(RunKey("home", athlete, "s1"))}


def proved(athlete):
    return {one.id for outcome in backtest(athlete, "s1", hitching()) for one in outcome.findings}


@pytest.mark.usefixtures("_little_room")
async def test_more_sessions_than_there_is_room_for_lose_nothing(desk):
    async with desk.processing():
        await send_all(desk, hitching())
        await until(lambda: figure(desk, "sessions") <= ROOM, within_s=30)
        await desk.marked(len(rows(hitching())) * len(FIELD) - 1)
    for athlete in FIELD:
        assert await found(desk, athlete) == proved(athlete)


@pytest.mark.usefixtures("_little_room")
async def test_those_whose_past_cannot_be_read_make_room_too_and_are_mended_once_it_can(desk):
    async def away():
        raise Unavailable("InfluxDB does not answer")

    desk.store.unreadable = away
    async with desk.processing():
        following = await send_all(desk, hitching())
        await desk.marked(following - 1)
        await until(lambda: figure(desk, "sessions") <= ROOM, within_s=30)
        desk.store.unreadable = None
        await until(lambda: desk.counters.value("mended") >= len(FIELD), within_s=30)
        await until(lambda: figure(desk, "sessions_behind") == 0, within_s=30)
        assert figure(desk, "sessions") <= ROOM + SNAPSHOTS
        for athlete in FIELD:
            assert await found(desk, athlete) >= proved(athlete)
    shelf = await Shelf(desk.settings.state_dir).open()
    assert await shelf.gaps() == []
    await shelf.close()


async def test_a_snapshot_of_a_run_that_ended_a_month_ago_is_kept_no_longer(desk):
    shelf = await Shelf(desk.settings.state_dir).open()
    old, young = (Kept("r7", name, START_MS - OLD_MS + ms, b"{}") for name, ms in (("old", -1), ("young", 1)))
    await shelf.keep([old, young], ())
    await shelf.close()
    async with desk.processing():
        await desk.send(*rows(Story().running(30).samples))
        await desk.marked(0)
    shelf = await Shelf(desk.settings.state_dir).open()
    assert await shelf.snapshot("r7", "old") is None
    assert await shelf.snapshot("r7", "young") == young
    await shelf.close()


async def test_an_answer_is_for_the_newest_session_also_when_an_older_one_is_here(desk):
    shelf = await Shelf(desk.settings.state_dir).open()
    counters = Counters()
    patience = Patience(desk.clock, counters, soon)
    roster = Roster("home", desk.store, shelf, patience, counters, every_s=60)
    machine = Athlete("r7", "today")
    machine.observe(Story().running(60).samples)
    await shelf.keep([Kept("r7", "today", machine.last_ms, machine.snapshot())], ())
    older = await roster.seat("r7", "yesterday", START_MS)
    older.newest_ms = START_MS - 24 * HOUR_MS
    assert (await roster.newest("r7", START_MS)).key.session == "today"
    older.newest_ms = machine.last_ms + 1
    assert (await roster.newest("r7", START_MS)).key.session == "yesterday"
    await shelf.close()


async def test_a_field_that_comes_at_once_makes_room_at_once(desk):
    shelf = await Shelf(desk.settings.state_dir).open()
    counters = Counters()
    patience = Patience(desk.clock, counters, soon)
    roster = Roster("home", desk.store, shelf, patience, counters, every_s=60, room=ROOM)
    for number in range(ROOM + 4 * SNAPSHOTS):
        await roster.seat(f"r{number}", "s1", START_MS)
    roster.rest(START_MS)
    assert len(roster) == ROOM
    await shelf.close()
