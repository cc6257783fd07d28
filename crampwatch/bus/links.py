"""Buses over MQTT: one factory a process, one lasting link a service."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from crampwatch.bus import Bus, Will
from crampwatch.bus.address import Address
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.lasting import LastingBus
from crampwatch.bus.mqtt import PUBACK_WITHIN_S, ClosedAtOnce, MqttLink
from crampwatch.bus.rules import check_client_id, check_filter


class MqttLinks:
    """Makes buses to one MQTT broker, 5 or 3.1.1; see :class:`crampwatch.bus.BusFactory`.

    Args:
        address: the broker.
        connect_timeout_s: how long the first connection of a bus may take.
        answer_within_s: how long the broker may take over one publish before the link counts as dead.
        versions: the protocol versions to try, best first.
        subscribe_qos: the QoS to ask for, per filter.
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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.address = address
        self._connect_timeout_s = connect_timeout_s
        self._answer_within_s = answer_within_s
        self._versions = tuple(versions)
        self._subscribe_qos = subscribe_qos
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
