"""The rows of the kill matrix: which part is killed, how often, and what is found afterwards."""

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crampwatch.units import SECOND_MS
from tests.faults.house import SENTINEL, TEAM, House
from tests.faults.parts import LOOK_EVERY_S, until
from tests.faults.plan import LIFE_S, Plan
from tests.faults.receiver import Bridge, Receiver
from tests.faults.verdict import (
    Kept,
    Outcome,
    compare_counts,
    compare_findings,
    compare_samples,
)

#: Parts are killed between these shares of the life, so that each kill has a before and an after.
FIRST, LAST = 0.05, 0.8
#: An outage that lasts begins before most of what happens.
EARLY = 0.3
#: A kill is not to keep step with commits: up to so much later than the moment in the run.
JITTER_S = 0.5
#: In run time: so much newer than at the kill, and what is stored was sent after it.
NEWER_MS = 2 * SECOND_MS
#: What reaches a phone or a store a little later than it was decided, wall seconds.
SETTLE_S = 30.0
#: What is younger is live; at the paces that are used here minutes of wall time.
FRESH_S = 3_600.0
ANSWERING = ("alerter", "dashboard", "influxdb")


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: how the table calls it.
        targets: the parts of which one is killed at each moment.
        kills: how often.
        wiped: the broker's memory is gone each time.
        away_s: how long a part stays away at most, wall seconds; half of the time it comes back at once.
        fresh_s: what is younger in run time is live.
        lasting_s: instead, away for so long each time; longer than live lasts, so that much comes as backlog.
    """

    name: str
    targets: Sequence[str]
    kills: int = 3
    wiped: bool = False
    away_s: float = 1.5
    fresh_s: float = FRESH_S
    lasting_s: float = 0.0


PARTS = ("collector", "broker", "processor", "alerter", "dashboard")
REFERENCE = Row("no faults", (), kills=0)
MATRIX = (
    Row("collector", ("collector",)),
    Row("broker, state kept", ("broker",)),
    Row("broker, state wiped", ("broker",), wiped=True),
    Row("processor", ("processor",)),
    Row("alerter", ("alerter",)),
    Row("dashboard", ("dashboard",)),
    Row("influxdb", ("influxdb",)),
    Row("all at random", (*PARTS, "influxdb"), kills=8),
)
#: Ten seconds of a run that goes ten times as fast: most of what happens, happens behind a broker that is away.
OUTAGE = Row("broker, away longer than live", ("broker",), kills=1, fresh_s=20.0, lasting_s=10.0)


@dataclass
class Run:
    """What came of a row: what each store holds, what was felt on the phone and heard on the broker.

    ``spared`` are pushes that the journal says were over before they could be made: a runner who stopped and ran
    again while the alerter was away is not asked about it afterwards. ``cut_off`` are those that were under way when
    the alerter was killed: they may have been felt, and are not repeated.
    """

    kept: Mapping[str, Kept]
    felt: Counter[str]
    bridged: Counter[str]
    spared: Counter[str] = field(default_factory=Counter)
    cut_off: Counter[str] = field(default_factory=Counter)
    outcome: Outcome = field(default_factory=lambda: Outcome(""))


class Killer:
    """Kills parts of a running house at seeded moments of the run and starts them again."""

    def __init__(self, house: House, row: Row, random: Random) -> None:
        self._house = house
        self._row = row
        self._random = random
        self.kills: list[tuple[str, float]] = []
        self.recovered_s: list[float] = []
        self._away: set[str] = set()

    async def run(self) -> None:
        """Kill as often as the row says; returns when every part is back and at work."""
        last = EARLY if self._row.lasting_s else LAST
        shares = sorted(self._random.uniform(FIRST, last) for _ in range(self._row.kills))
        async with asyncio.TaskGroup() as group:
            for share in shares:
                at_ms = self._house.plan.life_ms + round(share * LIFE_S * SECOND_MS)
                await until(lambda at_ms=at_ms: self._house.newest_ms() >= at_ms, f"the run comes to {share:.0%}")
                await asyncio.sleep(self._random.uniform(0, JITTER_S))
                there = [name for name in self._row.targets if name not in self._away]
                while not there:
                    await asyncio.sleep(LOOK_EVERY_S)
                    there = [name for name in self._row.targets if name not in self._away]
                self._kill(self._random.choice(there), group)

    def _kill(self, name: str, group: asyncio.TaskGroup) -> None:
        newest_ms, killed_s = self._house.newest_ms(), time.monotonic()
        self._house.parts[name].kill()
        self._away.add(name)
        self.kills.append((name, (newest_ms - self._house.plan.life_ms) / SECOND_MS))
        pause_s = self._row.lasting_s or self._random.choice((0.0, self._random.uniform(0, self._row.away_s)))
        group.create_task(self._back(name, pause_s, newest_ms, killed_s), name=f"back-{name}")

    async def _back(self, name: str, pause_s: float, newest_ms: int, killed_s: float) -> None:
        house = self._house
        await asyncio.sleep(pause_s)
        await house.back(name, wiped=self._row.wiped and name == "broker")
        if name not in ANSWERING:
            last_ms = min(newest_ms + NEWER_MS, house.plan.ends_ms - SECOND_MS)
            await until(lambda: house.newest_ms() >= last_ms, f"something is stored after {name} was killed")
        self.recovered_s.append(time.monotonic() - killed_s)
        self._away.discard(name)


async def play(prepared: House, folder: Path, row: Row, pace: float, seed: int, sound: Run | None = None) -> Run:
    """Play the life of a group in a copy of a prepared house, with the faults of a row."""
    async with Receiver().listening() as phone:
        house, bridge = prepared.copy_to(folder, phone), Bridge(TEAM)
        killer = Killer(house, row, Random(f"{seed}/{row.name}"))
        async with house.running(), bridge.listening(house.links):
            house.collect("life", pace, row.fresh_s)
            await killer.run()
            await house.drained()
            await house.judged()
            await house.decided()
            await _settled(lambda: SENTINEL in str(bridge.heard) and (sound is None or heard(phone) >= sound.felt))
            await house.stop()
            kept = await house.kept()
    journal = house.folder / "state" / "alerts.db"
    run = Run(kept, heard(phone), Counter(bridge.heard), spared(journal), cut_off(journal))
    outcome = judge(row, house.plan, run, sound)
    outcome.kills, outcome.recovered_s = killer.kills, killer.recovered_s
    outcome.pushes = [*outcome.pushes, *doubtful(run, killer.kills)]
    run.outcome = outcome
    return run


async def _settled(true: Callable[[], bool]) -> None:
    """Wait for what was decided to arrive; that it does not is for the verdict to say."""
    with contextlib.suppress(AssertionError):
        await until(true, "everything was delivered", SETTLE_S)


def heard(phone: Receiver) -> Counter[str]:
    """What was felt, but for the sentinel's."""
    return Counter({title: count for title, count in phone.felt.items() if SENTINEL not in title})


