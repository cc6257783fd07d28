"""Every part is killed while a hundred run: nothing is lost, nothing doubled, nobody is told twice."""

import asyncio
from dataclasses import replace

import pytest

from crampwatch.clock import WallClock
from tests.faults.house import prepare
from tests.faults.plan import LIFE_S, Plan
from tests.faults.rows import MATRIX, OUTAGE, REFERENCE, play
from tests.support import needs

ATHLETES, PACE, SEED = 100, 10.0, 20_261_122
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def prepared(folder):
    needs.mosquitto()
    needs.influxd()
    plan = Plan.ahead(ATHLETES, WallClock().now_ms())
    return asyncio.run(prepare(folder / "prepared", plan, mirrored=True))


@pytest.fixture(scope="module")
def sound(prepared, folder):
    return asyncio.run(play(prepared, folder / "sound", REFERENCE, PACE, SEED))


def test_without_faults_everything_is_stored_found_and_told(sound):
    assert sound.outcome.told == []
    assert sound.outcome.late == sound.outcome.repeats == 0
    kinds = {str(one.kind) for one in sound.kept["sqlite"].findings.values()}
    assert {"hitch", "stop", "walk_break", "pattern", "cramp_stop", "resumed"} <= kinds
    assert sum(sound.felt.values()) >= 40
    assert max(sound.felt.values()) == 1


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
async def test_killed_with_nine_nothing_is_lost_doubled_or_told_twice(prepared, sound, folder, row):
    assert ATHLETES * LIFE_S >= 6_000
    shorter = replace(row, kills=min(row.kills, 5))
    run = await play(prepared, folder / row.name.replace(" ", "-"), shorter, PACE, SEED, sound)
    print(f"killed {run.outcome.kills}; back after {run.outcome.recovered_s}")
    assert run.outcome.told == []
    assert run.outcome.late == 0


async def test_behind_an_outage_longer_than_live_all_is_stored_found_late_and_nobody_is_alarmed(prepared, folder):
    run = await play(prepared, folder / "outage", OUTAGE, PACE, SEED)
    assert run.outcome.told == []
    assert run.outcome.late > 0
