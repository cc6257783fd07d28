"""What should not come, while a hundred run: told once, counted, and everything else is stored exactly."""

import pytest

from crampwatch.clock import WallClock
from tests.faults.house import prepare
from tests.faults.nuisance import POISON, STRANGER, TIMES, bear, refused
from tests.faults.plan import Plan
from tests.support import needs

ATHLETES, PACE = 100, 10.0
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


@pytest.fixture
def tools():
    needs.mosquitto()
    needs.influxd()


async def test_poison_a_rival_and_a_token_known_no_more_are_told_once_and_all_else_is_stored(tools, tmp_path):
    prepared = await prepare(tmp_path / "prepared", Plan.ahead(ATHLETES, WallClock().now_ms()), mirrored=True)
    borne = await bear(prepared, tmp_path / "borne", PACE)
    assert {name: one.exact for name, one in borne.stored.items()} == {"sqlite": True, "influxdb": True}
    assert borne.findings == []

    for reason in POISON:
        assert borne.metrics["processor"][refused("processor", reason)] == TIMES
        assert borne.metrics["alerter"][refused("alerter", reason)] == TIMES
        assert borne.metrics["dashboard"][refused("dashboard", reason)] == 2 * TIMES
    for service, kind in (("processor", "telemetry"), ("alerter", "finding")):
        assert len(borne.warnings(service, f"{STRANGER}/{kind}", "look at what publishes there")) == len(POISON)
    (line,) = borne.warnings("processor", f"{STRANGER}/telemetry", "update the older side")
    assert "99" in line

    assert borne.waited > 0
    assert "influxdb.token" in borne.problems["processor"]
    (line,) = borne.warnings("processor", "nothing goes to the bucket influxdb.bucket,")
    assert "influxdb.token" in line

    assert borne.metrics["collector"]["crampwatch_collector_link_taken_over"] >= 1
    (line,) = borne.warnings("collector", "another client of the same id")
    assert "collector.id" in line
    assert "collector.id" in borne.problems["collector"]
