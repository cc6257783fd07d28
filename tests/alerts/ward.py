"""An alerter that may die between any two steps and is started again each time, in a world that can be asked."""

import asyncio
import contextlib

from alerts.journal import SCHEMA
from alerts.service import FILE_NAME
from crampwatch.codec import decode
from crampwatch.errors import Unavailable
from crampwatch.storage.database import Database
from crampwatch.topics import SYSTEM, Kind, Topic
from tests.alerts.builders import MemoryChannel
from tests.alerts.world import TEAM, AlertShelf, World

#: Wall seconds for something to happen on a machine that has other things to do.
PATIENCE_S = 30.0


class CrashError(Exception):
    """The process died here."""


class Fuse:
    """Blows at the n-th step of a life, and nothing of that life goes on; counts steps when it is to blow at none.

    A step is told when it is done: just before the next is just after this one.
    """

    def __init__(self, at=None):
        self.at, self.steps, self.blown = at, [], False

    def begins(self):
        """Something is about to be done, which the dead do not."""
        if self.blown:
            raise CrashError("dead")

    def step(self, what):
        self.begins()
        self.steps.append(what)
        self.blown = self.blown or len(self.steps) == self.at
        if self.blown:
            raise CrashError(what)


class FusedDatabase(Database):
    """A journal's file whose writer may die when a transaction is on disk."""

    def __init__(self, path, fuse):
        super().__init__(path, SCHEMA, "state_dir")
        self.fuse = fuse

    async def write(self, work):
        self.fuse.begins()
        result = await super().write(work)
        self.fuse.step("a write")
        return result


class FusedChannel(MemoryChannel):
    """A channel whose sender may die when the person has felt it; away while it is told to be."""

    fuse = Fuse()
    away = False

    async def deliver(self, push):
        if self.away:
            raise Unavailable("no network")
        self.fuse.begins()
        await super().deliver(push)
        self.fuse.step(f"a push by {self.name}")


class FusedShelf(AlertShelf):
    """A store whose writer may die when something is kept."""

    fuse = Fuse()

    async def record(self, batches):
        self.fuse.begins()
        await super().record(batches)
        self.fuse.step("a record")


class FusedBus:
    """A link over which the last word may or may not have gone, and a delivery may or may not be acked."""

    def __init__(self, bus, fuse):
        self.bus, self.fuse = bus, fuse

    @property
    def connected(self):
        return self.bus.connected

    def __getattr__(self, name):
        return getattr(self.bus, name)

    async def publish(self, topic, payload):
        if topic.kind is Kind.STATUS:
            await self.bus.publish(topic, payload)
            return
        self.fuse.begins()
        await self.bus.publish(topic, payload)
        self.fuse.step(f"publishing {topic.kind}")

    async def deliveries(self):
        async for delivery in self.bus.deliveries():
            yield FusedDelivery(delivery, self.fuse)


class FusedDelivery:
    """A message that may come again because its taker died before the ack."""

    def __init__(self, delivery, fuse):
        self.delivery, self.fuse = delivery, fuse

    def __getattr__(self, name):
        return getattr(self.delivery, name)

    async def ack(self):
        self.fuse.begins()
        await self.delivery.ack()
        if SYSTEM not in self.delivery.topic:  # the alerter's own word comes as often as it happens to be said
            self.fuse.step("an ack")


