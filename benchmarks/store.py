"""What it costs to keep a run: microseconds per athlete-second, bytes per runner-hour, reading for a page."""

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks.runs import samples_of_a_run
from crampwatch.storage import Batch, RunKey
from crampwatch.storage.sqlite import SqliteStore

#: One commit holds what a busy worker drains at once: a second of everyone.
ATHLETES = 50


def used_bytes(path: Path) -> int:
    """What the file holds; pages that were freed by compaction stay in it and are used again."""
    connection = sqlite3.connect(path)
    try:
        pages, free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    finally:
        connection.close()
    return (pages - free) * size


async def measure(console: Console) -> dict[str, float]:
    """Record a simulated run of fifty athletes second by second, then read one back as a page does."""
    ticks, seconds = samples_of_a_run(with_rr=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        store = await SqliteStore.open(path)
        keys = [RunKey("bench", f"r{number}", "s") for number in range(ATHLETES)]
        begun = time.perf_counter()
        for tick in ticks:
            await store.record([Batch(key, samples=tick) for key in keys])
        record_us = (time.perf_counter() - begun) / (seconds * ATHLETES) * 1e6
        begun = time.perf_counter()
        series = await store.series(keys[0])
        series_ms = (time.perf_counter() - begun) * 1_000
        await store.close()
        size = await asyncio.to_thread(used_bytes, path)
    per_hour = size / ATHLETES / (seconds / 3_600)
    console.print(f"store: {record_us:.0f} us wall per athlete-second at {ATHLETES} athletes a commit")
    console.print(f"store: {per_hour / 1_000:.0f} KB per runner-hour")
    console.print(f"store: a run of {seconds} s as {len(series.at_ms)} points in {series_ms:.1f} ms")
    return {
        "record us per athlete-second": round(record_us, 1),
        "KB per runner-hour": round(per_hour / 1_000, 1),
        "series ms": round(series_ms, 2),
    }
