"""``python -m tests.faults``: kill every part of a race day, and print what became of it."""

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from crampwatch.clock import WallClock
from crampwatch.units import HOUR_MS
from tests.faults.endurance import LAPS, PAUSE_S, endure, slope
from tests.faults.house import prepare
from tests.faults.plan import HISTORY_S, LIFE_S, Plan
from tests.faults.rows import MATRIX, OUTAGE, REFERENCE, play
from tests.faults.verdict import Outcome


def table(outcomes: list[Outcome]) -> Table:
    """The outcomes, a row each."""
    shown = Table(
        "killed", "kills", "store", "sent", "lost", "doubled", "findings", "late", "alerts once", "p50 s", "max s"
    )
    for one in outcomes:
        recovered = sorted(one.recovered_s)
        for number, (store, stored) in enumerate(one.stored.items()):
            first = number == 0
            shown.add_row(
                one.name if first else "",
                str(len(one.kills)) if first else "",
                store,
                str(stored.sent),
                str(stored.lost),
                str(stored.doubled + stored.strange),
                one.found if first else "",
                str(one.late) if first else "",
                ("no" if one.pushes or one.alerts else "yes") if first else "",
                f"{statistics.median(recovered):.2f}" if recovered and first else "",
                f"{recovered[-1]:.2f}" if recovered and first else "",
            )
    return shown


async def matrix(console: Console, folder: Path, asked: argparse.Namespace) -> bool:
    """Play every row, in each round with another seed; whether all were faultless."""
    plan = Plan.ahead(asked.athletes, WallClock().now_ms())
    begun = time.monotonic()
    prepared = await prepare(folder / "prepared", plan, mirrored=True)
    console.print(f"{asked.athletes} athletes prepared in {time.monotonic() - begun:.0f} s")
    sound = await play(prepared, folder / "sound", REFERENCE, asked.pace, asked.seed)
    outcomes = [sound.outcome]
    console.print(f"without faults: {len(sound.kept['sqlite'].findings)} findings, {sum(sound.felt.values())} pushes")
    rows = [row for row in (*MATRIX, OUTAGE) if asked.only in row.name]
    for seed in range(asked.seed, asked.seed + asked.rounds):
        for number, row in enumerate(rows):
            begun = time.monotonic()
            often = row if row.lasting_s else replace(row, kills=asked.kills or row.kills)
            outcome = (await play(prepared, folder / f"{seed}-{number}", often, asked.pace, seed, sound)).outcome
            outcomes.append(outcome)
            at = ", ".join(f"{name} at {at_s:.0f} s" for name, at_s in outcome.kills)
            console.print(f"{row.name}, seed {seed}: killed {at}; {time.monotonic() - begun:.0f} s")
            for line in outcome.told:
                console.print(f"  {line}", highlight=False, markup=False)
    console.print(table(outcomes))
    return all(one.faultless for one in outcomes)


async def endurance(console: Console, folder: Path, asked: argparse.Namespace) -> bool:
    """Play hours with random faults (``soak``), or with InfluxDB away (``away``); whether all was stored."""
    soak = asked.what == "soak"
    laps = LAPS if soak else max(1, round((asked.hours * 3_600 - HISTORY_S) / LIFE_S))
    short = Plan.ahead(asked.athletes, WallClock().now_ms())
    sessions = max(1, round(asked.hours * 3_600 / (HISTORY_S + laps * LIFE_S + PAUSE_S))) if soak else 1
    if soak and asked.hours < 1:
        laps = max(1, round((asked.hours * 3_600 - HISTORY_S) / LIFE_S))
    plan = replace(short, laps=laps, sessions=sessions, pause_s=PAUSE_S)
    prepared = await prepare(folder / "prepared", short, mirrored=not asked.sqlite)
    begun = time.monotonic()
    every_s = asked.kill_every if soak else 0.0
    ended = await endure(prepared, folder / asked.what, plan, asked.pace, Random(asked.seed), every_s)
    hours, spent_s = (plan.ends_ms - plan.begins_ms) / HOUR_MS, time.monotonic() - begun
    console.print(f"{hours:.2f} h of {asked.athletes} athletes in {spent_s:.0f} s, seed {asked.seed}")
    console.print(f"sent {ended.sent}, stored {ended.stored}; {ended.kills} kills, {ended.felt} pushes")
    if not soak:
        console.print(f"at its end {ended.waited} points waited for InfluxDB, {ended.felt_away} pushes were felt")
    shown = Table(
        "part", "looks", "MB first", "MB last", "MB an hour", "files most", "files last", "tasks most", "tasks last"
    )
    for name, looks in ended.looks.items():
        if looks:
            tasks = [look.tasks for look in looks if look.tasks is not None] or [0]
            grows, files = slope(looks), [look.files for look in looks]
            rss = (f"{looks[0].rss_mb:.0f}", f"{looks[-1].rss_mb:.0f}", "-" if grows is None else f"{grows:+.2f}")
            counts = (max(files), files[-1], max(tasks), tasks[-1])
            shown.add_row(name, str(len(looks)), *rss, *map(str, counts))
    console.print(shown)
    return ended.exact


def main() -> None:
    """Play the kill matrix; exit with 1 when anything was lost, doubled or told twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=main.__doc__)
    parser.add_argument("what", nargs="?", choices=("matrix", "soak", "away"), default="matrix")
    parser.add_argument("--hours", type=float, default=1.0, help="how long a soak is, or InfluxDB is away, in run time")
    parser.add_argument("--kill-every", type=float, default=600.0, help="run seconds between faults of a soak")
    parser.add_argument("--sqlite", action="store_true", help="a soak without InfluxDB")
    parser.add_argument("--athletes", type=int, default=100)
    parser.add_argument("--pace", "--speed", type=float, default=10.0, help="how many times as fast as life")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="play every row so often, each time with the next seed")
    parser.add_argument("--kills", type=int, default=0, help="kills a row; 0: as many as the row has")
    parser.add_argument("--only", default="", help="rows with these words")
    parser.add_argument("--keep", type=Path, help="a new folder for states and logs")
    asked = parser.parse_args()
    console = Console(width=150)
    logging.disable(logging.WARNING)  # the bridge, too, tells when its link is lost
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        good = asyncio.run((matrix if asked.what == "matrix" else endurance)(console, folder, asked))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
