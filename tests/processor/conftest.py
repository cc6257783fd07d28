"""The desk of the worker's tests."""

import pytest

from crampwatch.storage.sqlite import SqliteStore
from tests.processor.desk import Desk


@pytest.fixture
async def desk(tmp_path):
    store = await SqliteStore.open(tmp_path / "store.db")
    yield Desk(tmp_path, store)
    await store.close()
