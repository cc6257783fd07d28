"""The bus: how services talk. A Protocol with its promise; MQTT for real, memory for tests and one process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from crampwatch.events import Message
from crampwatch.topics import Topic


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes when this client vanishes without a goodbye."""

    topic: Topic
    message: Message


@dataclass(frozen=True, slots=True)
class LinkState:
    """How a link is and was.

    Attributes:
        problem: what is wrong with it now and what to do, in a line; None: nothing is.
        reconnects: how often it was lost and is there again.
        taken_over: how often another client of the same id took it.
    """

    problem: str | None = None
    reconnects: int = 0
    taken_over: int = 0


class Delivery(Protocol):
    """One message that arrived. It stays the broker's until :meth:`ack`."""

    @property
    def topic(self) -> str:
        """The topic as received; parse it with :class:`crampwatch.topics.Topic`."""
        ...

    @property
    def payload(self) -> bytes:
        """The body as received; empty means that a retained message was cleared."""
        ...

    @property
    def retained(self) -> bool:
        """Whether the broker kept it from before the subscription."""
        ...

    async def ack(self) -> None:
        """The message is safe here; the broker may forget it. Does nothing when the link has changed since:
        the broker will then deliver it again, and the taker must know it by its id.
        """
        ...


class Bus(Protocol):
    """A link to the broker that survives the broker.

    Promises: at least once for QoS 1 (a message that was not acked comes again after a reconnect or a restart of
    this client id); in order per publisher; ``publish`` returns once the broker has taken the message (QoS 1) and
    raises Unavailable while the link is down; nothing is dropped between the broker and ``deliveries`` (the
    receive window is the queue; QoS 0 is at most once, and beyond 10,000 unread the newest are left out).

    The link reconnects by itself with backoff, subscribes again, and says again what this client last published on
    each retained topic (also what failed meanwhile): a last will that fired, or a broker that forgot, does not stand.

    Acks reach the broker in the order of arrival, so a message that is never acked holds up those behind it: ack
    what you refuse, too. Brokers limit how many may be unacked (1,000 with ours, 100 in the wheel, often 20
    elsewhere): ack by time, never wait for a full batch.
    """

    @property
    def connected(self) -> bool:
        """Whether the link is up now. A hint: only ``publish`` knows."""
        ...

    @property
    def link(self) -> LinkState:
        """How the link is, for people who ask."""
        ...

    async def publish(self, topic: Topic, payload: bytes) -> None:
        """Hand one body to the broker on the topic's own terms (QoS, retain, expiry).

        Raises:
            Unavailable: no link, or the broker did not take it in time; try again later.
            Refused: the broker will never take it (too large, not authorised for this topic).
        """
        ...

    def deliveries(self) -> AsyncIterator[Delivery]:
        """Everything that matches the subscriptions, across reconnects, until the bus is closed. One consumer."""
        ...


class BusFactory(Protocol):
    """Makes buses for the services of a process, all to one broker."""

    def __call__(
        self, client_id: str, *, subscribe: Sequence[str] = (), will: Will | None = None, persistent: bool = False
    ) -> AbstractAsyncContextManager[Bus]:
        """Open a link.

        Args:
            client_id: unique per service instance, ``[A-Za-z0-9_-]`` only.
            subscribe: topic filters; see :func:`crampwatch.topics.every`.
            will: the last will.
            persistent: the broker keeps the session while this client is away. For a taker that acks.

        Entering waits for the first connection; it raises Misconfigured when the address or the credentials
        cannot be right, Unavailable when nobody answers within the settings' time.
        """
        ...
