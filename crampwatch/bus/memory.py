"""A broker in memory: the promises of the bus within one process, with switches that break it on purpose."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from crampwatch.bus import Bus, BusFactory, Delivery, LinkState, Will
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.rules import (
    RECEIVE_WINDOW,
    SESSION_QUEUE,
    check_client_id,
    check_filter,
    check_payload,
    matches,
)
from crampwatch.bus.standing import Standing
from crampwatch.codec import encode
from crampwatch.errors import CrampwatchError, Refused, Unavailable
from crampwatch.topics import Topic


@dataclass(frozen=True, slots=True)
class _Letter:
    topic: str
    payload: bytes
    qos: int
    retained: bool = False
    expires_ms: int | None = None


@dataclass(slots=True)
class _Session:
    """What the broker knows of one client: its filters, what waits for it, what it has not acked."""

    filters: tuple[str, ...]
    waiting: deque[_Letter] = field(default_factory=deque)
    unacked: dict[int, _Letter] = field(default_factory=dict)
    bus: "MemoryBus | None" = None

    def put_back(self) -> None:
        """What was under way and not acked comes again, first and in order."""
        self.waiting.extendleft(reversed(self.unacked.values()))
        self.unacked.clear()


class MemoryDelivery:
    """One message handed to a consumer over one life of its link."""

    __slots__ = ("_bus", "_life", "_number", "payload", "qos", "retained", "topic")

    def __init__(self, letter: _Letter, bus: "MemoryBus", number: int) -> None:
        self.topic = letter.topic
        self.payload = letter.payload
        self.retained = letter.retained
        self.qos = letter.qos
        self._bus, self._life, self._number = bus, bus.life, number

    async def ack(self) -> None:
        """See :meth:`crampwatch.bus.Delivery.ack`."""
        self._bus.acked(self._life, self._number)


class MemoryBus:
    """A client of a :class:`MemoryBroker`; see :class:`crampwatch.bus.Bus`."""

    def __init__(
        self, broker: "MemoryBroker", client_id: str, subscribe: tuple[str, ...], will: Will | None, *, persistent: bool
    ) -> None:
        self._broker = broker
        self.client_id = client_id
        self.subscribe = subscribe
        self.will = will
        self.persistent = persistent
        self.inbox = Inbox()
        self.life = 0
        self.session: _Session | None = None
        self.held = False
        self._standing = Standing()

    @property
    def connected(self) -> bool:
        """Whether the link is up."""
        return self.session is not None

    @property
    def link(self) -> LinkState:
        """How the link is."""
        away = None if self.connected else "no link to the broker in memory"
        return LinkState(away, max(0, self.life - 1))

    async def publish(self, topic: Topic, payload: bytes) -> None:
        """See :meth:`crampwatch.bus.Bus.publish`."""
        # A real broker's answer is at least one turn of the loop away; callers must bear that here too.
        await asyncio.sleep(0)
        check_payload(topic, payload)
        self._standing.note(topic, payload)
        if self.session is None:
            raise Unavailable(f"{self.client_id}: the link to the broker is down")
        self._send(topic, payload)

    def _send(self, topic: Topic, payload: bytes) -> None:
        try:
            self._broker.take(topic, payload)
        except Refused:
            self._standing.refused(topic)
            raise
        self._standing.taken(topic, payload)

    def say_again(self) -> None:
        """On a new link: publish again what is to stand."""
        if self.session is None:
            return
        for topic, payload in self._standing.again():
            with contextlib.suppress(CrampwatchError):
                self._send(topic, payload)

    def deliveries(self) -> AsyncIterator[Delivery]:
        """See :meth:`crampwatch.bus.Bus.deliveries`."""
        return self.inbox

    def acked(self, life: int, number: int) -> None:
        """Forget a message, unless it was handed out over an earlier life of the link."""
        session = self.session
        if session is None or life != self.life or number not in session.unacked:
            return
        del session.unacked[number]
        self._broker.pump(session)


class MemoryBroker:
    """Retained messages, wildcards, persistent sessions, redelivery and wills, all in this process.

    Args:
        now_ms: the clock by which messages expire; None: they never do.
        receive_window: how many unacked messages a client may hold.
    """

    def __init__(self, now_ms: Callable[[], int] | None = None, receive_window: int = RECEIVE_WINDOW) -> None:
        self._now_ms = now_ms
        self._window = receive_window
        self._up = True
        self._retained: dict[str, _Letter] = {}
        self._sessions: dict[str, _Session] = {}
        self._buses: list[MemoryBus] = []
        self._refusals: list[tuple[str, CrampwatchError]] = []
        self._numbers = 0

    # --- for the services -----------------------------------------------------------------------------------

    def links(self) -> BusFactory:
        """A factory of buses to this broker."""
        return self._open

    def _open(
        self, client_id: str, *, subscribe: Sequence[str] = (), will: Will | None = None, persistent: bool = False
    ) -> AbstractAsyncContextManager[Bus]:
        check_client_id(client_id)
        for one in subscribe:
            check_filter(one)
        return self._linked(MemoryBus(self, client_id, tuple(subscribe), will, persistent=persistent))

    @contextlib.asynccontextmanager
    async def _linked(self, bus: MemoryBus) -> AsyncIterator[Bus]:
        if not self._up:
            raise Unavailable(f"{bus.client_id}: the broker in memory is stopped")
        for other in self._buses:
            if other.client_id == bus.client_id:
                other.held = True  # the newer client takes the id over, as MQTT says
                self._unlink(other, with_will=True)
        self._buses.append(bus)
        self._link(bus)
        try:
            yield bus
        finally:
            self._buses.remove(bus)
            self._unlink(bus, with_will=False)
            bus.inbox.close()

    # --- for tests: faults ----------------------------------------------------------------------------------

    def cut(self, client_id: str | None = None) -> None:
        """Pull a client's cable (None: everybody's): the link is down until :meth:`mend`, the will is published."""
        for bus in self._named(client_id):
            bus.held = True
            self._unlink(bus, with_will=True)

    def mend(self, client_id: str | None = None) -> None:
        """Put the cable back; the client is linked again."""
        for bus in self._named(client_id):
            bus.held = False
            if self._up:
                self._link(bus)

    def stop(self) -> None:
        """The broker dies: every link is down, no will is published."""
        self._up = False
        for bus in self._buses:
            self._unlink(bus, with_will=False)

    def start(self, *, keep_state: bool = True) -> None:
        """The broker is back, with what it knew or (``keep_state=False``) with nothing; every link returns."""
        if not keep_state:
            self._retained.clear()
            self._sessions.clear()
        self._up = True
        for bus in self._buses:
            if not bus.held:
                self._link(bus)

    def restart(self, *, keep_state: bool = True) -> None:
        """Stop and start at once."""
        self.stop()
        self.start(keep_state=keep_state)

    @contextlib.contextmanager
    def refusing(self, error: CrampwatchError, matching: str = "#") -> Iterator[None]:
        """While the block runs, publishing to topics that match raises ``error``."""
        refusal = (matching, error)
        self._refusals.append(refusal)
        try:
            yield
        finally:
            self._refusals.remove(refusal)

    def retained(self, topic: Topic) -> bytes | None:
        """What is kept for a topic."""
        letter = self._retained.get(str(topic))
        return letter.payload if letter else None

    # --- the broker itself ----------------------------------------------------------------------------------

    def take(self, topic: Topic, payload: bytes) -> None:
        """Accept one published message and pass it on.

        Raises:
            CrampwatchError: what :meth:`refusing` asked for.
        """
        name, terms = str(topic), topic.terms
        for matching, error in self._refusals:
            if matches(matching, name):
                raise error
        expires_ms = None
        if self._now_ms is not None and terms.expiry_s is not None:
            expires_ms = self._now_ms() + terms.expiry_s * 1_000
        letter = _Letter(name, payload, terms.qos, expires_ms=expires_ms)
        if terms.retain and payload:
            self._retained[name] = _Letter(name, payload, terms.qos, retained=True, expires_ms=expires_ms)
        elif terms.retain:
            self._retained.pop(name, None)
        for session in list(self._sessions.values()):
            if any(matches(one, name) for one in session.filters):
                self._enqueue(session, letter)

    def _enqueue(self, session: _Session, letter: _Letter) -> None:
        if session.bus is None and (letter.qos == 0 or len(session.waiting) >= SESSION_QUEUE):
            return
        session.waiting.append(letter)
        self.pump(session)

    def pump(self, session: _Session) -> None:
        """Hand over what waits, as far as the client's window reaches."""
        while session.bus is not None and session.waiting and len(session.unacked) < self._window:
            letter = session.waiting.popleft()
            if self._expired(letter):
                continue
            self._numbers += 1
            if letter.qos:
                session.unacked[self._numbers] = letter
            session.bus.inbox.put(MemoryDelivery(letter, session.bus, self._numbers))

    def _expired(self, letter: _Letter) -> bool:
        return self._now_ms is not None and letter.expires_ms is not None and self._now_ms() >= letter.expires_ms

    def _named(self, client_id: str | None) -> list[MemoryBus]:
        return [bus for bus in self._buses if client_id in {None, bus.client_id}]

    def _link(self, bus: MemoryBus) -> None:
        if bus.session is not None:
            return
        known = self._sessions.get(bus.client_id) if bus.persistent else None
        if known is not None:
            bus.inbox.forget_repeatable()
        session = known or _Session(bus.subscribe)
        session.filters, session.bus = bus.subscribe, bus
        self._sessions[bus.client_id] = bus.session = session
        bus.life += 1
        for name, letter in self._retained.items():
            if any(matches(one, name) for one in session.filters):
                session.waiting.append(letter)
        self.pump(session)
        if bus.life > 1:
            # As over a real link, a moment after it is up.
            asyncio.get_running_loop().call_soon(bus.say_again)

    def _unlink(self, bus: MemoryBus, *, with_will: bool) -> None:
        session = bus.session
        if session is None:
            return
        bus.session = session.bus = None
        session.put_back()
        if not bus.persistent and self._sessions.get(bus.client_id) is session:
            del self._sessions[bus.client_id]
        if with_will and bus.will is not None:
            self.take(bus.will.topic, encode(bus.will.message))
