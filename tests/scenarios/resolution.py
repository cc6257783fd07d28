"""Recordings at one value a second beside their smart recordings, which keep one every 2 to 8 s.

``CRAMPWATCH_DATA=folder .venv/bin/python -m tests.scenarios.resolution``
"""

from crampwatch.events import Assessed, Finding, FindingKind
from crampwatch.units import Level, Motion
from tests.processor.test_resolution import pairs, seconds

Judged = tuple[list[Finding], list[Assessed]]
#: What is counted: in words, the kind, the least level's rank.
ROWS = (
    ("levels raised to warning or strong signs", FindingKind.PATTERN, Level.WARNING.rank),
    ("sudden stops asked about", FindingKind.CRAMP_STOP, 0),
    ("hitches", FindingKind.HITCH, 0),
)


def count(judged: list[Judged], kind: FindingKind, rank: int = 0) -> int:
    """How many findings of a kind there are, of this rank or more."""
    return sum(one.kind is kind and one.level.rank >= rank for findings, _ in judged for one in findings)


def main() -> None:
    """Print what both say as a table."""
    both = list(pairs().values())
    sides = [[pair[0] for pair in both], [pair[1] for pair in both]]
    same = total = 0
    for (_, whole), (_, thin) in both:
        levels = {one.at_ms: one.level for one in whole}
        same += sum(levels.get(one.at_ms) is one.level for one in thin)
        total += len(thin)
    running = [
        sum(seconds(assessed, lambda one: one.motion is Motion.RUN) for _, assessed in side) / 3_600 for side in sides
    ]
    print(f"| {len(both)} recordings | every second | every 2 to 8 s |")
    print("| --- | ---: | ---: |")
    print(f"| hours of running | {running[0]:.2f} | {running[1]:.2f} |")
    for words, kind, rank in ROWS:
        print(f"| {words} | {count(sides[0], kind, rank)} | {count(sides[1], kind, rank)} |")
    print(f"| the same level, of {total} readings | | {100 * same / total:.1f} % |")


if __name__ == "__main__":
    main()
