"""Whether a processor listens over the link that there is now."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from crampwatch.bus import Bus
from crampwatch.waiting import news_or_passed

#: So long rows wait for a processor's word over a new link, in wall seconds: it subscribes again within a few tenths.
WORD_S = 1.0
#: How often it is looked whether the link is a new one, in wall seconds.
LOOK_S = 1.0


class Listening:
    """Over which link of a bus a processor has last spoken.

    A broker that lost its memory takes what is sent before a processor has subscribed again, and throws it away. A
    processor says its standing words again over each link of its own, once it has subscribed: rows that wait for one
    of them go to somebody. A word that the broker kept says that its memory is there, which is as good unless it keeps
    words and loses subscriptions; so what follows a kept word stays in doubt until a processor speaks.

    One processor is assumed: of several the first to speak counts for all.

    Args:
        wait: sleeps wall seconds.
    """

    def __init__(self, wait: Callable[[float], Coroutine[Any, Any, None]]) -> None:
        self._wait = wait
        self._bus: Bus | None = None
        self._word = asyncio.Event()
        self._rows_over = 0
        self._heard_over: int | None = None
        self._spoken_over: int | None = None
        self._in_doubt = False

    def begins(self, bus: Bus) -> None:
        """Rows go over this bus from now on."""
        self._bus = bus
        self._rows_over = self._link

    async def renewed(self) -> bool:
        """Whether the link is a new one; returns once a processor has been heard over it, or :data:`WORD_S` later."""
        link = self._link
        if link == self._rows_over:
            return False
        self._rows_over = link
        if self._heard_over != link:
            self._word.clear()
            await news_or_passed(self._word, self._wait(WORD_S))
        self._in_doubt = self._spoken_over != link
        return True

    def heard(self, *, kept: bool) -> bool:
        """A processor's word came. Returns whether what was sent over this link before may have gone to nobody.

        Args:
            kept: the broker had the word from before.
        """
        self._heard_over = self._link
        self._word.set()
        if kept:
            return False
        self._spoken_over = self._heard_over
        doubtful, self._in_doubt = self._in_doubt, False
        return doubtful

    async def watch(self, wake: Callable[[], None]) -> None:
        """Wake when the link broke and mended while nothing was being sent: the broker may have lost what it had."""
        while True:
            await self._wait(LOOK_S)
            if self._link != self._rows_over:
                wake()

    @property
    def _link(self) -> int:
        return 0 if self._bus is None else self._bus.link.reconnects
