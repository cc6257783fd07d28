"""What the shelf keeps of each athlete's normal: every version, and which session began with which profile.

Functions within a transaction of the shelf.
"""

import logging
from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import NamedTuple

from crampwatch.units import MINUTE_MS

from .learning import confirmed, learned, without_scores
from .personal import Personal
from .profile import Profile
from .summary import Summary

log = logging.getLogger(__name__)

#: So many versions of an athlete are kept, a kilobyte each: what began with an older one is over.
VERSIONS = 200
#: Whoever asks to begin anew more than once within this time is given one version [E].
ONCE_MS = MINUTE_MS
#: What a body raises that an older or newer release wrote in another shape.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)


class Version(NamedTuple):
    """One version: by which session it was made (None: a reset), when that ended, and whether it can be read."""

    personal: Personal
    session: str | None
    at_ms: int
    readable: bool = True


def before(connection: Connection, athlete: str, began_ms: int) -> Personal | None:
    """What was usual when a session began: the newest version that holds nothing of what came after. None: it cannot be
    read.
    """
    row = connection.execute(
        "SELECT body, version FROM personal WHERE athlete=? AND reaches_ms < ? ORDER BY version DESC LIMIT 1",
        (athlete, began_ms),
    ).fetchone()
    return Personal() if row is None else _found(athlete, row[0], row[1])


class _Lesson(NamedTuple):
    """The version in which a session's scores first counted, and the one before it."""

    taught: Personal
    earlier: Personal


def _lesson(connection: Connection, athlete: str, session: str) -> _Lesson | None:
    """What a session taught; None when it taught nothing, or a reset has forgotten it since."""
    row = connection.execute(
        "SELECT own.body, earlier.body, own.version FROM lesson JOIN personal AS own USING (athlete, version)"
        " LEFT JOIN personal AS earlier ON earlier.athlete=own.athlete AND earlier.version=own.version-1"
        " WHERE lesson.athlete=? AND lesson.session=? AND NOT EXISTS (SELECT 1 FROM personal AS reset"
        " WHERE reset.athlete=own.athlete AND reset.version > own.version AND reset.session IS NULL)",
        (athlete, session),
    ).fetchone()
    if row is None:
        return None
    earlier = Personal() if row[1] is None else _read(athlete, row[1], row[2] - 1)
    return _Lesson(_read(athlete, row[0], row[2]), earlier)


def newest(connection: Connection, athlete: str) -> Personal:
    """What is usual for an athlete now; one that cannot be read knows nothing, but keeps its number."""
    row = connection.execute(
        "SELECT body, version FROM personal WHERE athlete=? ORDER BY version DESC LIMIT 1", (athlete,)
    ).fetchone()
    return Personal() if row is None else _read(athlete, row[0], row[1])


def learn(connection: Connection, athlete: str, session: str, summary: Summary | None) -> None:
    """Make the next version from what a session taught; a session that was learned from is not again.

    One that began before the last reset teaches nothing: the reset was meant to forget it. None: it can teach nothing.
    """
    done = connection.execute("SELECT 1 FROM lesson WHERE athlete=? AND session=?", (athlete, session)).fetchone()
    if done is not None:
        return
    version = None
    if summary is not None and summary.began_ms >= _reset_at_ms(connection, athlete):
        old = newest(connection, athlete)
        new = learned(old, summary)
        if new.version != old.version:
            version = new.version
            _put(connection, athlete, Version(new, session, summary.ended_ms), new.ended_ms or 0)
    connection.execute("INSERT INTO lesson (athlete, session, version) VALUES (?, ?, ?)", (athlete, session, version))


def reset(connection: Connection, athlete: str, now_ms: int) -> Personal:
    """Begin anew: the next session begins with this version, for it holds nothing, of whatever time."""
    old = newest(connection, athlete)
    new = old.reset()
    _put(connection, athlete, Version(new, None, now_ms), 0)
    return new


def begin_anew(connection: Connection, athlete: str, asked_at_ms: int) -> bool:
    """Begin anew as somebody asked at this moment; False: that was done, within the minute before it or after it.

    No run of a minute teaches anything, so there is nothing more to forget; and versions that say something are not
    pushed out by those of who asks again and again.
    """
    if _reset_at_ms(connection, athlete) > asked_at_ms - ONCE_MS:
        return False
    reset(connection, athlete, asked_at_ms)
    return True


