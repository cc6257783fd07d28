"""The systemd units of a Raspberry Pi, as systemd itself judges them."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from crampwatch.setting_files import ENV_PREFIX, NESTED
from crampwatch.settings import Settings
from tests.support import needs

FOLDER = needs.ROOT / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))
INSTALLED = "/opt/crampwatch/bin/crampwatch"
#: Tenths of systemd's exposure score, 0 to 100: a daemon without any sandbox has 96.
EXPOSURE = "20"


@pytest.fixture(scope="module")
def analyze():
    path = shutil.which("systemd-analyze")
    if path is None:
        needs.missing("systemd-analyze", "sudo apt-get install systemd")

    def run(*arguments):
        return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)

    return run


def told(name):
    """A unit as (option, value) pairs; an option may stand several times."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith(("#", "["))]


def test_every_unit_is_read_by_systemd_without_a_word(analyze, tmp_path):
    here = Path(sysconfig.get_path("scripts")) / "crampwatch"
    for path in FOLDER.glob("crampwatch*.[st][ea]r*"):
        text = path.read_text(encoding="utf-8").replace(INSTALLED, str(here))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    assert len(names) == len(UNITS) + 1
    judged = analyze("verify", *names)
    assert judged.returncode == 0, judged.stderr
    assert "crampwatch" not in judged.stderr


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_leaves_a_break_in_little_to_do(analyze, name):
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(FOLDER / name))
    assert judged.returncode == 0, judged.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", UNITS)
def test_the_credentials_of_a_unit_are_settings_and_the_files_are_those_that_are_made(name):
    made = {"influxdb.token", "alerts.apprise", *(f"{one}-1.password" for one in ("collector", "processor", "alerter"))}
    made.add("dashboard-1.password")
    for option, value in told(name):
        if option == "LoadCredential":
            credential, file = value.split(":")
            section, setting = credential.upper().removeprefix(ENV_PREFIX).lower().split(NESTED)
            assert setting in type(getattr(Settings(), section)).model_fields
            assert Path(file).name in made


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_a_command_that_exists_as_its_own_user_at_the_broker(name, crampwatch_commands):
    command = dict(told(name))["ExecStart"].split()[-1]
    assert command in crampwatch_commands
    user = [value for _, value in told(name) if value.startswith("CRAMPWATCH_MQTT__USERNAME=")]
    own = {"collect": "collector-1", "process": "processor-1", "alert": "alerter-1", "serve": "dashboard-1"}
    # `run` has a broker of its own, and needs none.
    assert user == ([f"CRAMPWATCH_MQTT__USERNAME={own[command]}"] if command in own else [])


@pytest.fixture(scope="module")
def crampwatch_commands():
    from click import Context
    from typer.main import get_command

    from crampwatch.cli.main import app

    group = get_command(app)
    return group.list_commands(Context(group))


def test_only_what_reads_sensors_may_speak_to_bluetooth():
    assert {name for name in UNITS if ("SupplementaryGroups", "bluetooth") in told(name)} == {
        "crampwatch-collect.service",
        "crampwatch-run.service",
    }
    assert not any("AF_BLUETOOTH" in value for name in UNITS for _, value in told(name))
