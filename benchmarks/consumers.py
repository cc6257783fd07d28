"""The takers of one and the same telemetry, each a process that can be killed, each with a bucket of its own."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from benchmarks.processes import Usage, usage_of
from benchmarks.services import CRAMPWATCH, TEAM, environment
from benchmarks.telegraf import configure, find_telegraf
from crampwatch.settings import Influxdb
from tests.support.influx import Home


class Consumer:
    """One process that stores what comes, and the bucket where it does."""

    def __init__(self, name: str, command: Sequence[str], told: Mapping[str, str] | None, bucket: str) -> None:
        self.name = name
        self.bucket = bucket
        self._command = command
        self._told = told
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, also again."""
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(*self._command, env=self._told, stdout=quiet)

    async def kill(self) -> None:
        """End it with -9."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def usage(self) -> Usage:
        """What it has used since its start."""
        assert self._process is not None
        return usage_of(self._process.pid)


def _ours(name: str, command: Sequence[str], folder: Path, port: int, influxdb: Influxdb) -> Consumer:
    assert influxdb.token is not None
    section = {key.upper(): str(value) for key, value in influxdb.model_dump(exclude={"token"}).items()}
    told = {f"CRAMPWATCH_INFLUXDB__{key}": value for key, value in section.items()}
    token = influxdb.token.get_secret_value()
    told |= {"CRAMPWATCH_INFLUXDB__TOKEN": token, "CRAMPWATCH_STORAGE__BACKEND": "both"}
    told["CRAMPWATCH_MQTT__URL"] = f"mqtt://127.0.0.1:{port}"
    return Consumer(name, command, environment(str(folder), **told), influxdb.bucket)


@contextlib.asynccontextmanager
async def three(folder: Path, port: int, home: Home) -> AsyncIterator[tuple[Consumer, Consumer, Consumer]]:
    """Ours, Telegraf, and ours with nothing but what Telegraf does; none of them started yet."""
    places = []
    for name in ("ours", "telegraf", "relay"):
        home.make_bucket(f"bench-{name}")
        places.append(home.changed(bucket=f"bench-{name}"))
    file = configure(folder, port, TEAM, places[1])
    consumers = (
        _ours("crampwatch process", (str(CRAMPWATCH), "process"), folder, port, places[0]),
        Consumer(
            "Telegraf",
            (find_telegraf(), "--config", str(file), "--quiet", "--strict-env-handling"),
            None,
            places[1].bucket,
        ),
        _ours("crampwatch relay", (sys.executable, "-m", "benchmarks.relay"), folder, port, places[2]),
    )
    try:
        yield consumers
    finally:
        for one in consumers:
            await one.kill()


def stored(home: Home, bucket: str, runners: str, from_ms: int, to_ms: int) -> int:
    """How many samples of some runners (a regular expression) and some time a bucket holds."""
    found = home.query(
        f'from(bucket: "{bucket}") |> range(start: time(v: {from_ms * 1_000_000}), stop: time(v: {to_ms * 1_000_000}))'
        f' |> filter(fn: (r) => r._measurement == "telemetry" and r._field == "seq" and r.runner =~ /{runners}/)'
        " |> group() |> count()"
    )
    return sum(int(row["_value"]) for row in found)


def newest_ms(home: Home, bucket: str, runners: str) -> tuple[Mapping[str, int], float]:
    """The newest sample of each of some runners that can be read, and when that was asked."""
    asked_ms = time.time() * 1_000
    found = home.query(
        f'from(bucket: "{bucket}") |> range(start: -1m, stop: 1m)'
        f' |> filter(fn: (r) => r._measurement == "telemetry" and r._field == "seq" and r.runner =~ /{runners}/)'
        ' |> group(columns: ["runner"]) |> max(column: "_time")'
        " |> map(fn: (r) => ({runner: r.runner, at_ns: int(v: r._time)}))"
    )
    return {row["runner"]: int(row["at_ns"]) // 1_000_000 for row in found}, asked_ms
