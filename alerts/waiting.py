"""Waiting for news, or for run time to pass."""

import asyncio

from crampwatch.clock import Clock


async def news_or(news: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Return when ``news`` is set, or ``seconds`` of run time later; None: only for news."""
    if seconds is None:
        await news.wait()
        return
    told = asyncio.create_task(news.wait(), name="news")
    passed = asyncio.create_task(clock.sleep(seconds), name="time")
    try:
        await asyncio.wait({told, passed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        passed.cancel()
        await asyncio.gather(told, passed, return_exceptions=True)
