"""``python -m benchmarks [athlete] [store] [latency]``: measure and print, and name the machine."""

import argparse
import asyncio
import json
import os
import platform
import signal
from pathlib import Path

from rich.console import Console

from benchmarks import athlete, detectors, latency, outbox, peer, spool, store, thousand

PARTS = ("athlete", "detectors", "store", "latency", "spool", "outbox", "peer", "thousand")


def main() -> None:
    """Run the asked parts and print a table each; ``--json`` keeps the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"any of {', '.join(PARTS)}; all when left out")
    parser.add_argument(
        "--athletes", type=int, nargs="+", help="group sizes: latency 1 100, thousand 1000 when left out"
    )
    parser.add_argument(
        "--minutes", type=int, default=10, help="how long thousand goes on before it looks for its ceiling"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)!r}; choose from {', '.join(PARTS)}")
    # Told to stop, it stops its processes first, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    figures: dict[str, object] = {}
    in_process = {"athlete": athlete.measure, "detectors": detectors.measure}
    figures |= {name: measure(console) for name, measure in in_process.items() if name in asked.parts}
    if "store" in asked.parts:
        figures["store"] = asyncio.run(store.measure(console))
    if "latency" in asked.parts:
        figures["latency"] = [asyncio.run(latency.measure(console, count)) for count in asked.athletes or (1, 100)]
    if "spool" in asked.parts:
        figures["spool"] = asyncio.run(spool.measure(console))
    if "outbox" in asked.parts:
        figures["outbox"] = asyncio.run(outbox.measure(console))
    if "peer" in asked.parts:
        figures["peer"] = [asyncio.run(peer.measure(console, count)) for count in asked.athletes or (300,)]
    if "thousand" in asked.parts:
        groups = asked.athletes or (1_000,)
        figures["thousand"] = [asyncio.run(thousand.measure(console, count, asked.minutes)) for count in groups]
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
