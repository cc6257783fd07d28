"""A user with an empty home, and nothing set."""

import contextlib
import logging
import os

import pytest

from tests.cli.rig import NO_HEALTH_PORTS, OPEN_BROKER, SCRIPT, Here, Process
from tests.support.brokers import strict_mosquitto

PACKAGES = ("crampwatch", "collector", "processor", "alerts", "dashboard")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """No variable of ours, no settings of this user, an empty folder to stand in, the log as it was afterwards."""
    for name in list(os.environ):
        if name.startswith("CRAMPWATCH_"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRAMPWATCH_STATE_DIR", str(tmp_path / "state"))
    for name, port in NO_HEALTH_PORTS.items():
        monkeypatch.setenv(name, port)
    levels = {name: logging.getLogger(name).level for name in PACKAGES}
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def crampwatch(capsys, monkeypatch):
    """Run a command here, to its end."""
    return Here(capsys, monkeypatch)


@pytest.fixture
def start(tmp_path):
    """Start a command in a process of its own; whatever it leaves is ended with the test."""
    with contextlib.ExitStack() as stack:

        def starting(*arguments, command=None, **variables):
            wanted = {"CRAMPWATCH_STATE_DIR": tmp_path / "state", **variables}
            process = Process([*(command or [SCRIPT]), *arguments], **wanted)
            stack.callback(process.kill)
            return process

        yield starting


@pytest.fixture
async def shared(tmp_path):
    """The variables of a broker that somebody runs."""
    async with strict_mosquitto(tmp_path, *OPEN_BROKER) as port:
        yield {"CRAMPWATCH_MQTT__URL": f"mqtt://127.0.0.1:{port}"}
