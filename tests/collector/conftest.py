"""A file in a test's own folder; an air with a virtual adapter."""

import contextlib
from pathlib import Path

import pytest


@pytest.fixture
def given_file(tmp_path: Path):
    def write(data: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
async def field():
    # The virtual radio is an extra: the other tests of the folder do without it.
    from collector.radio.adapter import VirtualAdapter
    from collector.radio.air import Air
    from tests.collector.field import Field
    from tests.collector.radio.rig import nothing_left_running

    async with nothing_left_running(), contextlib.AsyncExitStack() as stack:
        air = Air()
        adapter = await stack.enter_async_context(VirtualAdapter(air))
        yield Field(air, adapter, stack)
