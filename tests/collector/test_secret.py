"""The secret behind device ids: made once, whole, for this user only."""

import stat

import pytest

from collector.ble import pseudonym
from collector.secret import BYTES, FILE_NAME, sensor_secret
from crampwatch.errors import Misconfigured


def test_it_is_made_once_and_kept(tmp_path):
    folder = tmp_path / "deep" / "state"
    secret = sensor_secret(folder)
    assert len(secret) == BYTES
    assert sensor_secret(folder) == secret
    assert [one.name for one in folder.iterdir()] == [FILE_NAME]
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600


def test_two_machines_give_one_sensor_two_ids_and_each_always_the_same(tmp_path):
    mine, theirs = sensor_secret(tmp_path / "mine"), sensor_secret(tmp_path / "theirs")
    address = "C1:00:00:00:00:01"
    assert pseudonym(address, mine) != pseudonym(address, theirs)
    assert pseudonym(address, mine) == pseudonym(address.lower(), mine)
    assert pseudonym(address, mine) != pseudonym(address)


def test_a_damaged_secret_is_told_with_what_to_do(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"half")
    with pytest.raises(Misconfigured, match="delete it, then claim"):
        sensor_secret(tmp_path)


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="state_dir: cannot keep"):
        sensor_secret(tmp_path / "file")
