"""The alert feed: a durable number for every alert state and every push, so that a page loses none, sees none twice."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from crampwatch.events import Alert, Delivered
from crampwatch.settings import Settings
from crampwatch.storage.database import Database

#: Rows kept; far more than any page can be behind before it is opened anew.
KEPT = 10_000

News = Alert | Delivered
_EVENTS: dict[str, type[News]] = {"alert": Alert, "delivery": Delivered}


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One numbered alert state or push."""

    row: int
    athlete: str
    news: News


class AlertFeed:
    """Numbers news in a SQLite file of the dashboard's own. Numbers only grow, across restarts too."""

    def __init__(self, settings: Settings) -> None:
        self._team = settings.team
        self._database = Database(settings.state_dir / "dashboard.db", "dashboard", "state_dir")

    async def open(self) -> "AlertFeed":
        """Open the file. Raises Misconfigured when it cannot be used."""
        await self._database.open()
        return self

    async def append(self, athlete: str, news: News) -> int | None:
        """Number one state of an alert, or one push of it.

        Returns:
            Its row, or None when it already has one: exactly this state, or a push of this alert at this level.
        """
        values = (self._team, athlete, event_of(news), _mark(news), news.model_dump_json())

        def insert(connection: sqlite3.Connection) -> int | None:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO feed (team, athlete, event, mark, body) VALUES (?, ?, ?, ?, ?)", values
            )
            if cursor.rowcount == 0:
                return None
            row = cursor.lastrowid
            connection.execute("DELETE FROM feed WHERE row <= ?", ((row or 0) - KEPT,))
            return row

        return await self._database.write(insert)

    async def after(self, row: int, athlete: str | None = None) -> Sequence[FeedRow]:
        """What is numbered above ``row``, of one athlete or of all, oldest first."""

        def select(connection: sqlite3.Connection) -> list[FeedRow]:
            found = connection.execute(
                "SELECT row, athlete, event, body FROM feed"
                " WHERE row > ? AND team = ? AND (? IS NULL OR athlete = ?) ORDER BY row",
                (row, self._team, athlete, athlete),
            )
            return [
                FeedRow(number, whose, _EVENTS[event].model_validate_json(body)) for number, whose, event, body in found
            ]

        return await self._database.read(select)

    async def latest(self) -> int:
        """The highest number given, 0 before the first."""

        def select(connection: sqlite3.Connection) -> int:
            return int(connection.execute("SELECT coalesce(max(row), 0) FROM feed").fetchone()[0])

        return await self._database.read(select)

    async def close(self) -> None:
        """Finish and release the file."""
        await self._database.close()


def event_of(news: News) -> str:
    """The name of the server-sent event that carries it."""
    return "delivery" if isinstance(news, Delivered) else "alert"


def _mark(news: News) -> str:
    """What makes two of a kind the same. A push sent again after a crash is one push: it is heard once."""
    if isinstance(news, Delivered):
        return f"{news.alert_id}/{news.level}"
    return f"{news.id}/{news.updated_at_ms}/{news.state}"
