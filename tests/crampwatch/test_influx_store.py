"""The store in InfluxDB and the mirror: what happens when InfluxDB is away, behind, or not set up."""

import asyncio
import logging
import re
import time

import pytest

from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.metrics import Counters
from crampwatch.settings import Settings
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.influx import store as influx_store
from crampwatch.storage.influx.look import look
from crampwatch.storage.influx.store import InfluxStore
from crampwatch.storage.mirror import MirroredStore
from crampwatch.storage.opening import open_store
from crampwatch.storage.outbox import Outbox
from crampwatch.storage.sqlite import SqliteStore
from tests.suites.stores import RUN, START_MS, alert, assessed, finding, in_order, second, set_room, stretch
from tests.support import influx

PATIENCE_S = 60.0
BATCH = Batch(RUN, stretch(0, 30), (finding(),), [assessed(n) for n in range(30)], (alert(),))


async def until(true):
    give_up_s = time.monotonic() + PATIENCE_S
    while not await true():
        assert time.monotonic() < give_up_s
        await asyncio.sleep(0.02)


@pytest.fixture
def server(tmp_path):
    """A server to kill and start again."""
    with influx.own(tmp_path) as server:
        yield server


def opened(home, folder, **changes):
    return InfluxStore.open(home.changed(**changes), folder / "outbox-processor.db", WallClock())


def gauge(store, name):
    return next(one.value for one in store.gauges() if one.name == name)


# --- away and back ------------------------------------------------------------------------------------------


async def test_what_is_recorded_while_influxdb_is_away_is_kept_and_readers_are_told_how_much(
    server, tmp_path, monkeypatch
):
    home = server.home()
    store = await opened(home, tmp_path)
    await store.record([Batch(RUN, second(0))])
    assert (await store.run(RUN)).samples == 3
    server.kill()
    await store.record([BATCH])
    await until(lambda: asyncio.sleep(0, bool(store.problems())))
    with monkeypatch.context() as endless:
        # Who knows that InfluxDB is away does not keep a reader waiting.
        endless.setattr(influx_store, "WAIT_S", 1_000_000.0)
        for reading in (store.run(RUN), store.runs(), store.samples(RUN), store.series(RUN), store.findings(RUN)):
            waiting = f"{gauge(store, 'outbox_points'):.0f} points wait"
            with pytest.raises(Unavailable, match=rf"{waiting} .*cannot be reached"):
                await reading
    assert gauge(store, "outbox_points") > 90
    assert any("InfluxDB does not take" in one for one in store.problems())
    server.start()

    async def caught_up():
        return gauge(store, "outbox_points") == 0

    await until(caught_up)
    assert list(await store.samples(RUN)) == in_order(stretch(0, 30))
    assert store.problems() == []
    await store.close()


async def test_what_an_earlier_process_left_in_its_outbox_is_there_for_the_first_reader(server, tmp_path):
    home = server.home()
    server.kill()
    store = await opened(home, tmp_path)
    await store.record([BATCH])
    await store.close()
    server.start()
    store = await opened(home, tmp_path)
    assert list(await store.samples(RUN)) == in_order(stretch(0, 30)), "a processor goes on from what it had stored"
    assert [one.id for one in await store.findings(RUN)] == ["f-1"]
    await store.close()


async def test_an_orderly_end_does_not_wait_for_a_server_that_is_away(server, tmp_path, caplog):
    home = server.home()
    store = await opened(home, tmp_path)
    server.kill()
    with caplog.at_level(logging.DEBUG, "crampwatch"):
        await store.record([BATCH])
        await until(lambda: asyncio.sleep(0, bool(store.problems())))
        async with asyncio.timeout(PATIENCE_S):
            await store.close()
    with pytest.raises(Unavailable, match="closed"):
        await store.record([BATCH])
    assert len([one for one in caplog.records if one.levelno >= logging.WARNING]) == 1, "an outage is one warning"


async def test_an_orderly_end_delivers_what_came_last_also_when_something_was_refused_before(tmp_path):
    home = influx.home()
    store = await opened(home, tmp_path)
    await store._put(influx_store.BUCKET, ["no line"])
    await store.runs()
    assert gauge(store, "dead_letters") == 1
    await store.record([BATCH])
    goodbyes, delivered = [], store._drainer.delivered

    async def watched(row, within_s):
        goodbyes.append(row)
        return await delivered(row, PATIENCE_S)

    store._drainer.delivered = watched
    await store.close()
    assert len(goodbyes) == 1
    assert home.count("telemetry", "session") == 90


