"""InfluxDB is away for hours of running in minutes: what waits, what the processor holds, and how it is delivered."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crampwatch.storage.influx.edge import InfluxEdge
from crampwatch.storage.influx.flux import moment, text
from crampwatch.storage.outbox import found_in
from tests.faults.house import House
from tests.faults.influx import emptied, waiting
from tests.faults.looks import WATCHED, Look, slope, watch
from tests.faults.parts import until
from tests.faults.plan import Plan
from tests.faults.receiver import Receiver
from tests.faults.verdict import Stored, compare_samples

END_WITHIN_S = 7_200.0
#: As long as a run may be: what comes behind a slow machine is live.
FRESH_S = 3_600.0
#: What a processor may be seen to grow by while its outbox does, MB an hour of the run.
AWAY_MB_AN_HOUR = 5.0
#: Wall seconds between two looks at a delivery.
DELIVERY_S = 0.2


@dataclass
class Order:
    """What was seen of a delivery: blocks leave an outbox from its front, and each runner's newest fact only rises."""

    looks: int = 0
    told: list[str] = field(default_factory=list)
    _rows: Sequence[tuple[str, int]] | None = None
    _newest: Mapping[str, str] = field(default_factory=dict)

    def see(self, rows: Sequence[tuple[str, int]], newest: Mapping[str, str]) -> None:
        """The blocks that wait, as bucket and row in order, and the moment of each runner's newest fact."""
        before = rows if self._rows is None else self._rows
        for bucket in {name for name, _ in before}:
            mine, were = ([row for name, row in some if name == bucket] for some in (rows, before))
            if [row for row in mine if row <= were[-1]] != [row for row in were if mine and row >= mine[0]]:
                self.told.append(f"blocks left the outbox of {bucket} out of order")
        for runner, at in self._newest.items():
            if newest.get(runner, "") < at:
                self.told.append(f"the newest fact of {runner} went back from {at} to {newest.get(runner)}")
        self._rows, self._newest, self.looks = rows, newest, self.looks + 1


@dataclass
class Endured:
    """What came of it. ``waited``: points for InfluxDB at the end; ``felt_away``: pushes until then."""

    stored: Mapping[str, Stored] = field(default_factory=dict)
    waited: int = 0
    felt: int = 0
    felt_away: int = 0
    delivered_s: float = 0.0
    order: Order = field(default_factory=Order)
    looks: Mapping[str, list[Look]] = field(default_factory=lambda: {name: [] for name in WATCHED})

    @property
    def told(self) -> list[str]:
        """Everything that is wrong, a line each."""
        wrong = [f"{name}: {one}" for name, one in self.stored.items() if not one.exact]
        rises = slope(self.looks["processor"])
        if rises is not None and rises >= AWAY_MB_AN_HOUR:
            wrong.append(f"the processor grows by {rises:.2f} MB an hour, the limit is {AWAY_MB_AN_HOUR:g}")
        return wrong + self.order.told


async def endure(prepared: House, folder: Path, plan: Plan, pace: float) -> Endured:
    """Run a plan in a copy of a prepared house; InfluxDB is away from its begin until all is over."""
    ended = Endured()
    async with Receiver().listening() as phone:
        house = prepared.copy_to(folder, phone, plan)
        async with house.running():
            assert house.database is not None
            house.database.kill()
            house.collect("life", pace, FRESH_S)
            watching = asyncio.create_task(watch(house, house.newest_ms, ended.looks), name="watch")
            await until(lambda: house.parts["collector"].says("drained"), "the run is over", END_WITHIN_S)
            watching.cancel()
            ended.waited, ended.felt_away = await waiting(house.folder / "state"), sum(phone.felt.values())
            await house.back("influxdb")
            begun_s = asyncio.get_running_loop().time()
            looking = asyncio.create_task(_deliver(house, ended.order), name="delivery")
            await emptied(house.folder / "state")
            ended.delivered_s = asyncio.get_running_loop().time() - begun_s
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await house.stop()
            ended.felt = sum(phone.felt.values())
            ended.stored = {name: compare_samples(plan, kept) for name, kept in (await house.kept()).items()}
    return ended


async def _deliver(house: House, order: Order) -> None:
    """Look at a delivery until cancelled. The outbox is read before the database: it is forgotten last."""
    assert house.database is not None
    edge = InfluxEdge.connect(house.database.settings)
    bucket, first = text(house.database.settings.bucket), moment(house.plan.begins_ms * 1_000)
    newest_of = (
        f"from(bucket: {bucket}) |> range(start: {first}, stop: 2100-01-01T00:00:00Z)"
        ' |> filter(fn: (r) => r._measurement == "telemetry" and r._field == "seq")'
        ' |> group(columns: ["runner"]) |> max(column: "_time") |> keep(columns: ["runner", "_time"])'
    )
    try:
        while True:
            rows = await asyncio.to_thread(_rows, house.folder / "state")
            found = await edge.query(newest_of)
            order.see(rows, {str(one["runner"]): one["_time"].isoformat(timespec="microseconds") for one in found})
            await asyncio.sleep(DELIVERY_S)
    finally:
        await edge.close()


def _rows(state_dir: Path) -> Sequence[tuple[str, int]]:
    """The processor's blocks that wait, in order."""
    (path,) = (path for path in found_in(state_dir) if "processor" in path.name)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute("SELECT bucket, row FROM block ORDER BY row").fetchall()
