"""A processor that keeps its runs in a real InfluxDB, alone or as a mirror, cut off at the worst moments."""

import pytest

from crampwatch.clock import WallClock
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.mirror import MirroredStore
from crampwatch.storage.sqlite import SqliteStore
from processor.backtest import backtest
from tests.processor.desk import RUN, Desk, rows, story
from tests.support import influx
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock

SAMPLES = story()
MESSAGES = rows(SAMPLES)
#: The message that holds what the hitch and the stop are proved from.
STOP = next(index for index, message in enumerate(MESSAGES) if message.samples[-1].at_ms > START_MS + 560_000)


def expected():
    found = [one for outcome in backtest("r7", "s1", SAMPLES) for one in outcome.findings]
    return sorted(found, key=lambda one: (one.at_ms, one.id))


class Cut:
    """A store whose process ends at the second record of those that share ``power``, once that is cut."""

    def __init__(self, store, power):
        self._store = store
        self._power = power

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def record(self, batches):
        if self._power["cut"]:
            self._power["left"] -= 1
        if self._power["left"] < 0:
            raise RuntimeError("power cut")
        await self._store.record(batches)


async def processed_in_two_lives(tmp_path, opened, cut):
    """Play the story to a processor that is cut off at :data:`STOP`, and to the one that is started after it."""
    desk = Desk(tmp_path, await opened())
    async with desk.listening():
        async with desk.processing() as task:
            await desk.send(*MESSAGES[:STOP])
            await desk.marked(STOP - 1)
            cut(desk)
            await desk.send(MESSAGES[STOP])
            await until(task.done)
        await desk.store.close()
        after = Desk(tmp_path, await opened())
        after.broker, after.heard, after.clock = desk.broker, desk.heard, ManualClock(START_MS + 700_000)
        async with after.processing():
            await after.send(*MESSAGES[STOP + 1 :])
            await after.marked(len(MESSAGES) - 1)
    return after


async def holds_the_story(store):
    summary = await store.run(RUN)
    assert (summary.samples, summary.findings) == (len(SAMPLES), len(expected()))
    assert len(await store.samples(RUN)) == len(SAMPLES)
    assert await store.findings(RUN) == expected()


def crash_after_record(desk):
    desk.store.crash_after_record = True


async def test_a_processor_on_influxdb_alone_goes_on_after_a_crash(tmp_path):
    home = influx.home()

    async def opened():
        return await InfluxStore.open(home.settings, tmp_path / "outbox-processor.db", WallClock())

    after = await processed_in_two_lives(tmp_path, opened, crash_after_record)
    await holds_the_story(after.store)
    assert {one.id: one for one in after.findings} == {one.id: one for one in expected()}
    await after.store.close()


@pytest.mark.parametrize("moment", ["between the two", "after both"])
async def test_a_crash_leaves_both_stores_with_the_same_run(tmp_path, moment):
    home, parts, power = influx.home(), [], {}

    async def opened():
        power.update(cut=False, left=1)
        first = Cut(await SqliteStore.open(tmp_path / "store.db"), power)
        mirror = Cut(await InfluxStore.open(home.settings, tmp_path / "outbox-processor.db", WallClock()), power)
        parts[:] = [first, mirror]
        return MirroredStore(first, mirror)

    def cut(desk):
        if moment == "after both":
            crash_after_record(desk)
        else:
            power["cut"] = True

    after = await processed_in_two_lives(tmp_path, opened, cut)
    for store in parts:
        await holds_the_story(store)
    first, mirror = parts
    assert await mirror.run(RUN) == await first.run(RUN)
    await after.store.close()
