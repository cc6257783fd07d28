"""Write the golden timelines and the tables of docs/evaluation.md anew.

``CRAMPWATCH_DATA=folder .venv/bin/python -m tests.scenarios.write``

Read the differences before they are committed: each is something that a runner would have been told otherwise. What is
judged on that page by hand is left as it is.
"""

from tests.scenarios.figures import PAGE, page
from tests.scenarios.recordings import observed
from tests.scenarios.timelines import GOLDEN, difference, golden_file, text_of, timeline


def main() -> None:
    """Write each recording's timeline, say which changed, take away those of recordings that are gone, count again."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    kept = set()
    for path, seen in observed().items():
        told = timeline(path, seen)
        kept.add(golden_file(path))
        if difference(path, told):
            golden_file(path).write_text(text_of(told), encoding="utf-8")
            print(f"wrote {golden_file(path).name}")
    for gone in sorted(set(GOLDEN.glob("*.json")) - kept):
        gone.unlink()
        print(f"removed {gone.name}")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
