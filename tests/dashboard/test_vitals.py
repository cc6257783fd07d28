"""What the pages say of themselves to whoever operates them."""

import contextlib

from crampwatch.codec import decode
from crampwatch.errors import Unavailable
from crampwatch.metrics import Gauge
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import Kind
from tests.dashboard.desk import alert, desk
from tests.support.brokers import until
from tests.support.services import Patient


class Stubborn:
    """A store that can be away, with something that waits before it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.away = False

    def __getattr__(self, name):
        return getattr(self._store, name)

    def gauges(self):
        return [Gauge("outbox_points", 7)]

    async def run(self, key):
        if self.away:
            raise Unavailable("the disk is full")
        return await self._store.run(key)

    async def runs(self, **chosen):
        if self.away:
            raise Unavailable("the disk is full")
        return await self._store.runs(**chosen)


@contextlib.asynccontextmanager
async def opened(tmp_path):
    async with desk(tmp_path) as table:
        table.store = Stubborn(table.store)
        table.dashboard = table._new()
        async with table.open():
            yield table


def gauges(table):
    return {one.name: one.value for one in table.dashboard.vitals().gauges}


async def test_the_pages_tell_who_runs_and_what_was_left_out(tmp_path):
    async with opened(tmp_path) as table:
        assert table.dashboard.vitals().ready
        table.run("ana")
        table.run("bea")
        await until(lambda: gauges(table)["athletes"] == 2)
        table.broker.take(next(topic for topic, _ in table.heard if topic.kind is Kind.TELEMETRY), b"{not json")
        await until(lambda: table.dashboard.vitals().counters.value("refused", "not_json") == 1)


async def test_a_broker_that_is_away_is_a_problem_and_the_pages_stay_ready(tmp_path):
    async with opened(tmp_path) as table:
        assert list(table.dashboard.vitals().problems) == []
        table.broker.cut()
        await until(lambda: bool(table.dashboard.vitals().problems))
        assert table.dashboard.vitals().ready
        table.broker.mend()
        await until(lambda: not table.dashboard.vitals().problems)


async def test_a_store_that_is_away_is_a_problem_until_it_answers_again(tmp_path):
    async with opened(tmp_path) as table:
        table.store.away = True
        table.run("new-one")
        await until(lambda: bool(table.dashboard.vitals().problems))
        (problem,) = table.dashboard.vitals().problems
        assert "the disk is full" in problem
        table.store.away = False
        await until(lambda: not table.dashboard.vitals().problems, 30)


async def test_pages_that_run_alone_tell_what_waits_before_the_store_and_shared_ones_leave_it_to_the_processor(
    tmp_path,
):
    async with opened(tmp_path) as table:
        assert gauges(table)["outbox_points"] == 7
        table.dashboard.health.watch(Patient("processor-1", "processor"))
        assert "outbox_points" not in gauges(table)


async def test_the_pages_say_that_they_are_up_again_and_again_and_down_at_the_end(tmp_path):
    async with opened(tmp_path) as table:
        table.raise_alert(alert(table.clock.now_ms()))
        for _ in range(3):
            await table.clock.advance(10)
        said = [decode(t.kind, body) for t, body in table.heard if t.kind is Kind.STATUS and t.athlete == "dashboard-1"]
        assert [one.state for one in said] == ["up"] * 4
        assert said[0].detail["kind"] == "dashboard"
