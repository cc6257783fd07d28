"""``crampwatch doctor`` says what is wrong and the fix; ``crampwatch scan`` what is in the air."""

import io
import sys

import pytest
from rich.console import Console

from collector.ble import survey
from collector.radio.adapter import VirtualAdapter
from collector.radio.air import Air
from collector.radio.watch import Watch
from crampwatch.cli.doctor import examine
from crampwatch.cli.locks import sole_user
from crampwatch.cli.scan import table
from crampwatch.clock import WallClock
from crampwatch.errors import Misconfigured
from crampwatch.extras import as_installed, checkout
from crampwatch.health import Health, HealthServer
from crampwatch.service import running
from crampwatch.settings import Mqtt, Settings
from crampwatch.storage.outbox import Outbox, file_name
from crampwatch.storage.outbox_parts import Refusal
from processor.weights import read
from tests.cli.rig import NO_HEALTH_PORTS
from tests.collector.radio.rig import Steady
from tests.support import needs
from tests.support.brokers import free_port, silent_server
from tests.support.services import Patient


async def three_heard():
    return 3


def away():
    """A broker that nobody runs."""
    return Mqtt(url=f"mqtt://127.0.0.1:{free_port()}", connect_timeout_s=0.3)


async def examined(settings, listen=three_heard):
    return {check.what: check for check in await examine(settings, listen)}


async def test_a_machine_that_is_well_has_nothing_to_mend(tmp_path):
    needs.mosquitto()
    checks = await examined(Settings(state_dir=tmp_path / "state"))
    assert [check for check in checks.values() if check.fix and check.what != "pages"] == []
    assert checks["Bluetooth"].seen.startswith("usable; 3 sensors heard")
    assert checks["broker"].seen.startswith("mosquitto ")
    assert checks["store"].seen == f"{tmp_path / 'state' / 'crampwatch.db'}: 0 runs"
    assert "offered on the page" in checks["athletes"].seen
    assert checks["weights"].seen.startswith("made by ")


async def test_weights_that_are_not_as_they_were_shipped_are_told_with_the_way_out(tmp_path, monkeypatch):
    broken = tmp_path / "weights.json"
    broken.write_text("[]")
    monkeypatch.setattr("processor.weights.shipped", lambda: read(broken))
    fix = (await examined(Settings(state_dir=tmp_path, mqtt=away())))["weights"].fix
    assert str(broken) in fix
    assert "install crampwatch again" in fix


async def test_every_other_check_is_made_though_bluetooth_is_missing(tmp_path):
    needs.mosquitto()

    async def without():
        raise Misconfigured("bluetooth", "switch it on")

    checks = await examined(Settings(state_dir=tmp_path / "state"), without)
    assert checks["Bluetooth"].fix == "bluetooth: switch it on"
    assert not checks["broker"].fix
    assert not checks["store"].fix


async def test_a_broker_that_is_away_and_a_store_that_is_none_say_their_setting(tmp_path):
    stranger = tmp_path / "notes.db"
    stranger.write_text("this is no database, whatever its name says. " * 50)
    settings = Settings(state_dir=tmp_path, mqtt=away(), storage={"path": stranger})
    checks = await examined(settings)
    assert "127.0.0.1" in checks["broker"].fix
    assert str(stranger) in checks["store"].fix


async def test_a_state_folder_that_cannot_be_is_told_with_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.delenv("CRAMPWATCH_STATE_DIR")
    checks = await examined(Settings(state_dir=tmp_path / "file" / "state", mqtt=away()))
    assert "state_dir" in checks["state folder"].fix


async def test_a_health_port_is_free_or_ours_or_somebody_elses_and_only_the_last_is_to_be_mended(tmp_path, monkeypatch):
    for name in NO_HEALTH_PORTS:
        monkeypatch.delenv(name)
    health = Health()
    health.watch(Patient("collector-1"))
    server = HealthServer(health, "127.0.0.1", 0, setting="collector.health_port", clock=WallClock())
    async with running([server]), silent_server() as taken:
        ours, free = int(server.url.rsplit(":", 1)[1]), free_port()
        ports = {"collector": ours, "processor": taken, "alerts": free}
        sections = {name: {"health_port": port} for name, port in ports.items()}
        checks = await examined(Settings(state_dir=tmp_path, mqtt=away(), **sections))
    assert checks["collector.health_port"].seen.endswith("answers for collector-1")
    assert checks["alerts.health_port"].seen.endswith("is free")
    assert [checks[f"{name}.health_port"].fix != "" for name in ports] == [False, True, False]
    assert "processor.health_port" in checks["processor.health_port"].fix


