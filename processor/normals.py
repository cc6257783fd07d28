"""What the shelf keeps of each athlete's normal: every version, and which session began with which profile.

Functions within a transaction of the shelf.
"""

import json
import logging
from collections.abc import Sequence
from sqlite3 import Connection
from typing import NamedTuple

from .personal import Personal, learned
from .profile import Profile
from .summary import Summary

log = logging.getLogger(__name__)

#: So many versions of an athlete are kept, a kilobyte each: what began with an older one is over.
VERSIONS = 200
#: What a body raises that an older or newer release wrote in another shape.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)


class Version(NamedTuple):
    """One version: by which session it was made (None: a reset), and when that ended."""

    personal: Personal
    session: str | None
    at_ms: int


def before(connection: Connection, athlete: str, began_ms: int) -> Personal:
    """What was usual when a session began: the newest version that holds nothing of what came after."""
    row = connection.execute(
        "SELECT body FROM personal WHERE athlete=? AND reaches_ms < ? ORDER BY version DESC LIMIT 1",
        (athlete, began_ms),
    ).fetchone()
    return Personal() if row is None else _read(athlete, row[0])


def learn(connection: Connection, athlete: str, session: str, summary: Summary) -> None:
    """Make the next version from what a session taught; a session that was learned from is not again."""
    done = connection.execute("SELECT 1 FROM lesson WHERE athlete=? AND session=?", (athlete, session)).fetchone()
    if done is not None:
        return
    old = _newest(connection, athlete)
    new = learned(old, summary)
    version = None if new.version == old.version else new.version
    if version is not None:
        _put(connection, athlete, Version(new, session, summary.ended_ms), new.ended_ms or 0)
    connection.execute("INSERT INTO lesson (athlete, session, version) VALUES (?, ?, ?)", (athlete, session, version))


def reset(connection: Connection, athlete: str, now_ms: int) -> Personal:
    """Begin anew. It holds for sessions that begin after those that were learned from, like the version before it."""
    old = _newest(connection, athlete)
    reaches_ms = connection.execute("SELECT max(reaches_ms) FROM personal WHERE athlete=?", (athlete,)).fetchone()[0]
    new = old.reset()
    _put(connection, athlete, Version(new, None, now_ms), reaches_ms or 0)
    return new


def versions(connection: Connection, athlete: str) -> Sequence[Version]:
    """Those that are kept, the oldest first."""
    rows = connection.execute(
        "SELECT body, version, session, at_ms FROM personal WHERE athlete=? ORDER BY version", (athlete,)
    )
    return [Version(_read(athlete, body, version), session, at_ms) for body, version, session, at_ms in rows]


def profile(connection: Connection, athlete: str, session: str) -> Profile | None:
    """The profile that a session began with; None when none was kept, or none that can be read."""
    row = connection.execute("SELECT body FROM profile WHERE athlete=? AND session=?", (athlete, session)).fetchone()
    if row is None:
        return None
    try:
        return Profile.restored(json.loads(row[0]))
    except UNREADABLE as error:
        log.warning("%s: the profile of session %s cannot be read (%s); it is made anew", athlete, session, error)
        return None


def keep_profile(connection: Connection, athlete: str, session: str, at_ms: int, began: Profile) -> None:
    """Keep what a session began with; the first one stays."""
    body = json.dumps(began.plain(), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    connection.execute(
        "INSERT OR IGNORE INTO profile (athlete, session, at_ms, body) VALUES (?, ?, ?, ?)",
        (athlete, session, at_ms, body),
    )


def _newest(connection: Connection, athlete: str) -> Personal:
    row = connection.execute(
        "SELECT body, version FROM personal WHERE athlete=? ORDER BY version DESC LIMIT 1", (athlete,)
    ).fetchone()
    return Personal() if row is None else _read(athlete, row[0], row[1])


def _put(connection: Connection, athlete: str, new: Version, reaches_ms: int) -> None:
    version = new.personal.version
    connection.execute(
        "INSERT INTO personal (athlete, version, session, at_ms, reaches_ms, body) VALUES (?, ?, ?, ?, ?, ?)",
        (athlete, version, new.session, new.at_ms, reaches_ms, new.personal.encode()),
    )
    connection.execute("DELETE FROM personal WHERE athlete=? AND version<=?", (athlete, version - VERSIONS))


def _read(athlete: str, body: bytes, version: int = 0) -> Personal:
    """A version; one that cannot be read knows nothing, but keeps its number."""
    try:
        return Personal.decode(body)
    except UNREADABLE as error:
        log.warning("%s: what is usual cannot be read (%s); it is learned anew", athlete, error)
        return Personal(version=version)
