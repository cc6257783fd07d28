"""The parts of a split house as processes that can be killed: each writes a log, and comes back as what it was."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from crampwatch.bus import child
from crampwatch.bus.brands import Mosquitto

SCRIPT = Path(sysconfig.get_path("scripts")) / "crampwatch"
ROOT = Path(__file__).resolve().parents[2]
#: Wall seconds for what should happen soon, on a machine that may be busy with something else.
PATIENCE_S = 120.0
LOOK_EVERY_S = 0.02


async def until(true: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait for what another process brings about."""
    give_up_s = time.monotonic() + within_s
    while not true():
        if time.monotonic() > give_up_s:
            raise AssertionError(f"{what}: not within {within_s:g} s")
        await asyncio.sleep(LOOK_EVERY_S)


def free_port() -> int:
    """A port below those that outgoing connections are given, so that nobody takes it while its server is away."""
    while True:
        port = random.randint(10_000, 19_999)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


_given: set[int] = set()


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Part:
    """One process of the house.

    Args:
        name: what it is called here.
        command: how it is started, each time.
        log: where it writes.
        variables: its environment beside ours.
        up: whether it is; default: it has said so since its last start.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        variables: Mapping[str, str] | None = None,
        up: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self._log = log
        self._variables = variables or {}
        self._up = up or (lambda: self.says("is up"))
        self._from = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def says(self, words: str) -> bool:
        """Whether it has written this since its last start."""
        return words in self.said()

    def said(self) -> str:
        """Everything since its last start."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    def start(self) -> None:
        assert not self.running, f"{self.name} runs already"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CRAMPWATCH_")}
        self._from = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"} | dict(self._variables),
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=child._die_with_parent() if sys.platform == "linux" else None,  # noqa: PLW1509
            )

    async def is_up(self) -> None:
        """Wait until it serves."""
        await until(lambda: self._up() or not self.running, f"{self.name} is up")
        assert self.running, f"{self.name} ended: {self.said()[-2_000:]}"

    def kill(self) -> None:
        """End it with -9, as it stands."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    async def stop(self) -> int:
        """Ask it to end, and wait until it has; its exit code."""
        assert self._process is not None
        self._process.terminate()
        await until(lambda: not self.running, f"{self.name} ends")
        return self._process.returncode


def service(command: Sequence[str], name: str, folder: Path, variables: Mapping[str, str]) -> Part:
    """A service: up when it says so."""
    return Part(name, command, folder / f"{name}.log", variables)


def dashboard(command: Sequence[str], folder: Path, variables: Mapping[str, str], port: int) -> Part:
    """The pages: up when they answer."""

    def up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/board", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    own = {**variables, "CRAMPWATCH_DASHBOARD__PORT": str(port)}
    return Part("dashboard", command, folder / "dashboard.log", own, up)


async def broker(folder: Path, port: int) -> Part:
    """A mosquitto of everybody's, set up as ours are."""
    brand = await Mosquitto.find()
    assert brand is not None, "mosquitto is not installed"
    state = folder / "mosquitto"
    state.mkdir(exist_ok=True)
    return Part("broker", brand.command(state, port), folder / "broker.log", up=lambda: answers(port))


def forget(folder: Path) -> None:
    """Wipe a broker's memory while it is down."""
    for file in (folder / "mosquitto").glob("mosquitto.db*"):
        file.unlink()
