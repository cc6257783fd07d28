"""The collector: sensors in, spooled telemetry and sensor states out, through every outage of the link."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path

from collector.desk import PAIRING, UNCLAIMED, Batch, Desk
from collector.forward import FRESH_S, Forwarder, Wait
from collector.intake import Intake
from collector.notices import Notices
from collector.orders import Claim, Orders
from collector.pairing import Pairing
from collector.pulse import Pulse
from collector.source import Arrival, Frame, SensorSeen, Source
from collector.spool import Spool, SqliteSpool, file_name
from crampwatch.bus import Bus, BusFactory
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import CrampwatchError, Refused, Unavailable, first_misconfigured
from crampwatch.herald import EVERY_S, Herald
from crampwatch.metrics import Counters, Vitals
from crampwatch.settings import Settings
from crampwatch.trouble import Trouble, level
from crampwatch.units import HOUR_MS, SECOND_MS

log = logging.getLogger(__name__)

#: Arrivals between the source and the disk, about 20 s of a hundred runners. When it is full the source waits.
QUEUE = 4_096
BATCH = 2_048
#: Wall seconds in which what belongs to one tick (heart rate, then cadence) gathers into one message and one commit.
LINGER_S = 0.003
#: Wall seconds that an orderly end may spend on committing and sending what is left.
FLUSH_S = 2.0
RETRY_S, RETRY_MAX_S = 0.5, 10.0
#: How far behind what it has recorded a host may start and still be believed to be slow: a clock without a battery that
#: kept the hour of its last shutdown. Beyond that the samples are taken for the mistake, and time is the host's.
BEHIND_MS = 24 * HOUR_MS


class Collector:
    """A :class:`crampwatch.service.Service` that turns a source's arrivals into telemetry.

    What arrived is committed to the spool before it is sent, so neither a crash of this process nor a broker that is
    away loses it; only frames of the last few milliseconds are not yet on disk. A full disk stops the taking, says
    so once and goes on when there is room. Bad frames and orders are counted and named, never fatal.

    Args:
        settings: team, athletes, collector and state_dir are used.
        buses: links to the broker.
        source: where arrivals come from.
        clock: the run's time.
        counters: ``frames``, ``samples``, ``gaps``, ``refused`` by reason, ``reconnects``, ``sent``, ``resends``,
            ``other_spools``, ``clock_behind``.
        fresh_s: what is younger in run time is sent as live, what is older as backlog. Whoever sets a pace far above
            20 widens it to some wall seconds, else a slow disk makes history of the present.
        wait: sleeps wall seconds.
        open_spool: opens the queue at a path for a collector's id.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        buses: BusFactory,
        source: Source,
        clock: Clock,
        counters: Counters,
        fresh_s: float = FRESH_S,
        wait: Wait = asyncio.sleep,
        open_spool: Callable[[Path, str], Awaitable[Spool]] = SqliteSpool.open,
    ) -> None:
        self._settings = settings
        self._id = settings.collector.id
        self._buses = buses
        self._source = source
        self._clock = clock
        self._counters = counters
        self._fresh_s = fresh_s
        self._wait = wait
        self._open_spool = open_spool
        self._queue: asyncio.Queue[Arrival | Claim] = asyncio.Queue(QUEUE)
        self._notices = Notices(wait)
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._forwarder: Forwarder | None = None
        self._refused_before: set[tuple[str, str]] = set()
        self._linked = False
        self._full = Trouble(log, "nothing can be taken for now", "taking again")
        self._away = Trouble(log, "no broker yet, everything is kept", "a broker is there")
        self._pulse = Pulse(
            collector=self._id,
            team=settings.team,
            clock=clock,
            counters=counters,
            troubles=(self._full, self._away),
            ready=self._ready.is_set,
            source=source,
        )
        self._herald = Herald(self._id, self._pulse.vitals, clock, more=self._pulse.word)

    @property
    def name(self) -> str:
        """The instance's id."""
        return self._id

    @property
    def ready(self) -> asyncio.Event:
        """Set once frames are taken and the broker was reached, or found away."""
        return self._ready

    @property
    def ended(self) -> asyncio.Event:
        """Set when the source has ended by itself, as a recording does. The service goes on until it is cancelled."""
        return self._ended

    @property
    def waiting(self) -> int:
        """How many messages are kept because they are not known to be stored."""
        return 0 if self._forwarder is None else self._forwarder.waiting

    def vitals(self) -> Vitals:
        """How it is now; see :class:`crampwatch.service.Watched`."""
        return self._pulse.vitals()

    async def drained(self) -> None:
        """Return once the source has ended and the processor has stored everything that it gave."""
        await self._ended.wait()
        await self._queue.join()
        if self._forwarder is not None:
            await self._forwarder.drained()

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            Misconfigured: the state_dir, the broker's address or the source's settings cannot work.
        """
        spool = await self._open_spool(self._settings.state_dir / file_name(self._id), self._id)
        try:
            await self._serve(spool)
        except BaseExceptionGroup as group:
            remedy = first_misconfigured(group)
            if remedy is not None:
                raise remedy from None
            raise
        finally:
            await spool.close()

    async def _serve(self, spool: Spool) -> None:
        desk = self._desk(await spool.state())
        self._forwarder = forwarder = Forwarder(
            spool=spool,
            team=self._settings.team,
            collector=self._id,
            clock=self._clock,
            counters=self._counters,
            fresh_s=self._fresh_s,
            wait=self._wait,
        )
        self._pulse.watch(desk, forwarder)
        self._go_on_from(desk.newest_ms)
        desk.begin(self._clock.now_ms())
        await self._settle(spool, desk.batch())
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(spool, desk), name="collector-write")
            group.create_task(self._keep_link(forwarder), name="collector-link")
            group.create_task(self._report(), name="collector-status")
            pump = group.create_task(self._pump(), name="collector-pump")
            try:
                await asyncio.Event().wait()
            finally:
                await self._finish(pump, writer, forwarder)

    def _desk(self, state: Mapping[str, bytes]) -> Desk:
        settings = self._settings
        athletes, claiming = settings.athletes, settings.collector.claim
        gap_s = settings.collector.session_gap_s
        try:
            pairing = Pairing(athletes, claiming, state.get(PAIRING))
            intake = Intake(gap_s, counters=self._counters, state=state)
        except Refused as refusal:
            log.warning("%s: sensors have to be claimed again and runs begin anew", refusal)
            pairing, intake = Pairing(athletes, claiming), Intake(gap_s, counters=self._counters)
        return Desk(team=settings.team, collector=self._id, pairing=pairing, intake=intake, counters=self._counters)

    def _go_on_from(self, newest_ms: int) -> None:
        """A host that starts with a clock behind what was recorded must not give the same moments again."""
        behind_ms = newest_ms - self._clock.now_ms()
        if not 0 < behind_ms <= BEHIND_MS:
            return
        self._counters.add("clock_behind")
        words = "the host's clock is %.0f s behind the newest sample; time goes on from there until it has caught up"
        log.warning(words, behind_ms / SECOND_MS)
        self._clock.not_before(newest_ms + 1)

    # --- in: source to disk ---------------------------------------------------------------------------------

    async def _pump(self) -> None:
        arrivals = self._source.arrivals()
        try:
            async for arrival in arrivals:
                await self._queue.put(arrival)
        finally:
            if isinstance(arrivals, AsyncGenerator):
                await arrivals.aclose()
        self._ended.set()

    async def _write(self, spool: Spool, desk: Desk) -> None:
        while True:
            gathered = [await self._queue.get()]
            await self._wait(LINGER_S)
            while len(gathered) < BATCH and not self._queue.empty():
                gathered.append(self._queue.get_nowait())
            for one in gathered:
                self._take(desk, one)
            await self._settle(spool, desk.batch())
            for one in gathered:
                if isinstance(one, Claim):
                    await one.delivery.ack()
                self._queue.task_done()

    def _take(self, desk: Desk, one: Arrival | Claim) -> None:
        arrival = one.claimed if isinstance(one, Claim) else one
        try:
            desk.take(arrival)
        except Refused as refusal:
            device = arrival.sensor.device if isinstance(arrival, SensorSeen) else arrival.device
            first = (device, refusal.reason) not in self._refused_before
            self._refused_before.add((device, refusal.reason))
            loudness = level(first=first)
            if isinstance(arrival, Frame) and refusal.reason != UNCLAIMED:
                hint = "what else it sends is kept; if this goes on, restart the sensor or update its firmware"
                log.log(loudness, "left out a frame of %s (%s): %s; %s", device, refusal.reason, refusal, hint)
            else:
                log.log(loudness, "refused (%s): %s", refusal.reason, refusal)

    async def _settle(self, spool: Spool, batch: Batch) -> None:
        """Keep a batch, however long that takes, then let everybody know."""
        retry_s = RETRY_S
        while batch.messages or batch.state:
            try:
                await spool.append(batch.messages, batch.state)
                break
            except Unavailable as error:
                self._full.begins(self._clock.now_ms(), error)
                await self._wait(retry_s)
                retry_s = min(retry_s * 2, RETRY_MAX_S)
        self._full.ends(self._clock.now_ms())
        for topic, payload in batch.statuses.items():
            self._notices.post(topic, payload)
        for device in batch.wanted:
            self._source.want(device)
        if batch.messages and self._forwarder is not None:
            self._forwarder.wake()

    # --- out: the link --------------------------------------------------------------------------------------

    async def _keep_link(self, forwarder: Forwarder) -> None:
        """Hold a link. The bus mends itself once it was up; until then it is tried again from here."""
        orders = Orders(
            team=self._settings.team,
            collector=self._id,
            claim=self._queue.put,
            presumed_dead=self._notices.again,
            counters=self._counters,
        )
        tries = 0
        while True:
            will = self._herald.will
            try:
                # Ids hold no "_": two teams' collectors never take the link from each other.
                client_id = f"{self._settings.team}_{self._id}"
                async with self._buses(client_id, subscribe=orders.subscriptions, will=will) as bus:
                    await self._serve_over(bus, orders, forwarder)
            except Unavailable as error:
                self._away.begins(self._clock.now_ms(), error)
            self._ready.set()
            await self._wait(min(RETRY_S * 2**tries, RETRY_MAX_S))
            tries = min(tries + 1, 10)

    async def _serve_over(self, bus: Bus, orders: Orders, forwarder: Forwarder) -> None:
        self._linked = True
        self._pulse.bus = bus
        self._away.ends(self._clock.now_ms())
        self._notices.post(self._herald.topic, encode(self._herald.status("up")))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(orders.run(bus, forwarder), name="collector-orders")
                group.create_task(forwarder.run(bus), name="collector-forward")
                group.create_task(self._notices.run(bus), name="collector-notices")
                self._ready.set()
        finally:
            self._linked = False
            self._pulse.bus = None
            with contextlib.suppress(CrampwatchError, TimeoutError):
                async with asyncio.timeout(FLUSH_S):
                    await self._herald.say(bus, "down")

    async def _report(self) -> None:
        while True:
            await self._clock.sleep(EVERY_S)
            self._notices.post(self._herald.topic, encode(self._herald.status("up")))

    # --- the end --------------------------------------------------------------------------------------------

    async def _finish(self, pump: asyncio.Task[None], writer: asyncio.Task[None], forwarder: Forwarder) -> None:
        """Let the source go, commit what arrived, send what there is time for. What is left waits on disk."""
        pump.cancel()
        await asyncio.wait({pump})
        if writer.done() or writer.cancelling():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                await self._queue.join()
                if self._linked:
                    await forwarder.sent()
