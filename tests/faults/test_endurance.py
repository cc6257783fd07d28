"""A quarter of an hour with faults, and one without InfluxDB: everything is stored, and nothing is left open."""

import asyncio
from dataclasses import replace
from random import Random

import pytest

from crampwatch.clock import WallClock
from tests.faults.endurance import Look, endure, slope
from tests.faults.house import prepare
from tests.faults.plan import Plan
from tests.support import needs

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
ATHLETES, PACE, LAPS = 50, 20.0, 3
#: Files that a service may have open beyond those of its first look: a page, a push, a write-ahead log.
FILES = 12


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    needs.mosquitto()
    needs.influxd()
    plan = Plan.ahead(ATHLETES, WallClock().now_ms())
    return asyncio.run(prepare(tmp_path_factory.mktemp("endurance") / "prepared", plan, mirrored=True))


def files_held(ended):
    """How many files each service had open after the first, and at the last look of its longest life."""
    held = {}
    for name, looks in ended.looks.items():
        pids = [look.pid for look in looks]
        life = [look.files for look in looks if look.pid == max(pids, key=pids.count)]
        held[name] = life[len(life) // 2], life[-1]
    return held


async def test_a_quarter_of_an_hour_with_faults_is_stored_whole_and_leaves_nothing_open(prepared, tmp_path):
    plan = replace(prepared.plan, laps=LAPS)
    ended = await endure(prepared, tmp_path / "soak", plan, PACE, Random(7), kill_every_s=60.0)
    print(f"{ended.kills} kills; MB an hour: { {name: slope(looks) for name, looks in ended.looks.items()} }")
    assert ended.exact, ended
    assert ended.kills >= 1
    assert all(last <= middle + FILES for middle, last in files_held(ended).values()), files_held(ended)


async def test_influxdb_may_be_away_for_the_whole_run_and_gets_everything_afterwards(prepared, tmp_path):
    plan = replace(prepared.plan, laps=LAPS)
    ended = await endure(prepared, tmp_path / "away", plan, PACE, Random(7), kill_every_s=0.0)
    assert ended.exact, ended
    assert ended.waited > 0
    assert ended.felt_away > 0


def test_memory_that_grows_is_seen_through_what_wavers():
    def look(minute, mb, pid=1):
        return Look(minute * 60_000, pid, mb, 20, 12)

    growing = [look(minute, 80 + minute * 0.5 + (3 if minute % 7 == 0 else 0)) for minute in range(60)]
    flat = [look(minute, 80 + (3 if minute % 7 == 0 else 0)) for minute in range(60)]
    assert slope(growing) == pytest.approx(30, abs=1)
    assert slope([*flat, look(61, 40, pid=2)]) == pytest.approx(0, abs=0.5)
    assert slope([]) is None
