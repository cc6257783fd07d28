"""Recorded runs through the real chain: what was sent is stored, once, and live findings are the backtest's."""

import asyncio
import contextlib
import itertools
from collections import Counter

import pytest

from collector.ble import BleSource
from collector.intake import Intake
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from collector.recorded import RecordedSource, frames_of
from collector.recordings import load
from collector.source import HEART_RATE_MEASUREMENT, RSC_MEASUREMENT
from crampwatch.bus.broker import find_or_start
from crampwatch.cli.compose import House
from crampwatch.clock import PacedClock, WallClock
from crampwatch.service import running
from crampwatch.settings import Athlete, Sensor, Settings
from crampwatch.storage.sqlite import SqliteStore
from processor.backtest import backtest
from tests.support import needs

START_MS = 1_760_000_000_000
TEAM = "proof"
#: Played over the virtual radio: 1 Hz, smart recording, beats, walk breaks.
FRESH_S = 3_600.0
OVER_THE_RADIO = (
    "MaksVasilev+fit2gpx__Fenix3-Run-1321421020",
    "jimmykane+fit-parser__running-with-developer-data",
    "msimms+TestFilesForFitnessApps__20210604_track_run_coros_pace_2",
    "thomaschampagne+elevate__treadmill",
)


@pytest.fixture(autouse=True)
def _a_real_broker():
    needs.mosquitto()


def runs():
    return [path for path in sorted((needs.data() / "runs").glob("*.csv")) if not path.stem.endswith(("_rr", "_ev"))]


def sensor_name(number):
    return f"sensor-{number:02}"


def settings_for(tmp_path, count, **sensor):
    athletes = tuple(
        Athlete(id=f"r{number:02}", sensors=(Sensor(name=sensor_name(number)),)) for number in range(count)
    )
    return Settings(team=TEAM, state_dir=tmp_path / "state", athletes=athletes)


def told_offline(recording, athlete, device):
    """(session, samples) that the collector's intake makes of a recording."""
    intake = Intake()
    taken = [intake.take(athlete, frame) for frame in frames_of(recording, device, START_MS)]
    sessions = []
    for session, group in itertools.groupby(taken, key=lambda one: one.session):
        sessions.append((session, [sample for one in group for sample in one.samples]))
    return sessions


def gist(findings):
    """Findings as a timeline; whether they came from backlog is not the detector's business."""
    return sorted(
        (one.at_ms, one.id, one.kind, one.level, one.because, tuple(one.evidence.items())) for one in findings
    )


@pytest.mark.timeout(900)
async def test_every_recorded_run_is_stored_as_sent_and_found_as_in_the_backtest(tmp_path):
    recordings = [load(path)[0] for path in runs()]
    assert len(recordings) == 59
    settings = settings_for(tmp_path, len(recordings))
    async with find_or_start(settings.mqtt, settings.state_dir) as buses:
        store = await SqliteStore.open(settings.store_path)
        try:
            home = House(settings, buses, WallClock(), store)
            source = RecordedSource([(sensor_name(n), one) for n, one in enumerate(recordings)], START_MS)
            collector = home.collector(source)
            async with running([home.processor(), home.alerter(()), collector]):
                await collector.ended.wait()
                await collector.drained()
            await all_is_as_expected(store, settings, recordings)
        finally:
            await store.close()


async def all_is_as_expected(store, settings, recordings):
    by_athlete = {}
    for summary in await store.runs(team=TEAM, limit=1_000):
        by_athlete.setdefault(summary.run.athlete, {})[summary.run.session] = summary.run
    for number, (athlete, recording) in enumerate(zip(settings.athletes, recordings, strict=True)):
        offline = told_offline(recording, athlete.id, sensor_name(number))
        keys = by_athlete[athlete.id]
        assert sorted(keys) == sorted(session for session, _ in offline), recording.name
        for session, samples in offline:
            stored = await store.samples(keys[session])
            assert [sample.model_dump() for sample in stored] == [sample.model_dump() for sample in samples]
            # Live, the last second is closed by a further one or by a rest, and neither is waited for here.
            *closed, _last_second = backtest(athlete.id, session, samples)
            found = [one for outcome in closed for one in outcome.findings]
            assert gist(await store.findings(keys[session])) == gist(found), recording.name


@pytest.mark.timeout(600)
async def test_runs_over_the_virtual_radio_lose_and_double_nothing(tmp_path):
    recordings = [load(needs.data() / "runs" / f"{stem}.csv")[0] for stem in OVER_THE_RADIO]
    settings = settings_for(tmp_path, len(recordings))
    air = Air()
    async with (
        PacedClock(200, START_MS).running() as clock,
        find_or_start(settings.mqtt, settings.state_dir) as buses,
    ):
        adapter = await VirtualAdapter(air).start()
        watches = [
            await Watch(air, one, f"C1:00:00:00:00:{n:02X}", clock, name=sensor_name(n)).start()
            for n, one in enumerate(recordings)
        ]
        store = await SqliteStore.open(settings.store_path)
        try:
            home = House(settings, buses, clock, store)
            source = BleSource(clock=clock, adapter=adapter, connections=4)
            # At this pace 30 s of the run are a blink: what a busy machine delays is to stay in order.
            collector = home.collector(source, fresh_s=FRESH_S)
            async with running([home.processor(), home.alerter(()), collector]):
                for athlete, watch in zip(settings.athletes, watches, strict=True):
                    await watch.finished.wait()
                    await all_stored(store, athlete.id, sum(watch.sent.values()))
            for athlete, watch in zip(settings.athletes, watches, strict=True):
                await stored_is_sent(store, athlete.id, watch)
        finally:
            await store.close()
            for watch in watches:
                await watch.stop()
            await adapter.stop()


async def all_stored(store, athlete, frames):
    """Until as many seconds are stored as were sent, or for ten seconds: then the comparison tells what is missing."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while True:
                if await stored_frames(store, athlete) >= frames:
                    return
                await asyncio.sleep(0.1)


async def stored_frames(store, athlete):
    count = 0
    for summary in await store.runs(team=TEAM, athlete=athlete):
        count += sum(sample.kind in {"heart_rate", "speed"} for sample in await store.samples(summary.run))
    return count


async def stored_is_sent(store, athlete, watch):
    summaries = await store.runs(team=TEAM, athlete=athlete)
    stored, seconds = Counter(), {}
    for summary in summaries:
        samples = await store.samples(summary.run)
        stored.update(sample.kind for sample in samples)
        for sample in samples:
            seconds.setdefault(sample.kind, Counter())[(sample.at_ms - watch.start_ms) // 1_000] += 1
        found = [one for outcome in backtest(athlete, summary.run.session, samples) for one in outcome.findings]
        assert gist(await store.findings(summary.run)) == gist(found)
    assert stored["heart_rate"] == watch.sent[HEART_RATE_MEASUREMENT]
    assert stored["speed"] == watch.sent[RSC_MEASUREMENT]
    for kind in ("heart_rate", "speed"):
        assert max(seconds[kind].values()) == 1, f"two {kind} samples in one second"
