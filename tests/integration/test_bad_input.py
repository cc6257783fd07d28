"""What nobody should have sent: each kind is told once, counted, and the house goes on.

A collector, a processor, an alerter and the pages on a real broker; a stranger who publishes what they like, and a
sensor that sends what it likes.
"""

import asyncio
import contextlib
import itertools
import json
import logging

import aiomqtt
import pytest

from alerts.service import Alerter
from collector.service import Collector
from collector.source import HEART_RATE_MEASUREMENT, Frame
from crampwatch.bus.broker import find_or_start
from crampwatch.cli.main import main
from crampwatch.clock import WallClock
from crampwatch.codec import MAX_BYTES, decode, encode
from crampwatch.errors import Misconfigured
from crampwatch.events import FindingKind, HeartRateMeasured, StoredUpTo
from crampwatch.metrics import Counters
from crampwatch.service import running
from crampwatch.settings import Athlete, Dashboard, Sensor, Settings, load
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import Level
from dashboard.service import Dashboard as Pages
from processor.worker import Processor
from tests.alerts.builders import MemoryChannel, finding
from tests.cli.rig import csv_of
from tests.support import needs
from tests.support.brokers import until
from tests.support.sources import ScriptedSource, battery, gait, heart_rate, linked, seen
from tests.support.stories import Story

TEAM, RUNNER, SENSOR = "home", "ann", "watch-1"
SERVICES = ("collector", "processor", "alerts", "dashboard")
TELEMETRY = "crampwatch/v1/home/bob/telemetry"


class House:
    """Every service of one team in this process, and what goes in and out of it."""

    def __init__(self, folder, buses, store):
        self.store = store
        self.buses = buses
        self.clock = WallClock()
        self.source = ScriptedSource()
        self.phone = MemoryChannel()
        self.counters = {name: Counters() for name in SERVICES}
        self.settings = Settings(
            team=TEAM,
            state_dir=folder,
            athletes=(Athlete(id=RUNNER, sensors=(Sensor(name=SENSOR.upper()),)),),
            dashboard=Dashboard(port=0),
        )
        self._tick_ms = itertools.count(self.clock.now_ms(), 1_000)
        self._stranger = None

    @contextlib.asynccontextmanager
    async def open(self):
        common = {"settings": self.settings, "buses": self.buses, "clock": self.clock}
        of = self.counters
        services = [
            Processor(**common, store=self.store, counters=of["processor"]),
            Alerter(**common, store=self.store, channels=[self.phone], counters=of["alerts"]),
            Pages(**common, store=self.store, counters=of["dashboard"]),
            Collector(**common, source=self.source, counters=of["collector"]),
        ]
        address = self.buses.address
        async with aiomqtt.Client(address.host, address.port) as self._stranger, running(services):
            self.source.send(seen(SENSOR), linked(SENSOR))
            yield self

    async def publish(self, topic, payload):
        """Publish as a stranger: any bytes, on any topic."""
        await self._stranger.publish(topic, payload, qos=1)

    def measure(self, bpm=150):
        """A good frame."""
        self.source.send(heart_rate(SENSOR, next(self._tick_ms), bpm))

    def send(self, payload, characteristic=HEART_RATE_MEASUREMENT):
        """Any bytes, as a notification of the sensor."""
        self.source.send(Frame(SENSOR, characteristic, payload, next(self._tick_ms)))

    async def beats(self):
        """The heart rates in the store."""
        samples = [one for run in await self.store.runs(athlete=RUNNER) for one in await self.store.samples(run.run)]
        return [one.bpm for one in samples if isinstance(one, HeartRateMeasured)]

    async def still_stores(self, bpm):
        """A good frame after all that reaches the store."""
        self.measure(bpm)
        async with asyncio.timeout(10):
            while bpm not in await self.beats():  # noqa: ASYNC110 - the store sends no event
                await asyncio.sleep(0.01)

    async def still_alerts(self):
        """A good finding after all that reaches a phone."""
        told = finding(at_ms=self.clock.now_ms(), session="s1")
        await self.publish(str(Topic(TEAM, "bob", Kind.FINDING)), encode(told))
        await until(lambda: told.id in {push.alert.id for push in self.phone.felt})

    async def refused(self, service, reason, times=1):
        """Until a service has counted that often."""
        await until(lambda: self.counters[service].value("refused", reason) >= times)


@pytest.fixture
async def house(tmp_path, caplog):
    needs.mosquitto()
    caplog.set_level(logging.DEBUG)
    settings = Settings(state_dir=tmp_path / "state")
    async with find_or_start(settings.mqtt, settings.state_dir) as broker:
        store = await SqliteStore.open(settings.store_path)
        try:
            async with House(settings.state_dir, broker, store).open() as made:
                yield made
        finally:
            await store.close()


