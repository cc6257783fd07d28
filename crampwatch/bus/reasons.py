"""A broker's reason codes, sorted by remedy (MQTT 5.0, 2.4; paho turns the six of 3.1.1 into these)."""

from crampwatch.errors import CrampwatchError, Misconfigured, Refused, Unavailable

#: From here on a code is a failure.
FAILURE = 0x80
TAKEN_OVER = 0x8E

_UNSUPPORTED_VERSION = 0x84
_BAD_CLIENT_ID = 0x85
_NOT_AUTHORIZED = 0x87
_BAD_LOGIN = frozenset({0x86, _NOT_AUTHORIZED, 0x8A, 0x8C})
_REFUSALS = {_NOT_AUTHORIZED: "not_authorised", 0x90: "bad_topic", 0x95: "too_long", 0x99: "bad_payload"}


class ClosedAtOnce(Unavailable):
    """The broker hung up on CONNECT, or does not speak this version."""


def refused_connect(code: int, said: str, address: str) -> CrampwatchError:
    """Why there is no connection."""
    if code in _BAD_LOGIN:
        return Misconfigured("mqtt.username", f"{address} refuses this user or password: {said}")
    if code == _BAD_CLIENT_ID:
        return Misconfigured("mqtt.url", f"{address} refuses our client ids: {said}")
    if code in {_UNSUPPORTED_VERSION, FAILURE}:
        return ClosedAtOnce(f"{address} closed the connection: {said}")
    return Unavailable(f"{address} takes no connection now: {said}")


def refused_publish(code: int, said: str, topic: str) -> CrampwatchError:
    """Why a message was not taken: never this one, or not now."""
    text = f"{topic}: the broker does not take it: {said}"
    return Refused(_REFUSALS[code], text) if code in _REFUSALS else Unavailable(text)
