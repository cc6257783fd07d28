"""Who may hold a connection to a web server of ours: so many at once, and only while they ask or are answered.

A process that serves pages, or answers for its health, also talks to a broker and keeps files. Whoever opens
connections and says nothing must not take the last file descriptor from it.
"""

import asyncio
import logging
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crampwatch.trouble import level

log = logging.getLogger(__name__)

#: Wall seconds in which a request has to be there, head and body.
REQUEST_WITHIN_S = 10.0
#: States of a peer from which something of its request is still to come.
_OWES = (h11.IDLE, h11.SEND_BODY)


class Room:
    """How many connections a server holds, and which of them owe a request, longest first.

    Args:
        name: what the server is called, for the log.
        most: how many connections it holds at once.
    """

    def __init__(self, name: str, most: int) -> None:
        self.most = most
        self._name = name
        self._owing: dict[Visitor, asyncio.TimerHandle] = {}
        self._overrun = False

    def owes(self, visitor: "Visitor") -> None:
        """A request is to come from it: in time, or it goes."""
        if visitor not in self._owing:
            self._owing[visitor] = visitor.loop.call_later(REQUEST_WITHIN_S, visitor.transport.abort)

    def owes_nothing(self, visitor: "Visitor") -> None:
        """It has asked, or is gone."""
        if (limit := self._owing.pop(visitor, None)) is not None:
            limit.cancel()

    def make_room(self, newcomer: "Visitor") -> None:
        """One too many: who has owed a request for longest goes; while all are being answered, the newcomer."""
        goes = next(iter(self._owing), newcomer)
        self.owes_nothing(goes)
        goes.transport.abort()
        log.log(
            level(first=not self._overrun),
            "more than %d connections to %s; those that ask nothing are closed, look at who opens them",
            self.most,
            self._name,
        )
        self._overrun = True


class Visitor(H11Protocol):
    """One connection."""

    room: ClassVar[Room]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in; somebody may have to go for it."""
        super().connection_made(transport)
        self.room.owes(self)
        if len(self.connections) > self.room.most:
            self.room.make_room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.room.owes_nothing(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """It is answered, and may ask again."""
        super().on_response_complete()
        self._look()

    def _look(self) -> None:
        if self.conn.their_state in _OWES and not self.transport.is_closing():
            self.room.owes(self)
        else:
            self.room.owes_nothing(self)


def visitors(name: str, most: int) -> type[H11Protocol]:
    """The connections of one server, as uvicorn makes them."""

    class Ours(Visitor):
        room = Room(name, most)

    return Ours
