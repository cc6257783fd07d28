"""The dashboard service: the bus comes in, the board follows, browsers are shown it."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator

from crampwatch.bus import Bus, BusFactory
from crampwatch.clock import Clock
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.health import Health
from crampwatch.herald import Herald
from crampwatch.metrics import Counters, Gauge, Vitals
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.topics import SYSTEM, Kind, every
from crampwatch.trouble import Trouble, level
from crampwatch.units import HOUR_MS
from crampwatch.web import listening, serving

from .app import application
from .feed import AlertFeed
from .follow import follow
from .live import Board
from .site import Site

log = logging.getLogger(__name__)

#: Browsers get a frame this often, on the wall: people look at walls, whatever the pace of the run.
FRAME_S = 0.5
#: Alerts of runs that ended this long ago at most are caught up from the store at the start.
CAUGHT_UP_MS = HOUR_MS
#: How often a store that was away is asked whether it is back, wall seconds.
STORE_LOOK_S = 5.0
#: Connections at once: a team's browsers, each with a stream and what it loads.
MOST_CONNECTIONS = 200
_TEAM_KINDS = (
    *(Kind.TELEMETRY, Kind.ASSESSMENT, Kind.FINDING, Kind.ALERT),
    *(Kind.DELIVERY, Kind.STATUS, Kind.BASELINE),
)

Sleep = Callable[[float], Awaitable[None]]


class Dashboard:
    """The pages as a service.

    Args:
        settings: the pages listen where ``dashboard`` says.
        buses: makes the link; nothing is kept for us while we are away, retained states come again.
        store: runs and names.
        clock: says how old things are.
        counters: refused messages are counted here by reason.
        sleep: waits wall seconds between two frames.
        stopwatch: seconds on the wall, from any beginning.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        buses: BusFactory,
        store: Store,
        clock: Clock,
        counters: Counters,
        sleep: Sleep = asyncio.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._buses = buses
        self._store = store
        self._clock = clock
        self._counters = counters
        self._sleep = sleep
        self._stopwatch = stopwatch
        self._ready = asyncio.Event()
        self._url: str | None = None
        self._bus: Bus | None = None
        self._shown: Site | None = None
        self._herald = Herald(settings.dashboard.id, self.vitals, clock)
        self._store_away = Trouble(log, "the pages' store is away, what is live is still shown", "the store is back")
        self.health = Health()
        self.health.watch(self)

    @property
    def name(self) -> str:
        """What the service is called."""
        return "dashboard"

    @property
    def ready(self) -> asyncio.Event:
        """Set once the pages answer."""
        return self._ready

    @property
    def url(self) -> str:
        """Where the pages are; known once ready."""
        if self._url is None:
            raise RuntimeError("the dashboard's address is known once it is ready")
        return self._url

    def vitals(self) -> Vitals:
        """How the pages are now."""
        site, bus = self._shown, self._bus
        problems = [one for one in (self._store_away.problem, self._herald.problem) if one is not None]
        if bus is not None and not bus.connected:
            problems.insert(0, "no link to the broker: nothing new is shown; look at the broker and at mqtt.url")
        # What waits on the way into a store that is shared, the processor tells.
        store = () if self.health.shared else (self._store,)
        problems += [problem for one in store for problem in one.problems()]
        gauges = [
            *(gauge for one in store for gauge in one.gauges()),
            Gauge("streams", 0 if site is None else site.hub.listening),
            Gauge("athletes", 0 if site is None else len(site.board.athletes)),
        ]
        return Vitals(
            service=self._settings.dashboard.id,
            kind="dashboard",
            ready=self._ready.is_set(),
            problems=problems,
            gauges=gauges,
            counters=self._counters,
        )

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            Misconfigured: the address cannot be listened on, or the broker's settings are wrong.
        """
        settings = self._settings
        wanted = [one for kind in _TEAM_KINDS for one in every(kind, settings.team)]
        wanted += every(Kind.STATUS, SYSTEM)
        with self._listen() as listener:
            feed = await AlertFeed(settings).open()
            try:
                client_id = f"{settings.team}_{settings.dashboard.id}"
                async with self._buses(client_id, subscribe=wanted, will=self._herald.will) as self._bus:
                    self._shown = site = await self._site(feed, self._bus)
                    await self._serve(site, self._bus, listener)
            finally:
                self._bus = self._shown = None
                await feed.close()

    async def _serve(self, site: Site, bus: Bus, listener: socket.socket) -> None:
        app = application(site, self.health)
        async with serving(app, listener, "dashboard-web", most=MOST_CONNECTIONS) as web, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._take(site, bus), name="dashboard-take"),
                group.create_task(self._show(site), name="dashboard-show"),
                group.create_task(self._look_after_store(site), name="dashboard-store"),
                group.create_task(self._herald.run(bus), name="dashboard-status"),
            ]
            try:
                log.info("the pages are at %s", self.url)
                self._ready.set()
                async with self._herald.speaking(bus):
                    await asyncio.wait({web})
                    await web
                    raise RuntimeError("the web server ended though nobody asked it to")
            finally:
                # An orderly end: the open streams are let go first, so that the server need not wait for them.
                self._ready.clear()
                site.hub.close()
                for task in tasks:
                    task.cancel()

    @contextlib.contextmanager
    def _listen(self) -> Iterator[socket.socket]:
        host, port = self._settings.dashboard.host, self._settings.dashboard.port
        with contextlib.ExitStack() as stack:
            try:
                listener, self._url = stack.enter_context(listening(host, port))
            except OSError as error:
                hint = "choose another port (0 takes a free one), or stop what holds it"
                raise Misconfigured("dashboard.port", f"cannot listen on {host}:{port}: {error}; {hint}") from error
            yield listener

    async def _site(self, feed: AlertFeed, bus: Bus) -> Site:
        settings = self._settings
        board = Board(settings.team, {}, [one.id for one in settings.athletes], settings.service_kinds)
        site = Site(
            settings=settings,
            board=board,
            feed=feed,
            store=self._store,
            clock=self._clock,
            bus=bus,
            stopwatch=self._stopwatch,
        )
        await site.refresh_names()
        await self._catch_up(site)
        return site

    async def _catch_up(self, site: Site) -> None:
        """Alerts that came and were over while we were away. What is still open, the broker tells by itself."""
        now_ms = self._clock.now_ms()
        for summary in reversed(await self._store.runs(team=self._settings.team, limit=100)):
            if summary.alerts and summary.ended_ms >= now_ms - CAUGHT_UP_MS:
                for alert in await self._store.alerts(summary.run):
                    if not alert.state.open and now_ms - CAUGHT_UP_MS <= alert.updated_at_ms <= now_ms:
                        await site.alerted(summary.run.athlete, alert)

    async def _show(self, site: Site) -> None:
        while True:
            await self._sleep(FRAME_S)
            if site.hub.listening:
                site.board.prune(self._clock.now_ms())
                site.hub.show(site.encode)

    async def _look_after_store(self, site: Site) -> None:
        """While the store is away, ask now and then whether it is back."""
        while True:
            await self._sleep(STORE_LOOK_S)
            if self._store_away.lasts:
                try:
                    await site.feed.latest()
                    await self._store.runs(team=self._settings.team, limit=1)
                except Unavailable as error:
                    self._store_away.begins(self._clock.now_ms(), error)
                else:
                    self._store_away.ends(self._clock.now_ms())

    async def _take(self, site: Site, bus: Bus) -> None:
        async for delivery in bus.deliveries():
            try:
                await follow(site, delivery.topic, delivery.payload, retained=delivery.retained)
            except Refused as error:
                first = self._counters.add("refused", error.reason) == 1
                hint = "look at what publishes there"
                log.log(level(first=first), "left out a message on %s: %s; %s", delivery.topic[:120], error, hint)
            except Unavailable as error:
                self._counters.add("store_away")
                self._store_away.begins(self._clock.now_ms(), error)
            await delivery.ack()
