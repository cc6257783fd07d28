"""scripts/engine on a machine that lacks something: it says what, and leaves nothing lying about."""

import shutil
import subprocess
import sys

import pytest

from tests.support import needs

ENGINE = needs.ROOT / "scripts" / "engine"
#: All that the script calls before it needs what a machine may lack.
COMMANDS = ("bash", "cat", "chmod", "dirname", "grep", "id", "mkdir", "mktemp", "rm", "sed")
#: An engine that answers, and has neither a compose plugin nor the base image.
DOCKER = "#!/bin/sh\n[ $1 = version ]\n"


@pytest.fixture
def poor(tmp_path):
    """Variables of a machine with an engine, and without go, the compose plugin, debootstrap and all that is kept."""
    if sys.platform != "linux":
        needs.missing("Linux", "run the containers on a Linux machine")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in COMMANDS:
        (commands / name).symlink_to(str(shutil.which(name)))
    docker = commands / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (tmp_path / "scratch").mkdir()
    own = {"PATH": str(commands), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return {**own, "TMPDIR": str(tmp_path / "scratch"), "DOCKER_HOST": "unix:///nowhere", "PYTHON": sys.executable}


def ran(what, environment):
    return subprocess.run([str(ENGINE), what], env=environment, capture_output=True, text=True, check=False)


def lacks(environment):
    ended = ran("lacks", environment)
    assert ended.returncode == 0, ended.stderr
    return dict(line.split("\t") for line in ended.stdout.splitlines())


def test_without_compose_or_go_it_does_not_come_up_and_names_no_command_that_is_not_there(poor):
    ended = ran("up", poor)
    assert ended.returncode != 0
    assert "install it, or the compose plugin" in ended.stderr
    assert "COMPOSE" not in ended.stdout


def test_what_a_machine_lacks_is_told_each_with_how_to_have_it(poor):
    told = lacks(poor)
    assert {"docker compose", "debootstrap", "the InfluxDB 2 server"} <= told.keys()
    assert "docker" not in told
    assert all(told.values())


def test_another_python_than_the_images_is_told(poor):
    fitting = sys.version_info[:2] == (3, 11)
    assert fitting != any("Python" in one for one in lacks(poor))
    assert any("Python" in one for one in lacks({**poor, "PYTHON": "/nowhere/python"}))


def test_it_leaves_nothing_behind_whether_it_fails_or_not(poor, tmp_path):
    assert ran("images", poor).returncode != 0
    lacks(poor)
    assert list((tmp_path / "scratch").iterdir()) == []
