"""Services of ours as processes of their own, as they run in earnest."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

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
