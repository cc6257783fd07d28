"""How long it takes until a message is on disk before it is sent, with what the disk itself takes beside it."""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.figures import markdown, say, spread
from benchmarks.traffic import messages_of_a_run
from collector.spool import SqliteSpool, Unsent

GOAL_MS = 0.5
ROUNDS, APPENDS = 20, 50
BATCH = 50
#: What a commit of a message writes: two pages and more, over what stood in the log before; SQLite's log is as long.
BLOCK, BLOCKS = bytes(8_192), 500
#: What is kept beside the messages: a sensor's session and sequence.
STATE = {"watch": b'{"session":"bench","seq":1234,"unit":"steps"}'}


async def measure(console: Console) -> dict[str, object]:
    """Append one message, and fifty, each committed; and write to a bare file; in turns, so that all fare alike."""
    messages = messages_of_a_run(3, 1_200)
    single, many, bare = list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        spool = await SqliteSpool.open(Path(folder) / "spool.db", "bench")
        with (Path(folder) / "bare").open("w+b", buffering=0) as file:
            file.write(BLOCK * BLOCKS)
            os.fsync(file.fileno())
            for number in range(ROUNDS):
                own = messages[number * APPENDS : (number + 1) * APPENDS]
                single += [await _append_ms(spool, [one]) for one in own]
                many += [await _append_ms(spool, own[:BATCH]) for _ in range(APPENDS // 5)]
                bare += await asyncio.to_thread(_bare_ms, file.fileno(), APPENDS)
                await spool.forget(spool.next_row - 1)
        await spool.close()
    figures = {
        "one message": spread(single, 2),
        f"{BATCH} messages": spread(many, 2),
        "the disk alone: 8 KiB of a file written over, fdatasync": spread(bare, 2),
    }
    rows = [[what, *(one[key] for key in ("n", "p50_ms", "p99_ms", "max_ms"))] for what, one in figures.items()]
    say(console, f"spool: committed append (goal {GOAL_MS} ms, beside the disk)")
    say(console, markdown(["what", "n", "p50 ms", "p99 ms", "max ms"], rows))
    return {**figures, "beside the disk, p50 ms": round(spread(single)["p50_ms"] - spread(bare)["p50_ms"], 2)}


async def _append_ms(spool: SqliteSpool, messages: Sequence[Unsent]) -> float:
    begun = time.perf_counter()
    await spool.append(messages, STATE)
    return (time.perf_counter() - begun) * 1_000


def _bare_ms(file: int, times: int) -> list[float]:
    taken = []
    for number in range(times):
        begun = time.perf_counter()
        os.pwrite(file, BLOCK, number * len(BLOCK))
        os.fdatasync(file) if hasattr(os, "fdatasync") else os.fsync(file)
        taken.append((time.perf_counter() - begun) * 1_000)
    return taken
