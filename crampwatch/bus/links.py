"""Buses over MQTT: one factory a process, one lasting link a service."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from crampwatch.bus import Bus, Delivery, LinkState, Will
from crampwatch.bus.address import Address
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.lasting import LastingBus
from crampwatch.bus.mqtt import PUBACK_WITHIN_S, MqttLink
from crampwatch.bus.reasons import ClosedAtOnce
from crampwatch.bus.rules import check_client_id, check_filter
from crampwatch.topics import Topic


class ApartBus:
    """A bus that receives over one link and sends over another; see :class:`crampwatch.bus.Bus`."""

    def __init__(self, receiver: Bus, sender: Bus) -> None:
        self._receiver = receiver
        self._sender = sender

    @property
    def connected(self) -> bool:
        """Whether both links are up."""
        return self._receiver.connected and self._sender.connected

    @property
    def link(self) -> LinkState:
        """Both taken together."""
        one, other = self._receiver.link, self._sender.link
        return LinkState(
            one.problem or other.problem, one.reconnects + other.reconnects, one.taken_over + other.taken_over
        )

    async def publish(self, topic: Topic, payload: bytes) -> None:
        """See :meth:`crampwatch.bus.Bus.publish`."""
        await self._sender.publish(topic, payload)

    def deliveries(self) -> AsyncIterator[Delivery]:
        """See :meth:`crampwatch.bus.Bus.deliveries`."""
        return self._receiver.deliveries()


class MqttLinks:
    """Makes buses to one MQTT broker, 5 or 3.1.1; see :class:`crampwatch.bus.BusFactory`.

    Args:
        address: the broker.
        connect_timeout_s: how long the first connection of a bus may take.
        answer_within_s: how long the broker may take over one publish before the link counts as dead.
        versions: the protocol versions to try, best first.
        subscribe_qos: the QoS to ask for, per filter.
        apart: receive over one link and send over another, for a broker that answers no publish of a client which
            holds a full window of unacked messages.
        sleep: how to wait between tries.
        rng: the jitter of these waits.
    """

    def __init__(
        self,
        address: Address,
        *,
        connect_timeout_s: float = 10.0,
        answer_within_s: float = PUBACK_WITHIN_S,
        versions: Sequence[int] = (5, 4),
        subscribe_qos: Callable[[str], int] = lambda _: 1,
        apart: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.address = address
        self._connect_timeout_s = connect_timeout_s
        self._answer_within_s = answer_within_s
        self._versions = tuple(versions)
        self._subscribe_qos = subscribe_qos
        self._apart = apart
        self._sleep = sleep
        self._rng = rng or random.Random()

    @contextlib.asynccontextmanager
    async def __call__(
        self, client_id: str, *, subscribe: Sequence[str] = (), will: Will | None = None, persistent: bool = False
    ) -> AsyncIterator[Bus]:
        """See :meth:`crampwatch.bus.BusFactory.__call__`."""
        check_client_id(client_id)
        for one in subscribe:
            check_filter(one)
        async with contextlib.AsyncExitStack() as stack:
            if self._apart and subscribe:
                # The will speaks for the side that says "up"; it must not outrun what that side has sent.
                sender = await stack.enter_async_context(self._lasting(f"{client_id}-out", (), will, persistent=False))
                receiver = await stack.enter_async_context(
                    self._lasting(client_id, subscribe, None, persistent=persistent)
                )
                yield ApartBus(receiver, sender)
            else:
                yield await stack.enter_async_context(self._lasting(client_id, subscribe, will, persistent=persistent))

    @contextlib.asynccontextmanager
    async def _lasting(
        self, client_id: str, subscribe: Sequence[str], will: Will | None, *, persistent: bool
    ) -> AsyncIterator[LastingBus]:
        filters = [(one, self._subscribe_qos(one)) for one in subscribe]

        async def dial(inbox: Inbox) -> MqttLink:
            return await self._dial(client_id, inbox, filters, will, persistent=persistent)

        bus = LastingBus(client_id, dial, first_within_s=self._connect_timeout_s, sleep=self._sleep, rng=self._rng)
        try:
            await bus.open()
            yield bus
        finally:
            await bus.close()

    async def _dial(
        self, client_id: str, inbox: Inbox, filters: Sequence[tuple[str, int]], will: Will | None, *, persistent: bool
    ) -> MqttLink:
        """Try the versions in turn: an old broker refuses MQTT 5, or just closes."""
        for version in self._versions:
            link = MqttLink(
                self.address,
                client_id,
                inbox,
                version=version,
                will=will,
                persistent=persistent,
                answer_within_s=self._answer_within_s,
            )
            try:
                await link.open(filters)
            except ClosedAtOnce as error:
                refused = error
            else:
                return link
        raise refused
