"""What every store promises, asked of each of them. A further backend joins ``BACKENDS`` and passes the same."""

import asyncio
import contextlib
import itertools
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.events import (
    Alert,
    AlertKind,
    AlertState,
    Assessed,
    BatteryReported,
    CadenceMeasured,
    Finding,
    FindingKind,
    HeartRateMeasured,
    SpeedMeasured,
)
from crampwatch.storage import Batch, RunKey, sqlite
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.mirror import MirroredStore
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.units import CadenceUnit, Level, Motion
from tests.support import facts, influx
from tests.support.clocks import START_MS
from tests.support.needs import ROOT

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


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request, tmp_path, monkeypatch):
    backend = request.param(tmp_path)
    backend.prepare(monkeypatch)
    return backend


@pytest.fixture
async def store(backend):
    store = await backend.open()
    yield store
    await store.close()


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


# --- what was recorded is what is read ----------------------------------------------------------------------


async def test_facts_come_back_equal_after_recording_and_after_reopening(backend):
    samples = [*stretch(0, 700), BatteryReported(at_ms=START_MS, device="watch-1", seq=9_999, percent=80)]
    batch = Batch(RUN, samples, (finding(),), tuple(assessed(n) for n in range(700)), (alert(),))
    store = await backend.open()
    await store.record([batch])
    for _ in range(2):
        assert list(await store.samples(RUN)) == in_order(samples)
        assert list(await store.findings(RUN)) == [finding()]
        assert list(await store.alerts(RUN)) == [alert()]
        await store.close()
        store = await backend.open()
    await store.close()


