"""Findings, answers and places to keep them, for tests of the alerter."""

import asyncio
import contextlib
import heapq
import itertools

from alerts.case import Filed
from alerts.channels import Push
from alerts.desk import Desk
from alerts.drafts import Drafts, Subject
from alerts.guidance import Flow, load_guidance
from alerts.journal import SCHEMA, Journal
from alerts.policy import Reason, Rules
from crampwatch.errors import CrampwatchError
from crampwatch.events import Acknowledged, AlertKind, Answer, Assessed, CheckedIn, Finding, FindingKind
from crampwatch.storage.database import Database
from crampwatch.units import Level, Motion
from tests.support.clocks import START_MS, ManualClock

RULES = Rules(cooldown_ms=600_000, deadline_ms=60_000)
SESSION = "run-1"
_numbers = itertools.count()


def finding(kind=FindingKind.PATTERN, level=Level.WARNING, at_ms=START_MS, name=None, **more):
    return Finding(
        kind=kind,
        id=name or f"f{next(_numbers)}",
        session=more.pop("session", SESSION),
        at_ms=at_ms,
        level=level,
        because=("three hitches in four minutes", "heart rate up for the same pace"),
        **more,
    )


def answer(alert_id, word=Answer.OK, by="runner", at_ms=START_MS):
    return Acknowledged(alert_id=alert_id, at_ms=at_ms, by=by, answer=word)


def assessed(level=Level.OK, at_ms=START_MS, **more):
    usual = {"session": SESSION, "score": 0.1, "fatigue": None, "motion": Motion.RUN, "quality": {}}
    return Assessed(at_ms=at_ms, level=level, **(usual | more))


def check_in(what="cramp", at_ms=START_MS):
    return CheckedIn(at_ms=at_ms, what=what)


def desk(rules=RULES):
    return Desk(load_guidance(), rules)


def filed(
    case, name="a1", flow=Flow.PATTERN_WARNING, level=Level.WARNING, slot=AlertKind.PATTERN, now_ms=START_MS
) -> Filed:
    about = Subject(slot, flow, level, name, ("because",), now_ms)
    return Drafts(load_guidance(), RULES).new(case, about, Reason.FIRST, now_ms)


@contextlib.asynccontextmanager
async def journal_at(path, channels):
    database = await Database(path, SCHEMA, "state_dir").open()
    try:
        yield Journal(database, channels), database
    finally:
        await database.close()


async def facts(path):
    """Everything in a journal: (kind, reason), in the order it was told."""
    database = await Database(path, SCHEMA, "state_dir", read_only=True).open()
    try:
        return await database.read(lambda one: one.execute("SELECT kind, reason FROM fact ORDER BY seq").fetchall())
    finally:
        await database.close()


class Clock(ManualClock):
    """A clock that knows whether anybody waits for it, so that time passes only once a thread has done its part.

    Who looks every few seconds whatever happens is not counted.
    """

    ROUTINES = ("alerts-pulse", "alerts-tidy", "alerts-status-time")

    def __init__(self) -> None:
        super().__init__()
        self._routine = set()

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        number = next(self._order)
        if asyncio.current_task().get_name() in self.ROUTINES:
            self._routine.add(number)
        heapq.heappush(self._sleepers, (self.now_ms() + seconds * 1_000, number, future))
        await future

    def asleep(self, seconds: float = 120.0) -> bool:
        until_ms = self.now_ms() + seconds * 1_000
        waiting = [(due, number) for due, number, one in self._sleepers if not one.done()]
        return any(due <= until_ms and number not in self._routine for due, number in waiting)


class MemoryChannel:
    """A person who writes down every buzz. Raises what it is told to, hangs when it is told to."""

    def __init__(self, name="phone", *, audible=True, repeatable=False):
        self.name = name
        self.audible = audible
        self.repeatable = repeatable
        self.felt: list[Push] = []
        self.failures: list[CrampwatchError] = []
        self.attempts = 0
        self.stuck = False
        self.closed = False

    async def deliver(self, push: Push) -> None:
        self.attempts += 1
        if self.stuck:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.pop(0)
        self.felt.append(push)

    async def close(self) -> None:
        self.closed = True


async def eventually(check, clock=None, seconds=30.0):
    """Wait, bounded, for threads of the database to finish; with a clock, its sleepers are let on at this moment."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := check()):
        assert asyncio.get_running_loop().time() < deadline, "it never happened"
        if clock is not None:
            await clock.advance(0)
        await asyncio.sleep(0.002)
    return found
