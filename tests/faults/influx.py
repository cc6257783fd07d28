"""An InfluxDB as a part of the house that can be killed, and what it holds in the end."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from crampwatch.clock import WallClock
from crampwatch.settings import Influxdb
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.outbox import Outbox, found_in
from tests.faults.parts import LOOK_EVERY_S
from tests.faults.plan import Plan
from tests.faults.verdict import Kept, read
from tests.support.influx import Influxd

PLACE = "place.json"
#: What waits may be much, and the machine busy.
DRAINED_WITHIN_S = 600.0


class Database:
    """A server on data of its own, with the verbs of :class:`tests.faults.parts.Part`."""

    name = "influxdb"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._server = Influxd(folder)

    @property
    def running(self) -> bool:
        return self._server.running

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def settings(self) -> Influxdb:
        place = json.loads((self._folder / PLACE).read_text(encoding="utf-8"))
        return Influxdb(**place | {"url": self._server.url})

    @property
    def variables(self) -> Mapping[str, str]:
        """SQLite first, this as its mirror."""
        place = self.settings
        assert place.token is not None
        values = {"url": place.url, "org": place.org, "bucket": place.bucket, "bucket_long": place.bucket_long}
        values["token"] = place.token.get_secret_value()
        mirror = {f"CRAMPWATCH_INFLUXDB__{name.upper()}": value for name, value in values.items()}
        return {"CRAMPWATCH_STORAGE__BACKEND": "both", **mirror}

    def begin(self) -> None:
        """The first start: with an organisation and buckets when it is new."""
        self._server.start()
        if not (self._folder / PLACE).exists():
            home = self._server.home()
            kept = home.settings.model_dump() | {"token": home.make_token()}
            (self._folder / PLACE).write_text(json.dumps(kept), encoding="utf-8")

    def know(self, *, known: bool) -> None:
        """Know the token of the house, or know it no more."""
        token = self.variables["CRAMPWATCH_INFLUXDB__TOKEN"]
        given = json.loads(self._server.call("GET", "/api/v2/authorizations"))["authorizations"]
        (number,) = (one["id"] for one in given if one["token"] == token)
        status = {"status": "active" if known else "inactive"}
        self._server.call("PATCH", f"/api/v2/authorizations/{number}", status)

    def start(self) -> None:
        self._server.launch()

    async def is_up(self) -> None:
        while not await asyncio.to_thread(self._server.answers):
            if not self.running:
                self._server.launch()  # somebody had its port for a moment
            await asyncio.sleep(LOOK_EVERY_S)

    def kill(self) -> None:
        self._server.kill()

    async def stop(self) -> int:
        await asyncio.to_thread(self._server.stop)
        return 0


async def waiting(state_dir: Path) -> int:
    """How many points wait in all outboxes of a house."""
    points = 0
    for path in found_in(state_dir):
        outbox = await Outbox.open(path, WallClock(), read_only=True)
        points += outbox.depth.points
        await outbox.close()
    return points


async def emptied(state_dir: Path) -> None:
    """Wait until nothing waits for InfluxDB."""
    async with asyncio.timeout(DRAINED_WITHIN_S):
        while await waiting(state_dir):  # noqa: ASYNC110 - another process sends no event
            await asyncio.sleep(LOOK_EVERY_S * 10)


async def open_influx(settings: Influxdb, folder: Path) -> InfluxStore:
    """The store for a reader; its caller closes it."""
    return await InfluxStore.open(settings, folder / "reading.db", WallClock())


async def read_influx(settings: Influxdb, folder: Path, team: str, plan: Plan) -> Kept:
    """Read everything of a group by Flux."""
    store = await open_influx(settings, folder)
    try:
        return await read(store, team, plan)
    finally:
        await store.close()


async def count_influx(settings: Influxdb, folder: Path, team: str) -> int:
    """How many samples its runs have, counted by the server."""
    store = await open_influx(settings, folder)
    try:
        return sum(one.samples for one in await store.runs(team=team, limit=100_000))
    finally:
        await store.close()
