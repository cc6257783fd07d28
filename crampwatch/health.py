"""How a process is, for who operates it: /healthz, /readyz and /metrics over its services."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crampwatch.clock import Clock
from crampwatch.exposition import Exposition
from crampwatch.metrics import Vitals
from crampwatch.service import Service, Watched
from crampwatch.trouble import Trouble
from crampwatch.web import listening, serving

log = logging.getLogger(__name__)

#: Wall seconds between two tries of a port that is taken.
RETRY_S = 10.0
_NO_STORE = {"cache-control": "no-store"}


class Health:
    """What a process can be asked about its services, and the three paths that answer it.

    ``/healthz``: 200 while the event loop answers and no service has ended by itself; who restarts processes asks
    this. ``/readyz``: 200 while every service is ready, with each one's problems; who sends work asks this.
    ``/metrics``: for Prometheus. None needs a login: they hold pseudonymous ids and figures, and change nothing.
    """

    def __init__(self) -> None:
        self._services: list[Service] = []
        self._ended: dict[str, str] = {}
        self._exposition = Exposition(self.vitals)

    def watch(self, *services: Service) -> None:
        """Answer for these too. One that is no :class:`Watched` is only asked whether it is ready."""
        self._services.extend(services)

    @property
    def shared(self) -> bool:
        """Whether several services are one process: what they share, one of them tells."""
        return len(self._services) > 1

    def ended(self, service: Service, why: str) -> None:
        """A service has ended though nobody asked it to: the process is no longer whole."""
        self._ended[service.name] = why

    def vitals(self) -> Sequence[Vitals]:
        """Every service as it is now."""
        return [one.vitals() if isinstance(one, Watched) else _plain(one) for one in self._services]

    def routes(self) -> list[Route]:
        """The three paths, for an application that has more of them."""
        return [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]

    async def _healthz(self, _request: Request) -> Response:
        services = {one.name: self._ended.get(one.name, "running") for one in self._services}
        return _json({"alive": not self._ended, "services": services}, well=not self._ended)

    async def _readyz(self, _request: Request) -> Response:
        vitals = self.vitals()
        ready = bool(vitals) and not self._ended and all(one.ready for one in vitals)
        services = [
            {"service": one.service, "kind": one.kind, "ready": one.ready, "problems": list(one.problems)}
            for one in vitals
        ]
        return _json({"ready": ready, "services": services}, well=ready)

    async def _metrics(self, request: Request) -> Response:
        body, content_type = self._exposition.text(request.headers.get("accept", ""))
        return Response(body, headers={**_NO_STORE, "content-type": content_type})


def _plain(service: Service) -> Vitals:
    return Vitals(service=service.name, kind=service.name, ready=service.ready.is_set())


def _json(body: object, *, well: bool) -> Response:
    return Response(to_json(body), 200 if well else 503, headers=_NO_STORE, media_type="application/json")


class HealthServer:
    """A :class:`crampwatch.service.Service` that serves a :class:`Health` on a port of its own.

    A port that is taken stops nothing: it is told once, by the name of its setting, and tried again.

    Args:
        health: what answers.
        host: the address to listen on.
        port: 0 takes a free one.
        setting: the setting that chose the port, for the warning.
        clock: tells how long a port was taken.
        wait: sleeps wall seconds.
    """

    name = "health"

    def __init__(
        self,
        health: Health,
        host: str,
        port: int,
        *,
        setting: str,
        clock: Clock,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app = Starlette(routes=health.routes())
        self._host, self._port, self._setting = host, port, setting
        self._clock = clock
        self._wait = wait
        self._ready = asyncio.Event()
        self._taken = Trouble(log, "nobody can ask /healthz, /readyz and /metrics", "they can be asked again")
        self.url: str | None = None

    @property
    def ready(self) -> asyncio.Event:
        """Set once the port was tried: what it is there for must not wait for it."""
        return self._ready

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            try:
                with listening(self._host, self._port) as (listener, self.url):
                    async with serving(self._app, listener, "health-web") as server:
                        self._taken.ends(self._clock.now_ms())
                        log.info("/healthz, /readyz and /metrics are at %s", self.url)
                        self._ready.set()
                        await asyncio.wait({server})
                    self._taken.begins(self._clock.now_ms(), "the server ended; it is started again")
            except (OSError, OverflowError) as error:
                hint = (
                    f"set {self._setting} to a free port (-1 serves none) or health_host to an address of this machine"
                )
                self._taken.begins(self._clock.now_ms(), f"cannot listen on {self._host}:{self._port}: {error}; {hint}")
            self.url = None
            self._ready.set()
            await self._wait(RETRY_S)
