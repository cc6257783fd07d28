"""One MQTT connection: the only place that knows aiomqtt and paho, and what they do not do by themselves."""

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any

import aiomqtt
from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from crampwatch.bus import Will
from crampwatch.bus.address import Address
from crampwatch.bus.inbox import Inbox
from crampwatch.bus.reasons import FAILURE, TAKEN_OVER, refused_connect, refused_publish
from crampwatch.bus.rivalry import Loss
from crampwatch.bus.rules import RECEIVE_WINDOW
from crampwatch.codec import encode
from crampwatch.errors import CrampwatchError, Misconfigured, Refused, Unavailable
from crampwatch.topics import Topic

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
PUBACK_WITHIN_S = 10.0
GOODBYE_WITHIN_S = 1.0
DIAL_WITHIN_S = 5.0
#: Publishes that may wait for their PUBACK at once; the broker may ask for fewer.
SEND_WINDOW = 20
#: How long the broker keeps the session of a taker that is away (MQTT 5; 3.1.1 knows no limit).
SESSION_EXPIRY_S = 7 * 86_400
#: Header, packet id and properties of a PUBLISH beside topic and body, with room to spare.
PUBLISH_OVERHEAD = 64

# paho logs each lost socket as an error; the bus reports losses itself, once.
_PAHO_LOG = logging.getLogger(f"{__name__}.paho")
_PAHO_LOG.setLevel(logging.CRITICAL)


class MqttDelivery:
    """One PUBLISH that arrived over one link."""

    __slots__ = ("_link", "acked", "mid", "payload", "qos", "retained", "topic")

    def __init__(self, message: MQTTMessage, link: "MqttLink") -> None:
        try:
            self.topic = message.topic
        except UnicodeDecodeError:
            self.topic = "\ufffd"  # not UTF-8: no topic of ours, and the taker says so
        self.payload = bytes(message.payload)
        self.retained = message.retain
        self.qos = message.qos
        self.mid = message.mid
        self.acked = False
        self._link = link

    async def ack(self) -> None:
        """See :meth:`crampwatch.bus.Delivery.ack`."""
        self.acked = True
        self._link.pass_acks()


