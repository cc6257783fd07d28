"""compose.yaml started for real: the engine, the images, one deployment, its containers, and their violent ends."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.containers.secrets import make_secrets
from tests.support import needs
from tests.support.brokers import free_port

ENGINE = needs.ROOT / "scripts" / "engine"
FILES = ("compose.yaml", "deploy/compose.local.yaml")
#: Seconds for anything that containers do; a busy machine is slow.
PATIENCE_S = 180.0


def docker() -> None:
    """What a container engine of one's own needs, and what the images are made from."""
    told = subprocess.run([str(ENGINE), "lacks"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in told.splitlines():
        needs.missing(*line.split("\t"))


def until(found: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
    """Wait for what containers bring about; the first value that is not empty."""
    deadline_s = time.monotonic() + within_s
    while True:
        if value := found():
            return value
        assert time.monotonic() < deadline_s, f"{what}: not within {within_s:g} s"
        time.sleep(0.25)


class Engine:
    """A container engine that answers, one that is started when there is none, and ends with the block."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = dict(os.environ)
        self.compose: list[str] = []
        self._started = False

    def __enter__(self) -> "Engine":
        for line in self._asked("up").splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            self.environment[name] = shlex.split(value)[0]
        self._started = "ENGINE_STARTED" in self.environment.keys() - os.environ.keys()
        self.compose = shlex.split(self.environment["COMPOSE"])
        self._asked("images")
        return self

    def __exit__(self, *_: object) -> None:
        if self._started:
            self._asked("down")

    def _asked(self, what: str) -> str:
        ended = subprocess.run(
            [str(ENGINE), what], env=self.environment, stdout=subprocess.PIPE, text=True, check=False
        )
        assert ended.returncode == 0, f"scripts/engine {what} failed; its words stand above"
        return ended.stdout

    def docker(self, *arguments: str) -> str:
        """The output of a docker command."""
        return self.ran(["docker", *arguments], self.environment)

    def ran(self, command: Sequence[str], environment: Mapping[str, str]) -> str:
        """The output of a command that must not fail."""
        ended = subprocess.run(
            list(command), cwd=needs.ROOT, env=dict(environment), capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{' '.join(command)}: {ended.stdout}{ended.stderr}"
        return ended.stdout


class Deployment:
    """compose.yaml with local images, as a project of its own.

    Args:
        engine: what runs it.
        folder: its secrets come into a folder of this one.
        over: further files to lay over it.
        environment: further variables that these ask for.
    """

    def __init__(self, engine: Engine, folder: Path, *over: str, **environment: str) -> None:
        self.engine = engine
        self.project = f"crampwatch-test-{os.getpid()}-{folder.name.lower()}"
        self.page = free_port()
        self._files = [part for name in (*FILES, *over) for part in ("-f", name)]
        self.secrets = folder / "secrets"
        make_secrets(self.secrets)
        own = {"CW_SECRETS": str(self.secrets), "CW_PAGE_PORT": str(self.page)}
        self._environment = {**engine.environment, **own, **environment}

    def compose(self, *arguments: str) -> str:
        """The output of a docker compose command on this project."""
        command = [*self.engine.compose, "-p", self.project, *self._files, "--profile", "demo", *arguments]
        return self.engine.ran(command, self._environment)

    def up(self, *services: str) -> None:
        """Start services, all of them by default, and wait until they are healthy; else tell what they say."""
        try:
            self.compose("up", "--detach", "--wait", "--wait-timeout", str(int(PATIENCE_S)), *services)
        except AssertionError as error:
            told = self.compose("ps", "--all") + self.compose("logs", "--tail", "30")
            raise AssertionError(f"{error}\n{told}") from error

    def down(self) -> None:
        """Leave nothing: no container, network or volume."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")

    def left(self) -> list[str]:
        """Whatever there is of this project."""
        mine = f"label=com.docker.compose.project={self.project}"
        kinds = (("container", "ls", "--all"), ("network", "ls"), ("volume", "ls"))
        return [name for kind in kinds for name in self.engine.docker(*kind, "-q", "--filter", mine).split()]

    def services(self) -> list[str]:
        """Every service that has a container, finished ones too."""
        return sorted(self.compose("ps", "--all", "--services").split())

    def inspected(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        container = self.compose("ps", "--all", "-q", service).strip()
        found: dict[str, Any] = json.loads(self.engine.docker("inspect", container))[0]
        return found

    def address(self, service: str, network: str) -> str:
        """Where a container is reached from this machine: by the bridge of one of its networks."""
        networks = self.inspected(service)["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_{network}"]["IPAddress"])

    def healthy(self, service: str) -> bool:
        """Whether a service's container runs and says that it is well."""
        state = self.inspected(service)["State"]
        return bool(state["Running"]) and state.get("Health", {}).get("Status") == "healthy"

    def kill(self, service: str) -> None:
        """Kill -9 its first process, as the kernel does when memory is out; the engine is not told that it was us."""
        before = self.inspected(service)
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        until(lambda: self._lives(service) > before["RestartCount"], f"{service} is started again")

    def _lives(self, service: str) -> int:
        return int(self.inspected(service)["RestartCount"])

    def copy(self, service: str, to: Path) -> Path:
        """A copy of a service's state folder."""
        self.compose("cp", f"{service}:/var/lib/crampwatch", str(to))
        return to
