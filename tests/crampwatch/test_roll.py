"""Who is up and who is not, from what services say of themselves."""

import pytest

from crampwatch.events import ServiceStatus
from crampwatch.roll import LOSSES, SILENT_S, RollCall, Standing, queued
from tests.support.clocks import START_MS

NOW = START_MS
HOUR_MS = 3_600_000


def up(at_ms=NOW, **detail):
    return ServiceStatus(service="x", state="up", at_ms=at_ms, detail=detail)


def down(at_ms=NOW, **detail):
    return ServiceStatus(service="x", state="down", at_ms=at_ms, detail=detail)


@pytest.fixture
def roll():
    return RollCall({"alerter-1": "alerter"})


@pytest.fixture
def say(roll):
    def saying(status, now_ms=NOW, now_s=0.0, *, retained=False, instance="collector-1"):
        roll.heard(instance, status, now_ms, now_s, retained=retained)

    return saying


@pytest.fixture
def one(roll):
    def reading(now_ms=NOW, now_s=0.0):
        (entry,) = roll.entries(now_ms, now_s)
        return entry

    return reading


def test_a_service_says_its_kind_release_and_since_when_itself(say, one):
    say(up(kind="collector", version="1.2", since_ms=NOW - 5_000, spool_rows=4))
    entry = one()
    assert (entry.kind, entry.version, entry.since_ms, entry.standing) == ("collector", "1.2", NOW - 5_000, "up")
    assert entry.figures["spool_rows"] == 4


def test_the_kind_of_a_service_that_does_not_say_so_is_in_the_settings_or_unknown(roll):
    roll.heard("alerter-1", up(), NOW, 0, retained=False)
    roll.heard("stranger", up(), NOW, 0, retained=False)
    assert [(entry.id, entry.kind) for entry in roll.entries(NOW, 0)] == [
        ("alerter-1", "alerter"),
        ("stranger", "service"),
    ]


def test_a_service_that_names_a_problem_or_is_not_ready_is_in_trouble(say, one):
    say(up(problem="no broker yet"))
    assert (one().standing, one().problem) == (Standing.TROUBLE, "no broker yet")
    say(up(ready=0))
    assert one().standing is Standing.TROUBLE
    say(up(ready=1))
    assert one().standing is Standing.UP


@pytest.mark.parametrize(("lives_ms", "standing"), [(14_999, Standing.UP), (15_000, Standing.TROUBLE)])
def test_a_service_may_take_its_time_to_be_ready_but_not_for_ever(say, one, lives_ms, standing):
    say(up(ready=0, since_ms=NOW - lives_ms))
    assert one().standing is standing


@pytest.mark.parametrize(
    ("later_ms", "later_s", "standing"),
    [
        (30_000, 30.0, Standing.UP),
        (30_001, 30.1, Standing.SILENT),
        (600_000, 1.5, Standing.UP),
        (5_000, 50.0, Standing.UP),
    ],
    ids=["in time", "nothing for half a minute", "a run that is fast", "a run that is slow"],
)
def test_who_has_said_nothing_for_half_a_minute_is_silent_and_not_up(say, one, later_ms, later_s, standing):
    say(up())
    assert one(NOW + later_ms, later_s).standing is standing
    assert one(NOW + later_ms, later_s).quiet_s == later_ms // 1_000


def test_who_is_silent_is_up_again_with_its_next_word(say, one):
    say(up())
    say(up(NOW + HOUR_MS), NOW + HOUR_MS, 3_600)
    assert one(NOW + HOUR_MS, 3_600).standing is Standing.UP


def test_an_old_word_that_the_broker_had_kept_is_as_old_as_it_is_dated(say, one):
    say(up(NOW - HOUR_MS), retained=True)
    assert one().standing is Standing.UP, "it is given the time to speak"
    assert one(NOW, SILENT_S + 1).standing is Standing.SILENT
    assert one().quiet_s == 3_600


def test_an_orderly_end_tells_since_when(say, one):
    say(down(NOW - 7_000, ended="in order", problem="old news"), retained=True)
    assert (one().standing, one().since_ms, one().problem) == (Standing.DOWN, NOW - 7_000, None)


def test_a_last_will_tells_since_when_only_to_who_was_there(say, one):
    say(up())
    say(down(NOW - HOUR_MS), NOW + 4_000)
    assert one().since_ms == NOW + 4_000
    say(down(NOW - HOUR_MS), NOW + 9_000)
    assert one().since_ms == NOW + 4_000, "the same end, told again"


def test_a_last_will_from_before_is_of_an_unknown_time(say, one):
    say(down(NOW - HOUR_MS), retained=True)
    assert one().since_ms is None


def test_since_when_a_service_is_up_that_does_not_say_so_is_its_first_word(say, one):
    say(up(NOW))
    say(up(NOW + 10_000), NOW + 10_000)
    assert one().since_ms == NOW


def test_how_far_a_clock_is_off_is_known_of_who_speaks_now(say, one):
    say(up(NOW - 90_000), retained=True)
    assert one().skew_ms is None
    say(up(NOW - 90_000))
    assert one().skew_ms == -90_000


def test_a_withdrawn_word_is_forgotten(say, roll):
    say(up())
    say(None)
    assert roll.entries(NOW, 0) == ()


def test_what_waits_is_told_in_words_and_nothing_is_told_of_nothing(say, one):
    say(up(spool_rows=12, outbox_points=0, dead_letters=2, alerts_open=1))
    assert queued(one()) == ((12, "rows kept until they are stored"),)
    assert queued(one(), LOSSES)[0][0] == 2
