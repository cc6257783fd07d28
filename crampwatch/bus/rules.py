"""What every bus holds to, whatever carries it: client ids, topic filters, sizes, windows."""

import re

from crampwatch.codec import MAX_BYTES
from crampwatch.errors import Refused
from crampwatch.topics import Topic

#: Messages of QoS 1 that may be on their way to a consumer, or wait unacked with it. The broker keeps the rest.
RECEIVE_WINDOW = 1_000

#: Unread messages of QoS 0 that are kept for a consumer that does not come to fetch them.
UNREAD_QOS0 = 10_000

#: Messages that a broker of ours keeps for a session whose client is away.
SESSION_QUEUE = 100_000

# The Rust broker stops answering everyone when an id with "/" connects twice, so nothing else is ever sent.
# Room for two ids of ours and a word.
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,160}")


def check_client_id(client_id: str) -> None:
    """Refuse an id that some broker cannot bear.

    Raises:
        ValueError: it is not 1-160 of ``[A-Za-z0-9_-]``.
    """
    if not _CLIENT_ID.fullmatch(client_id):
        raise ValueError(f"client id {client_id!r} must be 1-160 of A-Z, a-z, 0-9, '_' and '-'")


def check_filter(topic_filter: str) -> None:
    """Refuse a filter that MQTT does not allow (MQTT 5.0, 4.7.1).

    Raises:
        ValueError: it is empty, ``#`` is not the last level, or a wildcard shares its level with text.
    """
    levels = topic_filter.split("/")
    misplaced = "#" in levels[:-1]
    mixed = any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
    if not topic_filter or misplaced or mixed:
        raise ValueError(f"{topic_filter!r} is no topic filter")


def check_payload(topic: Topic, payload: bytes) -> None:
    """Refuse what no reader of ours would take.

    Raises:
        Refused: the body is longer than :data:`crampwatch.codec.MAX_BYTES`.
    """
    if len(payload) > MAX_BYTES:
        raise Refused("too_long", f"{topic}: body of {len(payload)} bytes; at most {MAX_BYTES} are published")


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a filter selects a topic (MQTT 5.0, 4.7): ``+`` is one level, ``#`` the rest and the parent.

    >>> matches("a/+/c", "a/b/c"), matches("a/#", "a"), matches("#", "$SYS/uptime")
    (True, True, False)
    """
    if topic.startswith("$") and topic_filter[:1] in {"+", "#"}:
        return False
    wanted, given = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(given) or level not in {"+", given[index]}:
            return False
    return len(wanted) == len(given)
