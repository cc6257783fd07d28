"""What holds for every test: a reader of InfluxDB waits as long as a busy machine needs."""

import pytest

from crampwatch.storage.influx import store as influx_store

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def patient_readers(monkeypatch):
    """Tests of a reader's impatience set it themselves."""
    monkeypatch.setattr(influx_store, "WAIT_S", PATIENCE_S)