def hear_of_cramp(connection: Connection, athlete: str, session: str, at_ms: int) -> None:
    """A cramp was reported of a session. If that was learned from as an uneventful one, make the version that has none
    of its scores. Scores learned after it are forgotten with it; what a reset has forgotten since stays forgotten.
    """
    lesson = _lesson(connection, athlete, session)
    if lesson is None or lesson.taught.uneventful == lesson.earlier.uneventful:
        return
    new = without_scores(newest(connection, athlete), lesson.earlier)
    _put(connection, athlete, Version(new, session, at_ms), new.ended_ms or 0)
    connection.execute("UPDATE lesson SET version=NULL WHERE athlete=? AND session=?", (athlete, session))


def hear_of_nothing(connection: Connection, athlete: str, session: str, at_ms: int, summary: Summary) -> None:
    """Somebody said of a session that nothing happened. If it was learned from and not confirmed yet, make the version
    that counts its scores as confirmed ones. Where a cramp was reported too, that is believed.

    ``summary`` is what the session taught before that was said.
    """
    lesson = _lesson(connection, athlete, session)
    if lesson is None or summary.cramp or summary.confirmed:
        return
    counted = lesson.taught.uneventful != lesson.earlier.uneventful
    old = newest(connection, athlete)
    new = confirmed(old, summary, counted=counted)
    if new.version == old.version:
        return
    _put(connection, athlete, Version(new, session, at_ms), new.ended_ms or 0)
    if not counted:
        # A cramp that is reported yet is to take back this one.
        connection.execute("UPDATE lesson SET version=? WHERE athlete=? AND session=?", (new.version, athlete, session))


def versions(connection: Connection, athlete: str) -> Sequence[Version]:
    """Those that are kept, the oldest first."""
    rows = connection.execute(
        "SELECT body, version, session, at_ms FROM personal WHERE athlete=? ORDER BY version", (athlete,)
    )
    read = [(_found(athlete, body, version), version, session, at_ms) for body, version, session, at_ms in rows]
    return [
        Version(own or Personal(version=number), session, at_ms, own is not None)
        for own, number, session, at_ms in read
    ]


def newest_versions(connection: Connection) -> Mapping[str, int]:
    """The number of each athlete's newest version. From one athlete to the next: bodies in between are not read."""
    return dict(
        connection.execute(
            "WITH RECURSIVE one (id) AS (SELECT min(athlete) FROM personal UNION ALL"
            " SELECT (SELECT min(athlete) FROM personal WHERE athlete > id) FROM one WHERE id IS NOT NULL)"
            " SELECT id, (SELECT max(version) FROM personal WHERE athlete=id) FROM one WHERE id IS NOT NULL"
        ).fetchall()
    )


def profile(connection: Connection, athlete: str, session: str) -> Profile | None:
    """The profile that a session began with; None when none was kept, or none that can be read."""
    row = connection.execute("SELECT body FROM profile WHERE athlete=? AND session=?", (athlete, session)).fetchone()
    if row is None:
        return None
    try:
        return Profile.decode(row[0])
    except UNREADABLE as error:
        log.warning("%s: the profile of session %s cannot be read (%s); it is made anew", athlete, session, error)
        return None


def keep_profile(connection: Connection, athlete: str, session: str, at_ms: int, began: Profile) -> None:
    """Keep what a session began with; the first one stays."""
    connection.execute(
        "INSERT OR IGNORE INTO profile (athlete, session, at_ms, body) VALUES (?, ?, ?, ?)",
        (athlete, session, at_ms, began.encode()),
    )


def _reset_at_ms(connection: Connection, athlete: str) -> int:
    row = connection.execute(
        "SELECT max(at_ms) FROM personal WHERE athlete=? AND session IS NULL", (athlete,)
    ).fetchone()
    return int(row[0] or 0)


def _put(connection: Connection, athlete: str, new: Version, reaches_ms: int) -> None:
    version = new.personal.version
    connection.execute(
        "INSERT INTO personal (athlete, version, session, at_ms, reaches_ms, body) VALUES (?, ?, ?, ?, ?, ?)",
        (athlete, version, new.session, new.at_ms, reaches_ms, new.personal.encode()),
    )
    connection.execute("DELETE FROM personal WHERE athlete=? AND version<=?", (athlete, version - VERSIONS))


def _read(athlete: str, body: bytes, version: int) -> Personal:
    """A version; one that cannot be read knows nothing, but keeps its number."""
    return _found(athlete, body, version) or Personal(version=version)


def _found(athlete: str, body: bytes, version: int) -> Personal | None:
    """A version; None when it cannot be read."""
    try:
        found = Personal.decode(body)
        if found.version != version:
            raise ValueError(f"it is version {found.version} where {version} belongs")
    except UNREADABLE as error:
        log.warning("%s: what is usual cannot be read (%s); it is learned anew", athlete, error)
        return None
    return found
