"""The alert feed: a durable number for every alert state, so that a page loses none and sees none twice."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from crampwatch.events import Alert
from crampwatch.settings import Settings
from crampwatch.storage.database import Database

#: Rows kept; far more than any page can be behind before it is opened anew.
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One numbered alert state."""

    row: int
    athlete: str
    alert: Alert


class AlertFeed:
    """Numbers alert states in a SQLite file of the dashboard's own. Numbers only grow, across restarts too."""

    def __init__(self, settings: Settings) -> None:
        self._team = settings.team
        self._database = Database(settings.state_dir / "dashboard.db", "dashboard", "state_dir")

    async def open(self) -> "AlertFeed":
        """Open the file. Raises Misconfigured when it cannot be used."""
        await self._database.open()
        return self

    async def append(self, athlete: str, alert: Alert) -> int | None:
        """Number one state of an alert.

        Returns:
            Its row, or None when exactly this state already has one.
        """
        values = (self._team, athlete, alert.id, alert.state.value, alert.updated_at_ms, alert.model_dump_json())

        def insert(connection: sqlite3.Connection) -> int | None:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO alert_feed (team, athlete, alert, state, updated_at_ms, body)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            if cursor.rowcount == 0:
                return None
            row = cursor.lastrowid
            connection.execute("DELETE FROM alert_feed WHERE row <= ?", ((row or 0) - KEPT,))
            return row

        return await self._database.write(insert)

    async def after(self, row: int, athlete: str | None = None) -> Sequence[FeedRow]:
        """The states numbered above ``row``, of one athlete or of all, oldest first."""

        def select(connection: sqlite3.Connection) -> list[FeedRow]:
            found = connection.execute(
                "SELECT row, athlete, body FROM alert_feed"
                " WHERE row > ? AND team = ? AND (? IS NULL OR athlete = ?) ORDER BY row",
                (row, self._team, athlete, athlete),
            )
            return [FeedRow(number, whose, Alert.model_validate_json(body)) for number, whose, body in found]

        return await self._database.read(select)

    async def latest(self) -> int:
        """The highest number given, 0 before the first."""

        def select(connection: sqlite3.Connection) -> int:
            return int(connection.execute("SELECT coalesce(max(row), 0) FROM alert_feed").fetchone()[0])

        return await self._database.read(select)

    async def close(self) -> None:
        """Finish and release the file."""
        await self._database.close()
