"""Every store, one after the other."""

import pytest

from tests.suites.stores import BACKENDS


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request, tmp_path, monkeypatch):
    backend = request.param(tmp_path)
    backend.prepare(monkeypatch)
    return backend


@pytest.fixture
async def store(backend):
    store = await backend.open()
    yield store
    await store.close()
