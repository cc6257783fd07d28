"""What the processes of a house hold while they live: memory, open files, tasks; and whether that grows."""

import asyncio
import re
import statistics
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crampwatch.units import HOUR_MS
from tests.faults.house import House

WATCHED = ("collector", "processor", "alerter", "dashboard")
#: Wall seconds between two looks, and the share of the looks at a life that are its warming up.
LOOK_S = 2.0
WARM_UP = 1 / 3
#: A life is judged by its memory when it was this long, in run time, and was looked at so often.
JUDGED_MS, JUDGED_LOOKS = 2 * HOUR_MS, 30
#: What may be seen to grow though nothing does: MB an hour; files and tasks between the thirds of a life.
MB_AN_HOUR, FILES, TASKS = 1.0, 5.0, 5.0


@dataclass(frozen=True)
class Look:
    """What a process held at a moment of the run."""

    at_ms: int
    pid: int
    rss_mb: float
    files: int
    tasks: int | None


def longest_life(looks: Sequence[Look]) -> Sequence[Look]:
    """The looks at the process that was looked at most often; of two the later one."""
    lives: dict[int, list[Look]] = {}
    for look in looks:
        lives.setdefault(look.pid, []).append(look)
    return max(reversed(lives.values()), key=len, default=[])


def slope(looks: Sequence[Look]) -> float | None:
    """MB an hour of the run by Theil and Sen, over the looks at the longest life once it is warm."""
    life = longest_life(looks)
    warm = life[int(len(life) * WARM_UP) :]
    pairs = [
        (two.rss_mb - one.rss_mb) / ((two.at_ms - one.at_ms) / HOUR_MS)
        for number, one in enumerate(warm)
        for two in warm[number + 1 :]
        if two.at_ms > one.at_ms
    ]
    return statistics.median(pairs) if pairs else None


def thirds(looks: Sequence[Look], held: Callable[[Look], int | None]) -> tuple[float, float]:
    """What is held in the middle of the first and of the last third of the longest life."""
    counts = [count for count in map(held, longest_life(looks)) if count is not None]
    third = max(1, len(counts) // 3)
    return (statistics.median(counts[:third]), statistics.median(counts[-third:])) if counts else (0.0, 0.0)


def grows(looks: Sequence[Look]) -> list[str]:
    """What a process holds ever more of, in words; memory only of a life that was long enough to tell."""
    told, life, rises = [], longest_life(looks), slope(looks)
    long = len(life) >= JUDGED_LOOKS and life[-1].at_ms - life[0].at_ms >= JUDGED_MS
    if long and rises is not None and rises >= MB_AN_HOUR:
        told.append(f"memory grows by {rises:.2f} MB an hour, the limit is {MB_AN_HOUR:g}")
    for what, held, limit in (("open files", lambda one: one.files, FILES), ("tasks", lambda one: one.tasks, TASKS)):
        first, last = thirds(looks, held)
        if last > first + limit:
            told.append(f"{what} grow from {first:g} to {last:g}, the limit is {limit:g} more")
    return told


def tasks_of(port: int) -> int | None:
    """How many tasks a service has, by its own word; None when it gives none now."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            found = re.search(r"^crampwatch_tasks (\d+)", answer.read().decode(), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return int(found[1]) if found else None


def look_at(pid: int, at_ms: int, port: int) -> Look | None:
    """What a process holds now; None when it is gone, or this system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return Look(at_ms, pid, pages * 4_096 / 1e6, files, tasks_of(port))
    except (OSError, IndexError):
        return None


async def watch(house: House, now_ms: Callable[[], int], looks: Mapping[str, list[Look]]) -> None:
    """Look at every part now and then, until cancelled."""
    while True:
        at_ms = now_ms()
        for name in WATCHED:
            part = house.parts.get(name)
            if part is None or not part.running:
                continue
            port = house.health.get(name, house.pages)
            look = await asyncio.to_thread(look_at, part.pid, at_ms, port)
            if look is not None:
                looks[name].append(look)
        await asyncio.sleep(LOOK_S)
