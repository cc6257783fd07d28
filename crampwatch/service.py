"""Run services: one named task group, signals, readiness, an orderly end."""

import asyncio
import contextlib
import ctypes
import functools
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, runtime_checkable

from crampwatch.metrics import Vitals

log = logging.getLogger(__name__)


class Service(Protocol):
    """Something that runs until it is cancelled, and then leaves nothing behind."""

    @property
    def name(self) -> str:
        """What the service is called in logs, topics and task names."""
        ...

    @property
    def ready(self) -> asyncio.Event:
        """Set once the service takes what it is there to take."""
        ...

    async def run(self) -> None:
        """Serve until cancelled. Raises Misconfigured when it can never work."""
        ...


@runtime_checkable
class Watched(Service, Protocol):
    """A service that can be asked how it is."""

    def vitals(self) -> Vitals:
        """How it is now. Quick, and never raises: it is asked every few seconds, also when all is broken."""
        ...


#: After so many new objects the young ones are looked through for rings; after so many such looks those that are older;
#: after so many of these, all.
LOOKS = (20_000, 20, 10)

#: What glibc's malloc.h calls M_ARENA_MAX.
MOST_HEAPS = -8

#: Told of a service that ended though nobody asked it to, and why.
Ended = Callable[[Service, str], None]


def _nobody(_service: Service, _why: str) -> None:
    """Nobody wants to know."""


@contextlib.asynccontextmanager
async def running(services: Sequence[Service], ended: Ended = _nobody) -> AsyncIterator[None]:
    """Run services while the block runs: started in order, each ready before the next, stopped in reverse.

    Each is stopped before the next is asked to; who is cancelled meanwhile ends cancelled, after that. When one
    fails, all end; ``ended`` hears which it was while the others still close.

    Raises:
        ExceptionGroup: of what ended a service, or of RuntimeError when one returned before it was ready.
    """
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        try:
            for service in services:
                task = group.create_task(service.run(), name=service.name)
                task.add_done_callback(functools.partial(_note_end, service, ended))
                tasks.append(task)
                await _until_ready(service, task)
            yield
        finally:
            await _stop(tasks)


def _note_end(service: Service, ended: Ended, task: asyncio.Task[None]) -> None:
    if task.cancelled() or task.cancelling():
        return
    error = task.exception()
    ended(service, "returned" if error is None else f"failed: {type(error).__name__}: {error}"[:300])


async def _until_ready(service: Service, task: asyncio.Task[None]) -> None:
    waiter = asyncio.create_task(service.ready.wait(), name=f"{service.name}-ready")
    try:
        await asyncio.wait({waiter, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
    if not service.ready.is_set():
        # What a service raised is the group's to tell; one that only returned would pass for ready.
        raise RuntimeError(f"{service.name} ended before it was ready")


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel the last, wait for its end, then the one before; a cancellation of ours waits for them all."""
    cancelled: asyncio.CancelledError | None = None
    for task in reversed(tasks):
        task.cancel()
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled


def spare_collections() -> None:
    """Have Python look for rings of dead objects less often; for a process that only serves, once its services are up.

    What a service drops is freed at once, by count; rings are rare here. By Python's own pace the looks, each through
    the machines of all athletes and every class that was loaded, cost a fifth of a busy processor. What is loaded by
    now stays and is looked at no more; rings among what comes later are still found, some seconds later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOKS)


def share_one_heap() -> None:
    """Have all threads of this process take memory from one heap, before any is started; where the C library has it so.

    glibc gives each thread a heap of its own, and a hole in one is of no use to another: a processor whose database
    threads pass buffers around grew by 60 MB in half an hour in which InfluxDB was away, and by 28 MB with one heap.
    Threads that wait for Python's lock anyway do not wait for the heap's.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(MOST_HEAPS, 1)


async def until_stopped() -> None:
    """Return when the process is asked to stop (Ctrl-C or SIGTERM).

    The handlers then stay until the loop closes: a second, impatient Ctrl-C must not tear the orderly end.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    wanted = (signal.SIGINT, signal.SIGTERM)
    for number in wanted:
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        if not stopped.is_set():
            for number in wanted:
                loop.remove_signal_handler(number)