async def test_points_that_influxdb_refused_are_for_a_person_and_those_that_wait_are_not(tmp_path):
    influxdb = {"url": f"http://127.0.0.1:{free_port()}", "token": "secret-token", "timeout_s": 2}
    settings = Settings(state_dir=tmp_path, mqtt=away(), storage={"backend": "both"}, influxdb=influxdb)
    box = await Outbox.open(settings.state_dir / file_name("processor"), WallClock())
    await box.put("runs", ["telemetry bpm=150.0 1"])
    with sole_user(settings.state_dir, ["processor"]):
        waiting = (await examined(settings))["outbox-processor"]
    await box.settle(await box.take("runs"), [Refusal("bad_line", "no", ["telemetry bpm=150.0 1"])])
    refused = (await examined(settings))["outbox-processor"]
    await box.close()
    assert (waiting.seen, waiting.fix) == ("1 points wait for InfluxDB", "")
    assert "refused 1 points" in refused.seen
    assert "crampwatch outbox" in refused.fix


@pytest.mark.parametrize(
    ("backend", "service", "told"),
    [
        ("both", "alerter", "nobody delivers that: start `crampwatch alert` or `crampwatch run`"),
        ("sqlite", "processor", 'set storage.backend to "both" and start `crampwatch process` or `crampwatch run`'),
    ],
)
async def test_what_waits_and_nobody_delivers_says_what_to_start(tmp_path, backend, service, told):
    settings = Settings(state_dir=tmp_path, mqtt=away(), storage={"backend": backend})
    box = await Outbox.open(settings.state_dir / file_name(service), WallClock())
    await box.put("runs", ["telemetry bpm=150.0 1"])
    await box.close()
    with sole_user(settings.state_dir, ["dashboard"]):
        assert told in (await examined(settings))[f"outbox-{service}"].fix


async def test_an_influxdb_that_is_away_says_its_setting_and_the_sqlite_store_is_looked_at_all_the_same(tmp_path):
    influxdb = {"url": f"http://127.0.0.1:{free_port()}", "token": "secret-token", "timeout_s": 2}
    storage = {"backend": "both"}
    checks = await examined(Settings(state_dir=tmp_path, mqtt=away(), storage=storage, influxdb=influxdb))
    assert "127.0.0.1" in checks["InfluxDB"].fix
    assert "secret-token" not in checks["InfluxDB"].fix
    assert not checks["store"].fix


async def test_a_push_address_that_nobody_knows_is_to_be_mended(tmp_path):
    alerts = {"apprise": ["nosuchscheme://topic"]}
    checks = await examined(Settings(state_dir=tmp_path, mqtt=away(), alerts=alerts))
    assert "alerts.apprise" in checks["pushes"].fix


async def test_a_store_on_another_disk_has_a_folder_of_its_own(tmp_path):
    (tmp_path / "file").write_text("in the way")
    storage = {"path": tmp_path / "file" / "runs.db"}
    checks = await examined(Settings(state_dir=tmp_path, mqtt=away(), storage=storage))
    assert "storage.path" in checks["store folder"].fix


def test_advice_to_install_an_extra_works_in_a_checkout_and_stays_as_it_is_elsewhere(tmp_path):
    advice = "install it (`pip install 'crampwatch[broker]'`), or set mqtt.url"
    assert as_installed(advice, None) == advice
    assert f"pip install -e '{tmp_path}[broker]'" in as_installed(advice, tmp_path)
    assert checkout() == needs.ROOT


@pytest.mark.skipif(sys.platform != "linux", reason="only BlueZ is reached over D-Bus")
def test_without_bluetooth_the_command_says_the_fix_and_ends_with_1(crampwatch, monkeypatch, tmp_path):
    needs.mosquitto()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    told = crampwatch("doctor")
    assert told.code == 1
    lines = {line.split("│")[2].strip(): line for line in told.out.splitlines() if "│" in line}
    assert "mend" in lines["Bluetooth"]
    assert "sudo apt-get install bluez" in lines["Bluetooth"]
    assert "ok" in lines["broker"]
    assert "mosquitto" in lines["broker"]
    assert "crampwatch.db: 0 runs" in lines["store"]


async def test_a_scan_tells_of_each_sensor_what_it_is_and_what_its_cadence_counts():
    air = Air()
    adapter = await VirtualAdapter(air).start()
    clock = WallClock()
    try:
        async with (
            Watch(air, Steady(name="Ada"), "C1:00:00:00:00:01", clock, battery_percent=64, advertising_ms=20),
            Watch(air, Steady(name="[Bo]"), "C1:00:00:00:00:02", clock, advertising_ms=20, rssi_dbm=-80),
        ):
            shown = text_of(table(await survey(2.5, adapter)))
    finally:
        await adapter.stop()
    ada, bo = (next(line for line in shown.splitlines() if name in line) for name in ("Ada", "[Bo]"))
    assert shown.index("Ada") < shown.index("[Bo]"), "the strongest stands first"
    assert "C1:00:00:00:00:01" in ada
    assert "heart rate" in ada
    assert "64 %" in ada
    assert "-80 dBm" in bo
    assert "steps" in ada or "undecided" in ada


def text_of(shown):
    page = io.StringIO()
    Console(file=page, width=200).print(shown)
    return page.getvalue()
