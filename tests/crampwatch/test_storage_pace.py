"""How the SQLite store spreads compaction, so that recording never waits long for it."""

import contextlib
import sqlite3
from itertools import pairwise

from crampwatch.events import HeartRateMeasured
from crampwatch.storage import Batch, RunKey
from crampwatch.storage import sqlite as store_module
from crampwatch.storage.sqlite import SqliteStore
from tests.support.clocks import START_MS

RUNNERS = 24
A_RECORD = 3
ENOUGH_FACTS = 90
SECONDS = 3 * ENOUGH_FACTS


def beat(second):
    return HeartRateMeasured(at_ms=START_MS + second * 1_000, device="strap-1", seq=second, bpm=150)


def asked(path, query):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (answer,) = connection.execute(query).fetchone()
    return answer


async def test_runs_that_began_together_are_compacted_a_few_at_a_time_and_none_grows_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "ENOUGH_FACTS", ENOUGH_FACTS)
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    keys = [RunKey("club", f"r{number}", "race") for number in range(RUNNERS)]
    compacted, hottest = [0], 0
    for second in range(SECONDS):
        for first in range(0, RUNNERS, A_RECORD):
            await store.record([Batch(key, (beat(second),)) for key in keys[first : first + A_RECORD]])
        compacted.append(asked(path, "SELECT sum(facts) FROM chunk") or 0)
        hottest = max(hottest, asked(path, "SELECT max(hot_facts) FROM run"))
    at_once = max(after - before for before, after in pairwise(compacted))
    samples = await store.samples(keys[-1])
    await store.close()
    # All are full in the same second; what a second brings pays for one, each with all that it has gathered.
    assert 0 < at_once <= 3 * 2 * ENOUGH_FACTS
    assert hottest < 2 * ENOUGH_FACTS
    assert [one.seq for one in samples] == list(range(SECONDS))