def spared(journal: Path) -> Counter[str]:
    """By athlete, the pushes to the phone that the alerter never began, because what they were about was over."""
    return _pushes(journal, "push.state = 'moot' AND push.attempts = 0")


def cut_off(journal: Path) -> Counter[str]:
    """By athlete, the pushes to the phone that were under way when the alerter was killed."""
    return _pushes(journal, "push.state = 'unknown' AND push.detail = 'cut off by a crash'")


def _pushes(journal: Path, condition: str) -> Counter[str]:
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        rows = connection.execute(
            "SELECT alert.athlete FROM push JOIN alert ON alert.id = push.alert "
            f"WHERE push.channel <> 'mqtt' AND {condition}"
        ).fetchall()
    return Counter(athlete for (athlete,) in rows)


def doubtful(run: Run, kills: Sequence[tuple[str, float]]) -> list[str]:
    """What is wrong with the pushes that were cut off: the phone is pushed to one after another, so each kill of the
    alerter cuts off one at most.
    """
    killed, doubt = sum(name == "alerter" for name, _ in kills), sum(run.cut_off.values())
    return [f"{doubt} pushes cut off by {killed} kills of the alerter"] if doubt > killed else []


def due(sound: Run, run: Run) -> Counter[str]:
    """What should have been felt: what is without faults, but for what was over before it could be, and for what was
    under way when the alerter was killed and was not felt.
    """
    wanted, left = Counter(sound.felt), run.spared + run.cut_off
    for title in sound.felt - run.felt:
        athlete = title.rpartition("(")[2].rstrip(")")
        if left[athlete]:
            left[athlete] -= 1
            wanted[title] -= 1
    return +wanted


def judge(row: Row, plan: Plan, run: Run, sound: Run | None) -> Outcome:
    """Hold a run against what was sent, what arithmetic proves, and the run without faults."""
    outcome = Outcome(row.name, stored={name: compare_samples(plan, kept) for name, kept in run.kept.items()})
    proved = [finding for findings in plan.proved.values() for finding in findings]
    outcome.findings = [
        f"{name}: {line}" for name, kept in run.kept.items() for line in compare_findings(proved, kept.findings)
    ]
    outcome.late = sum(one.late for one in run.kept["sqlite"].findings.values())
    outcome.repeats = sum(count - 1 for count in run.bridged.values())
    if row.lasting_s:
        # Findings are proved late, and by other facts at a time: what is stored and what was told is judged.
        outcome.findings, outcome.compared = [], False
        outcome.pushes = [f"a push from backlog: {one}" for one in told_from_backlog(run)]
        outcome.pushes += [f"felt {count} times: {one}" for one, count in run.felt.items() if count > 1]
    elif sound is not None:
        pushes = compare_counts("push", due(sound, run), run.felt)
        if "broker" not in row.targets:  # one that is killed forgets what it took in its last seconds
            pushes += [f"never on the broker: {one}" for one in sorted(sound.bridged.keys() - run.bridged.keys())]
        outcome.pushes = pushes
        known = sound.kept["sqlite"].known_alerts
        outcome.alerts = [
            f"{name}: {line}"
            for name, kept in run.kept.items()
            for line in compare_counts("alert", known, kept.known_alerts)
        ]
    return outcome


def told_from_backlog(run: Run) -> list[str]:
    """Alerts that were raised by a finding that came late."""
    late = {one.id for one in run.kept["sqlite"].findings.values() if one.late}
    return sorted(alert.id for _, alert in run.kept["sqlite"].alerts if alert.finding_id in late)
