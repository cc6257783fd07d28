"""What fails for a while is told three times at most: its beginning, for debugging its repeats, its end."""

import logging
from datetime import UTC, datetime

from crampwatch.units import SECOND_MS


def level(*, first: bool) -> int:
    """How loud to say what may be said again and again: a warning the first time, for debugging after that.

    >>> level(first=True) == logging.WARNING, level(first=False) == logging.DEBUG
    (True, True)
    """
    return logging.WARNING if first else logging.DEBUG


class Trouble:
    """One thing that fails now and then: told as a warning when it begins, and as news when it is over.

    Args:
        log: the logger of the module whose trouble it is.
        what: what does not work, such as ``cannot forward, everything is kept``.
        over: how its end is told, such as ``forwarding again``; "after 7 s" follows.
    """

    def __init__(self, log: logging.Logger, what: str, over: str) -> None:
        self._log = log
        self._what = what
        self._over = over
        self._since_ms: int | None = None
        self._why = ""

    @property
    def lasts(self) -> bool:
        """Whether it has begun and is not over."""
        return self._since_ms is not None

    @property
    def problem(self) -> str | None:
        """What is wrong, why (as last told) and since when, for people who ask how a service is; None: nothing is."""
        if self._since_ms is None:
            return None
        since = datetime.fromtimestamp(self._since_ms / SECOND_MS, UTC)
        return f"{self._what}: {self._why} (since {since:%H:%M:%S} UTC)"

    def begins(self, now_ms: int, why: object) -> None:
        """It failed, or failed again."""
        self._log.log(level(first=not self.lasts), "%s: %s", self._what, why)
        self._why = str(why)
        if self._since_ms is None:
            self._since_ms = now_ms

    def ends(self, now_ms: int, note: str = "") -> None:
        """It works; nothing is said when it did before. ``note`` is added to the news."""
        if self._since_ms is not None:
            lasted_s = (now_ms - self._since_ms) / SECOND_MS
            self._log.info("%s after %.0f s%s", self._over, lasted_s, f"; {note}" if note else "")
            self._since_ms = None
