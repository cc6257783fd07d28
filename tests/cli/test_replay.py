"""``crampwatch replay`` over a real broker, to a processor in another process."""

import asyncio
import signal
from datetime import UTC, datetime

import pytest

from collector.offline import samples_of
from collector.recordings import load
from crampwatch.bus.address import address_of
from crampwatch.bus.links import MqttLinks
from crampwatch.cli.resend import replay_settings
from crampwatch.events import AlertKind
from crampwatch.settings import Mqtt, Settings
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import SYSTEM, Kind, Topic, every
from processor.backtest import backtest
from tests.cli.rig import csv_of
from tests.support.clocks import START_MS
from tests.support.stories import Story

UNAVAILABLE = 3


def build_up():
    """Hitches that come closer, then a stop that is asked about."""
    return Story().running(490).running(60, 160.0, sway=6.0).hitching(5, every_s=20, spm=160.0).standing(60)


@pytest.fixture
def recording(tmp_path):
    return csv_of(build_up(), tmp_path / "build_up.csv")


def dated(path, seconds=60):
    """A recording that knows when it was."""
    moments = (datetime.fromtimestamp(START_MS / 1_000 + t_s, UTC).isoformat() for t_s in range(seconds))
    points = "".join(
        f'<trkpt lat="48.1" lon="11.5"><time>{moment}</time><extensions><hr>{140 + number % 9}</hr><cad>85</cad>'
        "</extensions></trkpt>"
        for number, moment in enumerate(moments)
    )
    path.write_text(f"<gpx><trk><type>running</type><trkseg>{points}</trkseg></trk></gpx>", encoding="utf-8")
    return path


async def stored(tmp_path):
    """Everything in the store, a run each: summary, samples, findings, alerts."""
    store = await SqliteStore.open(tmp_path / "state" / "crampwatch.db")
    try:
        return [
            (one, await store.samples(one.run), await store.findings(one.run), await store.alerts(one.run))
            for one in await store.runs()
        ]
    finally:
        await store.close()


async def ended(process):
    return await asyncio.to_thread(process.ended)


async def said(process, words):
    return await asyncio.to_thread(process.until, words)


async def house(start, shared):
    """A processor and an alerter, each in a process of its own."""
    processor, alerter = start("process", **shared), start("alert", **shared)
    await said(processor, "processor is up")
    await said(alerter, "alerter is up")
    return processor, alerter


async def test_history_is_stored_as_it_was_found_in_and_raises_no_alert(start, shared, tmp_path, recording):
    await house(start, shared)
    replay = start("replay", recording, "--athlete", "r7", **shared)
    assert await ended(replay) == 0, replay.said
    assert replay.said == ["build_up: stored"]
    ((summary, samples, findings, alerts),) = await stored(tmp_path)
    told = samples_of(load(recording)[0])
    assert summary.run.athlete == "r7"
    assert gist(samples) == gist(told)
    proved = [one for outcome in backtest("r7", "s", told) for one in outcome.findings]
    assert sorted(words(findings, samples)) == sorted(words(proved, told))
    assert all(one.late for one in findings)
    assert alerts == []


def gist(samples):
    """Kinds and moments, from the first sample."""
    return [(sample.kind, sample.at_ms - samples[0].at_ms) for sample in samples]


def words(findings, samples):
    """Findings, by the moment from the first sample."""
    return [(one.at_ms - samples[0].at_ms, one.kind, one.level, one.because) for one in findings]


async def test_a_dated_recording_sent_twice_is_one_run(start, shared, tmp_path):
    await said(start("process", **shared), "processor is up")
    for _ in range(2):
        replay = start("replay", dated(tmp_path / "morning.gpx"), **shared)
        assert await ended(replay) == 0, replay.said
    ((summary, samples, _, _),) = await stored(tmp_path)
    assert summary.started_ms == START_MS
    assert len(gist(samples)) == len(set(gist(samples)))


async def test_with_a_speed_it_is_as_if_it_happened_now_alerts_and_all(start, shared, tmp_path, recording):
    processor, alerter = await house(start, shared)
    replay = start("replay", recording, "--speed", "100", **shared)
    assert await ended(replay) == 0, replay.said
    processor.tell()
    assert await ended(processor) == 0
    alerter.tell()
    assert await ended(alerter) == 0
    ((summary, samples, findings, alerts),) = await stored(tmp_path)
    assert gist(samples) == gist(samples_of(load(recording)[0]))
    proved = [one for outcome in backtest("r7", "s", samples) for one in outcome.findings]
    assert words(findings, samples) == words(proved, samples)
    assert not any(one.late for one in findings)
    assert {one.kind for one in alerts} >= {AlertKind.PATTERN, AlertKind.CRAMP}
    assert summary.run.athlete == "replay"


