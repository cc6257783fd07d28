"""Topics are built and parsed in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from crampwatch.errors import Refused
from crampwatch.topics import TERMS, Kind, Topic, every
from crampwatch.units import Id
from tests.support.facts import ids


@given(ids, ids, st.sampled_from(Kind), st.none() | ids)
def test_a_topic_parses_back_to_itself(team, athlete, kind, device):
    topic = Topic(team, athlete, kind, device)
    assert Topic.parse(str(topic)) == topic


@given(st.text(max_size=80))
def test_any_text_is_a_topic_or_refused(text):
    try:
        assert str(Topic.parse(text)) == text
    except Refused as refused:
        assert refused.reason in {"unknown_topic", "bad_topic"}


@pytest.mark.parametrize("part", ["", "A", "ana/adler", "a b", "-a", "a-", "é", "a" * 65, "+", "#", "a\n"])
def test_a_part_that_could_not_be_parsed_back_is_refused(part):
    with pytest.raises(Refused, match="topic part"):
        Topic("home", part, Kind.FINDING)


@given(st.text(alphabet="ab-\n Ä", max_size=4))
def test_an_id_of_a_message_may_stand_in_a_topic_and_nothing_else_may(text):
    try:
        TypeAdapter(Id).validate_python(text)
    except ValidationError:
        with pytest.raises(Refused):
            Topic("home", text, Kind.FINDING)
    else:
        Topic("home", text, Kind.FINDING)


def test_every_kind_says_how_the_broker_treats_it():
    assert set(TERMS) == set(Kind)


def test_commands_and_answers_are_never_retained():
    assert not any(TERMS[kind].retain for kind in (Kind.COMMAND, Kind.ACK, Kind.CHECKIN, Kind.DELIVERY))


def test_a_filter_covers_topics_with_and_without_a_device():
    assert every(Kind.STATUS, "club", "r1") == ("crampwatch/v1/club/r1/status", "crampwatch/v1/club/r1/status/+")
