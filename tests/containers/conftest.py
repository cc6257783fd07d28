"""The engine that the containers of the tests run in."""

import pytest

from tests.containers import machine


@pytest.fixture(scope="session")
def engine():
    machine.docker()
    with machine.Engine() as running:
        yield running