class Ward:
    """Keeps an alerter alive.

    Args:
        world: where it lives.
        fuses: one for each life that is to end early, in order; the life after the last is whole.
    """

    def __init__(self, world, *fuses):
        self.world, self.fuses, self.deaths = world, list(fuses), 0
        self.phone = FusedChannel("phone")
        self.tray = FusedChannel("tray", repeatable=True)
        self.world.store = FusedShelf()
        self.life = self.fuse = None

    @contextlib.asynccontextmanager
    async def kept(self):
        # The broker knows the alerter from an earlier life, so that it keeps what is said while it is away.
        async with self.world.alerter()._link():
            pass
        self._begin()
        try:
            yield self
        finally:
            self.life.cancel()
            self._check((await asyncio.gather(self.life, return_exceptions=True))[0])

    def _begin(self):
        self.fuse = fuse = self.fuses.pop(0) if self.fuses else Fuse()
        self.phone.fuse = self.tray.fuse = self.world.store.fuse = fuse
        links = self.world.links

        @contextlib.asynccontextmanager
        async def fused(*args, **more):
            async with links(*args, **more) as bus:
                yield FusedBus(bus, fuse)

        self.world.links = fused
        try:
            alerter = self.world.alerter(
                self.phone, self.tray, database=FusedDatabase(self.world.folder / FILE_NAME, fuse)
            )
        finally:
            self.world.links = links
        self.life = asyncio.create_task(alerter.run())

    def _check(self, outcome):
        """A life ends by its fuse, or because the story is over; anything else is a defect."""
        if isinstance(outcome, BaseExceptionGroup):
            outcome = outcome.split(CrashError)[1]
        assert outcome is None or isinstance(outcome, CrashError | asyncio.CancelledError), outcome

    async def until(self, true, *, step_s=0.0, within_s=None):
        """Live on until something is so; a dead alerter is started again.

        Args:
            true: asked after every turn.
            step_s: run seconds that pass whenever nothing is under way but waiting.
            within_s: run seconds that may pass.
        """
        give_up_s = asyncio.get_running_loop().time() + PATIENCE_S
        passed_s = 0.0
        while not self._is(true):
            assert asyncio.get_running_loop().time() < give_up_s, f"it never happened: {self.fuse.steps[-3:]}"
            if self.life.done():
                self.deaths += 1
                self._check((await asyncio.gather(self.life, return_exceptions=True))[0])
                self._begin()
            waiting = step_s and self.fuse.steps and (self.world.clock.asleep(step_s) or self._is(self.world.quiet))
            if waiting and (within_s is None or passed_s < within_s):
                passed_s += step_s
            await self.world.clock.advance(step_s if waiting else 0)
            await asyncio.sleep(0.001)

    @staticmethod
    def _is(true):
        with contextlib.suppress(Exception):
            return true()
        return False  # the file is not there yet

    async def settled(self, facts, **more):
        """Live on until so many things told are decided, nothing is owed, and every state is out and kept."""
        await self.until(lambda: self._settled(facts), **more)
        for _ in range(20):
            await asyncio.sleep(0)

    def _settled(self, facts):
        told = self.world.journal("SELECT count(*) FROM fact WHERE id IS NOT NULL")[0][0]
        waiting = self.world.journal("SELECT count(*) FROM change")[0][0]
        return told >= facts and waiting == 0 and self.world.quiet()

    # --- what is known at the end -----------------------------------------------------------------------------

    def decided(self):
        """Everything that was told, and why it became what it became."""
        return dict(self.world.journal("SELECT id, reason FROM fact WHERE id IS NOT NULL"))

    def kept_states(self):
        """Each alert's last state in the store, by date of the state as the store's promise says."""
        last = {}
        for alert in (alert for batch in self.world.store.batches for alert in batch.alerts):
            if alert.id not in last or alert.updated_at_ms >= last[alert.id].updated_at_ms:
                last[alert.id] = alert
        return {name: alert.state.value for name, alert in last.items()}

    def retained(self):
        """What the broker shows a page that opens now."""
        topics = [Topic(TEAM, "ada", Kind.ALERT, slot) for slot in ("pattern", "cramp", "fault")]
        kept = [self.world.broker.retained(topic) for topic in topics]
        alerts = [decode(Kind.ALERT, payload) for payload in kept if payload]
        return {(alert.id, alert.state.value) for alert in alerts}

    def pushes(self, channel):
        """How the journal says that each push by a channel ended."""
        return dict(self.world.journal(f"SELECT alert, state FROM push WHERE channel = '{channel}'"))


@contextlib.asynccontextmanager
async def ward_in(folder, *fuses):
    """A ward in a world of its own."""
    async with World(folder).watched() as world, Ward(world, *fuses).kept() as ward:
        yield ward
