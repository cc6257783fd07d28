"""What the real detectors say of a run, and what the alerter makes of it: the whole of a pattern level's life."""

import pytest

from crampwatch.events import AlertKind, FindingKind
from crampwatch.units import SECOND_MS, Level
from processor.athlete import Athlete
from tests.alerts.builders import SESSION
from tests.alerts.ledger import Ledger
from tests.support.stories import Story


def told(story, *, out_s=(0, 0)):
    """The run second by second through the machine to the alerter, over a link that is down within ``out_s``: what is
    proved meanwhile comes as backlog when it is back. Returns the ledger and what was open when, by flow.
    """
    machine, ledger, shown = Athlete("ada", SESSION), Ledger(), []
    by_second = {}
    for sample in story.samples:
        by_second.setdefault(sample.at_ms, []).append(sample)
    held, begin_ms = [], min(by_second)
    for at_ms, samples in by_second.items():
        outcome = machine.observe(samples)
        away = out_s[0] <= (at_ms - begin_ms) // SECOND_MS < out_s[1]
        held += [one.model_copy(update={"late": away}) for one in outcome.findings]
        if away:
            continue
        for one in held:
            ledger.find(one, at_ms)
        held.clear()
        for one in outcome.assessments:
            ledger.assess(one, at_ms)
        pattern = ledger.open.get(AlertKind.PATTERN)
        shown.append(((at_ms - begin_ms) // SECOND_MS, pattern and pattern.flow.value))
    return ledger, shown


@pytest.fixture(scope="module")
def tired():
    """Twenty minutes as usual, ten slower at a higher heart rate, then as usual again."""
    return Story().running(1300).running(600, mps=1.9, bpm=158).running(700)


@pytest.fixture(scope="module")
def twinges():
    """Ten minutes as usual, hitch upon hitch, then calm."""
    return Story().running(660).hitching(20, every_s=20, depth=0.14).running(900)


def changes(shown):
    """What was shown, each change once."""
    return [what for (_, what), (_, before) in zip(shown, [(0, None), *shown], strict=False) if what != before]


def test_a_fatigue_watch_begins_and_is_over_when_the_signs_have_eased(tired):
    _, shown = told(tired)
    assert changes(shown) == ["fatigue_watch", None]


@pytest.mark.parametrize("out_s", [(1600, 1700), (2000, 2300), (1600, 2300)])
def test_an_outage_over_its_beginning_or_its_end_leaves_the_page_right(tired, out_s):
    _, shown = told(tired, out_s=out_s)
    assert shown[-1][1] is None
    whole = dict(told(tired)[1])
    # Once the link is back and word of it through, what is shown is what would be shown without the outage.
    assert all(what == whole[second] for second, what in shown if not out_s[0] <= second < out_s[1] + 15)


def test_strong_signs_that_rose_in_an_outage_are_told_when_it_is_over(twinges):
    plain, shown = told(twinges)
    assert [one.alert.kind for one in plain.told][:1] == [AlertKind.PATTERN]
    first_s = next(second for second, what in shown if what == "pattern_warning")
    behind, _ = told(twinges, out_s=(first_s - 60, first_s + 60))
    assert len(behind.told) <= len(plain.told) + 1
    first = behind.told[0].alert
    assert first.level.rank >= Level.WARNING.rank
    assert first.because[-1].endswith("it still stands.")
    assert behind.open == plain.open == {}


def test_the_machine_says_the_end_of_a_fatigue_watch_as_the_end_of_the_pattern(tired):
    findings = Athlete("ada", SESSION).observe(tired.samples).findings
    said = [(one.kind, one.level) for one in findings if one.kind in {FindingKind.PATTERN, FindingKind.FATIGUE}]
    assert said == [
        (FindingKind.FATIGUE, Level.OK),
        (FindingKind.FATIGUE, Level.WATCH),
        (FindingKind.PATTERN, Level.OK),
    ]
