"""scripts/secrets: complete, kept when run again, and read by nobody else on the machine."""

import stat
import subprocess
import sys

import pytest

from tests.containers.secrets import make_secrets, password
from tests.support import needs

SECRETS = needs.ROOT / "scripts" / "secrets"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_run_again_it_changes_nothing(tmp_path):
    make_secrets(tmp_path, "collector-2")
    before = contents(tmp_path)
    make_secrets(tmp_path)
    assert contents(tmp_path) == before


def test_every_user_has_a_password_of_its_own(tmp_path):
    make_secrets(tmp_path)
    passwords = [path.read_text() for path in tmp_path.glob("*.password")]
    assert len(set(passwords)) == len(passwords) >= 8
    assert all(len(one) >= 40 for one in passwords)


def test_the_folder_is_closed_to_others_and_its_files_are_open_to_the_users_of_the_containers(tmp_path):
    folder = tmp_path / "secrets"
    make_secrets(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_a_removed_password_is_made_anew_and_the_others_stay(tmp_path):
    make_secrets(tmp_path)
    (old, kept) = password(tmp_path, "alerter-1"), password(tmp_path, "processor-1")
    hashes = dict(line.split(":", 1) for line in (tmp_path / "broker.passwords").read_text().splitlines())
    (tmp_path / "alerter-1.password").unlink()
    make_secrets(tmp_path)
    anew = dict(line.split(":", 1) for line in (tmp_path / "broker.passwords").read_text().splitlines())
    assert password(tmp_path, "alerter-1") != old
    assert password(tmp_path, "processor-1") == kept
    assert {user for user, hashed in anew.items() if hashed != hashes[user]} == {"alerter-1"}


def test_what_pushes_go_to_is_the_operators_and_is_never_written_over(tmp_path):
    make_secrets(tmp_path)
    (tmp_path / "alerts.apprise").unlink()
    (tmp_path / "alerts.apprise").write_text("ntfy://somewhere")
    make_secrets(tmp_path)
    assert (tmp_path / "alerts.apprise").read_text() == "ntfy://somewhere"


@pytest.mark.parametrize("name", ["Collector 2", "processor-1", "influxdb", "broker", "alerts", "system"])
@pytest.mark.parametrize("option", [(), ("--team",)], ids=["a collector", "a team"])
def test_a_name_that_is_no_id_or_is_taken_is_refused(tmp_path, name, option):
    command = [sys.executable, str(SECRETS), "--into", str(tmp_path), *option, name]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert repr(name) in ended.stderr
    assert not list(tmp_path.iterdir())


def test_no_file_that_lies_in_the_folder_makes_a_user_of_influxdbs_admin(tmp_path):
    make_secrets(tmp_path)
    make_secrets(tmp_path)
    assert "influxdb" not in (tmp_path / "broker.passwords").read_text()
    assert "influxdb" not in (tmp_path / "broker.access").read_text()
