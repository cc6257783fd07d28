"""Server-sent events to many browsers: frames are encoded once, only the newest matters; no news is dropped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

#: Events that may wait for one slow browser; more and it is let go, to come back with the last id it saw.
MAX_WAITING = 256


def frame(event: str, body: bytes, row: int | None = None) -> bytes:
    r"""One server-sent event; ``row`` becomes the id that the browser says when it comes back.

    >>> frame("tick", b"{}")
    b'event: tick\ndata: {}\n\n'
    """
    head = b"" if row is None else b"id: %d\n" % row
    return head + b"event: " + event.encode() + b"\ndata: " + body + b"\n\n"


@dataclass(eq=False, slots=True)
class Listener:
    """One browser: the newest frame it has not had yet, and every numbered event it has not had yet."""

    athlete: str | None
    newest: bytes | None = None
    waiting: list[tuple[int, bytes]] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False


class Hub:
    """Everybody who listens now."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def listening(self) -> int:
        """How many browsers listen."""
        return len(self._listeners)

    def join(self, athlete: str | None) -> Listener:
        """Begin to listen: to one athlete's page, or with None to the board."""
        listener = Listener(athlete, gone=self._closed)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    def show(self, encode: Callable[[str | None], bytes]) -> None:
        """Give everybody a new frame. ``encode`` is asked once for the board and once per athlete looked at."""
        frames: dict[str | None, bytes] = {}
        for listener in self._listeners:
            if listener.athlete not in frames:
                frames[listener.athlete] = frame("tick", encode(listener.athlete))
            listener.newest = frames[listener.athlete]
            listener.wake.set()

    def tell(self, event: str, row: int, athlete: str, body: bytes) -> None:
        """Give a numbered event to whom it concerns: its athlete's pages and the boards."""
        encoded = frame(event, body, row)
        for listener in self._listeners:
            if listener.athlete not in {None, athlete}:
                continue
            listener.waiting.append((row, encoded))
            listener.gone = listener.gone or len(listener.waiting) > MAX_WAITING
            listener.wake.set()

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        for listener in self._listeners:
            listener.gone = True
            listener.wake.set()

    async def stream(
        self, listener: Listener, hello: bytes, seen: int, missed: Sequence[tuple[int, bytes]] = ()
    ) -> AsyncIterator[bytes]:
        """What one browser is sent until it leaves.

        Args:
            listener: from :meth:`join`, joined before ``hello`` and ``missed`` were read: nothing falls between.
            hello: the first bytes.
            seen: the highest row that the browser has; nothing up to it is sent again.
            missed: rows above ``seen`` with their encoded frames.
        """
        try:
            yield hello
            for row, encoded in missed:
                if row > seen:
                    seen = row
                    yield encoded
            while True:
                await listener.wake.wait()
                listener.wake.clear()
                if listener.gone:
                    return
                waiting, listener.waiting = listener.waiting, []
                newest, listener.newest = listener.newest, None
                fresh = [(row, encoded) for row, encoded in waiting if row > seen]
                seen = max([seen, *(row for row, _ in fresh)])
                # What is numbered goes first: a frame may be replaced, an alert may not wait behind it.
                if body := b"".join(encoded for _, encoded in fresh) + (newest or b""):
                    yield body
        finally:
            self.leave(listener)
