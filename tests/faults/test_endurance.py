"""An hour with faults, and a quarter of one without InfluxDB: everything is stored, in order, and nothing grows."""

from dataclasses import replace
from random import Random

import pytest

from crampwatch.clock import WallClock
from tests.faults.day import Day
from tests.faults.endurance import Order, endure
from tests.faults.house import prepare
from tests.faults.looks import Look, grows, slope
from tests.faults.plan import Plan
from tests.faults.soak import samples, soak
from tests.support import needs

ATHLETES, PACE, LAPS = 50, 20.0, 3
heavy = pytest.mark.heavy
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def tools():
    needs.mosquitto()
    needs.influxd()


@heavy
async def test_an_hour_with_faults_is_stored_whole_and_leaves_nothing_open(tools, tmp_path):
    day = Day.soon(ATHLETES, 1.0, 40.0, WallClock().now_ms(), laps=LAPS)
    ended = await soak(tmp_path / "soak", day, Random(7), mirrored=True)
    print(f"{ended.kills}; MB an hour: { {name: slope(looks) for name, looks in ended.looks.items()} }")
    assert ended.told == []
    assert {store: samples(runs) for store, runs in ended.stored.items()} == {
        "sqlite": samples(day.sent),
        "influxdb": samples(day.sent),
    }
    assert ended.kills


@heavy
async def test_influxdb_may_be_away_for_the_whole_run_and_gets_everything_in_order_afterwards(tools, tmp_path):
    short = Plan.ahead(ATHLETES, WallClock().now_ms())
    prepared = await prepare(tmp_path / "prepared", short, mirrored=True)
    ended = await endure(prepared, tmp_path / "away", replace(short, laps=LAPS), PACE)
    assert {name: one.exact for name, one in ended.stored.items()} == {"sqlite": True, "influxdb": True}
    assert ended.order.told == []
    assert ended.order.looks > 0
    assert ended.waited > 0
    assert ended.felt_away > 0


def a_life(minutes, mb, *, pid=1, files=20, tasks=12):
    return [Look(minute * 60_000, pid, mb(minute), files, tasks) for minute in range(minutes)]


def test_memory_that_grows_is_seen_through_what_wavers():
    growing = a_life(180, lambda minute: 80 + minute * 0.5 + (3 if minute % 7 == 0 else 0))
    flat = a_life(180, lambda minute: 80 + (3 if minute % 7 == 0 else 0))
    assert slope(growing) == pytest.approx(30, abs=1)
    assert grows(growing) == ["memory grows by 30.00 MB an hour, the limit is 1"]
    assert slope([*flat, Look(181 * 60_000, 2, 40, 20, 12)]) == pytest.approx(0, abs=0.5)
    assert grows(flat) == []
    assert slope([]) is None


def test_a_life_too_short_to_tell_is_not_judged_by_its_memory():
    assert grows(a_life(100, lambda minute: 80 + minute)) == []


def test_files_and_tasks_that_grow_are_seen_between_the_thirds_of_a_life():
    life = [replace(look, files=20 + number // 10) for number, look in enumerate(a_life(180, lambda _: 80.0))]
    assert grows(life) == ["open files grow from 22.5 to 34.5, the limit is 5 more"]
    life = [replace(look, tasks=None if number % 2 else number // 10) for number, look in enumerate(life[:60])]
    assert grows([replace(look, files=20) for look in life]) == []


def test_a_day_has_its_runs_spread_and_a_collector_that_comes_back_sends_the_rest():
    day = Day(4, 1_760_000_000_000, 24.0, 80.0, 0.0, laps=1)
    assert len(day.starts_ms) == 12
    assert day.starts_ms[0] == day.begins_ms
    assert day.starts_ms[-1] + day.session_s * 1_000 <= day.ends_ms
    everything = list(day.frames({}))
    assert len(everything) == 12 * day.session_s * 2
    assert [one.at_ms for _, one in everything] == sorted(one.at_ms for _, one in everything)
    assert day.sent == {(name, day.session_s * 3): 3 for name in day.ids}
    cut = len(everything) // 2 + 1
    kept_ms = {athlete: frame.at_ms for athlete, frame in everything[:cut]}
    assert list(day.frames(kept_ms)) == everything[cut:]


def test_a_delivery_out_of_order_is_seen():
    order = Order()
    order.see([("b", 1), ("b", 2), ("b", 4)], {"ann": "2026-11-22T10"})
    order.see([("b", 2), ("b", 4), ("b", 5)], {"ann": "2026-11-22T11"})
    order.see([("b", 5)], {"ann": "2026-11-22T12"})
    assert order.told == []
    order.see([], {"ann": "2026-11-22T11"})
    assert order.told == ["the newest fact of ann went back from 2026-11-22T12 to 2026-11-22T11"]
    order = Order()
    order.see([("b", 1), ("b", 2), ("b", 4)], {})
    order.see([("b", 1), ("b", 4)], {})
    assert order.told == ["blocks left the outbox of b out of order"]
