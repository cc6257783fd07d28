"""The processor: telemetry in; stored first, then findings, assessments and watermarks out; acked last."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from crampwatch.bus import Bus, BusFactory, Delivery
from crampwatch.clock import Clock
from crampwatch.errors import first_misconfigured
from crampwatch.herald import Herald
from crampwatch.metrics import Counters, Vitals
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.topics import SYSTEM, Kind, every
from crampwatch.units import SECOND_MS
from processor.athlete import Athlete
from processor.weights import shipped

from .baselines import Baselines
from .drain import FEW, Drain, Gain, gather_s
from .hearing import Hearing, asked_of
from .marks import Marks
from .mender import Mender
from .patience import RETRY_MAX_S, Patience, Wait
from .pulse import Pulse
from .reading import Arrived
from .roster import SLICE, Roster
from .settling import Settler
from .shelf import Shelf
from .sorting import Sorter
from .speaking import Speaker

log = logging.getLogger(__name__)

#: Deliveries between the link and the worker. When full, the link waits.
QUEUE = 1_024
#: Run seconds between two looks for sessions that rest.
LOOK_S = 10.0
#: A session for which nothing came for so long is closed: as long as a broker keeps live telemetry.
RESTED_S = 60.0


class Processor:
    """A :class:`crampwatch.service.Service` that runs every athlete's machine of a team.

    Promises: a message is acked after its samples and what they prove are durable and the findings are published,
    so a crash anywhere repeats work but loses nothing; a message that comes twice changes nothing; what cannot be
    read is counted by reason, named once, and never stops the others, and neither does a machine that fails; while
    the store or the broker is away it holds, says so once, and goes on later; a store that cannot be read holds up
    nobody, it is read once it can be. Machines are not woken: what was due
    is found by the next fact. The last second of a session that has rested is closed, and what it proves is late.
    What a person answers is kept before it is acked, and its machine hears of it once. A session that is over is
    learned from, once. What is usual for each athlete is told, retained, and forgotten where a person asks for it.

    Args:
        settings: team, processor and state_dir are used.
        buses: links to the broker.
        store: where everything is kept; its owner closes it.
        clock: the run's time, for statuses, for what is recent after a restart and for which sessions rest; machines
            never see it.
        counters: ``messages``, ``samples``, ``findings``, ``labels`` by what was said, ``refused`` by reason,
            ``ignored`` by name, ``caught_up``, ``failed`` by error, ``mended``, ``resets``.
        wait: sleeps wall seconds.
        machines: makes and restores the athletes' machines.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        buses: BusFactory,
        store: Store,
        clock: Clock,
        counters: Counters,
        wait: Wait = asyncio.sleep,
        machines: type[Athlete] = Athlete,
    ) -> None:
        self._team = settings.team
        self._id = settings.processor.id
        self._buses = buses
        self._store = store
        self._clock = clock
        self._counters = counters
        self._wait = wait
        self._ready = asyncio.Event()
        self._queue: asyncio.Queue[tuple[float, Delivery]] = asyncio.Queue(QUEUE)
        self._patience = Patience(clock, counters, wait)
        self._shelf = Shelf(settings.state_dir)
        asked = asked_of(settings)
        self._roster = Roster(
            self._team,
            store,
            self._shelf,
            self._patience,
            counters,
            machines=machines,
            every_s=settings.processor.snapshot_every_s,
            asked=asked,
        )
        self._hearing = Hearing(self._roster, self._shelf, self._patience, clock, counters)
        self._baselines = Baselines(
            team=self._team, asked=asked, shelf=self._shelf, patience=self._patience, clock=clock, counters=counters
        )
        self._sorter = Sorter(self._team, self._id, clock, counters)
        self._speaker = Speaker(self._team, self._patience, counters)
        #: Machines are moved by one task at a time.
        self._turn = asyncio.Lock()
        self._mender = self._a_mender()
        self._settler = self._a_settler()
        self._pulse = self._a_pulse()
        self._herald = Herald(self._id, self._pulse.vitals, clock, more=self._pulse.word)

    def _a_mender(self) -> Mender:
        return Mender(
            roster=self._roster,
            store=self._store,
            shelf=self._shelf,
            turn=self._turn,
            patience=self._patience,
            clock=self._clock,
            counters=self._counters,
            record=self._record,
            wait=self._wait,
        )

    def _a_settler(self) -> Settler:
        return Settler(
            processor=self._id,
            roster=self._roster,
            shelf=self._shelf,
            turn=self._turn,
            patience=self._patience,
            clock=self._clock,
            counters=self._counters,
            wait=self._wait,
        )

    def _a_pulse(self) -> Pulse:
        return Pulse(
            processor=self._id,
            team=self._team,
            clock=self._clock,
            counters=self._counters,
            ready=self._ready.is_set,
            troubles=self._troubles,
            sizes=self._sizes,
            stored=self._store.gauges,
        )

    def _troubles(self) -> Sequence[str]:
        unseen = self._herald.problem
        return [*self._patience.problems, *self._store.problems(), *([] if unseen is None else [unseen])]

    def _sizes(self) -> dict[str, int]:
        return {
            "sessions": len(self._roster),
            "sessions_behind": len(self._roster.behind()),
            "queue_messages": self._queue.qsize(),
        }

    @property
    def name(self) -> str:
        """The instance's id."""
        return self._id

    @property
    def ready(self) -> asyncio.Event:
        """Set once telemetry is taken."""
        return self._ready

    def vitals(self) -> Vitals:
        """How it is now; see :class:`crampwatch.service.Watched`."""
        return self._pulse.vitals()

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            Misconfigured: the state_dir, the store, the broker's address or the file of weights cannot work.
        """
        shipped()
        await self._shelf.open()
        try:
            marks = Marks(await self._shelf.marks())
            self._sorter.marks = self._settler.marks = self._pulse.marks = marks
            async with self._link() as bus:
                self._pulse.bus = bus
                await self._serve(bus)
        except BaseExceptionGroup as group:
            remedy = first_misconfigured(group)
            if remedy is not None:
                raise remedy from None
            raise
        finally:
            await self._shelf.close()

    def _link(self) -> AbstractAsyncContextManager[Bus]:
        filters = (
            *every(Kind.TELEMETRY, self._team),
            *every(Kind.BACKLOG, self._team),
            *every(Kind.WATERMARK, SYSTEM),
            *every(Kind.ACK, self._team),
            *every(Kind.CHECKIN, self._team),
            *every(Kind.COMMAND, self._team),
        )
        will = self._herald.will
        return self._buses(f"crampwatch-{self._team}-{self._id}", subscribe=filters, will=will, persistent=True)

    async def _serve(self, bus: Bus) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._receive(bus), name="processor-receive")
                group.create_task(self._report(bus), name="processor-status")
                group.create_task(self._work(bus), name="processor-work")
                group.create_task(self._close_rested(bus), name="processor-close")
                group.create_task(self._mender.run(bus), name="processor-mend")
                group.create_task(self._settler.run(bus), name="processor-settle")
                group.create_task(self._baselines.run(bus), name="processor-baselines")
        finally:
            await self._settler.end(bus)
            await self._herald.say(bus, "down")

    async def _receive(self, bus: Bus) -> None:
        now_s = asyncio.get_running_loop().time
        async for delivery in bus.deliveries():
            await self._queue.put((now_s(), delivery))

    async def _report(self, bus: Bus) -> None:
        while not await self._herald.say(bus, "up"):
            await self._wait(RETRY_MAX_S)
        self._ready.set()
        await self._herald.run(bus)

    # --- one drain after the other --------------------------------------------------------------------------

    async def _work(self, bus: Bus) -> None:
        while True:
            drain = await self._gather()
            async with self._turn:
                await self._process(bus, drain)

    async def _gather(self) -> Drain:
        drain = Drain()
        self._sorter.take(*await self._queue.get(), drain)
        self._take_what_is_there(drain)
        if drain.has_room and len(self._roster) > FEW:
            await self._wait(gather_s(len(self._roster)))
            self._take_what_is_there(drain)
        return drain

    def _take_what_is_there(self, drain: Drain) -> None:
        while drain.has_room and not self._queue.empty():
            self._sorter.take(*self._queue.get_nowait(), drain)

    async def _close_rested(self, bus: Bus) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            self._baselines.look()
            async with self._turn:
                gains: list[Gain] = []
                for seat in self._roster.rested(self._clock.now_ms() - round(RESTED_S * SECOND_MS)):
                    gain = Gain(seat)
                    gain.add(seat.close(), late=True)
                    gains += [gain] if gain else []
                    await asyncio.sleep(0)
                await self._record(bus, gains)

    async def _process(self, bus: Bus, drain: Drain) -> None:
        gains: dict[tuple[str, str], Gain] = {}
        observed = 0
        for arrived in drain.arrived:
            await self._observe(arrived, gains, drain)
            observed += len(arrived.telemetry.samples)
            if observed >= SLICE:
                observed = 0
                await asyncio.sleep(0)
        for said in drain.said:
            await self._hearing.hear(said)
        for reset in drain.resets:
            await self._baselines.begin_anew(reset)
        await self._record(bus, list(gains.values()))
        stored_s = asyncio.get_running_loop().time()
        for came_s in drain.came_s:
            self._pulse.stored_s.observe(stored_s - came_s)
        await self._settler.settle(drain, [gain.seat for gain in gains.values()])
        for delivery in drain.deliveries:
            await delivery.ack()

    async def _observe(self, arrived: Arrived, gains: dict[tuple[str, str], Gain], drain: Drain) -> None:
        telemetry = arrived.telemetry
        name = (arrived.athlete, telemetry.session)
        gain = gains.get(name)
        if gain is None:
            now_ms = self._clock.now_ms()
            began_ms = telemetry.samples[0].at_ms
            gain = gains[name] = Gain(await self._roster.seat(*name, now_ms, began_ms))
        known = self._settler.marks.has(arrived.origin, telemetry.row) or drain.has_seen(arrived)
        outcome = gain.seat.take(telemetry.samples, late=arrived.late, known=known)
        if gain.seat.gap is not None and not gain.seat.gap.kept:
            drain.gaps[gain.seat.key] = gain.seat.gap
        gain.samples.extend(telemetry.samples)
        gain.add(outcome, late=arrived.late)
        self._counters.add("samples", by=len(telemetry.samples))
        for reason, count in outcome.ignored.items():
            self._counters.add("ignored", reason, by=count)

    async def _record(self, bus: Bus, gains: Sequence[Gain]) -> None:
        """Everything is durable before anything is told."""
        if gains:
            batches = [gain.batch() for gain in gains]
            await self._patience.insist("record", lambda: self._store.record(batches))
            now_ms = self._clock.now_ms()
            for gain in gains:
                if gain.samples:
                    self._pulse.stored(gain.seat.key.athlete, max(one.at_ms for one in gain.samples), now_ms)
        for gain in gains:
            await self._speaker.tell(bus, gain)
