"""Settings: where a value may stand, who wins, and that a mistake is told by name with its remedy."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from crampwatch import settings as settings_module
from crampwatch.errors import Misconfigured
from crampwatch.setting_files import ENV_PREFIX, merged
from crampwatch.settings import Settings, find_file, load
from crampwatch.units import CadenceUnit


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """No variable of ours, an empty folder to stand in, no settings of this user."""
    for name in list(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings_module.platformdirs, "user_config_dir", lambda *_, **__: str(tmp_path / "config"))


@pytest.fixture
def toml(tmp_path):
    """Writes a settings file."""

    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Writes secret files and names their folder."""
    folder = tmp_path / "secrets"
    folder.mkdir()

    def write(**files):
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        monkeypatch.setenv("CRAMPWATCH_SECRETS_DIR", str(folder))
        return folder

    return write


def told(setting, *words, file=None):
    """The refusal of :func:`load`, which names ``setting`` first."""
    with pytest.raises(Misconfigured) as refusal:
        load(file)
    assert refusal.value.setting == setting
    text = str(refusal.value)
    assert text.startswith(f"{setting}: ")
    for word in words:
        assert str(word) in text
    return text


# --- where a value may stand --------------------------------------------------------------------------------


def test_with_nothing_set_everything_has_a_default_that_works_alone():
    settings = load()
    assert settings.team == "home"
    assert settings.mqtt.url is None
    assert settings.athletes == ()
    assert settings.store_path == settings.state_dir / "crampwatch.db"
    assert settings.dashboard.host == "127.0.0.1", "nobody on the network sees a runner unasked"


def test_a_file_names_runners_and_their_sensors(toml):
    file = toml("""
        team = "club"
        [[athletes]]
        id = "r7"
        name = "Ada"
        max_bpm = 188
        [[athletes.sensors]]
        address = "C0:FF:EE:00:00:01"
        cadence_unit = "strides_per_min"
        [[athletes]]
        id = "r8"
        sensors = [{ name = "Polar H10 12345678" }]
    """)
    settings = load(file)
    first, second = settings.athletes
    assert (settings.team, first.id, first.name, first.max_bpm) == ("club", "r7", "Ada", 188)
    assert first.sensors[0].cadence_unit is CadenceUnit.STRIDES
    assert (second.sensors[0].name, second.sensors[0].address) == ("Polar H10 12345678", None)


def test_a_file_in_this_folder_is_found_before_the_users_own(toml):
    toml('team = "mine"', "config/crampwatch.toml")
    assert load().team == "mine"
    here = toml('team = "here"', "crampwatch.toml")
    assert load().team == "here"
    assert find_file(None) == here.relative_to(here.parent)


def test_a_file_that_was_asked_for_must_be_there(tmp_path):
    told("--config", "there is no file", tmp_path / "gone.toml", file=tmp_path / "gone.toml")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "windows.toml"
    file.write_bytes(b'\xef\xbb\xbfteam = "club"\r\n')
    assert load(file).team == "club"


