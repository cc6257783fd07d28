"""Sessions of many days on one desk, and the shelf that keeps what they taught."""

import contextlib

from crampwatch.topics import Kind, Topic
from crampwatch.units import HOUR_MS
from processor.athlete import Athlete
from processor.shelf import Kept, Shelf
from tests.processor.desk import rows
from tests.support.brokers import until
from tests.support.clocks import START_MS, ManualClock
from tests.support.stories import Story

#: The telemetry of somebody else, whose seconds move the clock on.
OTHER = Topic("home", "r9", Kind.TELEMETRY)


@contextlib.asynccontextmanager
async def shelf_of(folder):
    shelf = await Shelf(folder).open()
    try:
        yield shelf
    finally:
        await shelf.close()


def kept(name, summary, began=None):
    return Kept("r7", name, summary.ended_ms, b"{}", began, summary)


async def versions(desk):
    async with shelf_of(desk.settings.state_dir) as shelf:
        return [(one.personal.version, one.session) for one in await shelf.versions("r7")]


NEXT_MS = 24 * HOUR_MS


def later(samples, by_ms=NEXT_MS):
    """The same run, so much later."""
    return [one.model_copy(update={"at_ms": one.at_ms + by_ms}) for one in samples]


class Unteachable(Athlete):
    """A machine that fails when it is asked what its session taught."""

    def summary(self):
        raise RuntimeError("a fault that nobody foresaw")


def calm():
    return Story().running(700).samples


async def profile_in(desk, session):
    """The profile that a session has in its snapshot, and on the shelf."""
    async with shelf_of(desk.settings.state_dir) as shelf:
        kept = await shelf.snapshot("r7", session)
        began, _ = await shelf.beginning("r7", session, 0)
    assert kept is not None
    assert Athlete.restore(kept.body).profile == began
    return began


async def run_on_a_day(desk, number, samples=None, spool=None, machines=Athlete):
    """One life of the processor with one session; returns when all is stored and kept."""
    spool = spool or f"spool{number}"
    messages = rows(later(samples or calm(), number * NEXT_MS), session=f"s{number}", spool=spool)
    desk.clock = ManualClock(START_MS + number * NEXT_MS)
    async with desk.processing(machines):
        await desk.send(*messages)
        await until(lambda: desk.spool_marked == spool and desk.mark == len(messages) - 1)
        await until(lambda: all(one.kept_at_ms for one in desk.processor._roster._seats.values()))
