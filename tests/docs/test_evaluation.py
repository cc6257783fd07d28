"""The evaluation says what the golden timelines say: its tables, and a judgement for every alarm."""

import re
from pathlib import Path

from tests.scenarios.figures import PAGE, TABLES, alarms, goldens, headline, page
from tests.scenarios.timelines import GOLDEN

WORDS = {"warning": "High", "imminent": "Strong signs", "now": "Check now"}
JUDGED = re.compile(r"^\| `(\S+)` \| (\d+):(\d\d):(\d\d) \| ([^|]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
#: A recording of the known hard ones, and the first time that is named after it.
EXAMPLE = re.compile(r"`([\w.-]+\+[\w.+-]+__[\w.-]+)`[^`|]*?\b(\d:\d\d:\d\d)")
VERDICTS = (
    "fatigue true, cramp unknown",
    "undecided: fatigue possible, cramp unknown",
    "context not understood",
    "a plain stop",
    "sensor fault",
    "plainly false",
)


def text():
    return PAGE.read_text(encoding="utf-8")


def test_every_table_is_the_one_counted_from_the_timelines():
    assert all(f"<!-- table: {name} -->" in text() for name in TABLES)
    assert page(text()) == text(), "CRAMPWATCH_DATA=folder .venv/bin/python -m tests.scenarios.write"


def test_the_headline_counts_what_the_timelines_hold():
    every = [found for told in goldens() for found in alarms(told)]
    hours = sum(told["running_s"] for told in goldens()) / 3_600
    asked = sum(level == "now" for _, level in every)
    assert f"{len(goldens()) - 12} runs and 12 walks, {hours:.1f} hours of running" in headline()
    assert (
        f"| levels raised to warning or strong signs | {len(every) - asked} | {(len(every) - asked) / hours:.2f} |"
        in text()
    )
    assert f"| sudden stops asked about | {asked} | {asked / hours:.2f} |" in text()


def test_every_alarm_is_judged_and_every_judged_alarm_is_there():
    judged = {
        (name, int(hours) * 3_600 + int(minutes) * 60 + int(seconds), level)
        for name, hours, minutes, seconds, level, _, _ in JUDGED.findall(text())
    }
    there = {
        (told["recording"].partition("__")[2].removesuffix(".csv"), at_s, WORDS[level])
        for told in goldens()
        for at_s, level in alarms(told)
    }
    assert judged == there


def test_every_judgement_is_one_of_a_few_and_says_why():
    for *_, verdict, why in JUDGED.findall(text()):
        assert verdict.startswith(VERDICTS)
        assert len(why) > len("because")


def test_every_time_of_an_example_is_in_its_timeline():
    kept = {Path(told["recording"]).stem: told for told in goldens()}
    examples = EXAMPLE.findall(text().partition("## The known hard ones")[2].partition("## Smart")[0])
    assert len(examples) >= 5
    for name, clock in examples:
        hours, minutes, seconds = map(int, clock.split(":"))
        told = kept[name]
        instants = {found[0] for found in told["findings"]} | {
            at_s for _, *both in told["counted"].values() for at_s in both
        }
        assert hours * 3_600 + minutes * 60 + seconds in instants, name


def test_every_recording_that_is_named_has_a_timeline():
    named = set(re.findall(r"`([\w.-]+\+[\w.+-]+__[\w.-]+)`", text()))
    assert named
    assert named <= {path.stem for path in GOLDEN.glob("*.json")}