def test_a_home_folder_is_meant_as_in_a_shell(toml, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = load(toml('state_dir = "~/runs"\nstorage.path = "~/all.db"'))
    assert settings.state_dir == tmp_path / "runs"
    assert settings.store_path == tmp_path / "all.db"


def test_lists_and_tables_in_the_environment_are_json(monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_ATHLETES", '[{"id": "r7"}, {"id": "r8"}]')
    monkeypatch.setenv("CRAMPWATCH_ALERTS__APPRISE", '["ntfy://a", "ntfy://b"]')
    settings = load()
    assert [athlete.id for athlete in settings.athletes] == ["r7", "r8"]
    assert [one.get_secret_value() for one in settings.alerts.apprise] == ["ntfy://a", "ntfy://b"]


def test_a_list_in_the_environment_that_is_no_json_is_told_how_to_write_it(monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_ALERTS__APPRISE", "ntfy://hush")
    assert "hush" not in told("CRAMPWATCH_...", "alerts", "JSON")


def test_a_variable_that_is_empty_is_not_set(toml, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", "")
    assert load(toml('[mqtt]\nurl = "mqtt://a:1883"')).mqtt.url == "mqtt://a:1883"


def test_secret_files_hold_one_value_each_and_strangers_are_left_alone(secrets):
    secrets(
        crampwatch_mqtt__password="hunter2\n",
        CRAMPWATCH_MQTT__USERNAME="ada",
        crampwatch_alerts__apprise="ntfy://a\nntfy://b\n",
        postgres_password="not ours",
    )
    settings = load()
    assert settings.mqtt.password.get_secret_value() == "hunter2"
    assert settings.mqtt.username == "ada"
    assert [one.get_secret_value() for one in settings.alerts.apprise] == ["ntfy://a", "ntfy://b"]


def test_a_secret_never_shows_itself(secrets):
    secrets(crampwatch_mqtt__password="hunter2", crampwatch_alerts__apprise='["ntfy://hunter2"]')
    settings = load()
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


def test_every_setting_says_what_it_does():
    def fields(model):
        for name, field in model.model_fields.items():
            inner = [one for one in (field.annotation, *getattr(field.annotation, "__args__", ())) if one is not None]
            sections = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
            yield from (pair for section in sections for pair in fields(section))
            if not sections:
                yield f"{model.__name__}.{name}", field.description

    assert [name for name, description in fields(Settings) if not description] == []


# --- who wins -----------------------------------------------------------------------------------------------


def test_the_environment_wins_over_secrets_and_those_over_the_file(toml, secrets, monkeypatch):
    file = toml('team = "file"\n[mqtt]\nurl = "mqtt://file:1"\nusername = "file"\npassword = "file"')
    folder = secrets(crampwatch_mqtt__username="secret", crampwatch_mqtt__password="secret")
    monkeypatch.setenv("CRAMPWATCH_MQTT__PASSWORD", "environment")
    mqtt = load(file).mqtt
    assert (mqtt.url, mqtt.username) == ("mqtt://file:1", "secret")
    assert mqtt.password.get_secret_value() == "environment"
    (folder / "crampwatch_team").write_text("secret")
    assert load(file).team == "secret"


def test_one_variable_changes_one_setting_of_a_table(toml, monkeypatch):
    file = toml('[mqtt]\nurl = "mqtt://file:1"\nusername = "ada"\n[alerts]\ncooldown_s = 60')
    monkeypatch.setenv("CRAMPWATCH_MQTT__URL", "mqtt://other:2")
    settings = load(file)
    assert (settings.mqtt.url, settings.mqtt.username) == ("mqtt://other:2", "ada")
    assert settings.alerts.cooldown_s == 60


def test_an_override_wins_over_the_file_but_not_over_the_environment(toml, monkeypatch):
    file = toml('team = "file"\n[mqtt]\nurl = "mqtt://file:1"\nusername = "ada"')
    settings = load(file, team="asked", mqtt={"url": "mqtt://asked:1"})
    assert (settings.team, settings.mqtt.url, settings.mqtt.username) == ("asked", "mqtt://asked:1", "ada")
    monkeypatch.setenv("CRAMPWATCH_TEAM", "environment")
    assert load(file, team="asked").team == "environment"


tables = st.recursive(
    st.integers(), lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3), max_leaves=6
)


@given(st.dictionaries(st.sampled_from("abc"), tables), st.dictionaries(st.sampled_from("abc"), tables))
def test_merging_keeps_what_the_later_source_says_and_loses_nothing_else(base, over):
    both = merged(base, over)
    assert both.keys() == base.keys() | over.keys()
    assert merged(both, over) == both
    assert merged(base, {}) == base
    assert merged({}, over) == over


# --- what is wrong is told by name, with the way out --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "setting", "word"),
    [
        ('tema = "club"', "tema", "no such setting"),
        ('[mqtt]\nurll = "mqtt://a"', "mqtt.urll", "no such setting"),
        ("[collector]\nsilence_s = 1", "collector.silence_s", "greater than or equal to 2"),
        ('[collector]\nsilence_s = "fast"', "collector.silence_s", "'fast'"),
        ('[collector]\nclaim = "maybe"', "collector.claim", "'ask', 'auto' or 'off'"),
        ("[dashboard]\nport = 70000", "dashboard.port", "65535"),
        ('mqtt = "mqtt://a"', "mqtt", "dictionary"),
        ('team = "Ada\'s club"', "team", "pattern"),
        ('team = "system"', "team", "reserved"),
        ('[[athletes]]\nid = "r7"\n[[athletes]]\nid = "r7"', "athletes", "'r7' stands twice"),
        ('[processor]\nid = "pi"\n[alerts]\nid = "pi"', "alerts.id", "'pi' is also processor.id"),
        ('[collector]\nid = "processor-1"', "processor.id", "'processor-1' is also collector.id"),
        ('[[athletes]]\nname = "Ada"', "athletes.0.id", "required"),
        ('[[athletes]]\nid = "r7"\nmax_bpm = 20', "athletes.0.max_bpm", "100"),
        ('[[athletes]]\nid = "r7"\nsensors = [{}]', "athletes.0.sensors.0", "an address or a name"),
    ],
)
def test_a_wrong_value_is_told_by_setting_file_and_remedy(toml, text, setting, word):
    file = toml(text)
    told(setting, word, file, "crampwatch config --explain", file=file)


def test_a_wrong_variable_is_told_by_its_own_name(toml, monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_DASHBOARD__PORT", "eighty")
    told("dashboard.port", "'eighty'", "the variable CRAMPWATCH_DASHBOARD__PORT", file=toml('team = "club"'))


def test_a_wrong_value_deep_in_a_variable_is_told_by_the_variable(monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_ATHLETES", '[{"id": "Ada L."}]')
    told("athletes.0.id", "the variable CRAMPWATCH_ATHLETES")


def test_a_wrong_secret_file_is_told_by_its_path(secrets):
    folder = secrets(crampwatch_mqtt__port="hush")
    told("mqtt.port", folder / "crampwatch_mqtt__port")


@pytest.mark.parametrize("name", ["CRAMPWATCH_TEMA", "CRAMPWATCH_MQTTT__URL"])
def test_a_variable_that_is_no_setting_is_told(monkeypatch, name):
    monkeypatch.setenv(name, "hush")
    assert "hush" not in told(name, "no such setting")


def test_variables_of_the_tests_are_no_mistake(monkeypatch):
    monkeypatch.setenv("CRAMPWATCH_REQUIRE", "all")
    monkeypatch.setenv("CRAMPWATCH_DATA", "/data")
    load()


@pytest.mark.parametrize("content", [b"team = ", b'team = "\xff"'])
def test_a_file_that_is_no_toml_is_told_by_its_path(tmp_path, content):
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    told(str(file), "cannot be read", file=file)


def test_a_folder_of_secrets_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("CRAMPWATCH_SECRETS_DIR", str(tmp_path / "gone"))
    told("CRAMPWATCH_SECRETS_DIR", tmp_path / "gone", "cannot be read")


@pytest.mark.parametrize(
    "text",
    [
        "[mqtt]\npassword = 42042",
        '[mqtt]\npasword = "42042"',
        "[alerts]\napprise = 42042",
        '[alerts]\napprise = ["ok", 42042]',
        'mqtt = ["42042"]',
    ],
)
def test_a_mistake_about_a_secret_does_not_show_it(toml, text):
    file = toml(text)
    with pytest.raises(Misconfigured) as refusal:
        load(file)
    assert "42042" not in str(refusal.value)


def test_every_secret_setting_is_known_as_one():
    for section in ("mqtt", "alerts"):
        for name, field in type(getattr(load(), section)).model_fields.items():
            if re.search(SecretStr.__name__, str(field.annotation)):
                assert settings_module._secret(f"{section}.{name}")


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        load().team = "other"
