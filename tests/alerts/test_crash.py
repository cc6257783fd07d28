"""The alerter may die between any two steps: nobody feels a push twice, and none that is in time is lost."""

import asyncio
import contextlib

from alerts.journal import SCHEMA
from alerts.service import FILE_NAME
from crampwatch.events import FindingKind
from crampwatch.storage.database import Database
from crampwatch.units import Level
from tests.alerts.builders import MemoryChannel, finding
from tests.alerts.world import World


class CrashError(Exception):
    """The process died here."""


class Fuse:
    """Blows at the n-th step; counts steps when it is to blow at none."""

    def __init__(self, at=None):
        self.at, self.steps = at, []

    def step(self, what):
        self.steps.append(what)
        if len(self.steps) == self.at:
            raise CrashError(what)


class FusedDatabase(Database):
    """A journal's file that may die just before or just after a transaction is on disk."""

    def __init__(self, path, fuse):
        super().__init__(path, SCHEMA, "state_dir")
        self.fuse = fuse

    async def write(self, work):
        self.fuse.step("before a write")
        result = await super().write(work)
        self.fuse.step("after a write")
        return result


class FusedChannel(MemoryChannel):
    """A channel that may die just before or just after the person felt it."""

    fuse = Fuse()

    async def deliver(self, push):
        self.fuse.step(f"before {self.name}")
        await super().deliver(push)
        self.fuse.step(f"after {self.name}")


class Ward:
    """A world in which the alerter is started again after each crash."""

    def __init__(self, world):
        self.world = world
        self.phone = FusedChannel("phone")
        self.tray = FusedChannel("tray", repeatable=True)
        self.channels = (self.phone, self.tray)

    async def live(self, fuse, facts):
        """One life of an alerter, until it has done everything or died; True: it died."""
        for channel in self.channels:
            channel.fuse = fuse
        database = FusedDatabase(self.world.folder / FILE_NAME, fuse)
        life = asyncio.create_task(self.world.alerter(*self.channels, database=database).run())
        try:
            async with asyncio.timeout(10):
                while not life.done() and not self.settled(facts):
                    await self.world.clock.advance(0)
                    await asyncio.sleep(0.001)
        finally:
            life.cancel()
            outcome = (await asyncio.gather(life, return_exceptions=True))[0]
        if isinstance(outcome, BaseExceptionGroup):
            crashes, others = outcome.split(CrashError)
            assert others is None, others
            return crashes is not None
        return isinstance(outcome, CrashError)

    def settled(self, facts):
        with contextlib.suppress(Exception):
            told = self.world.journal("SELECT count(*) FROM fact WHERE id IS NOT NULL")[0][0]
            waiting = self.world.journal("SELECT count(*) FROM change")[0][0]
            return told == facts and waiting == 0 and self.world.quiet()
        return False  # the file is not there yet


async def story(folder, fuse):
    """A warning, then a sudden stop; the alerter dies where the fuse says and is started again."""
    async with World(folder).watched() as world:
        ward = Ward(world)
        # The broker knows the alerter from an earlier life, so that it keeps what is said while it is away.
        async with world.alerter()._link():
            pass
        warning, stop = finding(name="warning"), finding(FindingKind.CRAMP_STOP, Level.NOW, name="stop")
        await world.find(warning)
        await world.find(stop)
        died = await ward.live(fuse, facts=2)
        if died:
            assert not await ward.live(Fuse(), facts=2)
        return world, ward, died


async def test_between_any_two_steps_nothing_is_felt_twice_and_nothing_in_time_is_lost(tmp_path):
    whole = Fuse()
    await story(tmp_path / "whole", whole)
    steps = len(whole.steps)
    assert steps > 30
    deaths = 0
    for number in range(1, steps + 1):
        fuse = Fuse(number)
        world, ward, died = await story(tmp_path / str(number), fuse)
        where = f"step {number} of {steps}: {fuse.steps[-1]}"
        deaths += died
        assert sorted(world.reasons) == ["first", "first"], where
        felt = [one.alert.id for one in ward.phone.felt]
        assert len(felt) == len(set(felt)), where
        # What knows a push by its id feels both; what does not may miss the one that the crash cut off, and no other.
        assert {one.alert.id for one in ward.tray.felt} == {"warning", "stop"}, where
        assert {one.alert_id for one in world.deliveries} == {"warning", "stop"}, where
        cut_off = world.journal("SELECT alert FROM push WHERE channel = 'phone' AND state = 'unknown'")
        assert {"warning", "stop"} - set(felt) <= {alert for (alert,) in cut_off}, where
        last = {one.id: one.state.value for one in world.states}
        assert last == {"warning": "delivered", "stop": "delivered"}, where
        kept = {alert.id: alert.state.value for batch in world.store.batches for alert in batch.alerts}
        assert kept == last, where
    # The last steps race with the end of the life, which may come first.
    assert deaths >= steps * 0.8