class MqttLink(aiomqtt.Client):
    """One connection, from CONNECT to its end.

    aiomqtt 2.5 acks QoS 1 when it queues a message, waits out its timeout when the socket closes, drops the reason
    of a PUBACK and leaves the socket of a failed CONNECT open. The methods with an underscore take these over;
    ``tests/canary/test_aiomqtt.py`` watches everything that they lean on.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        inbox: Inbox,
        *,
        version: int,
        will: Will | None,
        persistent: bool,
        answer_within_s: float = PUBACK_WITHIN_S,
    ) -> None:
        five = version == aiomqtt.ProtocolVersion.V5
        session: dict[str, Any] = {"clean_session": not persistent}
        if five:
            properties = _properties(PacketTypes.CONNECT)
            properties.ReceiveMaximum = RECEIVE_WINDOW
            properties.SessionExpiryInterval = SESSION_EXPIRY_S if persistent else 0
            session = {"clean_start": not persistent, "properties": properties}
        super().__init__(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion(version),
            will=_will(will),
            keepalive=KEEPALIVE_S,
            timeout=DIAL_WITHIN_S,
            tls_context=address.tls,
            logger=_PAHO_LOG,
            max_inflight_messages=SEND_WINDOW,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            **session,
        )
        self._client.manual_ack_set(on=True)
        self._client.connect_timeout = DIAL_WITHIN_S
        self._address = address
        self._five = five
        self._answer_within_s = answer_within_s
        self._inbox = inbox
        self._lost: asyncio.Future[Loss] = self._loop.create_future()
        self._room = asyncio.Semaphore(SEND_WINDOW)
        self._largest: int | None = None
        self._resumed = False
        self._pubacks: dict[int, asyncio.Future[ReasonCode]] = {}
        self._unacked: deque[MqttDelivery] = deque()

    # --- life -----------------------------------------------------------------------------------------------

    async def open(self, filters: Sequence[tuple[str, int]]) -> None:
        """Connect and subscribe.

        Raises:
            Unavailable, Misconfigured: as the address and the broker's answer tell.
        """
        dialling = asyncio.create_task(self.__aenter__(), name="mqtt-dial")
        try:
            await self._dialled(dialling)
            self._disconnected.add_done_callback(self._on_gone)
            if filters and self._resumed:
                # The session has its subscriptions; asking again only brings the retained messages. The answer is
                # not waited for: rumqttd holds it back until its client has acked, and nobody reads before we return.
                self._client.subscribe(list(filters))
            elif filters:
                self._check_granted(filters, await self.subscribe(list(filters)))
        except asyncio.CancelledError:
            await self._give_up(dialling)
            raise
        except aiomqtt.MqttError as error:
            self._release()
            raise _translated(error, self._address) from error
        except CrampwatchError:
            await self.close()
            raise

    async def _dialled(self, dialling: "asyncio.Task[Any]") -> None:
        try:
            await asyncio.shield(dialling)
        except ValueError as error:  # among them UnicodeError: the host cannot be a name at all
            self._release()
            raise Misconfigured("mqtt.url", f"{self._address.host!r} can be no host: {error}") from error

    async def until_lost(self) -> Loss:
        """See :meth:`crampwatch.bus.lasting.Link.until_lost`."""
        return await asyncio.shield(self._lost)

    async def close(self) -> None:
        """See :meth:`crampwatch.bus.lasting.Link.close`. A broker that does not take the goodbye is left after 1 s."""
        try:
            if not self._lost.done():
                self._client.disconnect()
                await asyncio.wait({self._lost}, timeout=GOODBYE_WITHIN_S)
        finally:
            self._release()

    async def _give_up(self, dialling: "asyncio.Task[Any]") -> None:
        """Cancelled while dialling: the connecting thread cannot be interrupted, and its socket must not leak."""
        while not dialling.done():
            if self._client.socket() is not None and not self._connected.done():
                self._connected.set_exception(aiomqtt.MqttError("given up"))
            await asyncio.wait({dialling}, timeout=0.05)
        with contextlib.suppress(aiomqtt.MqttError, asyncio.CancelledError):
            dialling.result()
        self._release()

    def _release(self) -> None:
        """Close the socket, whatever state it is in, and fail whoever waits for this link."""
        self._client._sock_close()  # noqa: SLF001 - paho offers no public way to abandon a connection
        self._end(Loss("closed"))

    def _end(self, loss: Loss) -> None:
        if not self._lost.done():
            self._lost.set_result(loss)
        for puback in self._pubacks.values():
            if not puback.done():
                puback.set_exception(Unavailable(f"the link to {self._address} was lost: {loss.reason}"))
        for suback in self._pending_subscribes.values():
            if not suback.done():
                suback.set_exception(aiomqtt.MqttError(loss.reason))

    def _check_granted(self, filters: Sequence[tuple[str, int]], codes: Sequence[int | ReasonCode]) -> None:
        if len(codes) != len(filters):
            words = f"{len(codes)} answers to {len(filters)} subscriptions"
            raise Unavailable(f"{self._address} does not answer as a broker does: {words}")
        for (topic_filter, _), code in zip(filters, codes, strict=True):
            if (code if isinstance(code, int) else code.value) >= FAILURE:
                raise Misconfigured(
                    "mqtt.username", f"{self._address} lets this user not subscribe to {topic_filter}: {code}"
                )

    # --- sending --------------------------------------------------------------------------------------------

    async def send(self, topic: Topic, payload: bytes) -> None:
        """See :meth:`crampwatch.bus.lasting.Link.send`."""
        name, terms = str(topic), topic.terms
        size = len(name) + len(payload) + PUBLISH_OVERHEAD
        if self._largest is not None and size > self._largest:
            raise Refused("too_long", f"{name}: {size} bytes, the broker takes {self._largest}")
        properties = _expiring(terms.expiry_s) if self._five and terms.expiry_s is not None else None
        if terms.qos == 0:
            self._hand_over(name, payload, 0, properties, retain=terms.retain)
            return
        async with self._room:
            mid = self._hand_over(name, payload, 1, properties, retain=terms.retain)
            code = await self._puback(mid)
        if code.value >= FAILURE:
            raise refused_publish(code.value, str(code), name)

    def _hand_over(self, name: str, payload: bytes, qos: int, properties: Properties | None, *, retain: bool) -> int:
        """Queue a PUBLISH in paho, without aiomqtt, whose own wait knows neither reason codes nor a lost link."""
        if self._lost.done():
            raise Unavailable(f"the link to {self._address} is down")
        info = self._client.publish(name, payload, qos, retain, properties)
        if info.rc:
            raise Unavailable(f"{name}: not sent to {self._address} (paho error {int(info.rc)})")
        return info.mid

    async def _puback(self, mid: int) -> ReasonCode:
        puback: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._pubacks[mid] = puback
        try:
            async with asyncio.timeout(self._answer_within_s):
                return await puback
        except TimeoutError:
            # What was sent may still be taken; a broker this slow is as good as gone, and a new link knows.
            text = f"{self._address} did not answer a publish within {self._answer_within_s:g} s"
            self._client._sock_close()  # noqa: SLF001 - see _release
            self._end(Loss(text, by_us=True))
            raise Unavailable(text) from None
        finally:
            del self._pubacks[mid]

    def pass_acks(self) -> None:
        """Send the PUBACKs that are due, in the order of arrival (MQTT 5.0, 4.6; rumqttd hangs up otherwise)."""
        if self._lost.done():
            return
        while self._unacked and self._unacked[0].acked:
            self._client.ack(self._unacked.popleft().mid, 1)

    # --- paho's callbacks, taken over from aiomqtt ----------------------------------------------------------

    def _on_connect(
        self,
        client: Any,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if reason_code.value == 0:
            self._room = asyncio.Semaphore(min(SEND_WINDOW, getattr(properties, "ReceiveMaximum", SEND_WINDOW)))
            self._largest = getattr(properties, "MaximumPacketSize", None)
            self._resumed = flags.session_present
            if self._resumed:
                self._inbox.forget_repeatable()
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self, client: Any, userdata: Any, flags: Any, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttCodeError(reason_code, "closed before CONNACK"))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        # paho has no reason of its own for a socket that just closed.
        reason = "the connection was closed" if reason_code.value == FAILURE else str(reason_code).lower()
        self._end(Loss(reason, taken_over=reason_code.value == TAKEN_OVER))

    def _on_gone(self, disconnected: "asyncio.Future[None]") -> None:
        """Also reached when reading the socket raised, which paho reports to nobody."""
        error = None if disconnected.cancelled() else disconnected.exception()
        self._end(Loss(str(error) if error else "closed"))

    def _on_message(self, _client: Any, _userdata: Any, message: MQTTMessage) -> None:
        delivery = MqttDelivery(message, self)
        if delivery.qos:
            self._unacked.append(delivery)
        if not self._inbox.put(delivery) and self._inbox.left_out == 1:
            log.warning("unread messages of QoS 0 pile up; the newest are left out (first: %s)", delivery.topic)

    def _on_publish(
        self, _client: Any, _userdata: Any, mid: int, reason_code: ReasonCode, _properties: Properties
    ) -> None:
        puback = self._pubacks.get(mid)
        if puback is not None and not puback.done():
            puback.set_result(reason_code)


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho left this one out


@functools.cache
def _expiring(expiry_s: int) -> Properties:
    """Made once for each expiry that there is: paho takes 8 us over one, and only reads it."""
    properties = _properties(PacketTypes.PUBLISH)
    properties.MessageExpiryInterval = expiry_s
    return properties


def _will(will: Will | None) -> aiomqtt.Will | None:
    if will is None:
        return None
    terms = will.topic.terms
    return aiomqtt.Will(str(will.topic), encode(will.message), terms.qos, terms.retain)


def _translated(error: aiomqtt.MqttError, address: Address) -> CrampwatchError:
    """What aiomqtt raised while connecting, sorted by remedy."""
    if isinstance(error, aiomqtt.MqttCodeError) and isinstance(error.rc, ReasonCode):
        return refused_connect(error.rc.value, str(error.rc), str(address))
    # aiomqtt raises "from None"; the context still holds what the socket raised.
    cause = error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Misconfigured("mqtt.url", f"the certificate of {address} is not trusted: {cause.verify_message}")
    if isinstance(cause, ssl.SSLError):
        return Misconfigured("mqtt.url", f"{address} does not speak TLS ({cause.reason}); is it mqtt:// there?")
    if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
        return Misconfigured("mqtt.url", f"there is no host {address.host!r}")
    hint = " (does it speak TLS?)" if address.tls and isinstance(cause, ConnectionError) else ""
    # An error of the socket may be without words, as that of a wait which was too long.
    return Unavailable(f"no broker answers at {address}: {str(cause or '') or error}{hint}")
