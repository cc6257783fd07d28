"""The stores that the suite is asked of, and the facts of a run that it tells them."""

from pathlib import Path
from zlib import crc32

from crampwatch.clock import WallClock
from crampwatch.events import (
    Alert,
    AlertKind,
    AlertState,
    Assessed,
    CadenceMeasured,
    Finding,
    FindingKind,
    HeartRateMeasured,
    SpeedMeasured,
)
from crampwatch.storage import RunKey, sqlite
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.mirror import MirroredStore
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.units import CadenceUnit, Level, Motion
from tests.support import influx
from tests.support.clocks import START_MS

RUN = RunKey("club", "ada", "morning")
OTHER = RunKey("club", "bea", "morning")


class SqliteBackend:
    """A store in one file under the test's own folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"

    def prepare(self, monkeypatch):
        """What holds while the test runs."""

    def admitted(self, samples, findings, alerts):
        """Of facts made at random, those that can be told apart and come back equal."""
        return samples, findings, alerts

    async def open(self):
        return await SqliteStore.open(self.path)

    async def fill_up(self, store):
        """From now on there is no room for more."""
        await set_room(store._database, 1)

    async def make_room(self, store):
        await set_room(store._database, 1_000_000)


class CompactedBackend(SqliteBackend):
    """The same with every fact long settled: every run is full at once, and its open five minutes are moved too."""

    name = "sqlite-compacted"

    def prepare(self, monkeypatch):
        monkeypatch.setattr(sqlite, "ENOUGH_FACTS", 0)
        monkeypatch.setattr(sqlite, "RUNS_A_TURN", 1_000)


class InfluxBackend:
    """A fresh organisation of a real InfluxDB, and an outbox under the test's own folder."""

    name = "influxdb"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = influx.home()

    def prepare(self, monkeypatch):
        pass

    def admitted(self, samples, findings, alerts):
        """See "What InfluxDB does not promise" in docs/influxdb.md.

        All within a day as well: every week that holds a fact is files of its own, which a test need not wait for.
        """
        samples = {(one.device, one.at_ms, one.seq % 1_000): one for one in map(in_a_day, samples)}
        findings = {(one.kind, one.at_ms, crc32(one.id.encode()) % 1_000): one for one in map(in_a_day, findings)}
        alerts = {one.id: one for one in map(in_a_day, alerts)}
        return list(samples.values()), list(findings.values()), list(alerts.values())

    async def open(self):
        return await InfluxStore.open(self.home.settings, self.folder / "outbox-processor.db", WallClock())

    async def fill_up(self, store):
        await set_room(store._outbox._database, 1)

    async def make_room(self, store):
        await set_room(store._outbox._database, 1_000_000)


class BothBackend(InfluxBackend):
    """SQLite, and InfluxDB as its mirror."""

    name = "both"

    async def open(self):
        first = await SqliteStore.open(self.folder / "store.db")
        return MirroredStore(first, await super().open())

    async def fill_up(self, store):
        await set_room(store._first._database, 1)

    async def make_room(self, store):
        await set_room(store._first._database, 1_000_000)


BACKENDS = [SqliteBackend, CompactedBackend, InfluxBackend, BothBackend]


async def set_room(database, pages):
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())


def in_a_day(fact):
    """The same fact within the day that runs begin on, its texts without the line ends that InfluxDB changes."""
    changed = {}
    for name, value in fact:
        if name in {"at_ms", "raised_at_ms", "updated_at_ms"}:
            changed[name] = START_MS + value % (24 * 3_600_000)
        elif name in {"id", "decided_by"}:
            changed[name] = value.replace("\r", "")
    return fact.model_copy(update=changed)


def second(n, *, bpm=150, spm=170.0, device="watch-1"):
    """One second of a run, as a chest strap and a watch tell it."""
    at_ms = START_MS + n * 1_000
    return (
        HeartRateMeasured(at_ms=at_ms, device="strap-1", seq=n, bpm=bpm, contact=True, rr_ms=(402.34375, 398.4375)),
        CadenceMeasured(
            at_ms=at_ms,
            device=device,
            seq=2 * n,
            spm=spm,
            raw_per_min=spm / 2,
            unit=CadenceUnit.STRIDES,
            decided_by="speed",
            running=True,
        ),
        SpeedMeasured(at_ms=at_ms, device=device, seq=2 * n + 1, mps=3.0078125, distance_m=100.0 + 3.0 * n),
    )


def stretch(begin, end):
    return tuple(sample for n in range(begin, end) for sample in second(n))


def assessed(n, *, score=0.25, fatigue=12.5, level=Level.OK):
    return Assessed(
        session=RUN.session,
        at_ms=START_MS + n * 1_000,
        level=level,
        score=score,
        fatigue=fatigue,
        motion=Motion.RUN,
        quality={},
    )


def finding(name="f-1", *, n=10, kind=FindingKind.HITCH, level=Level.WATCH):
    because = ("cadence fell from 172 to 96 steps/min for 2 s",)
    return Finding(kind=kind, id=name, session=RUN.session, at_ms=START_MS + n * 1_000, level=level, because=because)


def alert(name="a-1", *, state=AlertState.RAISED, updated=0, level=Level.WARNING, kind=AlertKind.PATTERN, raised=0):
    return Alert(
        kind=kind,
        id=name,
        finding_id="f-1",
        session=RUN.session,
        level=level,
        state=state,
        raised_at_ms=START_MS + raised,
        updated_at_ms=START_MS + raised + updated,
        title="Several fatigue signs together",
        because=("cadence is unsteady",),
    )


def in_order(samples):
    return sorted(samples, key=lambda one: (one.at_ms, one.device, one.seq))


def named_once(samples):
    """Of samples made at random, those that a collector could have sent: one name is one sample."""
    return list({(one.device, one.seq): one for one in samples}.values())
