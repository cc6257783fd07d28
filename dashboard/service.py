"""The dashboard service: the bus comes in, the board follows, browsers are shown it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

import uvicorn

from crampwatch.bus import Bus, BusFactory, Will
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.events import ServiceStatus
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import Store
from crampwatch.topics import SYSTEM, Kind, Topic, every
from crampwatch.units import HOUR_MS

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
GRACE_S = 3
_TEAM_KINDS = (Kind.TELEMETRY, Kind.ASSESSMENT, Kind.FINDING, Kind.ALERT, Kind.DELIVERY, Kind.STATUS)

UpOrDown = Literal["up", "down"]
Sleep = Callable[[float], Awaitable[None]]


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the process, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


class Dashboard:
    """The pages as a service.

    Args:
        settings: the pages listen where ``dashboard`` says.
        buses: makes the link; nothing is kept for us while we are away, retained states come again.
        store: runs and names.
        clock: says how old things are.
        counters: refused messages are counted here by reason.
        sleep: waits wall seconds between two frames.
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
    ) -> None:
        self._settings = settings
        self._buses = buses
        self._store = store
        self._clock = clock
        self._counters = counters
        self._sleep = sleep
        self._ready = asyncio.Event()
        self._url: str | None = None

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

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            Misconfigured: the address cannot be listened on, or the broker's settings are wrong.
        """
        settings = self._settings
        wanted = [one for kind in _TEAM_KINDS for one in every(kind, settings.team)]
        wanted += every(Kind.STATUS, SYSTEM)
        will = Will(self._status_topic(), self._status("down"))
        with self._listen() as listening:
            feed = await AlertFeed(settings).open()
            try:
                async with self._buses(f"{settings.team}_{settings.dashboard.id}", subscribe=wanted, will=will) as bus:
                    await self._serve(await self._site(feed, bus), bus, listening)
            finally:
                await feed.close()

    async def _serve(self, site: Site, bus: Bus, listening: socket.socket) -> None:
        config = uvicorn.Config(
            application(site),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = _Server(config)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(site, bus), name="dashboard-take")
            group.create_task(self._show(site), name="dashboard-show")
            web = group.create_task(server.serve(sockets=[listening]), name="dashboard-web")
            try:
                await server.up.wait()
                await self._say(bus, "up")
                log.info("the pages are at %s", self.url)
                self._ready.set()
                await asyncio.Event().wait()
            finally:
                # An orderly end: the open streams are let go first, so that the server need not wait for them.
                self._ready.clear()
                site.hub.close()
                server.should_exit = True
                await asyncio.wait({web}, timeout=GRACE_S + 1)
                await self._say(bus, "down")

    @contextlib.contextmanager
    def _listen(self) -> Iterator[socket.socket]:
        host, port = self._settings.dashboard.host, self._settings.dashboard.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind((host, port))
            except OSError as error:
                hint = "choose another port (0 takes a free one), or stop what holds it"
                raise Misconfigured("dashboard.port", f"cannot listen on {host}:{port}: {error}; {hint}") from error
            self._url = f"http://{_shown(host)}:{listening.getsockname()[1]}"
            yield listening

    async def _site(self, feed: AlertFeed, bus: Bus) -> Site:
        settings = self._settings
        board = Board(settings.team, {}, [one.id for one in settings.athletes])
        site = Site(settings=settings, board=board, feed=feed, store=self._store, clock=self._clock, bus=bus)
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

    async def _take(self, site: Site, bus: Bus) -> None:
        async for delivery in bus.deliveries():
            try:
                await follow(site, delivery.topic, delivery.payload)
            except Refused as error:
                first = self._counters.add("refused", error.reason) == 1
                level, hint = logging.WARNING if first else logging.DEBUG, "look at what publishes there"
                log.log(level, "left out a message on %s: %s; %s", delivery.topic[:120], error, hint)
            except Unavailable as error:
                first = self._counters.add("store_away") == 1
                log.log(logging.WARNING if first else logging.DEBUG, "the page's store is away: %s", error)
            await delivery.ack()

    def _status_topic(self) -> Topic:
        return Topic(SYSTEM, self._settings.dashboard.id, Kind.STATUS)

    def _status(self, state: UpOrDown) -> ServiceStatus:
        return ServiceStatus(service=self.name, state=state, at_ms=self._clock.now_ms())

    async def _say(self, bus: Bus, state: UpOrDown) -> None:
        try:
            await bus.publish(self._status_topic(), encode(self._status(state)))
        except Unavailable as error:
            log.debug("the dashboard's status (%s) was not taken: %s", state, error)


def _shown(host: str) -> str:
    """The host to print: an address that listens everywhere is reached here by loopback."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{address}]" if ":" in address else address
