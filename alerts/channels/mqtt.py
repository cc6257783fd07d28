"""Pushes as a message on the bus: pages, phones and watch bridges take it from there."""

from crampwatch.bus import Bus
from crampwatch.clock import Clock
from crampwatch.codec import encode
from crampwatch.events import Delivered
from crampwatch.topics import Kind, Topic

from . import Push

NAME = "mqtt"


class MqttChannel:
    """Publishes each push on the athlete's delivery topic; whoever takes it knows a push by its alert's id.

    Args:
        bus: an open link; it stays the caller's.
        team: the team in the topic.
        clock: dates the message.
    """

    name = NAME
    audible = True
    repeatable = True

    def __init__(self, bus: Bus, team: str, clock: Clock) -> None:
        self._bus = bus
        self._team = team
        self._clock = clock

    async def deliver(self, push: Push) -> None:
        """See :meth:`alerts.channels.Channel.deliver`."""
        message = Delivered(
            alert_id=push.alert.id,
            level=push.alert.level,
            at_ms=self._clock.now_ms(),
            title=push.title,
            body=push.body,
        )
        await self._bus.publish(Topic(self._team, push.athlete, Kind.DELIVERY), encode(message))

    async def close(self) -> None:
        """Nothing is held."""