def warnings(caplog, service):
    """What a service said at WARNING or above."""
    return [
        one.getMessage()
        for one in caplog.records
        if one.levelno >= logging.WARNING and one.name.split(".")[0] == service
    ]


def told_once(caplog, service, *words):
    """The one warning of a service; it holds these words."""
    (line,) = warnings(caplog, service)
    for word in words:
        assert word in line, line
    return line


def telemetry(**changes):
    """A good telemetry message as a dictionary, but for the changes."""
    sample = {"kind": "heart_rate", "at_ms": 1_760_000_000_000, "device": "d1", "seq": 0, "bpm": 150}
    good = {"v": 1, "kind": "telemetry", "collector": "strange", "spool": "s0"}
    good |= {"row": 0, "session": "s1", "samples": [sample]}
    return json.dumps(good | changes).encode()


# --- from the sensor ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(bytes([0x16, 0x96, 0x00]), "truncated_frame", id="a truncated frame"),
        pytest.param(gait(per_min=86, distance_m=100.0).payload, "trailing_bytes", id="a foot pod's payload"),
        pytest.param(battery(percent=87).payload, "truncated_frame", id="a battery's payload"),
        pytest.param(b"", "truncated_frame", id="nothing"),
        pytest.param(bytes([0x01, 0x90, 0x01]), "out_of_range", id="a heart rate of 400"),
    ],
)
async def test_a_frame_that_is_no_heart_rate_is_told_once_and_the_sensor_goes_on(house, caplog, payload, reason):
    house.measure(140)
    for _ in range(3):
        house.send(payload)
    await house.still_stores(141)
    line = told_once(caplog, "collector", SENSOR, reason, "what else it sends is kept", "update its firmware")
    assert (payload.hex(" ") or "(empty)") in line
    assert house.counters["collector"].value("refused", reason) == 3
    assert await house.beats() == [140, 141]
    assert warnings(caplog, "processor") == []


async def test_every_reason_is_counted_by_itself_and_told_by_itself(house, caplog):
    for _ in range(2):
        house.send(b"\x16")
        house.send(b"\x00", characteristic=0x2A6E)
    await house.refused("collector", "truncated_frame", 2)
    await house.refused("collector", "unknown_characteristic", 2)
    await house.still_stores(145)
    first, second = warnings(caplog, "collector")
    assert "truncated_frame" in first
    assert "0x2A6E, which nothing here reads" in second


# --- from the broker: telemetry -----------------------------------------------------------------------------

POISON = {
    "not_json": b"\x00\xffpoison",
    "schema_version": telemetry(v=2),
    "unknown_kind": telemetry(kind="weather"),
    "invalid_field": telemetry(samples=[{"kind": "heart_rate", "bpm": "fast"}]),
    "too_long": b" " * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("reason", POISON)
async def test_poison_on_a_telemetry_topic_is_told_once_and_telemetry_goes_on(house, caplog, reason):
    for _ in range(3):
        await house.publish(TELEMETRY, POISON[reason])
    await house.refused("processor", reason, 3)
    await house.still_stores(142)
    await house.still_alerts()
    for service in ("processor", "dashboard"):
        line = told_once(caplog, service, TELEMETRY, "look at what publishes there")
        if reason == "schema_version":
            assert "update the older side" in line
        if reason == "invalid_field":
            assert "samples.0" in line
        assert len(line) < 400
    assert house.counters["dashboard"].value("refused", reason) == 3


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param("crampwatch/v1/home/Ann Smith/telemetry", id="a name where an id belongs"),
        pytest.param("crampwatch/v1/home/ann/telemetry/Chest Strap", id="a sensor's name where its id belongs"),
    ],
)
async def test_a_topic_that_is_none_of_ours_is_told_once_and_telemetry_goes_on(house, caplog, topic):
    for _ in range(3):
        await house.publish(topic, telemetry())
    await house.refused("processor", "bad_topic", 3)
    await house.still_stores(143)
    told_once(caplog, "processor", topic, "must be 1-64 of a-z, 0-9")
    assert [run.run.athlete for run in await house.store.runs()] == [RUNNER]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({"samples": "poison"}, id="poison for samples"),
        pytest.param({"v": 2}, id="a version that is not read here"),
        pytest.param({"kind": "weather"}, id="another kind of message"),
        pytest.param({"more": 1}, id="a field too many"),
    ],
)
async def test_telemetry_after_a_row_that_was_refused_is_stored_and_the_watermark_moves_past_it(house, spoilt):
    await house.publish(TELEMETRY, telemetry(**spoilt))
    await house.publish(TELEMETRY, telemetry(row=1))
    await marked(house, str(Topic(SYSTEM, "strange", Kind.WATERMARK, "processor-1")), row=1)
    (summary,) = await house.store.runs(athlete="bob")
    assert len(await house.store.samples(summary.run)) == 1