async def test_without_a_processor_it_says_so_keeps_everything_and_sends_it_next_time(start, shared, tmp_path):
    first = start("replay", dated(tmp_path / "morning.gpx"), "--wait", "1", **shared)
    assert await ended(first) == UNAVAILABLE
    (line,) = [one for one in first.said if "no processor has confirmed" in one]
    assert "crampwatch process" in line
    assert "kept and sent again next time" in line
    await said(start("process", **shared), "processor is up")
    second = start("replay", csv_of(Story().running(30), tmp_path / "evening.csv"), **shared)
    assert await ended(second) == 0, second.said
    assert sorted(summary.started_ms == START_MS for summary, *_ in await stored(tmp_path)) == [False, True]


async def test_stopped_in_the_middle_it_says_that_there_is_a_rest(start, shared, tmp_path):
    await said(start("process", **shared), "processor is up")
    replay = start("replay", csv_of(Story().running(600), tmp_path / "long.csv"), "--speed", "10", **shared)
    async with asyncio.timeout(20):
        while not await stored(tmp_path):  # noqa: ASYNC110 - the store sends no event
            await asyncio.sleep(0.1)
    replay.tell(signal.SIGINT)
    assert await ended(replay) == 1
    assert replay.said == ["long: stopped half-way; replay it again for the rest"]


async def statuses_kept(shared):
    """The topics of the statuses that the broker keeps."""
    links = MqttLinks(address_of(Mqtt(url=shared["CRAMPWATCH_MQTT__URL"])), connect_timeout_s=5)
    mark = Topic(SYSTEM, "mark", Kind.STATUS)
    kept = set()
    async with asyncio.timeout(10), links("mark", subscribe=every(Kind.STATUS)) as bus:
        await bus.publish(mark, b"-")
        async for delivery in bus.deliveries():
            await delivery.ack()
            if delivery.topic == str(mark):
                return kept
            kept.add(delivery.topic)
    raise AssertionError("the mark never came")


async def test_a_replay_that_is_over_leaves_no_status_behind(start, shared, tmp_path):
    await said(start("process", **shared), "processor is up")
    replay = start("replay", dated(tmp_path / "morning.gpx"), **shared)
    assert await ended(replay) == 0, replay.said
    assert await statuses_kept(shared) == {str(Topic(SYSTEM, "processor-1", Kind.STATUS))}


async def test_what_one_recording_counts_says_nothing_of_the_next(start, shared, tmp_path):
    await said(start("process", **shared), "processor is up")
    files = [
        csv_of(Story().running(400), tmp_path / "first.csv"),
        csv_of(Story().running(400).hitching(8, every_s=20), tmp_path / "second.csv"),
    ]
    replay = start("replay", *files, **shared)
    assert await ended(replay) == 0, replay.said
    devices = {sample.device for _, samples, _, _ in await stored(tmp_path) for sample in samples}
    assert len(devices) == 2


def test_two_state_folders_are_two_collectors_and_one_folder_is_one(tmp_path):
    recording = load(csv_of(Story().running(30), tmp_path / "run.csv"))[0]
    here, again, there = (
        replay_settings(Settings().model_copy(update={"state_dir": tmp_path / folder}), "r7", recording).collector.id
        for folder in ("here", "here", "there")
    )
    assert here == again != there


def test_a_name_that_is_no_id_is_told(crampwatch, recording):
    told = crampwatch("replay", recording, "--athlete", "Ada L")
    assert told.code == 2
    assert told.err.strip() == "error: --athlete: 'Ada L' is no id: write a-z, 0-9 and inner -"


async def test_a_broken_file_is_named_and_the_others_go_out(start, shared, tmp_path):
    (tmp_path / "broken.fit").write_bytes(b"nonsense")
    await said(start("process", **shared), "processor is up")
    replay = start("replay", tmp_path / "broken.fit", dated(tmp_path / "morning.gpx"), **shared)
    assert await ended(replay) == 1
    assert replay.said[0].startswith("refused (")
    assert "broken.fit" in replay.said[0]
    assert replay.said[-1] == "morning: stored"


def test_nothing_but_broken_files_is_one_error(crampwatch, tmp_path):
    (tmp_path / "broken.fit").write_bytes(b"nonsense")
    told = crampwatch("replay", "broken.fit")
    assert told.code == 2
    refused, error = told.err.strip().splitlines()
    assert "broken.fit" in refused
    assert error.startswith("error: FILES")


async def test_history_is_backlog_to_its_last_second(start, shared, tmp_path):
    kinds = set()
    links = MqttLinks(address_of(Mqtt(url=shared["CRAMPWATCH_MQTT__URL"])), connect_timeout_s=5)
    team = [one for kind in (Kind.TELEMETRY, Kind.BACKLOG) for one in every(kind)]
    await said(start("process", **shared), "processor is up")
    async with asyncio.timeout(20), links("ear", subscribe=team) as bus:
        # Undated, it is taken to have ended just now: its last half minute would pass for live.
        replay = start("replay", csv_of(Story().running(20), tmp_path / "short.csv"), **shared)
        assert await ended(replay) == 0, replay.said
        await bus.publish(Topic("mark", "mark", Kind.TELEMETRY), b"-")
        async for delivery in bus.deliveries():
            await delivery.ack()
            place = Topic.parse(delivery.topic)
            if place.team == "mark":
                break
            kinds.add(place.kind)
    assert kinds == {Kind.BACKLOG}
