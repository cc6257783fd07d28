"""A site without a service around it: what is published is kept, and the clock is turned by hand."""

import pytest

from crampwatch.codec import decode
from crampwatch.errors import Unavailable
from crampwatch.settings import Athlete, Settings
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import Topic
from dashboard.feed import AlertFeed
from dashboard.live import Board
from dashboard.site import Site
from tests.dashboard.desk import TEAM
from tests.support.clocks import ManualClock


class Post:
    """A bus that keeps what it was given, or is away."""

    def __init__(self):
        self.sent: list[tuple[Topic, bytes]] = []
        self.away = False

    async def publish(self, topic, payload):
        if self.away:
            raise Unavailable("no link to the broker")
        self.sent.append((topic, payload))

    def only(self):
        ((topic, payload),) = self.sent
        return str(topic), decode(topic.kind, payload)


@pytest.fixture
async def site(tmp_path):
    settings = Settings(team=TEAM, state_dir=tmp_path, athletes=(Athlete(id="ana", name="Ana <Adler>"),))
    store = await SqliteStore.open(tmp_path / "store.db")
    feed = await AlertFeed(settings).open()
    board = Board(TEAM, {}, ["ana"])
    made = Site(settings=settings, board=board, feed=feed, store=store, clock=ManualClock(), bus=Post())
    await made.refresh_names()
    yield made
    await feed.close()
    await store.close()
