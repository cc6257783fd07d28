"""Whether a processor listens over the link that there is now."""

import asyncio
from collections.abc import Awaitable, Callable

#: So long rows wait for a processor's word over a new link, in wall seconds: it subscribes again within a few tenths.
WORD_S = 1.0


class Listening:
    """Over which link a processor has last spoken.

    A broker that lost its memory takes what is sent before a processor has subscribed again, and throws it away. A
    processor says its standing words again over each link of its own, once it has subscribed: rows that wait for one
    of them go to somebody. A word that the broker kept says that its memory is there, which is as good unless it keeps
    words and loses subscriptions; so what follows a kept word stays in doubt until a processor speaks.

    One processor is assumed: of several the first to speak counts for all.

    Args:
        wait: sleeps wall seconds.
    """

    def __init__(self, wait: Callable[[float], Awaitable[None]]) -> None:
        self._wait = wait
        self._word = asyncio.Event()
        self._link = 0
        self._heard_over: int | None = None
        self._spoken_over: int | None = None
        self._in_doubt = False

    def begins(self, link: int) -> None:
        """Rows go over this link, which is the first."""
        self._link = link

    def is_new(self, link: int) -> bool:
        """Whether no row has gone over this link."""
        return link != self._link

    async def renewed(self, link: int) -> bool:
        """Whether this link is a new one; returns once a processor has been heard over it, or :data:`WORD_S` later."""
        if not self.is_new(link):
            return False
        self._link = link
        if self._heard_over != link:
            await self._next_word()
        self._in_doubt = self._spoken_over != link
        return True

    def heard(self, link: int, *, kept: bool) -> bool:
        """A processor's word came over this link. Returns whether what was sent over it before may have gone to nobody.

        Args:
            link: how often there was a new one.
            kept: the broker had the word from before.
        """
        self._heard_over = link
        self._word.set()
        if kept:
            return False
        self._spoken_over = link
        doubtful, self._in_doubt = self._in_doubt, False
        return doubtful

    async def _next_word(self) -> None:
        self._word.clear()
        word = asyncio.ensure_future(self._word.wait())
        time = asyncio.ensure_future(self._wait(WORD_S))
        try:
            await asyncio.wait({word, time}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            word.cancel()
            time.cancel()
            await asyncio.gather(word, time, return_exceptions=True)
