"""``crampwatch config``: everything that is in force, where it came from, and nothing that is secret."""

import json

import pytest

from crampwatch.cli.config import descriptions, flat, masked
from crampwatch.settings import Mqtt, Settings, load

SECRETS = """
team = "club"
[mqtt]
url = "mqtts://ada:hunter2@broker.example:8883"
username = "ada"
password = "correct horse"
[alerts]
apprise = ["ntfy://my-secret-topic"]
[[athletes]]
id = "r7"
name = "[Ada]"
sensors = [{ name = "H10" }]
"""
HUSH = ("hunter2", "correct horse", "my-secret-topic")


@pytest.fixture
def settings_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(SECRETS)
    return path


@pytest.mark.parametrize("form", [(), ("--json",), ("--explain",)])
def test_secrets_are_masked_in_every_form(crampwatch, settings_file, form):
    told = crampwatch("--config", settings_file, "config", *form)
    assert told.code == 0
    assert [word for word in HUSH if word in told.out + told.err] == []
    assert "**********" in told.out
    assert "broker.example:8883" in told.out


def test_the_table_names_the_file_every_setting_and_what_came_from_the_environment(
    crampwatch, settings_file, monkeypatch
):
    monkeypatch.setenv("CRAMPWATCH_COLLECTOR__ID", "track-pi")
    told = crampwatch("--config", settings_file, "config")
    assert f"file: {settings_file}" in told.out
    rows = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in told.out.splitlines() if "│" in line}
    assert set(rows) >= {name for name, _ in flat(load(settings_file).model_dump(mode="json"))}
    assert rows["team"] == "club"
    assert rows["collector.id"] == "track-pi  (environment)"
    assert rows["storage.path"] == "not set"
    assert "[Ada]" in rows["athletes"] + told.out, "a name in brackets is a name, not a colour"


def test_without_a_file_it_says_so(crampwatch):
    assert "file: none found" in crampwatch("config").out


def test_json_is_one_object_with_every_setting(crampwatch, settings_file):
    told = crampwatch("--config", settings_file, "config", "--json")
    values = json.loads(told.out)
    assert set(values) == set(Settings.model_fields)
    assert values["athletes"][0]["id"] == "r7"
    assert values["mqtt"]["url"] == "mqtts://ada:**********@broker.example:8883"


def test_a_url_without_a_password_is_shown_as_it_is(crampwatch, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", "mqtt://10.0.0.2:1883")
    assert json.loads(crampwatch("config", "--json").out)["mqtt"]["url"] == "mqtt://10.0.0.2:1883"


def test_a_password_in_the_address_of_influxdb_is_masked_too(crampwatch, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_INFLUXDB__URL", "http://ada:sesame@10.0.0.2:8086")
    assert json.loads(crampwatch("config", "--json").out)["influxdb"]["url"] == "http://ada:**********@10.0.0.2:8086"


@pytest.mark.parametrize("login", ["user:hun/ter2", "us/er:hunter2", "a@b:hunter2", "hunter2", "user:hunter2@"])
def test_a_login_that_is_written_wrongly_in_an_address_is_masked_too(login):
    mqtt = Mqtt().model_copy(update={"url": f"mqtt://{login}@here:1883"})
    shown = masked(Settings().model_copy(update={"mqtt": mqtt}))["mqtt"]["url"]
    assert shown.endswith("**********@here:1883")
    assert "ter2" not in shown


def test_every_setting_is_explained(crampwatch):
    explained = descriptions(Settings)
    assert [name for name, meaning in explained.items() if not meaning] == []
    text = " ".join(crampwatch("config", "--explain").out.split())
    for name, meaning in explained.items():
        assert name in text
        assert meaning in text, "a setting of one athlete is explained as well"


def test_a_broken_file_still_gets_every_setting_explained(crampwatch, tmp_path):
    (tmp_path / "mine.toml").write_text('taem = "club"')
    told = crampwatch("--config", "mine.toml", "config", "--explain")
    assert told.code == 2
    assert "the team in every topic" in told.out
    assert "taem: no such setting" in told.err
    assert "config --explain" in told.err, "and the error says where to look"


def test_nothing_is_made_on_disk_by_looking(crampwatch, tmp_path):
    crampwatch("config")
    assert not (tmp_path / "state").exists()
