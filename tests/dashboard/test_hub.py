"""The alert feed and the live stream: no alert lost, none twice, only the newest frame."""

import asyncio
import sqlite3
import zlib
from importlib.resources import files

import pytest

from crampwatch.events import AlertState
from crampwatch.settings import Settings
from crampwatch.units import Level
from dashboard.feed import AlertFeed
from dashboard.hub import MAX_WAITING, Hub, frame
from tests.dashboard.desk import TEAM, alert, delivered
from tests.support.clocks import START_MS

SCHEMA = files("crampwatch.storage") / "schema" / "dashboard"


@pytest.fixture
async def feed(tmp_path):
    opened = await AlertFeed(Settings(team=TEAM, state_dir=tmp_path)).open()
    yield opened
    await opened.close()


async def test_the_same_state_gets_one_row_and_a_later_state_another(feed):
    assert await feed.append("ana", alert(START_MS)) == 1
    assert await feed.append("ana", alert(START_MS)) is None
    assert await feed.append("ana", alert(START_MS, state=AlertState.CLEARED, updated_at_ms=START_MS + 1)) > 1


async def test_rows_go_on_after_a_restart(tmp_path):
    settings = Settings(team=TEAM, state_dir=tmp_path)
    first = await AlertFeed(settings).open()
    await first.append("ana", alert(START_MS, name="a1"))
    await first.close()
    second = await AlertFeed(settings).open()
    assert await second.latest() == 1
    assert await second.append("ana", alert(START_MS, name="a2")) == 2
    assert [one.news.id for one in await second.after(0)] == ["a1", "a2"]
    await second.close()


async def test_a_push_has_a_row_of_its_own_and_one_for_each_level(feed):
    pushed = alert(START_MS)
    assert await feed.append("ana", pushed) == 1
    assert await feed.append("ana", delivered(pushed, START_MS)) == 2
    assert await feed.append("ana", delivered(pushed, START_MS + 9)) is None
    louder = delivered(pushed.model_copy(update={"level": Level.IMMINENT}), START_MS + 9)
    row = await feed.append("ana", louder)
    assert [(one.row, one.news) for one in await feed.after(2)] == [(row, louder)]


async def test_an_older_release_s_rows_keep_their_numbers(tmp_path):
    older = tmp_path / "dashboard.db"
    with sqlite3.connect(older) as connection:
        connection.executescript((SCHEMA / "0001-alert-feed.sql").read_text(encoding="utf-8"))
        mark = zlib.crc32(b"crampwatch/dashboard") & 0x7FFF_FFFF
        connection.executescript(f"PRAGMA application_id={mark}; PRAGMA user_version=1;")
        known = alert(START_MS)
        connection.execute(
            "INSERT INTO alert_feed VALUES (41, ?, 'ana', ?, ?, ?, ?)",
            (TEAM, known.id, known.state.value, known.updated_at_ms, known.model_dump_json()),
        )
    opened = await AlertFeed(Settings(team=TEAM, state_dir=tmp_path)).open()
    assert [(one.row, one.news) for one in await opened.after(0)] == [(41, known)]
    assert await opened.append("ana", known) is None
    assert await opened.append("ana", delivered(known, START_MS)) > 41
    await opened.close()


async def test_a_runners_page_misses_only_its_own(feed):
    await feed.append("ana", alert(START_MS, name="a1"))
    await feed.append("bea", alert(START_MS, name="b1"))
    assert [one.news.id for one in await feed.after(0, "bea")] == ["b1"]


async def read(stream, count):
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


async def test_a_slow_browser_gets_the_newest_frame_and_every_alert():
    hub = Hub()
    listener = hub.join(None)
    stream = hub.stream(listener, b"hello", 0)
    assert await read(stream, 1) == [b"hello"]
    hub.show(lambda _: b"old")
    hub.tell("alert", 1, "ana", b"one")
    hub.show(lambda _: b"new")
    hub.tell("alert", 2, "bea", b"two")
    (body,) = await read(stream, 1)
    assert body == frame("alert", b"one", 1) + frame("alert", b"two", 2) + frame("tick", b"new")


async def test_an_alert_that_came_while_the_missed_ones_were_read_is_sent_once():
    hub = Hub()
    listener = hub.join(None)
    hub.tell("alert", 7, "ana", b"seven")
    missed = [(6, frame("alert", b"six", 6)), (7, frame("alert", b"seven", 7))]
    stream = hub.stream(listener, b"hello", 5, missed)
    assert len(await read(stream, 3)) == 3
    hub.tell("alert", 8, "ana", b"eight")
    assert await read(stream, 1) == [frame("alert", b"eight", 8)]


async def test_a_runners_page_hears_only_its_own_alerts():
    hub = Hub()
    mine = hub.join("ana")
    hub.tell("alert", 1, "bea", b"not mine")
    hub.tell("alert", 2, "ana", b"mine")
    assert await read(hub.stream(mine, b"", 0), 2) == [b"", frame("alert", b"mine", 2)]


async def test_everybody_gets_the_same_bytes_encoded_once():
    hub, asked = Hub(), []
    for athlete in (None, None, "ana", "ana"):
        hub.join(athlete)
    hub.show(lambda athlete: asked.append(athlete) or b"{}")
    assert sorted(asked, key=str) == [None, "ana"]


async def test_a_browser_that_never_reads_is_let_go_and_the_others_stay():
    hub = Hub()
    stuck, fine = hub.join(None), hub.join("ana")
    for row in range(MAX_WAITING + 1):
        hub.tell("alert", row, "bea", b"")
    rest = [body async for body in hub.stream(stuck, b"hello", -1)]
    assert rest == [b"hello"]
    assert (stuck.gone, fine.gone, hub.listening) == (True, False, 1)


async def test_closing_lets_everybody_go():
    hub = Hub()
    listener = hub.join(None)
    hub.close()
    assert [body async for body in hub.stream(listener, b"bye", 0)] == [b"bye"]
    assert hub.join(None).gone
