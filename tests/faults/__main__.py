"""``python -m tests.faults``: kill every part of a race day, and print what became of it."""

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from crampwatch.clock import WallClock
from crampwatch.units import HOUR_MS
from tests.faults.day import Day
from tests.faults.endurance import AWAY_MB_AN_HOUR, endure
from tests.faults.house import prepare
from tests.faults.looks import FILES, JUDGED_MS, MB_AN_HOUR, TASKS, Look, longest_life, slope, thirds
from tests.faults.plan import HISTORY_S, LIFE_S, Plan
from tests.faults.rows import MATRIX, OUTAGE, REFERENCE, play
from tests.faults.soak import samples, soak
from tests.faults.verdict import Outcome

MATRIX_PACE, SOAK_PACE, AWAY_PACE = 10.0, 80.0, 12.0


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
    plan, pace = Plan.ahead(asked.athletes, WallClock().now_ms()), asked.pace or MATRIX_PACE
    begun = time.monotonic()
    prepared = await prepare(folder / "prepared", plan, mirrored=True)
    console.print(f"{asked.athletes} athletes prepared in {time.monotonic() - begun:.0f} s")
    sound = await play(prepared, folder / "sound", REFERENCE, pace, asked.seed)
    outcomes = [sound.outcome]
    console.print(f"without faults: {len(sound.kept['sqlite'].findings)} findings, {sum(sound.felt.values())} pushes")
    rows = [row for row in (*MATRIX, OUTAGE) if asked.only in row.name]
    for seed in range(asked.seed, asked.seed + asked.rounds):
        for number, row in enumerate(rows):
            begun = time.monotonic()
            often = row if row.lasting_s else replace(row, kills=asked.kills or row.kills)
            outcome = (
                await play(prepared, folder / f"{seed}-{number}", often, asked.pace or MATRIX_PACE, seed, sound)
            ).outcome
            outcomes.append(outcome)
            at = ", ".join(f"{name} at {at_s:.0f} s" for name, at_s in outcome.kills)
            console.print(f"{row.name}, seed {seed}: killed {at}; {time.monotonic() - begun:.0f} s")
            for line in outcome.told:
                console.print(f"  {line}", highlight=False, markup=False)
    console.print(table(outcomes))
    return all(one.faultless for one in outcomes)


def held(looks_of: Mapping[str, Sequence[Look]]) -> Table:
    """What the parts held, a row each: over the process of each that lived longest."""
    shown = Table(
        "part", "looks", "hours", "MB first", "MB last", "MB an hour", "files", "files end", "tasks", "tasks end"
    )
    for name, looks in looks_of.items():
        life = longest_life(looks)
        if life:
            rises = slope(looks)
            files, tasks = thirds(looks, lambda one: one.files), thirds(looks, lambda one: one.tasks)
            hours = (life[-1].at_ms - life[0].at_ms) / HOUR_MS
            rss = (f"{life[0].rss_mb:.1f}", f"{life[-1].rss_mb:.1f}", "-" if rises is None else f"{rises:+.2f}")
            shown.add_row(name, str(len(life)), f"{hours:.2f}", *rss, *(f"{one:g}" for one in (*files, *tasks)))
    return shown


async def a_day(console: Console, folder: Path, asked: argparse.Namespace) -> bool:
    """Play a day with random faults; whether all was stored and nothing grew."""
    begun = time.monotonic()
    day = Day.soon(asked.athletes, asked.hours, asked.pace or SOAK_PACE, WallClock().now_ms())
    ended = await soak(folder / "soak", day, Random(asked.seed), mirrored=not asked.sqlite)
    looked = {name: [asdict(look) for look in looks] for name, looks in ended.looks.items()}
    (folder / "looks.json").write_text(json.dumps(looked), encoding="utf-8")
    killed = ", ".join(f"{name} {times}" for name, times in sorted(Counter(name for name, _ in ended.kills).items()))
    stored = ", ".join(f"{samples(runs)} of {runs.total()} runs in {name}" for name, runs in ended.stored.items())
    console.print(
        f"{asked.hours:g} h of {asked.athletes} athletes in {time.monotonic() - begun:.0f} s, seed {asked.seed}"
    )
    console.print(f"{len(ended.kills)} kills: {killed}; {ended.felt} pushes")
    console.print(f"sent {samples(ended.sent)} samples of {ended.sent.total()} runs; stored {stored}")
    console.print(f"all was stored {ended.behind_s:.1f} s after the end of the day")
    console.print(held(ended.looks))
    console.print(
        f"limits: {MB_AN_HOUR:g} MB an hour over the last two thirds of a life of {JUDGED_MS // HOUR_MS} h or more; "
        f"{FILES:g} files, {TASKS:g} tasks from its first third to its last"
    )
    for line in ended.told:
        console.print(f"  {line}", highlight=False, markup=False)
    console.print("faultless" if not ended.told else f"{len(ended.told)} faults")
    return not ended.told


async def without_influxdb(console: Console, folder: Path, asked: argparse.Namespace) -> bool:
    """Play hours of everybody with InfluxDB away; whether all was stored, in order, and the processor held no more."""
    short = Plan.ahead(asked.athletes, WallClock().now_ms())
    plan = replace(short, laps=max(1, round((asked.hours * 3_600 - HISTORY_S) / LIFE_S)))
    prepared = await prepare(folder / "prepared", short, mirrored=True)
    begun = time.monotonic()
    ended = await endure(prepared, folder / "away", plan, asked.pace or AWAY_PACE)
    hours = (plan.ends_ms - plan.begins_ms) / HOUR_MS
    console.print(f"{hours:.2f} h of {asked.athletes} athletes in {time.monotonic() - begun:.0f} s")
    for name, stored in ended.stored.items():
        console.print(f"{name}: sent {stored.sent}, lost {stored.lost}, doubled {stored.doubled + stored.strange}")
    console.print(
        f"{ended.waited} points waited for InfluxDB, {ended.felt_away} of {ended.felt} pushes were felt before"
    )
    console.print(f"delivered in {ended.delivered_s:.1f} s; its order was looked at {ended.order.looks} times")
    console.print(held(ended.looks))
    console.print(f"limit: {AWAY_MB_AN_HOUR:g} MB an hour for the processor, over the last two thirds")
    for line in ended.told:
        console.print(f"  {line}", highlight=False, markup=False)
    return not ended.told


PLAYED = {"matrix": matrix, "soak": a_day, "away": without_influxdb}


def main() -> None:
    """Play the kill matrix; exit with 1 when anything was lost, doubled or told twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=main.__doc__)
    parser.add_argument("what", nargs="?", choices=("matrix", "soak", "away"), default="matrix")
    parser.add_argument("--hours", type=float, default=1.0, help="how long a soak is, or InfluxDB is away, in run time")
    parser.add_argument("--sqlite", action="store_true", help="a soak without InfluxDB")
    parser.add_argument("--athletes", type=int, default=100)
    parser.add_argument(
        "--pace", "--speed", type=float, default=0.0, help="how many times as fast as life; 0: as suits"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="play every row so often, each time with the next seed")
    parser.add_argument("--kills", type=int, default=0, help="kills a row; 0: as many as the row has")
    parser.add_argument("--only", default="", help="rows with these words")
    parser.add_argument("--keep", type=Path, help="a new folder for states, logs and looks")
    asked = parser.parse_args()
    console = Console(width=150)
    logging.disable(logging.WARNING)  # the bridge, too, tells when its link is lost
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        good = asyncio.run(PLAYED[asked.what](console, folder, asked))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
