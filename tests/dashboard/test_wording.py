"""What we say to people stays within what we can know."""

import re

from alerts.guidance import Flow, load_guidance
from crampwatch import wording
from crampwatch.events import FindingKind
from crampwatch.units import Gate, Level, Mode
from dashboard.build import FRONT
from dashboard.review import FINDING_WORDS

#: Promises and numbers that no page and no message may make.
NEVER = re.compile(
    r"cramp risk|predict|prevents?\b|detects? (a )?cramp|you have a cramp|drink (a lot|plenty|more)"
    r"|\d ?% (risk|chance)",
    re.IGNORECASE,
)


def everything_said() -> list[str]:
    said = [*wording.LEVEL_WORDS.values(), *wording.PATTERN_WORDS.values(), wording.RED_FLAGS_LEAD]
    said += [*wording.GATE_NAMES.values(), *wording.GATE_WORDS.values(), *wording.MODE_WORDS.values()]
    said += [part for flag in wording.RED_FLAGS for part in (flag.signs, flag.action)]
    return said + [step.text for step in (*wording.FIRST_RELIEF, wording.WALK_BACK)]


def test_every_level_has_a_word_and_none_is_a_number():
    assert set(wording.LEVEL_WORDS) == set(wording.PATTERN_WORDS) == set(wording.RUN_WORDS) == set(Level)
    assert not any(character.isdigit() for word in wording.LEVEL_WORDS.values() for character in word)


def test_every_gate_and_every_mode_has_words_and_every_finding_a_name():
    assert set(wording.GATE_NAMES) == set(wording.GATE_WORDS) == set(Gate)
    assert set(wording.MODE_WORDS) == set(Mode)
    assert set(FINDING_WORDS) == set(FindingKind)
    sentences = [*wording.GATE_WORDS.values(), *wording.MODE_WORDS.values()]
    assert all(words.endswith(".") and len(words) < 80 for words in sentences)


def test_what_a_gate_looks_like_is_never_said_to_be_so():
    known = {Gate.WARM_UP, Gate.ANSWERED}
    assert all("looks like" in words for gate, words in wording.GATE_WORDS.items() if gate not in known)


def test_nothing_promises_what_cannot_be_known():
    assert [text for text in everything_said() if NEVER.search(text)] == []


def test_the_pages_promise_nothing_either():
    sources = list((FRONT / "src").rglob("*.ts*"))
    assert sources
    assert [path.name for path in sources if NEVER.search(path.read_text(encoding="utf-8"))] == []


def test_the_page_knows_the_question_that_only_the_runner_can_answer():
    relief = (FRONT / "src" / "lib" / "relief.tsx").read_text(encoding="utf-8")
    flows = load_guidance().flows
    assert f'"{flows[Flow.CRAMP_PROMPT].question}"' in relief
    assert flows[Flow.CRAMP_RELIEF].question != flows[Flow.CRAMP_PROMPT].question


def test_the_disclaimer_says_what_this_is_not():
    assert wording.DISCLAIMER.startswith("Not a medical device.")
    assert "cannot detect or rule out a cramp" in wording.DISCLAIMER


def test_what_is_urgent_stands_first():
    urgent = [flag.urgent for flag in wording.RED_FLAGS]
    assert urgent == sorted(urgent, reverse=True)


def test_stopping_and_stretching_come_first():
    assert [step.id for step in wording.FIRST_RELIEF[:2]] == ["relief.stop", "relief.stretch"]
