"""Serve HTTP inside a process that has more to do: the server leaves signals alone and says when it is up."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from crampwatch.visitors import visitors

#: Connections at once, for a few supervisors and scrapers.
MOST = 32
#: Connections that wait to be let in.
BACKLOG = 16
#: How long an orderly end waits for answers that are under way.
GRACE_S = 3


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


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens on an address, and the URL by which this machine reaches it; port 0 takes a free one.

    Raises:
        OSError: the address is taken, or none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        yield made, f"http://{_shown(host)}:{made.getsockname()[1]}"


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, socket_: socket.socket, name: str, *, most: int = MOST
) -> AsyncIterator[asyncio.Task[None]]:
    """Answer on a socket while the block runs; entering waits until it answers, leaving lets open answers end.

    Gives the server's task: when that ends before the block does, the server has failed. It holds ``most`` connections
    at once, and those only that ask something.
    """
    config = uvicorn.Config(
        app,
        http=visitors(name, most),
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[socket_]), name=name)
    up = asyncio.create_task(server.up.wait(), name=f"{name}-up")
    try:
        await asyncio.wait({task, up}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            raise RuntimeError(f"{name} ended before it answered")
        yield task
    finally:
        up.cancel()
        server.should_exit = True
        await _ended(task)


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for the server's end, so long at most. Who is cancelled here waits no longer, and leaves no server behind
    that would look for its socket after that was closed.
    """
    try:
        await asyncio.wait({task}, timeout=GRACE_S + 1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _shown(host: str) -> str:
    """The host to print: an address that listens everywhere is reached here by loopback."""
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{address}]" if ":" in address else address
