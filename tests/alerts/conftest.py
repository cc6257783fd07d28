"""An alerter in its world."""

import pytest

from tests.alerts.world import World


@pytest.fixture
async def world(tmp_path):
    async with World(tmp_path).watched() as made:
        yield made
