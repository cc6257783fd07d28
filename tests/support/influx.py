"""A real InfluxDB 2 for tests: one server a test process, a fresh organisation a test; and servers to kill."""

import atexit
import contextlib
import csv
import functools
import io
import itertools
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crampwatch.bus import child
from crampwatch.settings import Influxdb
from tests.support import needs

#: How long a server may take to answer after its start, on a busy machine.
UP_WITHIN_S = 60.0
GOODBYE_WITHIN_S = 20.0
#: How long one request may take, on a busy machine.
ANSWERS_WITHIN_S = 60.0
TOKEN = "operator-token-of-a-test"
_NUMBERS = itertools.count(1)


class Influxd:
    """A server on 127.0.0.1 with its data in ``folder``; its port stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self._program = needs.influxd()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, on the data it had if there was one, and wait until it answers."""
        self.launch()
        give_up_s = time.monotonic() + UP_WITHIN_S
        while not self.answers():
            if not self.running:
                # Somebody took the port since it was found free.
                self.launch()
            if time.monotonic() > give_up_s:
                raise AssertionError(f"influxd does not answer; see {self._folder / 'influxd.log'}")
            time.sleep(0.02)
        with contextlib.suppress(urllib.error.HTTPError):  # 422: it was set up before
            self.call(
                "POST",
                "/api/v2/setup",
                {
                    "username": "tester",
                    "password": "tester-password",
                    "org": "first",
                    "bucket": "first",
                    "token": TOKEN,
                },
            )

    def launch(self) -> None:
        """Start it without waiting."""
        assert not self.running
        self.port = self.port or _low_port()
        with (self._folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program,
                    *("--bolt-path", str(self._folder / "bolt")),
                    *("--sqlite-path", str(self._folder / "sqlite")),
                    *("--engine-path", str(self._folder / "engine")),
                    *("--http-bind-address", f"127.0.0.1:{self.port}"),
                    "--reporting-disabled",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=child._die_with_parent() if sys.platform == "linux" else None,  # noqa: PLW1509 - as made for it
            )

    def answers(self) -> bool:
        """Whether it takes requests."""
        try:
            return bool(json.loads(self.call("GET", "/ready", within_s=5.0))["status"] == "ready")
        except (OSError, ValueError):
            return False

    def kill(self) -> None:
        """End it with -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GOODBYE_WITHIN_S)
            self.kill()

    def freeze(self) -> None:
        """It stays connected and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN, within_s: float = 60.0, **query: str
    ) -> bytes:
        """One request of its API; ``body`` is bytes, or is sent as JSON. Raises OSError (HTTPError among them)."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(query)}" if query else f"{self.url}{path}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json", "Accept": "*/*"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=within_s) as answer:
            return bytes(answer.read())

    def home(self, *, buckets: bool = True) -> "Home":
        """A fresh organisation; with its two empty buckets, or without any."""
        number = next(_NUMBERS)
        settings = Influxdb(
            url=self.url,
            org=f"org-{number}",
            token=TOKEN,
            bucket=f"runs-{number}",
            bucket_long=f"long-{number}",
            timeout_s=ANSWERS_WITHIN_S,
        )
        org = json.loads(self.call("POST", "/api/v2/orgs", {"name": settings.org}))
        home = Home(self, settings, str(org["id"]))
        if buckets:
            home.make_bucket(settings.bucket)
            home.make_bucket(settings.bucket_long)
        return home


class Home:
    """One organisation of a server, and the settings that lead there."""

    def __init__(self, server: Influxd, settings: Influxdb, org_id: str) -> None:
        self.server = server
        self.settings = settings
        self.org_id = org_id

    def changed(self, **values: Any) -> Influxdb:
        """Its settings with some of them changed."""
        return Influxdb(**{**self.settings.model_dump(), **values})

    def make_bucket(self, name: str, *, every_s: int = 0) -> str:
        """A new bucket; ``every_s`` is its retention, 0 for ever. Its id."""
        rules = [{"type": "expire", "everySeconds": every_s}] if every_s else []
        body = {"orgID": self.org_id, "name": name, "retentionRules": rules}
        return str(json.loads(self.server.call("POST", "/api/v2/buckets", body))["id"])

    def bucket_id(self, name: str) -> str:
        found = json.loads(self.server.call("GET", "/api/v2/buckets", orgID=self.org_id, name=name))["buckets"]
        return str(found[0]["id"])

    def drop_bucket(self, name: str) -> None:
        self.server.call("DELETE", f"/api/v2/buckets/{self.bucket_id(name)}")

    def make_token(self, *, read: bool = True, write: bool = True) -> str:
        """A token for this organisation's buckets only."""
        actions = [action for action, wanted in (("read", read), ("write", write)) if wanted]
        permissions = [{"action": action, "resource": {"type": "buckets", "orgID": self.org_id}} for action in actions]
        made = self.server.call("POST", "/api/v2/authorizations", {"orgID": self.org_id, "permissions": permissions})
        return str(json.loads(made)["token"])

    def write(self, *lines: str, bucket: str | None = None) -> None:
        """Write lines (microseconds) past the code that is tested."""
        place = {"org": self.settings.org, "bucket": bucket or self.settings.bucket, "precision": "us"}
        self.server.call("POST", "/api/v2/write", "\n".join(lines).encode(), **place)

    def query(self, flux: str) -> Sequence[Mapping[str, str]]:
        """The rows of a Flux query as they stand in its CSV."""
        body = {"query": flux, "dialect": {"annotations": [], "header": True}}
        text = self.server.call("POST", "/api/v2/query", body, org=self.settings.org).decode()
        tables = [table for table in text.replace("\r\n", "\n").split("\n\n") if table.strip()]
        return [row for table in tables for row in csv.DictReader(io.StringIO(table))]

    def count(self, measurement: str, field: str, *, bucket: str | None = None) -> int:
        """How many points of a measurement hold a field."""
        rows = self.query(
            f'from(bucket: "{bucket or self.settings.bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)'
            f' |> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}")'
            " |> group() |> count()"
        )
        return sum(int(row["_value"]) for row in rows)


@functools.cache
def shared() -> Influxd:
    """The server of this test process, for tests that leave it running; ended with the process."""
    needs.influxd()  # first: a skip leaves no folder behind
    folder = Path(tempfile.mkdtemp(prefix="influxd-"))
    server = Influxd(folder)

    def end() -> None:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    server.start()
    return server


def home(*, buckets: bool = True) -> Home:
    """A fresh organisation on the shared server."""
    return shared().home(buckets=buckets)


@contextlib.contextmanager
def own(folder: Path) -> Iterator[Influxd]:
    """A server of a test's own, to kill, stop and start again."""
    folder = folder / "influxd"
    folder.mkdir()
    server = Influxd(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _low_port() -> int:
    """A free port below those that the system hands out, so that nobody is given it between two starts."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
