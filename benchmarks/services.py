"""Processes of their own: services of ours as they run in earnest, and the sender."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from benchmarks.traffic import Step
from crampwatch.bus.brands import Mosquitto

TEAM = "bench"
#: Services start only through the script (decision 0001).
CRAMPWATCH = Path(sys.executable).with_name("crampwatch")
_PARTS = ("COLLECTOR", "PROCESSOR", "ALERTS")


def environment(folder: str, **more: str) -> dict[str, str]:
    """What a process of ours is told: state in ``folder``, nothing served but what is measured."""
    return {
        **os.environ,
        "CRAMPWATCH_TEAM": TEAM,
        "CRAMPWATCH_STATE_DIR": folder,
        "CRAMPWATCH_DASHBOARD__PORT": "0",
        "CRAMPWATCH_LOG_LEVEL": "warning",
        **{f"CRAMPWATCH_{part}__HEALTH_PORT": "-1" for part in _PARTS},
        **more,
    }


@contextlib.asynccontextmanager
async def service(name: str, told: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """One service, up when the block begins and asked to end when it ends."""
    process = await asyncio.create_subprocess_exec(
        str(CRAMPWATCH), name, env=dict(told), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        if not await process.stdout.readline():  # "... is up"
            raise RuntimeError(f"crampwatch {name} did not come up")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def sending(
    port: int, collector: str, steps: Sequence[Step], first: int = 0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A sender that has everything written when the block begins; tell it the moment to begin."""
    plan = [(one.athletes, one.seconds) for one in steps]
    asked = json.dumps({"port": port, "team": TEAM, "collector": collector, "steps": plan, "first": first})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.sender", asked, stdin=pipe, stdout=pipe
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()  # "ready"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def plain_mosquitto() -> AsyncIterator[int]:
    """A mosquitto as it comes, without a line of configuration; its port."""
    brand = await Mosquitto.find()
    if brand is None:
        raise RuntimeError("this part needs mosquitto; install it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(brand.path, "-p", str(port), stderr=asyncio.subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        await process.wait()


async def begin(sender: asyncio.subprocess.Process, start_ms: int) -> None:
    """Tell a sender the first moment of its schedule; what is past goes out at once."""
    assert sender.stdin is not None
    sender.stdin.write(f"{start_ms}\n".encode())
    await sender.stdin.drain()


async def outcome(sender: asyncio.subprocess.Process) -> dict[str, int]:
    """What a sender says at its end."""
    assert sender.stdout is not None
    said: dict[str, int] = json.loads(await sender.stdout.readline())
    return said
