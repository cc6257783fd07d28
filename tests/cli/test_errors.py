"""What goes wrong ends as one line that says what to do, and an exit code that says whose turn it is."""

import socket
import sys

import pytest

from crampwatch.cli.locks import sole_user
from tests.support import needs
from tests.support.brokers import free_port

MISCONFIGURED, UNAVAILABLE = 2, 3
#: Another process that uses a state folder for a service.
HOLDER = """
import sys, time
from pathlib import Path
from crampwatch.cli.locks import sole_user
with sole_user(Path(sys.argv[1]), [sys.argv[2]]):
    print("held", flush=True)
    time.sleep(60)
"""


def one_line(told, code, *words):
    """It ended with this code and said these words in its one line."""
    assert told.code == code, told
    assert told.out == ""
    (line,) = told.err.strip().splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert str(word) in line
    return line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team = ", ("mine.toml", "cannot be read", "Invalid value")),
        ("[mqtt]\nport = 70000", ("mqtt.port", "less than or equal to 65535", "given: '70000'", "mine.toml")),
        ('[mqtt]\nhost = "a"', ("mqtt.host", "no such setting", "mine.toml")),
        ('[[athletes]]\nid = "Ada Lovelace"', ("athletes.0.id", "Ada Lovelace")),
        ('log_level = "[loud]"', ("log_level", "[loud]")),
    ],
)
def test_a_settings_file_with_a_mistake_names_it(crampwatch, tmp_path, text, words):
    (tmp_path / "mine.toml").write_text(text)
    one_line(crampwatch("--config", "mine.toml", "config"), MISCONFIGURED, *words)


def test_a_settings_file_that_is_not_there_is_named(crampwatch):
    one_line(crampwatch("-c", "gone.toml", "run"), MISCONFIGURED, "--config", "gone.toml")


def test_a_variable_that_is_no_setting_is_named(crampwatch, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_TAEM", "club")
    one_line(crampwatch("config"), MISCONFIGURED, "CRAMPWATCH_TAEM", "no such setting")


def test_a_broker_address_that_is_none_shows_how_to_write_one(crampwatch, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", "broker.example")
    one_line(crampwatch("process"), MISCONFIGURED, "mqtt.url", "mqtt://host:port")


@pytest.mark.parametrize("command", ["process", "alert", "serve"])
def test_a_broker_that_does_not_answer_is_another_time(crampwatch, monkeypatch, command):
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", f"mqtt://127.0.0.1:{free_port()}")
    monkeypatch.setenv("CRAMPWATCH_MQTT__CONNECT_TIMEOUT_S", "0.3")
    monkeypatch.setenv("CRAMPWATCH_DASHBOARD__PORT", "0")
    one_line(crampwatch(command), UNAVAILABLE, "127.0.0.1")


def test_a_port_that_is_taken_names_the_setting_and_a_way_out(crampwatch, monkeypatch):
    needs.mosquitto()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("CRAMPWATCH_DASHBOARD__PORT", str(port))
        one_line(crampwatch("serve"), MISCONFIGURED, "dashboard.port", port, "0 takes a free one")


@pytest.mark.parametrize(
    ("command", "service"), [("process", "processor"), ("alert", "alerter"), ("serve", "dashboard")]
)
def test_a_state_folder_in_use_by_another_process_is_named(crampwatch, start, tmp_path, command, service):
    holder = start("-c", HOLDER, tmp_path / "state", service, command=[sys.executable])
    holder.until("held")
    one_line(crampwatch(command), MISCONFIGURED, "state_dir", f"another crampwatch {service}", tmp_path / "state")
    holder.kill()
    with sole_user(tmp_path / "state", [service]):
        pass  # a process that was killed holds nothing


def test_a_state_folder_that_cannot_be_made_is_named(crampwatch, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CRAMPWATCH_STATE_DIR", str(tmp_path / "file" / "state"))
    one_line(crampwatch("process"), MISCONFIGURED, "state_dir", "cannot write", tmp_path / "file")


@pytest.mark.skipif(sys.platform != "linux", reason="only BlueZ is reached over D-Bus")
@pytest.mark.parametrize("command", ["scan", "collect", "run"])
def test_without_bluetooth_it_says_what_to_install(crampwatch, monkeypatch, tmp_path, command):
    needs.mosquitto()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("CRAMPWATCH_DASHBOARD__PORT", "0")
    monkeypatch.setenv("CRAMPWATCH_LOG_LEVEL", "warning")
    told = crampwatch(command)
    assert told.code == MISCONFIGURED
    assert told.err.strip().splitlines()[-1].startswith("error: bluetooth: there is no D-Bus")
    assert "apt-get install bluez" in told.err
    assert "Traceback" not in told.err


def test_a_recording_that_is_none_is_one_line_too(crampwatch, tmp_path):
    (tmp_path / "notes [1].txt").write_text("monday: rest")
    told = crampwatch("demo", "--run", "notes [1].txt")
    one_line(told, 1, "notes [1].txt", ".fit")


@pytest.mark.parametrize("port", ["-1", "99999"])
def test_a_port_that_cannot_be_is_told_before_anything_starts(crampwatch, port):
    told = crampwatch("demo", "--port", port)
    assert told.code == MISCONFIGURED
    assert "--port" in told.err


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("STATE_DIR", "~nouser-of-that-name/x", ("state_dir", "no home folder")),
        ("STORAGE__PATH", "~nouser-of-that-name/x", ("storage.path", "no home folder")),
        ("ALERTS__DEADLINE_S", "inf", ("alerts.deadline_s", "finite")),
        ("COLLECTOR__SESSION_GAP_S", "1e300", ("collector.session_gap_s", "less than or equal")),
    ],
)
def test_a_value_that_no_machine_can_use_is_named(crampwatch, monkeypatch, variable, value, words):
    monkeypatch.setenv(f"CRAMPWATCH_{variable}", value)
    one_line(crampwatch("config"), MISCONFIGURED, *words)


def test_a_bracket_left_open_in_a_broker_address_is_told(crampwatch, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", "mqtt://[::1")
    one_line(crampwatch("process"), MISCONFIGURED, "mqtt.url", "mqtt://host:port")
