"""Waiting for news, or for time to pass."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from crampwatch.clock import Clock


async def news_or(news: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Return when ``news`` is set, or ``seconds`` of run time later; None: only for news."""
    if seconds is None:
        await news.wait()
        return
    await news_or_passed(news, clock.sleep(seconds))


async def news_or_passed(news: asyncio.Event, passing: Coroutine[Any, Any, None]) -> None:
    """Return when ``news`` is set, or ``passing`` has ended; it is cancelled when news came first."""
    task = asyncio.current_task()
    whose = "" if task is None else f"{task.get_name()}-"
    told = asyncio.create_task(news.wait(), name=f"{whose}news")
    passed = asyncio.create_task(passing, name=f"{whose}time")
    try:
        await asyncio.wait({told, passed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        passed.cancel()
        await asyncio.gather(told, passed, return_exceptions=True)