async def marked(house, topic, row):
    """Wait until the broker keeps a watermark of this row."""
    address = house.buses.address
    async with asyncio.timeout(10), aiomqtt.Client(address.host, address.port) as reader:
        await reader.subscribe(topic)
        async for message in reader.messages:
            mark = decode(Kind.WATERMARK, message.payload)
            if isinstance(mark, StoredUpTo) and mark.row == row:
                break


# --- from the broker: findings, answers, statuses -----------------------------------------------------------

ADDRESSED = {
    "a finding": ("crampwatch/v1/home/bob/finding", ("alerts", "dashboard")),
    "an ack": ("crampwatch/v1/home/bob/ack", ("alerts", "processor")),
    "a check-in": ("crampwatch/v1/home/bob/checkin", ("alerts", "processor")),
    "a sensor's status": ("crampwatch/v1/home/bob/status/strap-1", ("alerts", "dashboard")),
    "a service's status": ("crampwatch/v1/system/collector-9/status", ("alerts", "dashboard")),
    "a claim": ("crampwatch/v1/system/collector-1/command", ("collector",)),
}
SPOILT = {
    "not_json": b"[1, 2",
    "schema_version": b'{"v": 99}',
}


@pytest.mark.parametrize("reason", SPOILT)
@pytest.mark.parametrize("what", ADDRESSED)
async def test_poison_in_the_place_of_a_message_is_told_once_and_alerts_go_on(house, caplog, what, reason):
    topic, services = ADDRESSED[what]
    for _ in range(3):
        await house.publish(topic, SPOILT[reason])
    for service in services:
        await house.refused(service, reason, 3)
    await house.still_alerts()
    await house.still_stores(144)
    for service in SERVICES:
        if service in services:
            told_once(caplog, service, topic, "look at what publishes there")
        else:
            assert warnings(caplog, service) == []


async def test_a_finding_with_a_level_that_is_none_alarms_nobody(house, caplog):
    spoilt = json.loads(encode(finding(level=Level.NOW))) | {"level": "deadly"}
    await house.publish("crampwatch/v1/home/bob/finding", json.dumps(spoilt).encode())
    await house.refused("alerts", "invalid_field")
    await house.still_alerts()
    told_once(caplog, "alerts", "field level")
    assert len(house.phone.felt) == 1


async def test_poison_that_the_broker_keeps_meets_every_new_start_once(house, caplog):
    address = house.buses.address
    async with aiomqtt.Client(address.host, address.port) as stranger:
        await stranger.publish("crampwatch/v1/home/bob/status/strap-1", b"poison", qos=1, retain=True)
    await house.refused("alerts", "not_json")
    late = Counters()
    common = {"settings": house.settings.model_copy(update={"state_dir": house.settings.state_dir / "late"})}
    pages = Pages(**common, buses=house.buses, store=house.store, clock=house.clock, counters=late)
    async with running([pages]):
        await until(lambda: late.value("refused", "not_json") == 1)
    await house.still_alerts()


# --- settings and files -------------------------------------------------------------------------------------


def test_a_bad_value_in_the_settings_stops_the_start_with_one_message(tmp_path):
    file = tmp_path / "crampwatch.toml"
    file.write_text("[alerts]\ncooldown_s = -5\n")
    with pytest.raises(Misconfigured) as wrong:
        load(file)
    assert wrong.value.setting == "alerts.cooldown_s"
    assert "-5" in str(wrong.value)
    assert str(file) in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_each_broken_original_is_named_once_and_the_good_one_beside_them_is_run(tmp_path, monkeypatch, capsys):
    broken = sorted((needs.data() / "raw_broken").iterdir())
    assert len(broken) == 6
    good = csv_of(Story().running(400).hitching(8, every_s=20).standing(60), tmp_path / "good.csv")
    monkeypatch.setenv("CRAMPWATCH_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["crampwatch", "backtest", *map(str, broken), str(good), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    said = capsys.readouterr()
    refused = said.err.strip().splitlines()
    assert len(refused) == len(broken)
    for line, file in zip(refused, broken, strict=True):
        assert line.startswith("refused (")
        assert file.name in line
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert {row["file"] for row in rows} == {str(good)}
    assert FindingKind.CRAMP_STOP in {row["kind"] for row in rows}
