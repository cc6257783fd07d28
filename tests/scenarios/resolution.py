"""Recordings at one value a second beside their smart recordings, which keep one every 2 to 8 s.

``CRAMPWATCH_DATA=folder .venv/bin/python -m tests.scenarios.resolution``
"""

from crampwatch.events import FindingKind
from crampwatch.units import Motion
from tests.processor.test_resolution import asked, pairs, seconds, warned

#: What is counted, in words.
ROWS = {
    "warnings; strong signs after one are not counted again": warned,
    "sudden stops asked about": asked,
    "hitches": lambda findings: sum(one.kind is FindingKind.HITCH for one in findings),
}


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
    for words, count in ROWS.items():
        whole, thin = (sum(count(findings) for findings, _ in side) for side in sides)
        print(f"| {words} | {whole} | {thin} |")
    print(f"| the same level, of {total} readings | | {100 * same / total:.1f} % |")


if __name__ == "__main__":
    main()
