"""Runs told by hand: the whole timeline that each must give, reviewed second by second."""

import pytest

from processor.athlete import Athlete
from tests.support.clocks import START_MS
from tests.support.stories import Story

TELLS = {
    "a run with a red light, a kerb and a drink": (
        Story(1).running(600).standing(35).running(240).hitching(1).running(120).walking(25).running(300),
        [
            (621, "stop", "ok"),
            (639, "context", "ok"),
            (641, "resumed", "ok"),
            (881, "hitch", "ok"),
            (1034, "walk_break", "ok"),
            (1054, "context", "ok"),
            (1056, "resumed", "ok"),
        ],
    ),
    "a build-up of hitches that ends in a stop": (
        Story(2).running(660).hitching(3, every_s=40).hitching(6, every_s=20, depth=0.12).standing(60),
        [
            (666, "hitch", "ok"),
            (706, "hitch", "ok"),
            (746, "hitch", "ok"),
            (763, "unsteady", "ok"),
            (786, "hitch", "ok"),
            (806, "hitch", "ok"),
            (826, "hitch", "ok"),
            (828, "pattern", "watch"),
            (829, "pattern", "warning"),
            (846, "hitch", "ok"),
            (855, "pattern", "imminent"),
            (866, "hitch", "ok"),
            (886, "hitch", "ok"),
            (890, "level_shift", "ok"),
            (905, "cramp_stop", "now"),
            (921, "stop", "ok"),
        ],
    ),
    "a watch that falls silent": (
        Story(3).running(600).silence(45).running(120),
        [(619, "signal", "ok"), (645, "signal", "ok")],
    ),
    "a walker": (Story(4).walking(1_500), []),
    "run and walk by plan": (
        Story(5).running(240).walking(60).running(240).walking(60).running(240).walking(60).running(240).walking(60),
        [
            (249, "walk_break", "ok"),
            (306, "resumed", "ok"),
            (549, "walk_break", "ok"),
            (604, "context", "ok"),
            (606, "resumed", "ok"),
            (849, "walk_break", "ok"),
            (850, "context", "ok"),
            (906, "resumed", "ok"),
            (1149, "walk_break", "ok"),
        ],
    ),
}


def timeline(story):
    machine = Athlete("r7", "s1")
    findings = [*machine.observe(story.samples).findings, *machine.flush().findings]
    return [((one.at_ms - START_MS) // 1_000, str(one.kind), str(one.level)) for one in findings]


@pytest.mark.parametrize("tale", TELLS, ids=lambda tale: tale.replace(" ", "-"))
def test_a_told_run_gives_its_reviewed_timeline(tale):
    story, expected = TELLS[tale]
    assert timeline(story) == expected
