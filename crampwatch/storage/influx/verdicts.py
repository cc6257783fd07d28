"""What an answer of InfluxDB means for who asked, by its status: later, then, mend a setting, or never these lines."""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from crampwatch.errors import CrampwatchError, Misconfigured, Refused, Throttled, Unavailable
from crampwatch.settings import Influxdb

#: Nobody is kept waiting longer than this by what the other side asks for, in seconds.
LONGEST_PAUSE_S = 3_600.0
SHORTEST_PAUSE_S = 0.1
#: How much of what it says is passed on: it repeats whole lines.
SAID_CHARS = 300
#: A query says so with 400.
_NO_ORGANISATION = "organization name"
_PASSING = {408, 425, 429}
#: Nowhere but at its end: what stands before may be of a line, and say anything.
_DROPPED = re.compile(r"\bdropped=(\d+)(?: for database: \w+ for retention policy: \w+)?\s*$")
#: Whoever finds a request of fewer bytes too large stands in the way of every one; InfluxDB takes fifty million.
SMALL_BYTES = 64 * 1024
#: Words in what it says that give a refusal a name; only the name hangs on them.
_NAMES = {
    "type conflict": "type_conflict",
    "retention policy": "outside_retention",
    "too long": "too_long",
    "unable to parse": "bad_line",
}


class LinesRefused(Refused):
    """These lines will not be taken together; maybe some of them will be alone.

    ``dropped`` is how many of them were refused, where the answer says so; the others are stored then. ``alone`` is
    what it means when it is said of a single line, where that is not to blame.
    """

    def __init__(
        self, reason: str, message: str, dropped: int | None = None, *, alone: Misconfigured | None = None
    ) -> None:
        super().__init__(reason, message)
        self.dropped = dropped
        self.alone = alone


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that is no success. ``bucket`` is where lines were meant for; None when it was no write.

    ``size`` is how many bytes were sent.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    bucket: str | None = None
    size: int = 0


def verdict(answer: Answer, settings: Influxdb) -> CrampwatchError:
    """The error that says what to do.

    >>> verdict(Answer(503), Influxdb())
    Unavailable('InfluxDB at http://127.0.0.1:8086 is in trouble (503)')
    """
    said = _said(answer.body)
    what = f"({answer.status}{': ' + said if said else ''})"
    pause_s = _retry_after_s(answer.headers)
    if answer.status in {429, 503} and pause_s is not None:
        return Throttled(f"InfluxDB at {settings.url} asks for a pause of {pause_s:g} s {what}", pause_s)
    if answer.status in _PASSING or answer.status >= 500:
        return Unavailable(f"InfluxDB at {settings.url} is in trouble {what}")
    if answer.status == 413:
        return _too_large(answer, settings, what, said)
    # Only InfluxDB answers in its own words. What stands before it, or is not it, says nothing about our lines.
    if said is not None and answer.status in {400, 422} and _NO_ORGANISATION not in said:
        if answer.bucket is None:
            return Refused("bad_request", f"InfluxDB refuses {what}")
        return LinesRefused(_name(said), f"InfluxDB refuses {what}", _dropped(answer))
    return _to_mend(answer, settings, what, said)


def _too_large(answer: Answer, settings: Influxdb, what: str, said: str | None) -> CrampwatchError:
    if said is not None:
        return LinesRefused("too_large", f"too much for one request {what}")
    small = Misconfigured(
        "influxdb.url",
        f"what stands before InfluxDB at {settings.url} takes no request of {answer.size} bytes {what}; "
        "let it take larger ones",
    )
    return small if answer.size < SMALL_BYTES else LinesRefused("too_large", str(small), alone=small)


def _to_mend(answer: Answer, settings: Influxdb, what: str, said: str | None) -> Misconfigured:
    if answer.status == 401:
        return Misconfigured(
            "influxdb.token", f"InfluxDB at {settings.url} does not know this token {what}; write a valid one"
        )
    if said is not None and answer.status == 403:
        return Misconfigured(
            "influxdb.token", f"the token may not do this {what}; give it read and write on the buckets"
        )
    if said is not None and answer.status in {400, 404}:
        return _not_found(answer, settings, what, said)
    return Misconfigured(
        "influxdb.url", f"what answers at {settings.url} is no InfluxDB 2 {what}; write the address of one"
    )


def _not_found(answer: Answer, settings: Influxdb, what: str, said: str) -> Misconfigured:
    if _NO_ORGANISATION in said:
        return Misconfigured("influxdb.org", f"there is no organisation {settings.org!r} {what}; write its name")
    long = answer.bucket == settings.bucket_long and settings.bucket_long != settings.bucket
    setting = "influxdb.bucket_long" if long else "influxdb.bucket"
    name = f" {answer.bucket!r}" if answer.bucket else ""
    return Misconfigured(setting, f"there is no such bucket{name} {what}; `crampwatch influx setup` makes it")


def _said(body: bytes) -> str | None:
    """Its own words, cut; None when the body is not of an InfluxDB."""
    words = _words(body)
    return None if words is None else words[:SAID_CHARS]


def _words(body: bytes) -> str | None:
    try:
        told = json.loads(body)
    except ValueError:
        return None
    # Version 2 says code and message, version 3 error.
    if not isinstance(told, dict) or not ("code" in told or "error" in told):
        return None
    return str(told.get("message") or told.get("error") or told.get("code"))


def _dropped(answer: Answer) -> int | None:
    """How many lines it says that it left out. Only 422 says so: it took the others."""
    dropped = _DROPPED.search(_words(answer.body) or "") if answer.status == 422 else None
    return int(dropped[1]) if dropped else None


def _name(said: str) -> str:
    return next((name for words, name in _NAMES.items() if words in said), "refused")


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long it wants us to wait: a number of seconds, or a date, counted from its own date."""
    wanted = headers.get("Retry-After", "").strip()
    pause_s: float | None = None
    if wanted.isdecimal():
        pause_s = float(wanted)
    else:
        with contextlib.suppress(ValueError, TypeError):
            there = parsedate_to_datetime(headers.get("Date", ""))
            pause_s = (parsedate_to_datetime(wanted) - there).total_seconds()
    return None if pause_s is None else min(max(pause_s, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