def of_the_run(facts):
    return facts.map(lambda one: one.model_copy(update={"session": RUN.session}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(facts.samples, max_size=12).map(named_once),
    st.lists(of_the_run(facts.findings), max_size=4, unique_by=lambda one: one.id),
    st.lists(of_the_run(facts.assessments), max_size=4),
    st.lists(of_the_run(facts.alerts), max_size=4, unique_by=lambda one: one.id),
)
async def test_any_facts_come_back_equal(tmp_path_factory, backend, samples, findings, assessments, alerts):
    samples, findings, alerts = backend.admitted(samples, findings, alerts)
    store = await type(backend)(tmp_path_factory.mktemp("store")).open()
    async with contextlib.aclosing(Closing(store)):
        for _ in range(2):
            await store.record([Batch(RUN, samples, findings, assessments, alerts)])
        assert list(await store.samples(RUN)) == in_order(samples)
        assert list(await store.findings(RUN)) == sorted(findings, key=lambda one: (one.at_ms, one.id))
        assert list(await store.alerts(RUN)) == sorted(alerts, key=lambda one: (one.raised_at_ms, one.id))
        if samples or findings or assessments or alerts:
            summary = await store.run(RUN)
            own = sum(one.kind != "fault" for one in alerts)
            assert (summary.samples, summary.findings, summary.alerts) == (len(samples), len(findings), own)


class Closing:
    """A store as something ``aclosing`` closes."""

    def __init__(self, store) -> None:
        self.aclose = store.close


async def test_a_reading_that_a_sensor_did_not_have_stays_none(store):
    empty = HeartRateMeasured(at_ms=START_MS, device="strap-1", seq=1, bpm=None)
    undecided = CadenceMeasured(
        at_ms=START_MS,
        device="pod-1",
        seq=1,
        spm=None,
        raw_per_min=84.0,
        unit=CadenceUnit.UNDECIDED,
        decided_by="too early",
    )
    await store.record([Batch(RUN, (empty, undecided))])
    assert list(await store.samples(RUN)) == [undecided, empty]
    summary = await store.run(RUN)
    assert (summary.mean_bpm, summary.mean_spm, summary.distance_m) == (None, None, None)


async def test_runs_of_one_name_in_two_teams_or_two_athletes_are_apart(store):
    elsewhere = RunKey("school", "ada", "morning")
    for n, key in enumerate((RUN, OTHER, elsewhere)):
        await store.record([Batch(key, second(n))])
    for n, key in enumerate((RUN, OTHER, elsewhere)):
        assert list(await store.samples(key)) == in_order(second(n))


async def test_a_run_nobody_knows_is_empty(store):
    assert await store.run(RUN) is None
    assert list(await store.runs()) == []
    assert [list(await ask(RUN)) for ask in (store.samples, store.findings, store.alerts)] == [[], [], []]
    series = await store.series(RUN)
    assert list(series.at_ms) == []
    assert {"bpm", "spm", "mps", "score", "fatigue"} <= series.columns.keys()
    assert not any(series.columns.values())


async def test_a_batch_of_nothing_makes_no_run(store):
    await store.record([Batch(RUN)])
    await store.record([])
    assert list(await store.runs()) == []


async def test_samples_of_a_part_are_those_between_its_ends_which_do_not_count(store):
    await store.record([Batch(RUN, stretch(0, 900))])
    part = await store.samples(RUN, after_ms=START_MS + 299_000, before_ms=START_MS + 605_000)
    assert list(part) == in_order(stretch(300, 605))
    assert list(await store.samples(RUN, after_ms=START_MS + 10_000_000)) == []
    assert list(await store.samples(RUN, before_ms=START_MS)) == []


async def test_what_was_found_lately_in_a_team_is_told_with_its_run_in_order(store):
    elsewhere, earlier = RunKey("school", "ada", "morning"), RunKey("club", "ada", "yesterday")
    found = {
        RUN: (finding("f-3", n=40), finding("f-1", n=20)),
        OTHER: (finding("f-2", n=20), finding("f-4", n=90, kind=FindingKind.SIGNAL)),
        elsewhere: (finding("f-5", n=30),),
        earlier: (finding("f-6", n=-600).model_copy(update={"session": "yesterday"}),),
    }
    await store.record([Batch(key, stretch(0, 2), findings) for key, findings in found.items()])
    wanted = [(RUN, "f-1"), (OTHER, "f-2"), (RUN, "f-3"), (OTHER, "f-4")]
    assert list(await store.recent_findings("club", START_MS + 20_000)) == [
        (run, next(one for one in found[run] if one.id == name)) for run, name in wanted
    ]
    assert [one.id for _, one in await store.recent_findings("club", START_MS + 20_001)] == ["f-3", "f-4"]
    assert next(run for run, _ in await store.recent_findings("club", 0)) == earlier
    assert list(await store.recent_findings("nobody", 0)) == []


# --- the same fact twice is one, whatever the order ---------------------------------------------------------


async def test_the_same_fact_twice_is_one_row(store):
    batch = Batch(RUN, stretch(0, 30), (finding(),), (assessed(1),), (alert(),))
    once = None
    for _ in range(3):
        await store.record([batch, batch])
        once = once or await store.run(RUN)
    assert list(await store.samples(RUN)) == in_order(stretch(0, 30))
    assert await store.run(RUN) == once
    assert (once.samples, once.findings, once.alerts) == (90, 1, 1)


async def test_facts_that_were_there_do_not_hide_those_that_are_new(store):
    await store.record([Batch(RUN, stretch(0, 20))])
    await store.record([Batch(RUN, stretch(10, 40)), Batch(OTHER, stretch(0, 5))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 40))
    assert (await store.run(RUN)).samples == 120
    assert (await store.run(OTHER)).samples == 15


async def test_any_order_of_arrival_gives_the_same_run(backend, tmp_path_factory):
    samples, random_order = list(stretch(0, 650)), random.Random(5)
    told = []
    for _ in range(3):
        store = await type(backend)(tmp_path_factory.mktemp("store")).open()
        for begin in range(0, len(samples), 97):
            await store.record([Batch(RUN, samples[begin : begin + 97])])
        told.append((await store.samples(RUN), await store.run(RUN), await store.series(RUN, points=60)))
        await store.close()
        random_order.shuffle(samples)
    assert told[0] == told[1] == told[2]


async def test_a_backlog_for_minutes_long_settled_finds_its_place(store):
    await store.record([Batch(RUN, (*stretch(0, 100), *stretch(200, 1_300)))])
    await store.record([Batch(RUN, stretch(100, 200))])
    await store.record([Batch(RUN, stretch(50, 250))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 1_300))
    assert (await store.run(RUN)).samples == 3_900
    assert None not in (await store.series(RUN)).columns["bpm"]


async def test_a_sequence_that_starts_again_hides_no_later_sample(store):
    before, after = second(0)[0], second(60)[0].model_copy(update={"seq": 0})
    await store.record([Batch(RUN, (before,))])
    await store.record([Batch(RUN, (after,))])
    assert list(await store.samples(RUN)) == [before, after]


@pytest.mark.parametrize("reverse", [False, True])
async def test_the_newest_state_of_an_alert_wins_in_any_order(store, reverse):
    life = [
        alert(),
        alert(state=AlertState.DELIVERED, updated=40),
        alert(state=AlertState.ACKNOWLEDGED, updated=9_000),
        alert(state=AlertState.CLEARED, updated=60_000),
    ]
    for state in reversed(life) if reverse else life:
        await store.record([Batch(RUN, alerts=(state,))])
    assert list(await store.alerts(RUN)) == [life[-1]]
    assert (await store.run(RUN)).alerts == 1


@pytest.mark.parametrize("reverse", [False, True])
async def test_of_two_states_of_one_moment_the_further_one_wins(store, reverse):
    both = [alert(), alert(state=AlertState.DELIVERED)]
    for state in reversed(both) if reverse else both:
        await store.record([Batch(RUN, alerts=(state,))])
    assert list(await store.alerts(RUN)) == [both[1]]


# --- the run list -------------------------------------------------------------------------------------------


async def test_the_newest_runs_come_first_and_can_be_narrowed(store):
    keys = [RunKey(team, athlete, f"s{n}") for n in range(3) for team in ("club", "school") for athlete in ("a", "b")]
    for n, key in enumerate(keys):
        await store.record([Batch(key, second(n * 10_000))])
    newest = list(reversed(keys))
    assert [one.run for one in await store.runs()] == newest
    assert [one.run for one in await store.runs(limit=2)] == newest[:2]
    assert [one.run for one in await store.runs(team="club")] == [key for key in newest if key.team == "club"]
    assert [one.run for one in await store.runs(athlete="a", team="school", limit=1)] == [RunKey("school", "a", "s2")]
    assert list(await store.runs(team="nobody")) == []


async def test_a_summary_says_what_a_runner_wants_to_know(store):
    await store.record([Batch(RUN, stretch(0, 100), (finding(level=Level.WARNING),), (assessed(100),), (alert(),))])
    standing = [one for n in range(101, 111) for one in second(n, bpm=130, spm=0.0)[:2]]
    await store.record([Batch(RUN, standing)])
    summary = await store.run(RUN)
    assert summary.run == RUN
    assert (summary.started_ms, summary.ended_ms) == (START_MS, START_MS + 110_000)
    assert summary.samples == 320
    assert summary.mean_bpm == pytest.approx((100 * 150 + 10 * 130) / 110)
    assert summary.mean_spm == pytest.approx(170.0), "standing still is no cadence"
    assert summary.distance_m == pytest.approx(297.0), "the odometer did not start at 0"
    assert (summary.worst, summary.findings, summary.alerts) == ("warning", 1, 1)
    assert await store.runs() == [summary]


async def test_two_odometers_are_not_added_up(store):
    await store.record([Batch(RUN, (*stretch(0, 100), *(second(n, device="pod-1")[2] for n in range(50))))])
    assert (await store.run(RUN)).distance_m == pytest.approx(297.0)


async def test_a_lost_sensor_does_not_make_a_bad_run(store):
    fault = alert(kind=AlertKind.FAULT, level=Level.WARNING, raised=500_000)
    lost = finding(kind=FindingKind.SIGNAL, level=Level.WARNING)
    await store.record([Batch(RUN, stretch(0, 20), (lost,), alerts=(fault,))])
    summary = await store.run(RUN)
    assert summary.worst == "ok"
    assert summary.ended_ms == START_MS + 19_000, "a fault about the silence after a run does not lengthen it"


async def test_a_run_of_which_only_an_alert_is_known_has_its_date(store):
    await store.record([Batch(RUN, alerts=(alert(raised=7_000),))])
    assert (await store.run(RUN)).started_ms == START_MS + 7_000


# --- columns for a page -------------------------------------------------------------------------------------


async def test_a_short_run_is_drawn_second_by_second(store):
    samples = [one for n in range(120) for one in second(n, bpm=100 + n, spm=150.0 + n)]
    scores = [assessed(n, score=n / 1_000, fatigue=n / 4) for n in range(120)]
    await store.record([Batch(RUN, samples, assessments=scores)])
    series = await store.series(RUN)
    assert list(series.at_ms) == [START_MS + n * 1_000 for n in range(120)]
    assert list(series.columns["bpm"]) == [100 + n for n in range(120)]
    assert list(series.columns["spm"]) == [150.0 + n for n in range(120)]
    assert list(series.columns["mps"]) == pytest.approx([3.0078125] * 120)
    assert list(series.columns["score"]) == pytest.approx([n / 1_000 for n in range(120)], abs=1e-4)
    assert list(series.columns["fatigue"]) == pytest.approx([n / 4 for n in range(120)], abs=1e-2)


async def test_a_long_run_is_drawn_in_about_as_many_points_as_asked(store):
    samples = [one for n in range(3_600) for one in second(n, bpm=100 + n // 60)[:1]]
    await store.record([Batch(RUN, samples)])
    series = await store.series(RUN, points=60)
    assert list(series.at_ms) == [START_MS + n * 60_000 for n in range(60)]
    assert list(series.columns["bpm"]) == pytest.approx([100 + n for n in range(60)])
    assert list(series.columns["spm"]) == [None] * 60


async def test_a_gap_is_drawn_as_a_gap(store):
    await store.record([Batch(RUN, (*stretch(0, 60), *stretch(120, 180)))])
    column = (await store.series(RUN)).columns["bpm"]
    assert [n for n, value in enumerate(column) if value is None] == list(range(60, 120))


async def test_the_worst_of_a_span_is_what_is_drawn_of_score_and_level(store):
    scores = [assessed(n, score=0.9 if n == 77 else 0.1) for n in range(600)]
    scores[300] = assessed(300, score=0.1, level=Level.IMMINENT)
    await store.record([Batch(RUN, assessments=scores)])
    series = await store.series(RUN, points=10)
    assert list(series.columns["score"]) == pytest.approx([0.1, 0.9, *[0.1] * 8])
    assert list(series.columns["level"]) == [0, 0, 0, 0, 0, Level.IMMINENT.rank, 0, 0, 0, 0]


# --- names --------------------------------------------------------------------------------------------------


async def test_a_display_name_is_kept_and_can_be_changed(backend):
    store = await backend.open()
    await store.name("ada", "Ada L.")
    await store.name("bea", "Bea")
    await store.name("ada", "Ada Løve 🏃")
    await store.close()
    store = await backend.open()
    assert await store.names() == {"ada": "Ada Løve 🏃", "bea": "Bea"}
    await store.close()


# --- what goes wrong ----------------------------------------------------------------------------------------


async def test_a_full_disk_keeps_all_or_nothing_and_what_was_there(backend, store):
    await store.record([Batch(RUN, stretch(0, 10))])
    before = await store.run(RUN)
    await backend.fill_up(store)
    with pytest.raises(Unavailable):
        await store.record([Batch(OTHER, second(0)), Batch(RUN, stretch(10, 3_000), (finding(),))])
    assert await store.run(RUN) == before
    assert await store.run(OTHER) is None
    assert list(await store.samples(RUN)) == in_order(stretch(0, 10))
    await backend.make_room(store)
    await store.record([Batch(RUN, stretch(10, 20))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 20))


async def test_a_closed_store_is_unavailable_and_closing_twice_is_fine(backend):
    store = await backend.open()
    await store.close()
    await store.close()
    for call in (
        store.record([Batch(RUN, second(0))]),
        store.runs(),
        store.run(RUN),
        store.samples(RUN),
        store.series(RUN),
        store.findings(RUN),
        store.alerts(RUN),
        store.recent_findings("club", 0),
        store.names(),
        store.name("ada", "Ada"),
    ):
        with pytest.raises(Unavailable):
            await call


async def test_many_may_record_and_read_at_once(store):
    async def runner(number):
        key = RunKey("club", f"r{number}", "s1")
        for n in range(0, 60, 10):
            await store.record([Batch(key, stretch(n, n + 10))])
            assert (await store.run(key)).samples == 3 * (n + 10), "what was recorded can be read at once"
        assert list(await store.samples(key)) == in_order(stretch(0, 60))

    await asyncio.gather(*(runner(number) for number in range(12)))
    assert len(await store.runs()) == 12


# --- a store in a file --------------------------------------------------------------------------------------


async def test_another_process_may_read_while_one_records(tmp_path):
    path = tmp_path / "store.db"
    writer = await SqliteStore.open(path)
    reader = await SqliteStore.open(path, read_only=True)
    await writer.record([Batch(RUN, stretch(0, 10))])
    assert list(await reader.samples(RUN)) == in_order(stretch(0, 10))
    with pytest.raises(Misconfigured, match=r"storage\.path: .*read only"):
        await reader.record([Batch(RUN, second(11))])
    await writer.close()
    assert (await reader.run(RUN)).samples == 30
    await reader.close()


async def test_a_newer_release_and_a_strange_file_are_refused_by_the_name_of_the_setting(tmp_path):
    path = tmp_path / "store.db"
    await (await SqliteStore.open(path)).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=1000")
    with pytest.raises(Misconfigured, match=r"storage\.path: .*newer release"):
        await SqliteStore.open(path)
    path.write_text("dear diary, " * 1_000)
    with pytest.raises(Misconfigured, match=r"storage\.path: .*not a database"):
        await SqliteStore.open(path)


async def test_a_damaged_chunk_is_told_by_the_name_of_the_setting(tmp_path):
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    await store.record([Batch(RUN, stretch(0, 10))])
    await store.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE chunk SET drawn = substr(drawn, 5)")
    store = await SqliteStore.open(path)
    with pytest.raises(Misconfigured, match=r"storage\.path: .*damaged"):
        await store.samples(RUN)
    await store.close()


async def test_a_run_that_grows_is_compacted_in_passing_and_again_when_it_ends(tmp_path):
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    for n in range(0, 3_600, 10):
        await store.record([Batch(RUN, stretch(n, n + 10))])

    def hot_and_chunks():
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("hot", "chunk")]

    hot, chunks = hot_and_chunks()
    assert hot < sqlite.ENOUGH_FACTS + 1_000
    assert chunks > 0
    assert list(await store.samples(RUN)) == in_order(stretch(0, 3_600))
    await store.close()
    assert hot_and_chunks()[0] == 0


async def test_a_compaction_that_fails_is_told_once_and_loses_nothing(tmp_path, monkeypatch, caplog):
    store = await SqliteStore.open(tmp_path / "store.db")
    monkeypatch.setattr(sqlite, "ENOUGH_FACTS", 0)
    whole = sqlite.compaction.compact

    def broken(*_, **__):
        raise Unavailable("no room")

    monkeypatch.setattr(sqlite.compaction, "compact", broken)
    for n in range(5):
        await store.record([Batch(RUN, second(n))])
    monkeypatch.setattr(sqlite.compaction, "compact", whole)
    await store.record([Batch(RUN, second(5))])
    assert list(await store.samples(RUN)) == in_order(stretch(0, 6))
    await store.close()
    assert [record.levelname for record in caplog.records if record.name == sqlite.__name__] == ["WARNING"]


WRITER = """
import asyncio, sys
from pathlib import Path
from crampwatch.storage import Batch
from crampwatch.storage.sqlite import SqliteStore
from tests.suites.test_store import RUN, second

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    for n in range(int(sys.argv[2]), 1_000_000):
        await store.record([Batch(RUN, second(n))])
        print(n, flush=True)

asyncio.run(main())
"""


def acknowledged_until_killed(path, begin, enough):
    """Let a process record seconds from ``begin`` on, kill -9 it after so many; the last that it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path), str(begin)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        lines = list(itertools.islice(process.stdout, enough))
        process.kill()
        # What it acknowledged between then and its end counts as well; a torn last line does not.
        lines += [line for line in process.stdout if line.endswith("\n")]
    return int(lines[-1])


async def test_a_writer_that_is_killed_loses_no_acknowledged_record(tmp_path):
    path, kept = tmp_path / "store.db", 0
    for enough in (5, 40, 700):
        last = acknowledged_until_killed(path, kept, enough)
        store = await SqliteStore.open(path)
        samples = list(await store.samples(RUN))
        summary = await store.run(RUN)
        await store.close()
        kept = len(samples) // 3
        assert kept >= last + 1
        assert samples == in_order(stretch(0, kept)), "a record is whole or not there"
        assert summary.samples == len(samples)


async def test_findings_of_the_last_minutes_are_found_without_going_through_the_runs(tmp_path):
    store = await SqliteStore.open(tmp_path / "store.db")
    plan = await store._database.read(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {sqlite._RECENT}", (0, "club")).fetchall()
    )
    await store.close()
    steps = [row[-1] for row in plan]
    assert any("finding_by_moment (at_ms>?)" in step for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps
