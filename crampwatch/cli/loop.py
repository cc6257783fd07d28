"""Run a command's work so that a signal ends it in order from its first moment, not only once it is up."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from crampwatch.service import share_one_heap

T = TypeVar("T")


def run_in_order(work: Coroutine[Any, Any, T]) -> T | None:
    """Run ``work`` to its end.

    Ctrl-C or SIGTERM cancels it once: a broker that was just started is ended, locks and files are closed. An
    impatient second signal changes nothing. Work that waits in :func:`crampwatch.service.until_stopped` has taken
    the signals over by then and ends by itself.

    Returns:
        What ``work`` returned, or None when it was asked to stop before.
    """
    share_one_heap()
    return asyncio.run(_heeding(work))


async def _heeding(work: Coroutine[Any, Any, T]) -> T | None:
    task = asyncio.create_task(work, name="command")
    asked = asyncio.Event()

    def stop() -> None:
        if not asked.is_set():
            asked.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not asked.is_set():
            raise
        return None
