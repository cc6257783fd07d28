"""What fails for a while is told once as a warning, and its end as news; what ended a service is found in groups."""

import doctest
import logging

import pytest

from crampwatch import errors, trouble
from crampwatch.errors import Misconfigured, Refused, Unavailable, first_misconfigured, first_of
from crampwatch.trouble import Trouble

log = logging.getLogger("crampwatch.tests")


def told(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_trouble_is_a_warning_then_for_debugging_and_its_end_is_news(caplog):
    one = Trouble(log, "cannot send", "sending again")
    with caplog.at_level(logging.DEBUG):
        one.begins(1_000, Unavailable("away"))
        one.begins(2_000, Unavailable("still away"))
        assert one.lasts
        one.ends(8_000, "3 waited")
        one.ends(9_000)
    assert not one.lasts
    assert told(caplog) == [
        ("WARNING", "cannot send: away"),
        ("DEBUG", "cannot send: still away"),
        ("INFO", "sending again after 7 s; 3 waited"),
    ]


def test_what_never_failed_has_no_end_to_tell(caplog):
    with caplog.at_level(logging.DEBUG):
        Trouble(log, "cannot send", "sending again").ends(1_000)
    assert told(caplog) == []


def test_a_trouble_that_comes_again_is_a_warning_again(caplog):
    one = Trouble(log, "cannot send", "sending again")
    with caplog.at_level(logging.WARNING):
        one.begins(0, "away")
        one.ends(1_000)
        one.begins(2_000, "away")
    assert [level for level, _ in told(caplog)] == ["WARNING", "WARNING"]


def test_who_asks_is_told_what_is_wrong_why_and_since_when_until_it_is_over():
    one = Trouble(log, "cannot send", "sending again")
    assert one.problem is None
    one.begins(3_600_000, Unavailable("away"))
    one.begins(3_605_000, Unavailable("still away"))
    assert one.problem == "cannot send: still away (since 01:00:00 UTC)"
    one.ends(3_610_000)
    assert one.problem is None


def test_the_setting_to_mend_is_found_however_deep_it_lies():
    wrong = Misconfigured("mqtt.url", "write mqtt://host")
    group = ExceptionGroup("tasks", [OSError(), ExceptionGroup("inner", [Refused("bad", "no"), wrong])])
    assert first_misconfigured(group) is wrong
    assert first_misconfigured(wrong) is wrong
    assert first_of(group, Refused).reason == "bad"


@pytest.mark.parametrize("error", [OSError(), ExceptionGroup("tasks", [OSError()]), Unavailable("away")])
def test_where_no_setting_is_wrong_there_is_none_to_mend(error):
    assert first_misconfigured(error) is None


@pytest.mark.parametrize("module", [errors, trouble])
def test_the_examples_are_true(module):
    assert doctest.testmod(module).failed == 0
