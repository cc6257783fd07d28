"""What is usual goes from the processor's file to the page, and a reset on the page to the processor's file."""

import httpx
import pytest

from crampwatch.bus.memory import MemoryBroker
from crampwatch.metrics import Counters
from crampwatch.service import running
from crampwatch.settings import Athlete, Settings
from crampwatch.settings import Dashboard as DashboardSettings
from crampwatch.storage.sqlite import SqliteStore
from dashboard.service import Dashboard
from processor.shelf import Shelf
from processor.worker import Processor
from tests.processor.test_personal import session
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock


@pytest.fixture
async def house(tmp_path):
    """A processor that has learned from three runs of somebody, and the pages."""
    settings = Settings(state_dir=tmp_path, athletes=(Athlete(id="ana"),), dashboard=DashboardSettings(port=0))
    shelf = await Shelf(tmp_path).open()
    for day in range(-3, 0):
        await shelf.learn("ana", f"day{day + 3}", session(day))
    await shelf.close()
    store = await SqliteStore.open(tmp_path / "store.db")
    parts = {
        "settings": settings,
        "buses": MemoryBroker().links(),
        "store": store,
        "clock": ManualClock(),
    }
    pages = Dashboard(**parts, counters=Counters())
    async with running([Processor(**parts, counters=Counters()), pages]):
        yield pages, tmp_path
    await store.close()


async def test_a_page_shows_what_the_processor_knows_and_starts_anew_there(house):
    pages, folder = house

    def shown():
        return pages._shown.board.runner_view("ana", START_MS).usual

    await until(lambda: shown() is not None)
    assert (shown().version, shown().runs) == (3, 3)
    slope = shown().rows[1]
    assert (slope.value, "from 3 runs" in slope.note) == ("+6.4 spm", True)
    async with httpx.AsyncClient(base_url=pages.url) as browser:
        assert (await browser.post("/api/baseline/reset", json={"athlete": "ana"})).status_code == 202
    await until(lambda: shown().version == 4)
    assert (shown().runs, shown().rows) == (0, ())
    shelf = await Shelf(folder, read_only=True).open()
    versions = await shelf.versions("ana")
    await shelf.close()
    assert [(one.personal.version, one.session) for one in versions][-1] == (4, None)
