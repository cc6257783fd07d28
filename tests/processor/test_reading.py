"""What a delivery says is taken or refused; a refused row is known by name only where it was ours."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.codec import encode
from crampwatch.errors import Refused
from crampwatch.events import Acknowledged, Answer, CheckedIn
from crampwatch.topics import Kind, Topic
from processor import reading
from processor.labels import CRAMP, EASED, Label
from processor.reading import Said, read_answer, read_telemetry, row_of
from tests.support import facts
from tests.support.clocks import START_MS

TOPICS = st.builds(
    Topic, st.sampled_from(["home", "away"]), st.just("r7"), st.sampled_from([Kind.TELEMETRY, Kind.BACKLOG])
)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(reading).failed == 0


@given(TOPICS, facts.telemetry)
def test_telemetry_of_our_team_is_taken_and_backlog_is_late(topic, message):
    if topic.team != "home":
        with pytest.raises(Refused, match="is not of team 'home'"):
            read_telemetry(topic, encode(message), "home")
        return
    arrived = read_telemetry(topic, encode(message), "home")
    assert arrived == ("r7", message, topic.kind is Kind.BACKLOG)


@given(TOPICS, st.binary(max_size=80))
def test_any_bytes_are_refused_and_hold_up_nothing(topic, payload):
    with pytest.raises(Refused):
        read_telemetry(topic, payload, "home")
    assert row_of(str(topic), payload, "home") is None


def test_an_answer_is_read_with_whose_run_it_is_about():
    said = read_answer(Topic("club", "r7", Kind.CHECKIN), encode(CheckedIn(at_ms=START_MS, what="eased")), "club")
    assert said == Said("r7", Label(START_MS, EASED))


def test_that_an_alert_was_seen_is_no_answer():
    seen = Acknowledged(alert_id="a", at_ms=START_MS, by="runner")
    assert read_answer(Topic("club", "r7", Kind.ACK), encode(seen), "club") is None


def answered(alert, athlete="r7"):
    said = Acknowledged(alert_id=alert, at_ms=START_MS, by="runner", answer=Answer.CRAMP)
    return read_answer(Topic("club", athlete, Kind.ACK), encode(said), "club")


@pytest.mark.parametrize("alert", ["r7/s1/pattern/1", "level-r7-s1-warning-1", "cramp-r7-1", "fault-r7-1"])
def test_an_answer_to_any_alert_of_the_athlete_is_taken(alert):
    assert answered(alert) == Said("r7", Label(START_MS, CRAMP), alert)


@pytest.mark.parametrize("alert", ["a", "r8/s1/pattern/1", "r70/s1/pattern/1", "cramp-r8-1", "x/r7/s1", "../r7/s1"])
def test_an_answer_to_an_alert_of_somebody_else_is_refused(alert):
    with pytest.raises(Refused) as refused:
        answered(alert)
    assert refused.value.reason == "wrong_athlete"


def test_an_answer_names_the_session_of_its_alert():
    assert answered("r7/s1/pattern/1").concerns("s1")
    assert not answered("r7/s1/pattern/1").concerns("s2")
    assert answered("level-r7-s1-warning-1").concerns("s1")
    assert not answered("level-r7-s1-warning-1").concerns("s2")
    assert answered("cramp-r7-1").concerns("s2")


def test_an_answer_of_another_team_is_refused():
    with pytest.raises(Refused) as refused:
        read_answer(Topic("away", "r7", Kind.CHECKIN), encode(CheckedIn(at_ms=START_MS, what="cramp")), "club")
    assert refused.value.reason == "wrong_team"
