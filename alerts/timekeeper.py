"""Does what the time asks for: faults after their patience, expiry of alerts and of pushes that nobody took."""

import asyncio
import logging

from crampwatch.errors import Unavailable
from crampwatch.trouble import Trouble
from crampwatch.units import SECOND_MS
from crampwatch.waiting import news_or

from .case import Fault, Verdict
from .room import Room

log = logging.getLogger(__name__)

RETRY_S = 1.0


class Timekeeper:
    """Looks whenever something is due, and when told of news.

    Faults are first looked at ``patience_ms`` after the start: until the retained statuses are here, a sensor that
    is lost cannot be told from one that is well.

    Args:
        room: what is open, what becomes of it, what can be seen.
        patience_ms: run time from the start to the first look at faults.
    """

    def __init__(self, room: Room, patience_ms: int) -> None:
        self._room = room
        self._clock = room.clock
        self._news = asyncio.Event()
        self._faults_from_ms = room.clock.now_ms() + patience_ms
        self._known: dict[str, tuple[Fault, ...] | None] = {}
        self._trouble = Trouble(log, "alerts cannot be brought up to date", "alerts are brought up to date again")

    @property
    def problem(self) -> str | None:
        """Why alerts stay as they are though their time has come; None: they do not."""
        return self._trouble.problem

    def wake(self) -> None:
        """Something changed that may be due sooner."""
        self._news.set()

    async def run(self) -> None:
        """Keep time until cancelled."""
        self._known = dict.fromkeys(await self._room.journal.open_faults())
        while True:
            self._news.clear()
            try:
                due_at_ms = await self._look()
                # Asked anew: looking took its time, and what became due meanwhile must not wait.
                wait_s = None if due_at_ms is None else max(0.0, (due_at_ms - self._clock.now_ms()) / SECOND_MS)
                self._trouble.ends(self._clock.now_ms())
            except Unavailable as error:
                self._trouble.begins(self._clock.now_ms(), error)
                wait_s = RETRY_S
            await news_or(self._news, self._clock, wait_s)

    async def _look(self) -> int | None:
        """Do what is due; when something is due again, None: nothing will be without news."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._faults_from_ms:
            for athlete in self._room.sight.athletes():
                await self._look_at_faults(athlete, now_ms)
        for athlete, due_ms in (await self._room.journal.due()).items():
            if due_ms <= now_ms:
                self._told(await self._expire(athlete, now_ms))
        dues = list((await self._room.journal.due()).values())
        if now_ms < self._faults_from_ms:
            dues.append(self._faults_from_ms)
        elif (wake_at_ms := self._room.sight.wake_at_ms(now_ms)) is not None:
            dues.append(wake_at_ms)
        return min(dues, default=None)

    async def _look_at_faults(self, athlete: str, now_ms: int) -> None:
        faults = self._room.sight.faults(athlete, now_ms)
        if faults == self._known.get(athlete, ()):
            return
        active = self._room.sight.active(athlete, now_ms)
        self._told(
            await self._room.journal.revise(
                athlete, "fault", now_ms, lambda case: self._room.desk.on_faults(case, faults, now_ms, active=active)
            )
        )
        self._known[athlete] = faults

    async def _expire(self, athlete: str, now_ms: int) -> Verdict | None:
        active = self._room.sight.active(athlete, now_ms)
        verdict = await self._room.journal.revise(
            athlete, "time", now_ms, lambda case: self._room.desk.on_time(case, now_ms, active=active)
        )
        for filed in () if verdict is None else verdict.filed:
            if filed.given_up(now_ms):
                self._room.levels.reopen(athlete, filed.alert.kind)
        return verdict

    def _told(self, verdict: Verdict | None) -> None:
        if verdict is not None:
            self._room.changed()