async def test_each_minute_of_a_run_is_marked_once(tmp_path):
    home = influx.home()
    store = await opened(home, tmp_path)
    puts, put = [], store._outbox.put

    async def watched(bucket, lines):
        puts.append(sum(line.startswith("run,") for line in lines))
        return await put(bucket, lines)

    store._outbox.put = watched
    for n in range(0, 180, 10):
        await store.record([Batch(RUN, stretch(n, n + 10)), Batch(RunKey("club", "bea", "s"), stretch(n, n + 10))])
    assert sum(puts) == home_marks(180)
    await store.runs()
    assert home.count("run", "session") == home_marks(180)
    await store.close()


def home_marks(seconds):
    """How many minutes two runs of so many seconds touch."""
    return 2 * len({(START_MS + n * 1_000) // 60_000 for n in range(seconds)})


async def test_a_mark_that_could_not_be_kept_is_made_again(tmp_path):
    store = await opened(influx.home(), tmp_path)
    await set_room(store._outbox._database, 1)
    with pytest.raises(Unavailable):
        await store.record([Batch(RUN, stretch(0, 3_000))])
    await set_room(store._outbox._database, 1_000_000)
    await store.record([Batch(RUN, second(0))])
    assert [one.run for one in await store.runs()] == [RUN]
    await store.close()


async def test_a_drainer_that_ends_is_not_passed_over_in_silence(tmp_path):
    store = await opened(influx.home(), tmp_path)

    async def broken(*_, **__):
        raise KeyError("a mistake")

    store._outbox.take = broken
    await store.record([BATCH])
    with pytest.raises(KeyError):
        await store.runs()
    with pytest.raises(KeyError):
        await store.record([BATCH])
    with pytest.raises(KeyError):
        await store.close()
    with pytest.raises(Unavailable, match="closed"):
        await store.record([BATCH])


# --- the mirror ---------------------------------------------------------------------------------------------


async def test_the_mirror_holds_what_the_first_holds(tmp_path):
    home = influx.home()
    mirror = await opened(home, tmp_path)
    both = MirroredStore(await SqliteStore.open(tmp_path / "store.db"), mirror)
    await both.record([BATCH])
    await both.record([BATCH, Batch(RunKey("club", "bea", "s"), second(5))])
    await both.name("ada", "Ada L.")
    assert await mirror.runs() == await both.runs()
    assert await mirror.samples(RUN) == await both.samples(RUN)
    assert await mirror.series(RUN) == await both.series(RUN)
    assert await mirror.findings(RUN) == await both.findings(RUN)
    assert await mirror.alerts(RUN) == await both.alerts(RUN)
    assert await mirror.names() == await both.names() == {"ada": "Ada L."}
    await both.close()


async def test_with_a_mirror_that_is_away_everything_is_recorded_and_read_at_once(server, tmp_path):
    home = server.home()
    server.kill()
    mirror = await opened(home, tmp_path)
    both = MirroredStore(await SqliteStore.open(tmp_path / "store.db"), mirror)
    await both.record([BATCH])
    assert (await both.run(RUN)).samples == 90
    assert gauge(both, "outbox_points") > 90
    server.start()
    await until(lambda: asyncio.sleep(0, gauge(both, "outbox_points") == 0))
    assert await mirror.run(RUN) == await both.run(RUN)
    await both.close()


async def test_what_the_first_has_the_mirror_has_queued(tmp_path):
    """Else a process that ends in between would never tell the mirror what followed from those facts."""
    home = influx.home()
    mirror, first = await opened(home, tmp_path), await SqliteStore.open(tmp_path / "store.db")
    both = MirroredStore(first, mirror)
    await set_room(mirror._outbox._database, 1)
    with pytest.raises(Unavailable):
        await both.record([Batch(RUN, stretch(0, 3_000))])
    assert await first.run(RUN) is None
    await both.close()


async def test_a_record_that_the_first_refuses_again_and_again_is_in_the_mirror_once(tmp_path):
    mirror = await opened(influx.home(), tmp_path, url="http://127.0.0.1:9")
    first = await SqliteStore.open(tmp_path / "store.db")
    both = MirroredStore(first, mirror)
    await set_room(first._database, 1)
    batch = Batch(RUN, [*stretch(0, 3_000)])
    for _ in range(3):
        with pytest.raises(Unavailable):
            await both.record([batch])
    once = gauge(both, "outbox_points")
    assert once >= 9_000
    await set_room(first._database, 1_000_000)
    await both.record([Batch(RUN, [*stretch(0, 3_000)]), Batch(RunKey("club", "bea", "s"), second(0))])
    assert once < gauge(both, "outbox_points") < once + 100
    assert (await both.run(RUN)).samples == 9_000
    before = gauge(both, "outbox_points")
    await both.record([batch])
    assert gauge(both, "outbox_points") > before + 9_000, "what both have had is a record like any other"
    await both.close()


# --- what the settings ask for ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "kind", "files"),
    [
        ("sqlite", SqliteStore, {"crampwatch.db"}),
        ("influxdb", InfluxStore, {"outbox-alerter.db"}),
        ("both", MirroredStore, {"crampwatch.db", "outbox-alerter.db"}),
    ],
)
async def test_one_setting_chooses_the_store(tmp_path, backend, kind, files):
    home = influx.home()
    settings = Settings(state_dir=tmp_path / "state", storage={"backend": backend}, influxdb=home.settings)
    for _ in range(2):
        async with open_store(settings, "alerter", WallClock()) as store:
            assert isinstance(store, kind)
            await store.record([BATCH])
            assert (await store.run(RUN)).samples == 90
    assert {path.name for path in (tmp_path / "state").iterdir()} == files
    assert (home.count("telemetry", "session") == 90) is (backend != "sqlite")


async def test_a_look_says_what_waits_in_outboxes_also_for_an_influxdb_that_is_away(tmp_path):
    home = influx.home()
    settings = Settings(
        state_dir=tmp_path, storage={"backend": "both"}, influxdb=home.changed(org="somebody", url="http://127.0.0.1:9")
    )
    async with open_store(settings, "processor", WallClock()) as store:
        await store.record([Batch(RUN, second(0))])
    with pytest.raises(Unavailable, match="cannot be reached"):
        await look(settings)
    told = await look(settings.model_copy(update={"influxdb": home.settings}))
    assert re.search(r"^http://127\.0\.0\.1:\d+: InfluxDB .*; 6 points wait in outboxes$", told)


async def test_what_a_service_queued_when_it_ran_alone_is_delivered_by_the_house(tmp_path):
    home = influx.home()
    settings = Settings(
        state_dir=tmp_path, storage={"backend": "both"}, influxdb=home.changed(url="http://127.0.0.1:9")
    )
    async with open_store(settings, "alerter", WallClock()) as store:
        await store.record([BATCH])
    settings = settings.model_copy(update={"influxdb": home.settings})
    counted = Counters()
    opened = open_store(settings, "processor", WallClock(), others=["processor", "alerter"], counters=counted)
    async with opened as store:
        await until(lambda: asyncio.sleep(0, gauge(store, "outbox_points") == 0))
    assert home.count("telemetry", "session") == 90
    assert counted.value("outbox_delivered") > 90
    outbox = await Outbox.open(tmp_path / "outbox-alerter.db", WallClock())
    assert outbox.depth.points == 0
    await outbox.close()


async def test_no_token_is_told_before_anything_is_opened(tmp_path):
    settings = Settings(state_dir=tmp_path / "state", storage={"backend": "influxdb"})
    with pytest.raises(Misconfigured, match=r"influxdb\.token: is not set"):
        async with open_store(settings, "processor", WallClock()):
            pass
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bucket": "nowhere"}, r"influxdb\.bucket: .*'nowhere'.*influx setup"),
        ({"org": "nobody"}, r"influxdb\.org: .*'nobody'"),
        ({"token": "nonsense"}, r"influxdb\.token: .*valid"),
    ],
)
async def test_a_setting_that_is_wrong_holds_everything_and_is_told_by_its_name(
    tmp_path, monkeypatch, caplog, changes, told
):
    home = influx.home()
    store = await opened(home, tmp_path, **changes)
    await store.record([BATCH])
    await until(lambda: asyncio.sleep(0, bool(store.problems())))
    with monkeypatch.context() as impatient:
        impatient.setattr(influx_store, "WAIT_S", 0.5)
        with pytest.raises(Unavailable, match=told):
            await store.run(RUN)
    await store.close()
    assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 1
    store = await opened(home, tmp_path)
    assert (await store.run(RUN)).samples == 90, "mended, it goes on"
    await store.close()
