"""``crampwatch influx setup`` as it is typed: what it says, what it leaves alone, what it asks to mend."""

import sys

import pytest

from tests.support import influx
from tests.support.needs import ROOT

MISCONFIGURED, UNAVAILABLE = 2, 3


@pytest.fixture(scope="module", autouse=True)
def _server():
    """Found where this user keeps it: before each test is given a home of its own."""
    influx.shared()


@pytest.fixture
def home(monkeypatch):
    home = influx.home(buckets=False)
    for name in ("url", "org", "bucket", "bucket_long"):
        monkeypatch.setenv(f"CRAMPWATCH_INFLUXDB__{name.upper()}", getattr(home.settings, name))
    monkeypatch.setenv("CRAMPWATCH_INFLUXDB__TOKEN", home.settings.token.get_secret_value())
    monkeypatch.setenv("CRAMPWATCH_STORAGE__BACKEND", "both")
    return home


def test_it_shows_what_it_would_do_does_it_and_then_has_nothing_to_do(crampwatch, home, monkeypatch):
    shown = crampwatch("influx", "setup", "--plan")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0] == f"would make the bucket '{home.settings.bucket}', kept for ever"
    assert len(lines) == 4
    done = crampwatch("influx", "setup")
    assert done.out.splitlines() == [line.replace("would", "done:", 1) for line in lines]
    again = crampwatch("influx", "setup")
    assert again.out == f"nothing to do: InfluxDB at {home.settings.url} is as it should be\n"
    monkeypatch.setenv("CRAMPWATCH_INFLUXDB__KEEP_DAYS", "30")
    changed = crampwatch("influx", "setup")
    assert changed.out == f"done: keep the bucket '{home.settings.bucket}' for 30 days instead of for ever\n"


def test_it_says_when_the_store_is_still_elsewhere(crampwatch, home, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_STORAGE__BACKEND", "sqlite")
    assert "nothing goes there yet: storage.backend is sqlite" in crampwatch("influx", "setup").out


@pytest.mark.parametrize(
    ("name", "value", "code", "told"),
    [
        ("TOKEN", "", MISCONFIGURED, "influxdb.token: is not set"),
        ("TOKEN", "nonsense", MISCONFIGURED, "influxdb.token: InfluxDB at"),
        ("URL", "influx.example:8086", MISCONFIGURED, "influxdb.url: 'influx.example:8086' is no address"),
        ("URL", "http://ada:nonsense@127.0.0.1:8086", MISCONFIGURED, "influxdb.url: holds a name or a password"),
        ("URL", "http://ada:non/sense@127.0.0.1:8086", MISCONFIGURED, "influxdb.url: holds a name or a password"),
        ("URL", "http://127.0.0.1:9", UNAVAILABLE, "InfluxDB at http://127.0.0.1:9 cannot be reached"),
    ],
)
def test_what_is_wrong_ends_as_one_line(crampwatch, home, monkeypatch, name, value, code, told):
    monkeypatch.setenv(f"CRAMPWATCH_INFLUXDB__{name}", value)
    ended = crampwatch("influx", "setup")
    assert ended.code == code
    assert ended.err.startswith(f"error: {told}")
    assert len(ended.err.splitlines()) == 1
    assert "nonsense" not in ended.err.replace("/", "")


def test_without_the_extra_it_says_what_to_install(crampwatch, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "influxdb_client.client.influxdb_client_async", None)
    ended = crampwatch("influx", "setup")
    assert ended.code == MISCONFIGURED
    assert f"pip install -e '{ROOT}[influx]'" in ended.err, "these tests run in a checkout"
